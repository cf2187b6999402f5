import { callsIn, jsonEnd, parenthesisEnd, type WrittenCall } from './written-tools.ts';

/** What stands in a model's content: words to be spoken, thoughts, and tools that it calls in writing. */
export type ContentPart =
  | { readonly is: 'words'; readonly text: string }
  | { readonly is: 'thought' }
  | { readonly is: 'call'; readonly call: WrittenCall };

/** What begins at a place of the text; `partly`: that isn't to be seen yet. */
type Found =
  | 'nothing'
  | 'partly'
  | { readonly is: 'thought'; readonly length: number; readonly end: RegExp }
  | { readonly is: 'calls'; readonly length: number; readonly calls: readonly WrittenCall[] }
  | { readonly is: 'said'; readonly length: number; readonly text: string }
  | { readonly is: 'dropped'; readonly length: number };

/**
 * Tags between which models think: DeepSeek and Qwen; Gemini; Seed; Kimi; Magistral; OpenThinker; MedGemma; gpt-oss
 * (harmony). What a tool has answered is nobody's words, either.
 */
const THOUGHTS: readonly (readonly [begin: RegExp, end: RegExp])[] = [
  [
    /^<(?:\w+[_:])?(?:think|thinking|thoughts?|reasoning|reflection|scratchpad|analysis|monologue|tool_(?:response|result))\s*>/i,
    /<\/(?:\w+[_:])?(?:think|thinking|thoughts?|reasoning|reflection|scratchpad|analysis|monologue|tool_(?:response|result))\s*>/i,
  ],
  [/^<\|begin_of_thought\|>/i, /<\|end_of_thought\|>/i],
  [/^<unused94>/, /<unused95>/],
  [/^◁think▷/i, /◁\/think▷/i],
  [/^\[think\]/i, /\[\/think\]/i],
  [/^<\|channel\|>analysis<\|message\|>/i, /<\|end\|>|<\|start\|>|(?=<\|channel\|>)/],
];

/** Tags between which tools are called: Hermes and Qwen; Llama; Granite and Phi; Mistral; Kimi; DeepSeek; Claude's. */
const CALLS: readonly (readonly [begin: RegExp, end: RegExp])[] = [
  [
    /^<(?:\w+:)?(?:tool_calls?|toolcalls?|tools?|tool_use|function_calls?|functioncalls?|invoke|tool_code)\b[^>]*>/i,
    /<\/(?:\w+:)?(?:tool_calls?|toolcalls?|tools?|tool_use|function_calls?|functioncalls?|invoke|tool_code)>|(?<=^\s*<[^<>]*\/>)/i,
  ],
  [/^<function\b[=(\s][^>{]*>?/i, /<\/function>|<function>/i],
  [/^<\|(tool_calls?|python_tag)\|>/i, /<\|\/?(?:tool_calls?|eom_id|eot_id|end)\|>/i],
  [
    /^<[|｜]tool[▁_]calls?[▁_](?:section[▁_])?begin[|｜]>/,
    /<[|｜]tool[▁_]calls?[▁_](?:section[▁_])?end[|｜]>/,
  ],
  [/^\[tool_calls?\]/i, /\[\/tool_calls?\]/i],
  [/^<\|channel\|>\s*(?:commentary|analysis)?\s*to=\S+/i, /<\|call\|>|<\|end\|>/],
];

/** What such a tag may begin with, to be waited for. */
const BEGINNINGS: readonly string[] = [
  ...['<tool', '<function', '<invoke', '<|', '<｜', '[tool_call', '[think]', '◁think▷', '◁/think▷'],
];

/** A tag whose name isn't whole, or whose attributes aren't there yet. */
const TAG_BEGUN =
  /^<\/?(?:[a-z][\w:.-]*)?$|^<\/?(?:\w+[_:])?(?:think|thinking|tool|function|invoke)[\w.-]*\s[^>]*$/i;

/** Harmony: what follows `<|channel|>` says whose words these are, and `<|start|>` who speaks. */
const HARMONY =
  /^(?:<\|(?:channel\|>(?!.*<\|message\|>)|(?:im_)?start\|>[a-z]*$|start_(?:header_id|of_role)\|>[^<]*(?:<[^>]*)?$)|<start_of_turn>[a-z]{0,5}$)/s;

/** Of chat templates: nobody's words. */
const CONTROL =
  /^(?:<\|channel\|>[^<]*<\|message\|>|<\|(?:im_)?start\|>[a-z]*|<\|start_(?:header_id|of_role)\|>[^<]*<\|end_(?:header_id|of_role)\|>|<[|｜][^<>\n]{1,40}?[|｜]>|<\/?s>|<(?:end|start)_of_turn>(?:model)?|<unused\d+>|<\/(?:\w+:)?(?:think|thinking|thought|reasoning|tool_calls?|function|function_calls?)\s*>|◁\/think▷)/i;

/** What small models write before their words, and before their thoughts (ReAct: arxiv.org/abs/2210.03629). */
const SPEAKER = /^\s*(?:(?:assistant|ai|agent|bot|final answer|answer|response)\s*:\s*|assistant\n+)/i;
const REACT_THOUGHT = /^\s*thought:/i;
const REACT_END = /\n\s*(?:final )?(?:answer|response):\s*|(?=\n\s*action:)/i;
const OPENINGS = ['assistant:', 'ai:', 'agent:', 'bot:', 'final answer:', 'answer:', 'response:', 'thought:'];
/** A tool's name, `Action: ` perhaps before it, and what may stand between it and its arguments. */
const ACTION = /^action:\s*/i;
const ARGUMENTS = /^(?:\[ARGS\]|\*\*|:|\s*\n\s*(?:action input:)?)?\s*(?=[({])/i;

/** An answer in JSON, as small models give it that have learnt to. */
const ANSWER =
  /^\{\s*"(?:response|reply|answer|message|content|text|say|speech|output)"\s*:\s*("(?:[^"\\]|\\.)*")/;

/** Where something may begin that isn't words. */
const PLACES =
  /[<{[`◁]|(?<![\w-])[a-zA-Z_](?=[\w.]*(?:[({:*[]|[ \t]*(?:\n|$)))|(?<![\w-])(?:final answer|answer|action):/giu;

/** Nobody says more in figures and brackets than this; what is longer was no call. */
const LONGEST = 8_000;
const LONGEST_TAG = 100;

/**
 * Reads a model's content as it streams. What may become a tag or a tool's call is kept back until it is known, so that
 * no thought and no call is ever spoken, wherever the stream was cut.
 */
export class ContentReader {
  readonly #tools: readonly string[];
  #held = '';
  /** The last of the words that were given away. */
  #before = '';
  #thought: RegExp | undefined;
  /** What has come while it thinks first; undefined: it doesn't, or has finished. */
  #unopened: string | undefined;
  #thoughtFirst: boolean;

  /**
   * `tools`: names of those that the model may call. `thinksFirst`: it begins to think without saying so, and says only
   * where its thoughts end (chat templates that open the tag themselves).
   */
  constructor(tools: readonly string[], thinksFirst = false) {
    this.#tools = tools;
    this.#thoughtFirst = thinksFirst;
    this.#thought = thinksFirst ? /<\/think(?:ing)?>/i : undefined;
    this.#unopened = thinksFirst ? '' : undefined;
  }

  /** Thoughts have ended that had never begun: the model thinks first. */
  get thoughtFirst(): boolean {
    return this.#thoughtFirst;
  }

  push(text: string): ContentPart[] {
    this.#held += text;
    if (this.#unopened !== undefined) this.#unopened += text;
    return [...this.#read(false)];
  }

  /** Nothing follows. `isWhole`: the model had said all that it wanted to say. */
  end(isWhole = true): ContentPart[] {
    if (this.#unopened !== undefined && isWhole) {
      // For once it hasn't thought at all.
      this.#held = this.#unopened;
      this.#thought = undefined;
    }
    const parts = [...this.#read(true)];
    this.#held = '';
    return parts;
  }

  *#read(isLast: boolean): Generator<ContentPart> {
    for (;;) {
      if (this.#thought) {
        const end = this.#thought.exec(this.#held);
        if (this.#held !== '') yield { is: 'thought' };
        if (!end) {
          // The tag's own beginning may be there.
          this.#held = this.#held.slice(-40);
          return;
        }
        this.#held = this.#held.slice(end.index + end[0].length).trimStart();
        this.#thought = undefined;
        this.#unopened = undefined;
      }
      const [at, found] = this.#find(isLast);
      const words = this.#held.slice(0, at);
      if (words !== '') yield { is: 'words', text: words };
      this.#before = `${this.#before}${words}`.slice(-20);
      this.#held = this.#held.slice(at);
      if (found === undefined) return;
      this.#thoughtFirst ||= found.is === 'dropped' && /^<\/think|^◁\/think/i.test(this.#held);
      this.#held = this.#held.slice(found.length);
      if (found.is === 'thought') this.#thought = found.end;
      else if (found.is === 'said') yield { is: 'words', text: found.text };
      else if (found.is === 'calls') for (const call of found.calls) yield { is: 'call', call };
    }
  }

  /** The first place that isn't words; or up to where words are certain. */
  #find(isLast: boolean): [at: number, found: Exclude<Found, string> | undefined] {
    const text = this.#held;
    for (const { index } of text.matchAll(PLACES)) {
      const found = this.#at(text.slice(index), isLast, `${this.#before}${text.slice(0, index)}`);
      if (found === 'nothing') continue;
      return found === 'partly' ? [index, undefined] : [index, found];
    }
    return [text.length, undefined];
  }

  #at(text: string, isLast: boolean, before: string): Found {
    const found = /^\w/.test(text) ? this.#worded(text, isLast, before) : this.#marked(text, isLast);
    return found === 'partly' && (isLast || text.length > LONGEST) ? 'nothing' : found;
  }

  #worded(text: string, isLast: boolean, before: string): Found {
    if (before.trim() === '') {
      const speaker = SPEAKER.exec(text);
      if (speaker) return { is: 'dropped', length: speaker[0].length };
      if (REACT_THOUGHT.test(text)) return { is: 'thought', length: 1, end: REACT_END };
      const lower = text.toLowerCase();
      if (!isLast && OPENINGS.some((opening) => opening.startsWith(lower))) return 'partly';
    }
    const action = ACTION.exec(text)?.[0].length ?? 0;
    const found = this.#called(text.slice(action), isLast, action > 0 ? '' : before);
    return action > 0 && typeof found === 'object' ? { ...found, length: action + found.length } : found;
  }

  /**
   * `hang_up()`, `transfer(target="Doctor Bob")`, `hang_up{}`, `hang_up: {}`, and a name that has a line of its own, if
   * it is no word.
   */
  #called(text: string, isLast: boolean, before: string): Found {
    const name = /^[\w.]+/.exec(text)?.[0] ?? '';
    const rest = text.slice(name.length);
    const bare = name.replace(/^(?:functions|default_api)\./, '');
    const isTool = this.#tools.includes(bare);
    if (rest === '' && !isLast) {
      const isBeginning = this.#tools.some((tool) =>
        [tool, `functions.${tool}`, `default_api.${tool}`].some((full) => full.startsWith(name)),
      );
      return isBeginning || 'action:'.startsWith(name.toLowerCase()) ? 'partly' : 'nothing';
    }
    if (!isTool) return 'nothing';
    const between = ARGUMENTS.exec(rest)?.[0];
    if (between === undefined) {
      if (!isLast && /^(?:\[A?R?G?S?\]?|\*{1,2}|:|\s*\n\s*[a-z :]*)?\s*$/i.test(rest)) return 'partly';
      const line = /^[*`]*[ \t]*(?=\n|$)/.exec(rest);
      const isAlone = line !== null && bare.includes('_') && /(?:^|\n)[\s*/>]*$/.test(before);
      const call = { name: bare, arguments: '{}' };
      return isAlone ? { is: 'calls', length: name.length + line[0].length, calls: [call] } : 'nothing';
    }
    const given = rest.slice(between.length);
    const end = given.startsWith('(') ? parenthesisEnd(given) : jsonEnd(given, 0);
    if (end === undefined) return isLast && given.startsWith('{') ? this.#calls(bare, text, given) : 'partly';
    // "You can transfer (or not)" calls nothing.
    if (/^\((?!\s*(?:["'{)]|[\w-]+\s*[=:]))/.test(given)) return 'nothing';
    return this.#calls(bare, text.slice(0, text.length - given.length + end), given.slice(0, end));
  }

  #calls(name: string, whole: string, given: string): Found {
    const calls = callsIn(`${name}${given}`, this.#tools, true);
    return calls.length === 0 ? 'nothing' : { is: 'calls', length: whole.length, calls };
  }

  #marked(text: string, isLast: boolean): Found {
    const lower = text.toLowerCase();
    if (HARMONY.test(text) && !isLast) return 'partly';
    for (const tool of this.#tools) {
      const tag = new RegExp(`^<${tool}(?:\\s[^>]*)?(/?)>`).exec(text);
      if (!tag) continue;
      if (tag[1] === '/') return this.#block(text, tag[0].length, /(?=)/, true);
      return this.#block(text, tag[0].length, new RegExp(`</${tool}>`), isLast);
    }
    for (const [begin, end] of THOUGHTS) {
      const length = begin.exec(text)?.[0].length;
      if (length !== undefined) return { is: 'thought', length, end };
    }
    for (const [begin, end] of CALLS) {
      const length = begin.exec(text)?.[0].length;
      if (length !== undefined) return this.#block(text, length, end, isLast);
    }
    const control = CONTROL.exec(text)?.[0].length;
    if (control !== undefined) return { is: 'dropped', length: control };
    if (TAG_BEGUN.test(text) && text.length < LONGEST_TAG) return 'partly';
    const isOpen = !/[>\]]/.test(lower) && lower.length < LONGEST_TAG;
    const begins = [...BEGINNINGS, ...this.#tools.map((tool) => `<${tool}`)];
    if (begins.some((begin) => begin.startsWith(lower) || (isOpen && lower.startsWith(begin)))) {
      return 'partly';
    }
    switch (text.charAt(0)) {
      case '`':
        return this.#fenced(text, isLast);
      case '{':
        return /^\{\s*(?:["'}]|$)/.test(text) ? this.#json(text, isLast) : 'nothing';
      case '[':
        if (/^\[\s*(?:\{|$)/.test(text)) return this.#json(text, isLast);
        return this.#listed(text);
      default:
        return 'nothing';
    }
  }

  /** From one tag to another, or to the end. */
  #block(text: string, from: number, end: RegExp, isLast: boolean): Found {
    const close = end.exec(text.slice(from));
    // A call that is whole waits for no end: some models never write any.
    if (!close && !isLast) return 'partly';
    const length = close ? from + close.index + close[0].length : text.length;
    const known = this.#tools;
    const calls = callsIn(text.slice(0, length), known, true);
    const body = text.slice(from, close ? from + close.index : length).trim();
    if (calls.length > 0 || body === '') return { is: 'calls', length, calls };
    // It was to be a call, and nobody can tell of what: the model is told so.
    return { is: 'calls', length, calls: [{ name: 'unreadable', arguments: body.slice(0, 200) }] };
  }

  #json(text: string, isLast: boolean): Found {
    const end = jsonEnd(text, 0);
    if (end === undefined && !isLast) return 'partly';
    const whole = text.slice(0, end);
    const calls = callsIn(whole, this.#tools, false);
    if (calls.length > 0) return { is: 'calls', length: whole.length, calls };
    const answer = ANSWER.exec(whole);
    return answer?.[1] === undefined
      ? 'nothing'
      : { is: 'said', length: whole.length, text: String(JSON.parse(answer[1])) };
  }

  /** `[hang_up()]`, as Llama 4 writes it. */
  #listed(text: string): Found {
    const name = /^\[\s*([\w.]*)/.exec(text)?.[1] ?? '';
    const begins = this.#tools.some((tool) => tool.startsWith(name));
    if (!begins) return 'nothing';
    const end = text.indexOf(']');
    if (end < 0) return /^\[\s*[\w.]*\s*(?:\(|$)/.test(text) ? 'partly' : 'nothing';
    const inside = text.slice(1, end);
    const calls = this.#tools.includes(inside.trim())
      ? [{ name: inside.trim(), arguments: '{}' }]
      : callsIn(inside, this.#tools, false);
    return calls.length === 0 ? 'nothing' : { is: 'calls', length: end + 1, calls };
  }

  /** A block of code, which is a call or nothing that anybody reads out. */
  #fenced(text: string, isLast: boolean): Found {
    if (!/^`{1,3}/.test(text) || /^`{1,2}[^`{]/.test(text)) return 'nothing';
    if (/^`{1,2}$/.test(text)) return 'partly';
    const ticks = /^`+/.exec(text)?.[0] ?? '`';
    const end = text.indexOf(ticks, ticks.length);
    if (end < 0 && !isLast) return 'partly';
    const length = end < 0 ? text.length : end + ticks.length;
    const calls = callsIn(text.slice(ticks.length, end < 0 ? undefined : end), this.#tools, false);
    if (calls.length > 0) return { is: 'calls', length, calls };
    return end < 0 ? 'nothing' : { is: 'dropped', length: /^`+\w*/.exec(text)?.[0].length ?? 1 };
  }
}
