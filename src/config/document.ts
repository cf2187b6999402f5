import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type Scalar,
  visit,
  type YAMLParseError,
} from 'yaml';
import { messageOf } from '../lib/errors.ts';
import { isBareVariable, substitute, type Environment } from './environment.ts';
import { isSecret, pathText, type Path, type Problem } from './problems.ts';

/** A YAML file as plain data, which still knows on which line everything stands. */
export interface ConfigDocument {
  readonly file: string;
  readonly data: unknown;
  /** Problems found while reading: the file, its syntax, variables that aren't set, secrets in plain sight. */
  readonly problems: readonly Problem[];
  /** The line of the value at `path`, or of its nearest ancestor that exists. */
  lineOf(path: Path): number | undefined;
  /** The text or number at `path` as it stands there: 0510001 and not 510001. */
  writtenAt(path: Path): string | undefined;
  /** True if the value at `path` or above it has been reported already. */
  reported(path: Path): boolean;
}

/** Deeper nesting than any sensible configuration: an alias that contains itself. */
const DEPTH_MAX = 20;

const NOT_UTF8 = "isn't text in UTF-8: have the editor save it as that (“Encoding”)";
const COLON_INSIDE = 'a text with a colon and a space in it needs quotes around it';
/** What the parser's words mean to somebody who has written a text with a colon in it. */
const REMEDIES: Readonly<Partial<Record<YAMLParseError['code'], string>>> = {
  BLOCK_AS_IMPLICIT_KEY: COLON_INSIDE,
  MULTILINE_IMPLICIT_KEY:
    'a line has no colon and space behind its key, or its text goes on without being indented',
  TAB_AS_INDENT: 'a line begins with a tab: indent with spaces',
  DUPLICATE_KEY: 'this key stands there twice',
  BAD_SCALAR_START: 'a text that begins with a sign such as @, ` or % needs quotes around it',
  BAD_DQ_ESCAPE: 'a backslash in double quotes: write single quotes, or two backslashes',
  MISSING_CHAR: 'a quote, a bracket or a comma is missing',
  BAD_INDENT: 'a line isn’t indented as those around it',
  UNEXPECTED_TOKEN:
    'a text goes on behind its closing quote: write a quote within it twice, or the other kind around it',
  BLOCK_IN_FLOW: COLON_INSIDE,
  MULTIPLE_DOCS: 'a line of --- begins another document: leave it out',
};

/** A text that begins with a sign to which YAML gives a meaning. */
const SIGN_FIRST = /^\s*(?:- +)*(?:[\w-]+ *: +|- +)([*&!{[|>]|[-?](?= ))/;

/** `line`: where it was found. */
function remedyOf({ code, message }: Pick<YAMLParseError, 'code' | 'message'>, line: string): string {
  const sign = SIGN_FIRST.exec(line)?.[1];
  const isTaken =
    /^(?:UNEXPECTED_TOKEN|BAD_ALIAS|TAG_RESOLVE_FAILED)$/.test(code) || /^[-?]$/.test(sign ?? '');
  const remedy = sign !== undefined && isTaken ? needsQuotes(sign) : REMEDIES[causeOf(code, message, line)];
  return remedy === undefined ? message : `${remedy} (${message})`;
}

/** The code under which the remedy stands: the parser's names what it stumbled over, which isn't always what is wrong. */
function causeOf(code: YAMLParseError['code'], message: string, line: string): YAMLParseError['code'] {
  if (code === 'BAD_INDENT' && message.startsWith('Flow ')) return 'MISSING_CHAR';
  if (/^Sequence item without/.test(message)) return 'BAD_INDENT';
  if (/^Implicit map keys need/.test(message)) return 'MULTILINE_IMPLICIT_KEY';
  // "- id: a", and the next line stands further in.
  const colons = line.match(/:(?=\s|$)/g)?.length ?? 0;
  return code === 'BLOCK_AS_IMPLICIT_KEY' && colons < 2 ? 'BAD_INDENT' : code;
}

function needsQuotes(sign: string): string {
  return `a text that begins with ${sign} needs quotes around it`;
}

export function readDocument(file: string, env: Environment): ConfigDocument {
  let source: string;
  try {
    const bytes = readFileSync(file);
    source = bytes.toString();
    // What an editor writes in another encoding would be spoken as question marks. UTF-16 without a mark is full of zeros.
    const wrongAt = isUtf8(bytes) ? source.indexOf('\0') : source.indexOf('\uFFFD');
    if (wrongAt >= 0) return unreadable(file, NOT_UTF8, source.slice(0, wrongAt).split('\n').length);
  } catch (error) {
    return unreadable(file, `can't be read: ${messageOf(error)}`);
  }
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const [first, ...more] = document.errors;
  if (first) {
    const { line } = lines.linePos(first.pos[0]);
    const others = more.length === 0 ? '' : `; ${more.length} more may follow from it`;
    const written = source.split('\n')[line - 1] ?? '';
    const begins = /^ *[\u00A0\u2000-\u200A\u202F\u3000]/.test(written);
    const remedy = begins
      ? 'a line begins with a space of another kind: indent with plain ones'
      : remedyOf(first, written);
    return unreadable(file, `isn't valid YAML: ${remedy}${others}`, line);
  }
  const problems: Problem[] = [];
  const reported = new Set<string>();
  const named = new Set<string>();
  visit(document, {
    Alias: (_, { source: name }) => {
      named.add(name);
    },
  });
  const data = toData(document.contents, [], {
    document,
    env,
    named,
    report(path, node, message) {
      reported.add(pathText(path));
      const line = node.range ? lines.linePos(node.range[0]).line : undefined;
      problems.push({ file, ...(line === undefined ? {} : { line }), key: pathText(path), message });
    },
  });
  return {
    file,
    data,
    problems,
    lineOf(path) {
      const { offset } = nodeAt(document, path);
      return offset === undefined ? undefined : lines.linePos(offset).line;
    },
    writtenAt(path) {
      const { node } = nodeAt(document, path);
      return isScalar(node) ? node.source : undefined;
    },
    reported: (path) => path.some((_, index) => reported.has(pathText(path.slice(0, index + 1)))),
  };
}

function unreadable(file: string, message: string, line?: number): ConfigDocument {
  return {
    file,
    data: undefined,
    problems: [{ file, ...(line === undefined ? {} : { line }), key: '', message }],
    lineOf: () => undefined,
    writtenAt: () => undefined,
    reported: () => true,
  };
}

interface Conversion {
  readonly document: Document;
  readonly env: Environment;
  /** The anchors that some alias names. */
  readonly named: ReadonlySet<string>;
  readonly report: (path: Path, node: Node, message: string) => void;
}

function toData(node: unknown, path: Path, how: Conversion): unknown {
  if (path.length > DEPTH_MAX) return undefined;
  if (isAlias(node)) {
    const meant = node.resolve(how.document);
    if (!meant) how.report(path, node, `nothing has the name ${node.source}: ${needsQuotes('*')}`);
    return toData(meant, path, how);
  }
  if (isMap(node)) {
    const entries: [string, unknown][] = [];
    for (const { key, value } of node.items) {
      const name = nameOf(key);
      const data = toData(value, [...path, name], how);
      if (data !== undefined) entries.push([name, data]);
    }
    return Object.fromEntries(entries);
  }
  if (isSeq(node)) return node.items.map((item, index) => toData(item, [...path, index], how));
  if (!isScalar(node)) return undefined;
  const { value } = node;
  const swallowed = signSwallowed(node, how.named);
  if (swallowed !== undefined) {
    how.report(path, node, swallowed);
    return undefined;
  }
  if (isCredentials(path) && typeof value === 'string' && !value.includes('${')) {
    how.report(path, node, 'secrets come from the environment only: write ${NAME} for it');
    return undefined;
  }
  const secret = isSecret(path);
  if (secret && value !== null && !(typeof value === 'string' && isBareVariable(value))) {
    const [owner = '', key = ''] = path.slice(-2).map(String);
    const part = path[0] === 'asterisk' ? 'ARI' : owner;
    const name = `${part}_${key}`.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();
    how.report(path, node, `secrets come from the environment only: write \${${name}} or another variable`);
    return undefined;
  }
  if (typeof value !== 'string' || !value.includes('${')) return value ?? undefined;
  const result = substitute(value, how.env);
  if ('problem' in result) {
    how.report(path, node, result.problem);
    return undefined;
  }
  // An empty default means "as if the key weren't there".
  return result.text === '' ? undefined : result.text;
}

/** Why the beginning of a text isn't there; undefined: it is. */
function signSwallowed(
  { anchor, tag, value, comment }: Scalar,
  named: ReadonlySet<string>,
): string | undefined {
  if (anchor !== undefined && !named.has(anchor)) return needsQuotes('&');
  if (tag?.startsWith('!') === true) return needsQuotes('!');
  // What people write behind an empty key begins with a space.
  const isText = value === null && /^[\p{L}\p{N}]\S* \S/u.test(comment ?? '');
  return isText ? `what stands behind # is a comment: ${needsQuotes('#')}` : undefined;
}

/** A header that says who asks. */
function isCredentials(path: Path): boolean {
  return path.at(-2) === 'headers' && /^(?:(?:proxy-)?authorization|cookie)$/i.test(String(path.at(-1)));
}

/** What stands at `path`, if anything does, and where it begins: it, or its nearest ancestor that exists. */
function nodeAt(
  document: Document,
  path: Path,
): {
  readonly node?: unknown;
  readonly offset: number | undefined;
} {
  let node: unknown = document.contents;
  let offset = rangeStart(node);
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => nameOf(key) === step);
      if (!pair) return { offset };
      offset = rangeStart(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      offset = rangeStart(node) ?? offset;
    } else return { offset };
  }
  return { node, offset };
}

/** A key as it stands there: 0301234 and +4930123 are numbers to YAML, which would lose the 0 and the +. */
function nameOf(key: unknown): string {
  return isScalar(key) ? (key.source ?? String(key.value)) : String(key);
}

function rangeStart(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
