import { jsonrepair } from 'jsonrepair';
import { isObject } from '../../lib/fields.ts';
import type { KnownTool } from './tool-deltas.ts';

/** A tool's call as a model wrote it; its arguments are text, as in the deltas of a stream. */
export interface WrittenCall {
  readonly name: string;
  readonly arguments: string;
}

/** What harmony (gpt-oss) puts behind a name: the channel, and what the arguments are. */
const SUFFIX = /(?:commentary|analysis|final|json)+$/i;

/**
 * The name of a tool as the agent knows it, of a name as a model gives it: `functions.hang_up`, `hang_up:0`,
 * `Hang-Up`, `hang_up<|channel|>commentary`. One that isn't known comes back without what surrounds it.
 */
export function toolNamed(given: string, known: readonly string[]): string {
  if (known.includes(given)) return given;
  const harmony = /functions?\.([\w-]+)/.exec(given)?.[1];
  const bare = (harmony ?? given)
    .replace(/[<{[(|].*$/s, '')
    .replace(/^(?:(?:functions?|tools?|default_api|assistant)\s*[.:/])+/i, '')
    .replace(/[:.]\d+$|\.call$/, '')
    .replaceAll(/^[\s"'`]+|[\s"'`]+$/g, '');
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const find = (name: string): string | undefined => known.find((one) => plain(one) === plain(name));
  return find(bare) ?? find(bare.replace(SUFFIX, '')) ?? bare;
}

/** Where the JSON object or list that begins at `from` ends; undefined: it isn't there as a whole. */
export function jsonEnd(text: string, from: number): number | undefined {
  let depth = 0;
  let quoted = '';
  for (let at = from; at < text.length; at++) {
    const char = text.charAt(at);
    if (quoted !== '') {
      if (char === '\\') at += 1;
      else if (char === quoted) quoted = '';
    } else if (char === '"') quoted = char;
    else if (char === '“') quoted = '”';
    else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}

/** Where the parenthesis that begins the text is closed, quoted ones left alone; undefined: it isn't yet. */
export function parenthesisEnd(text: string): number | undefined {
  let depth = 0;
  for (const { 0: part, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[()]/g)) {
    depth += part === '(' ? 1 : part === ')' ? -1 : 0;
    if (depth === 0) return index + 1;
  }
  return undefined;
}

/**
 * The calls in a text that is a tool's call and nothing else, in whatever way it is written: JSON, one or a list;
 * `<function=NAME>{…}</function>`; `<invoke name="NAME"><parameter name="KEY">…`; `NAME[ARGS]{…}`; `NAME(key="value")`.
 * `isCall`: the model said that it is one, so that also the name of a tool that nobody has counts.
 */
export function callsIn(given: string, known: readonly string[], isCall: boolean): WrittenCall[] {
  // FunctionGemma: `call:transfer{target:<escape>Doctor Bob<escape>}`.
  // DeepSeek writes a mark of its own before each tag's name, Qwen-Agent flowers around what follows.
  const text = given
    .replaceAll(/<escape>|<\|"\|>/g, '"')
    .replace(/(<start_function_call>|<\|tool_call>)\s*call:/, '$1')
    .replaceAll(/[|｜]DSML[|｜]/g, '')
    .replace(/^\(function=/, '<function=')
    .replace(/✿FUNCTION✿:\s*(\S+)\s*✿ARGS✿:/, '$1');
  const tagged = [...text.matchAll(TAGGED)].flatMap(({ groups: { name = '', body = '' } = {} }) =>
    name === '' ? [] : [{ name: toolNamed(name, known), arguments: argumentsIn(body) }],
  );
  if (tagged.length > 0) return tagged;
  const own = known.flatMap((name) => ownTag(text, name));
  if (own.length > 0) return own;
  // GLM: the name, and then a tag for each key and each value.
  const keyed = [...text.matchAll(/<arg_key>(.*?)<\/arg_key>\s*<arg_value>(.*?)(?:<\/arg_value>|$)/gs)];
  const listed = /^(?:<[^<>]*>)?\s*([\w.-]+)\s*(?=<arg_key>|<\/[\w:]+>|$)/.exec(text)?.[1];
  if (listed !== undefined && isCall && known.includes(toolNamed(listed, known))) {
    const given = Object.fromEntries(keyed.map(([, key = '', value = '']) => [key.trim(), value.trim()]));
    return [{ name: toolNamed(listed, known), arguments: JSON.stringify(given) }];
  }
  const children = isCall ? namedByChild(text, known) : undefined;
  if (children) return [children];
  const json = text.search(/[{[]\s*(?:["'“{}[]|\w+:)/);
  const before = json < 0 ? '' : text.slice(0, json);
  const harmony = /\bto=(\S+)/.exec(before)?.[1];
  if (harmony !== undefined) return [{ name: toolNamed(harmony, known), arguments: argumentsIn(text) }];
  const named =
    /([\w.:-]+)\s*(?:(?:\[CALL_ID\]\w*)?\[ARGS\]|<[^>]*>|\(|:|```\w*|<\/name>\s*<[^>]*>)?\s*$/.exec(
      before,
    )?.[1];
  if (named !== undefined && json >= 0) {
    const name = toolNamed(named, known);
    if (known.includes(name)) return [{ name, arguments: argumentsIn(text.slice(json)) }];
  }
  if (json >= 0) {
    const calls = valuesIn(text.slice(json)).flatMap((value) => callsOf(value, known, isCall));
    if (calls.length > 0) return calls;
    const name = /"(?:name|function|tool)"\s*:\s*"([^"]+)"/.exec(text)?.[1];
    return isCall && name !== undefined
      ? [{ name: toolNamed(name, known), arguments: text.slice(json) }]
      : [];
  }
  const lines = linesCall(text, known);
  if (lines) return [lines];
  return [...text.matchAll(/([\w.-]+)\s*\(((?:[^()"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*)\)/g)].flatMap(
    ([, called = '', list = '']) => {
      const name = toolNamed(called, known);
      return known.includes(name) ? [{ name, arguments: argumentsOf(list) }] : [];
    },
  );
}

/** `<name>transfer</name><arguments><target>Doctor Bob</target></arguments>`. */
function namedByChild(text: string, known: readonly string[]): WrittenCall | undefined {
  const [whole, given = ''] = /<(?:tool_|function_)?name>\s*([\w.-]+)\s*<\/\w+>/.exec(text) ?? [];
  const name = toolNamed(given, known);
  if (whole === undefined || !known.includes(name)) return undefined;
  const body =
    /<(?:arguments|parameters|params|args|inputs?)>(.*?)(?:<\/(?:arguments|parameters|params|args|inputs?)>|$)/s.exec(
      text,
    )?.[1];
  return { name, arguments: body === undefined ? '{}' : argumentsIn(body) };
}

/** `tool: transfer`, and a line for each argument: as YAML has it, or as somebody would list them. */
function linesCall(text: string, known: readonly string[]): WrittenCall | undefined {
  const [, given = '', rest = ''] =
    /^\s*(?:ya?ml\s*\n\s*)?(?:tool|function|action|name)(?:[ _]name)?\s*:\s*["'`]?([\w.-]+)["'`]?[ \t]*((?:\n[^\n]*)*)$/i.exec(
      text,
    ) ?? [];
  const name = toolNamed(given, known);
  if (!known.includes(name)) return undefined;
  const pairs = rest.split('\n').flatMap((line): [string, unknown][] => {
    const [, key = '', value = ''] = /^\s*-?\s*["'`]?([\w -]+?)["'`]?\s*[:=]\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === '') return [];
    if (!ARGUMENTS_KEY.test(plainKey(key))) return [[key, read(value) ?? value]];
    return value === '' ? [] : Object.entries(JSON.parse(namedArguments(value)) as Record<string, unknown>);
  });
  return { name, arguments: JSON.stringify(Object.fromEntries(pairs)) };
}

/** `<function=NAME>…`, `<function name="NAME">…`, `<invoke name="NAME">…`: up to its end, the next one, or the end. */
const TAGGED =
  /<(?:\w+:)?(?:function|invoke|tool|function_call|tool_call|use_tool|call|action|command)(?:\s*=\s*|\s*\(|\s*::?\s*|\/|\s+name\s*=\s*)["']?(?<name>[^"'>{}()\s/]+)["']?\)?\s*>?(?<body>.*?)(?:<\/(?:\w+:)?(?:function|invoke|tool|function_call|tool_call|call|action|command)>|(?=<(?:function|invoke|tool)[\s=(])|<function>|$)/gs;

/** What a tag with a tool's name looks like, with and without its underscores; as part of a regular expression. */
export function tagOf(tool: string): string {
  return tool.replaceAll('_', '[_-]?');
}

/** A tag that has a tool's name: `<hang_up/>`, `<transfer target="Doctor Bob">`, `<transfer><target>Doctor Bob</target>…`. */
function ownTag(text: string, name: string): WrittenCall[] {
  const tag = tagOf(name);
  const [, attributes, body = ''] =
    new RegExp(`^<${tag}(\\s[^>]*?)?\\s*(?:/>|>(.*?)(?:</${tag}>|$))`, 'si').exec(text) ?? [];
  if (!new RegExp(`^<${tag}[\\s/>]`, 'i').test(text)) return [];
  const children = childrenOf(body);
  if (children) return [{ name, arguments: children }];
  if (body.includes('{')) return [{ name, arguments: argumentsIn(body) }];
  const isPlain = body.trim() !== '' && !body.includes('<') && (attributes ?? '').trim() === '';
  return [{ name, arguments: isPlain ? argumentsOf(body) : namedArguments(attributes ?? '') }];
}

/** `<target>Doctor Bob</target>`, as JSON; undefined: there are no such tags, or they have JSON in them. */
function childrenOf(body: string): string | undefined {
  const children = [...body.matchAll(/<([\w-]+)>([^<{]*)<\/\1>/g)].map(([, key, value = '']) => [
    key,
    value.trim(),
  ]);
  return children.length === 0 ? undefined : JSON.stringify(Object.fromEntries(children));
}

/** Arguments as JSON, of a call's body: JSON, or a tag for each of them. */
function argumentsIn(body: string): string {
  const parameters = [
    ...body.matchAll(
      /<parameter(?:\s*=\s*|\s+name\s*=\s*)["']?([^"'>\s]+)["']?[^>]*>(.*?)(?:<\/parameter>|(?=<parameter)|$)/gs,
    ),
  ];
  if (parameters.length > 0) {
    return JSON.stringify(Object.fromEntries(parameters.map(([, key, value = '']) => [key, value.trim()])));
  }
  const children = childrenOf(body);
  if (children) return children;
  const from = body.indexOf('{');
  if (from < 0) {
    // <function_call name="transfer" target="Doctor Bob"/>, <function=transfer>sales</function>
    const plain = /^[^<>]*/.exec(body)?.[0].replace(/\/$/, '').trim() ?? '';
    return plain === '' || /[\w-]+\s*=/.test(plain) ? namedArguments(plain) : argumentsOf(plain);
  }
  const whole = body.slice(from, jsonEnd(body, from));
  const value = read(whole);
  // A call within the call: `<function=transfer>{"name": "transfer", "parameters": {…}}`.
  const inner = isObject(value) ? (value['parameters'] ?? value['arguments']) : undefined;
  return isObject(inner) ? JSON.stringify(inner) : value === undefined ? whole : JSON.stringify(value);
}

/** Of a call in parentheses, as JSON: by their names, or as a list of values in their order. */
export function argumentsOf(given: string): string {
  const list = given
    .trim()
    .replaceAll(/("""|\'\'\')(.*?)\1/gs, (_, _quotes, text: string) => JSON.stringify(text));
  // Python's `**{"target": "Doctor Bob"}`
  if (/^\*\*\s*\{/.test(list)) return list.replace(/^\*\*\s*/, '');
  const values = [...list.matchAll(/\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^,"']+)\s*(?:,|$)/g)].map(
    ([, value = '']) => value.trim(),
  );
  const isNamed = values.length === 0 || values.some((value) => /^[\w-]+\s*[=:]/.test(value));
  const isWhole = values.join('').replaceAll(/\s/g, '') === list.replaceAll(/[\s,]/g, '');
  if (isNamed || !isWhole) return namedArguments(list);
  return JSON.stringify(values.map(valueOf));
}

/** As it stands in a program: Python's `None` is nothing, and what is no value at all is text. */
function valueOf(written: string): unknown {
  return /^(?:none|null|nil|undefined)$/i.test(written) ? null : (read(written) ?? written);
}

/** `target="Doctor Bob", urgent=True`, as JSON. */
function namedArguments(list: string): string {
  const pairs = [...list.matchAll(/([\w-]+)\s*[=:]\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^,]+)/g)];
  return JSON.stringify(
    Object.fromEntries(
      pairs
        .map(([, key = '', value = '']): [string, unknown] => [key, valueOf(value.trim())])
        .filter(([, value]) => value !== null),
    ),
  );
}

const LAST_TAG = /\s*(?:<[^<>{}"]*>|\[\/\w+\])\s*$/;

/** All JSON objects and lists that stand in a text one after the other. */
function valuesIn(text: string): unknown[] {
  const values: unknown[] = [];
  for (let at = text.search(/[{[]/); at >= 0;) {
    const whole = jsonEnd(text, at);
    const end = whole ?? text.length;
    // A bracket too few: the tag behind it belongs to no value.
    values.push(read(whole === undefined ? text.slice(at).replace(LAST_TAG, '') : text.slice(at, end)));
    const next = text.slice(end).search(/[{[]/);
    at = next < 0 ? -1 : end + next;
  }
  return values;
}

/** Of the objects in a text, all there as a whole, the last that says anything. Undefined: none, or one was cut. */
export function lastObject(text: string): Readonly<Record<string, unknown>> | undefined {
  let last: Readonly<Record<string, unknown>> | undefined;
  for (let at = text.indexOf('{'); at >= 0;) {
    const end = jsonEnd(text, at);
    if (end === undefined) return undefined;
    const value = read(text.slice(at, end));
    if (isObject(value) && (last === undefined || Object.keys(value).length > 0)) last = value;
    at = text.indexOf('{', end);
  }
  return last;
}

/**
 * `{"target": "Doctor Bob"}`, alone or as "arguments": the call whose name a model has forgotten, where only one of the agent's tools
 * takes just that. Undefined: none or several do, or it may be an answer.
 */
export function bareCall(text: string, tools: readonly KnownTool[]): WrittenCall | undefined {
  const from = text.indexOf('{');
  if (from < 0) return undefined;
  const value = read(text.slice(from, jsonEnd(text, from)));
  if (!isObject(value)) return undefined;
  const [first = '', ...more] = Object.keys(value);
  const inner = more.length === 0 && ARGUMENTS_KEY.test(plainKey(first)) ? value[first] : value;
  if (!isObject(inner)) return undefined;
  const keys = Object.keys(inner);
  if (keys.length === 0 || (keys.length === 1 && ANSWER_KEYS.includes(keys[0]?.toLowerCase() ?? '')))
    return undefined;
  const [only, ...others] = tools.filter(({ parameters: { properties, required } }) => {
    const taken = isObject(properties) ? Object.keys(properties) : [];
    const needed = Array.isArray(required) ? required.map(String) : [];
    return keys.every((key) => taken.includes(key)) && needed.every((key) => keys.includes(key));
  });
  return only && others.length === 0 ? { name: only.name, arguments: JSON.stringify(inner) } : undefined;
}

/** As JSON, or what must have been meant: small models write quotes of the other kind, `None`, and one comma too many. */
function read(text: string): unknown {
  try {
    return JSON.parse(jsonrepair(text));
  } catch {
    return undefined;
  }
}

/** What the keys of calls are called, without signs and capitals; of several names, the one of a tool counts. */
const NAME_KEY =
  /^(?:name|(?:tool|function|action|command|api|recipient|method|operation|intent|skill)(?:name|call|touse|tocall)?|call)$/;
const ARGUMENTS_KEY =
  /^(?:tool|function|action|call|method)?(?:arguments?|args|parameters?|params|inputs?|kwargs)$/;
const LIST_KEY = /^(?:(?:tool|function|action)?(?:calls|uses)|tools|functions|actions)$/;

function plainKey(key: string): string {
  return key.toLowerCase().replaceAll(/[^a-z]/g, '');
}

function callsOf(value: unknown, known: readonly string[], isCall: boolean): WrittenCall[] {
  if (Array.isArray(value)) return value.flatMap((one) => callsOf(one, known, isCall));
  if (!isObject(value)) return [];
  const keys = Object.keys(value);
  const list = keys.find((key) => LIST_KEY.test(plainKey(key)) && Array.isArray(value[key]));
  if (list !== undefined) return callsOf(value[list], known, true);
  const inner = keys.find(
    (key) => /^(?:tool|function|action)(?:call|use)?$/.test(plainKey(key)) && isObject(value[key]),
  );
  if (inner !== undefined) return callsOf(value[inner], known, true);
  const names = keys.filter((key) => NAME_KEY.test(plainKey(key)) && typeof value[key] === 'string');
  const nameOf = (key: string): string => toolNamed(String(value[key]), known);
  const key =
    names.find((one) => known.includes(nameOf(one))) ?? names.find((one) => one === 'name') ?? names[0];
  if (key === undefined) {
    // {"transfer": {"target": "Doctor Bob"}, "hang_up": {}}
    const areTools = keys.every((one) => known.includes(toolNamed(one, known)));
    return areTools
      ? keys.map((one) => {
          const given = value[one];
          const isGiven = isObject(given) || (typeof given === 'string' && given !== '');
          return { name: toolNamed(one, known), arguments: JSON.stringify(isGiven ? bare(given) : {}) };
        })
      : [];
  }
  const name = nameOf(key);
  const argumentKey = keys.find((one) => ARGUMENTS_KEY.test(plainKey(one)));
  if (!known.includes(name) && !isCall && argumentKey === undefined) return [];
  const given = argumentKey === undefined ? without(value, key) : value[argumentKey];
  if (typeof given !== 'string') return [{ name, arguments: JSON.stringify(bare(given ?? {})) }];
  // {"action": "transfer", "action_input": "sales"}: a value without its name.
  return [
    { name, arguments: given.trim() === '' || /^\s*[{["]/.test(given) ? given : JSON.stringify(given) },
  ];
}

/** Arguments that were put as their schema is: `{"type": "object", "properties": {"target": {"value": "Doctor Bob"}}}`. */
function bare(given: unknown): unknown {
  if (!isObject(given)) return given;
  const { properties, ...more } = given;
  const isSchema = isObject(properties) && Object.keys(more).every((key) => /^(?:type|required)$/.test(key));
  if (isSchema) return bare(properties);
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => {
      const isDescribed =
        isObject(value) &&
        'value' in value &&
        Object.keys(value).every((one) => /^(?:type|value|description)$/.test(one));
      return [key, isDescribed ? value['value'] : value];
    }),
  );
}

/** What stands in a call beside its name and what is said of it. */
const NO_ARGUMENTS =
  /^(?:type|id|response|reply|say|speak|speech|utterance|spoken|thoughts?|reasoning|rationale|explanation)$/;

/** {"name": "transfer", "target": "Doctor Bob"}: what isn't said of the call itself are its arguments. */
function without(value: Readonly<Record<string, unknown>>, key: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([one]) => one !== key && !NO_ARGUMENTS.test(one)));
}

const ANSWER_KEYS: readonly string[] =
  'response reply say speak speech utterance spoken answer message content text output final_answer'.split(
    ' ',
  );

/** What an object says, where it is an answer put as JSON: `{"thought": "…", "response": "We open at nine."}`. */
export function answerIn(
  text: string,
  known: readonly string[],
): { readonly text: string; readonly isBesideCall: boolean } | undefined {
  const value = read(text);
  if (!isObject(value)) return undefined;
  const keys = Object.keys(value);
  const key = ANSWER_KEYS.map((one) =>
    keys.find((given) => given.toLowerCase() === one && typeof value[given] === 'string'),
  ).find((one) => one !== undefined);
  if (key === undefined) return undefined;
  const isTold = keys.some(
    (one) => ARGUMENTS_KEY.test(plainKey(one)) || LIST_KEY.test(plainKey(one)) || isObject(value[one]),
  );
  // Others may be what a tool is given: {"name": "take_message", "text": "…"}.
  const isCall = callsOf(value, known, false).length > 0;
  const isBesideCall = /^(?:response|reply|say|speak|speech|utterance|spoken)$/i.test(key) || isTold;
  return isCall && !isBesideCall ? undefined : { text: String(value[key]), isBesideCall };
}
