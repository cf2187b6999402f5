/** One thing that is wrong in the configuration, in words that a person can act on. */
export interface Problem {
  /** The file's name as it was opened, or `environment`. */
  readonly file: string;
  /** 1-based; missing where no line can be named. */
  readonly line?: number;
  /** Such as `agents[0].limits.silenceMs`; an environment variable's name. */
  readonly key: string;
  readonly message: string;
}

/** A place in a document: keys and indexes from its root. */
export type Path = readonly (string | number)[];

export function pathText(path: Path): string {
  let text = '';
  for (const step of path) {
    text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`;
  }
  return text;
}

/** True for keys whose value must never be printed. */
export function isSecret(path: Path): boolean {
  return path.some(
    (step) => typeof step === 'string' && /(password|secret|token|apikey|privatekey)$/i.test(step),
  );
}

/** A value that may be printed: neither a secret, nor a header, which may have one in it. */
export function mayBeShown(path: Path): boolean {
  return !isSecret(path) && !path.includes('headers');
}

/** How a wrong value is shown: short, in JSON, secrets not at all. */
export function found(value: unknown, path: Path): string {
  if (value === undefined || value === null) return 'nothing stands there';
  if (!mayBeShown(path)) return 'found a secret (not shown)';
  if (Array.isArray(value)) return `found a list of ${value.length}`;
  if (typeof value === 'object') return 'found a section of keys';
  const text = JSON.stringify(value);
  return `found ${text.length > 60 ? `${text.slice(0, 57)}…` : text}`;
}

/** All problems as one message, in the order of the files' lines. */
export function problemsText(problems: readonly Problem[]): string {
  const files = [...new Set(problems.map((problem) => problem.file))];
  const sorted = [...problems].sort(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || (a.line ?? 0) - (b.line ?? 0),
  );
  const lines = sorted.map(({ file, line, key, message }) => {
    const place = line === undefined ? file : `${file}:${line}`;
    return `  ${place}  ${key === '' ? '' : `${key}: `}${message}`;
  });
  const count = problems.length === 1 ? 'one place' : `${problems.length} places`;
  return `The configuration is wrong in ${count}:\n${lines.join('\n')}`;
}
