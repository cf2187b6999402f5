/**
 * Reads Prometheus' text exposition format 0.0.4, strictly: what isn't in its grammar is an error.
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export class Exposition {
  readonly samples: readonly Sample[];
  /** counter, gauge, histogram or summary, by metric. */
  readonly types: ReadonlyMap<string, string>;
  readonly help: ReadonlyMap<string, string>;

  constructor(text: string) {
    const samples: Sample[] = [];
    const types = new Map<string, string>();
    const help = new Map<string, string>();
    if (!text.endsWith('\n')) throw new Error('the last line has no end');
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
      if (comment) {
        const [, kind, name = '', rest = ''] = comment;
        const into = kind === 'HELP' ? help : types;
        if (into.has(name)) throw new Error(`${kind ?? ''} of ${name} twice`);
        into.set(name, rest);
      } else samples.push(sampleOf(line));
    }
    const seen = new Set<string>();
    for (const { name, labels } of samples) {
      const series = JSON.stringify([name, Object.entries(labels).sort()]);
      if (seen.has(series)) throw new Error(`twice: ${series}`);
      seen.add(series);
      if (!types.has(name) && !types.has(name.replace(/_(bucket|sum|count)$/, '')))
        throw new Error(`${name} has no type`);
    }
    this.samples = samples;
    this.types = types;
    this.help = help;
  }

  /** Values of all series of a name that have these labels, added up; undefined: there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  }
}

function sampleOf(line: string): Sample {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)$/.exec(line);
  const [, name = '', inside = '', number = ''] = match ?? [];
  const value = number === '+Inf' ? Infinity : number === 'Nan' || number === 'NaN' ? NaN : Number(number);
  if (!match || (Number.isNaN(value) && !/^nan$/i.test(number))) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  const pair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy;
  let end = 0;
  for (let one = pair.exec(inside); one; one = pair.exec(inside)) {
    const [, label = '', text = ''] = one;
    labels[label] = text.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    end = pair.lastIndex;
  }
  if (end !== inside.length) throw new Error(`no labels: ${line}`);
  return { name, labels, value };
}
