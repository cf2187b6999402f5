import type { z } from 'zod';
import type { ConfigDocument } from './document.ts';
import { keysAt } from './keys.ts';
import { didYouMean } from './nearest.ts';
import { found, mayBeShown, pathText, type Path, type Problem } from './problems.ts';

/** Checks a document against its schema. The value is there only if nothing at all was wrong. */
export function validate<Schema extends z.ZodType>(
  document: ConfigDocument,
  schema: Schema,
): { value?: z.infer<Schema>; problems: Problem[] } {
  if (document.data === undefined && document.problems.length > 0) return { problems: [] };
  // It is checked once: code made for the checks would take longer than they do.
  const result = schema.safeParse(document.data ?? {}, { jitless: true });
  if (result.success) return { value: result.data, problems: [] };
  const problems = result.error.issues.flatMap((issue) => issueProblems(issue, document, schema));
  return { problems };
}

function issueProblems(
  issue: z.core.$ZodIssue,
  document: ConfigDocument,
  schema: z.core.$ZodType,
): Problem[] {
  const path = issue.path as Path;
  if (issue.code === 'unrecognized_keys') {
    const allowed = keysAt(schema, path);
    return issue.keys.map((key) =>
      problemAt(
        document,
        [...path, key],
        `there is no such key${didYouMean(key, allowed)}; allowed: ${allowed.join(', ')}`,
      ),
    );
  }
  if (document.reported(path)) return [];
  const value = valueAt(document.data, path);
  // A number where a text belongs: as it stands there, which may begin with a 0 or +.
  const number = typeof value === 'number' && issue.code === 'invalid_type' && issue.expected === 'string';
  if (number && mayBeShown(path)) {
    const written = document.writtenAt(path) ?? String(value);
    const message = `found ${written}, needed: text (write it in quotes: '${written}')`;
    return [problemAt(document, path, message)];
  }
  return [problemAt(document, path, `${found(value, path)}, ${allowedText(issue, value)}`)];
}

export function problemAt(document: ConfigDocument, path: Path, message: string): Problem {
  const line = document.lineOf(path);
  return { file: document.file, ...(line === undefined ? {} : { line }), key: pathText(path), message };
}

export function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** Paths of the items of a list; none where no list stands. */
export function items(data: unknown, path: Path): Path[] {
  const value = valueAt(data, path);
  return Array.isArray(value) ? value.map((_, index) => [...path, index]) : [];
}

export function textAt(document: ConfigDocument, path: Path): string | undefined {
  const value = valueAt(document.data, path);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function allowedText(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return `needed: ${typeText(issue.expected)}`;
    case 'invalid_value': {
      const values = issue.values.map(String);
      return `allowed: ${values.join(', ')}${didYouMean(value, values)}`;
    }
    case 'too_small':
      if (issue.origin === 'array') return `needed: ${issue.minimum} or more`;
      return issue.origin === 'string' ? 'needed: some text' : `allowed: ${issue.minimum} or more`;
    case 'too_big':
      return `allowed: ${issue.maximum} or less`;
    default:
      return `needed: ${issue.message}`;
  }
}

function typeText(expected: string): string {
  const names: Record<string, string> = {
    string: 'text',
    int: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
    array: 'a list',
    object: 'a section of keys',
    record: 'a section of keys',
  };
  return names[expected] ?? expected;
}
