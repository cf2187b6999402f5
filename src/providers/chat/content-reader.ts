import { TOOL } from '../../dialog/contract/tool-names.ts';
import { nextTurn, OWN_TURN, type NextTurn } from './next-turn.ts';
import type { KnownTool } from './tool-deltas.ts';
import {
  answerIn,
  argumentsOf,
  bareCall,
  callsIn,
  jsonEnd,
  parenthesisEnd,
  tagOf,
  toolNamed,
  type WrittenCall,
} from './written-tools.ts';

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
  /** `text`: what is said beside them. */
  | {
      readonly is: 'calls';
      readonly length: number;
      readonly calls: readonly WrittenCall[];
      readonly text?: string;
    }
  | { readonly is: 'said'; readonly length: number; readonly text: string }
  | { readonly is: 'dropped'; readonly length: number }
  | { readonly is: 'over'; readonly length: number };

/** What tags between which models think are called; each may have something before and behind it. */
const THINKING =
  'think(?:ing)?|thoughts?|reason(?:ing)?|reflection|scratch_?pad|deliberation|analysis|monologue|plan(?:ning)?|internal|cot|critique|rationale|observation';
const THOUGHT_TAG = String.raw`(?:\w+[_:-])?(?:ant)?(?:${THINKING}|tool_(?:response|result))(?:[_-]\w+)?`;

/** What templates put before the words of the other side; behind words of its own, the model has gone on without waiting. */
const OTHER_SIDE =
  /^(?:<[|｜](?:user|human|prompter|caller|customer|im_user|USER_TOKEN)[|｜]>|\[INST\]|\[\|(?:human|user)\|\]|<(?:user|human|caller|customer)>|<(?:SPECIAL_11|extra_id_1)>\s*user\b)/i;
/** Alpaca's, on a line of its own. */
const OTHER_LINE = /^#{2,4} *(?:instruction|input)\b/i;
/** The same, wherever it stands. */
const OTHER_TURN =
  /^(?:<\|(?:im_)?start\|>|<\|(?:start_header_id|header_start|start_of_role|from)\|>|<start_of_turn>|<\|turn>)\s*(?:user|human)\b/i;
/** Where thoughts end that a label began (ReAct: arxiv.org/abs/2210.03629). */
const REACT_END =
  /\n\s*(?:(?:final )?(?:answer|response|reply):|\*\*(?:final )?(?:answer|response|reply)(?:\*\*:|:\*\*)|#{1,6} *(?:final )?(?:answer|response|reply):?[ \t]*(?=\n))\s*|(?=\n\s*action:)/i;

/**
 * Tags between which models think: DeepSeek and Qwen; Cohere; Gemma; Gemini; Seed; Kimi; Magistral; OpenThinker; MedGemma;
 * gpt-oss (harmony). What a tool has answered is nobody's words, either.
 */
const THOUGHTS: readonly (readonly [begin: RegExp, end: RegExp])[] = [
  [
    new RegExp(String.raw`^<\s*${THOUGHT_TAG}(?:\s[^<>/]*)?>`, 'i'),
    new RegExp(String.raw`<\s*/\s*${THOUGHT_TAG}\s*>`, 'i'),
  ],
  [/^&lt;think(?:ing)?&gt;/i, /&lt;\/think(?:ing)?&gt;/i],
  [/^<\|begin_of_thought\|>/i, /<\|end_of_thought\|>/i],
  [/^<\|(?:start_)?think(?:ing)?\|>/i, /<\|(?:end_|\/)think(?:ing)?\|>/i],
  [/^<\|channel>\s*(?:thought|analysis)/i, /<channel\|>/i],
  [/^<unused94>/, /<unused95>/],
  [/^◁think▷/i, /◁\/think▷/i],
  [/^\[(?:think(?:ing)?|thought|reasoning)\]/i, /\[\/(?:think(?:ing)?|thought|reasoning)\]/i],
  [
    /^<\|(?:begin_of_|start_of_)?(?:think(?:ing)?|thought|reasoning)(?:_start|_begin)?\|>/i,
    /<\|(?:end_of_|\/)?(?:think(?:ing)?|thought|reasoning)(?:_end)?\|>/i,
  ],
  [/^<[|｜](?:begin|start)[▁_]of[▁_]think(?:ing)?[|｜]>/i, /<[|｜]end[▁_]of[▁_]think(?:ing)?[|｜]>/i],
  [/^#{1,6} *(?:thinking|thoughts?|reasoning)[^\w\n]*\n/i, REACT_END],
  [/^(?:\(|\[|\*|_)(?:think(?:ing|s)?|thoughts?|reasoning|reasons):/i, /[)\]*]|_(?!\w)/],
  [/^<!--/, /-->/],
  [/^\*\*(?:thinking|thoughts?|reasoning)(?:\*\*\s*:|:\s*\*\*)/i, REACT_END],
  [/^```(?:think(?:ing)?|thoughts?|reasoning|scratchpad)\b/i, /```/],
  [/^<(?:user|human|caller|customer)>/i, /<\/(?:user|human|caller|customer)>/i],
  [/^<[|｜](?:user|human)[|｜]>/i, /(?=<[|｜]assistant[|｜]>)/i],
  [/^<\|channel\|>analysis[^<]*<\|message\|>/i, /<\|end\|>|<\|start\|>|(?=<\|channel\|>)/],
];

const NESTED = /<(?:think|thinking|thoughts?|reasoning)\s*>/i;

/** Tags between which tools are called: functionary; Hermes and Qwen; Llama; Granite and Phi; Gemma; Mistral; Kimi; DeepSeek; Claude's; Qwen-Agent. */
const CALLS: readonly (readonly [begin: RegExp, end: RegExp])[] = [
  [
    /^<(?:\w+:)?(?:tool_calls?|toolcalls?|tools?|tool_use|tool_requests?|function_calls?|functioncalls?|invoke|tool_code|execute_tool|use_tool|use_mcp_tool|api_call|call|action|command)\b[^>]*>/i,
    /<\/(?:\w+:)?(?:tool_calls?|toolcalls?|tools?|tool_use|tool_requests?|function_calls?|functioncalls?|invoke|tool_code|execute_tool|use_tool|use_mcp_tool|api_call|call|action|command)>|(?<=^\s*<[^<>]*\/>)/i,
  ],
  [/^<tool_name>/i, /<\/tool_name>/i],
  [/^<start_function_call>/, /<end_function_call>|<start_function_response>/],
  [/^<\|tool_call>/, /<tool_call\|>/],
  [
    /^<[|｜]DSML[|｜](?:function_calls|tool_calls|invoke)\b[^>]*>/,
    /<\/[|｜]DSML[|｜](?:function_calls|tool_calls)>/,
  ],
  [/^✿FUNCTION✿:/, /✿(?:RESULT|RETURN)✿:?/],
  [/^(?:<functions?>|(?:<function(?:\b[=(\s/]|::?)|\(function=)[^>{]*>?)/i, /<\/function>|<function>/i],
  [/^<\|(tool_calls?|python_tag)\|>/i, /<\|\/?(?:tool_calls?|eom_id|eot_id|end)\|>/i],
  [
    /^<[|｜]tool[▁_]calls?[▁_](?:section[▁_])?begin[|｜]>/,
    /<[|｜]tool[▁_]calls?[▁_](?:section[▁_])?end[|｜]>/,
  ],
  [/^<\|recipient\|>\s*(?!all\b)\w+/, /<\|stop\|>|(?=<\|from\|>)/],
  [/^\[tool_calls?\]/i, /\[\/tool_calls?\]|(?=\[tool_calls?\])/i],
  [/^\[tool_requests?\]/i, /\[end_tool_requests?\]/i],
  [/^<\|channel\|>\s*(?:commentary|analysis)?\s*to=\S+/i, /<\|call\|>|<\|end\|>/],
];

/** What such a tag may begin with, to be waited for. */
const BEGINNINGS: readonly string[] = [
  ...['<tool', '<function', '(function=', '<invoke', '<|', '<｜', '</｜', '[tool_call', '[think]', '◁think▷'],
  ...['◁/think▷', '✿function✿:', '&lt;think&gt;', '&lt;thinking&gt;', '<think/>', '<thinking/>', '<!--'],
  ...['[thinking]', '[thought]', '[reasoning]', '[tool_request]', '[end_tool_request]', '[inst]', '[/inst]'],
  ...['[available_tools]', '>>>', '[|human|]', '[|user|]'],
  ...['##', '###', '####'].flatMap((marks) => [`${marks} instruction`, `${marks} input`]),
  ...['# thinking', '# thought', '# reasoning'].flatMap((one) =>
    ['', '#', '##', '###'].map((more) => `${more}${one}`),
  ),
  ...['(', '[', '*', '_'].flatMap((mark) =>
    ['think', 'thinking', 'thinks', 'thought', 'thoughts', 'reasoning'].map((one) => `${mark}${one}:`),
  ),
  ...['< think', '< /think', '**thinking', '**thought', '**reasoning'],
];

/** A tag whose name isn't whole, or whose attributes aren't there yet. */
const TAG_BEGUN =
  /^<\/?(?:[a-z][\w:.-]*[/|]?)?$|^<\/?(?:\w+[_:])?(?:think|thinking|tool|function|invoke|call|action|command)[\w.-]*\s[^>]*$/i;

/** Harmony: what follows `<|channel|>` says whose words these are, and `<|start|>` who speaks. */
const HARMONY =
  /^(?:<\|channel>\s*[a-z]{0,8}$|<\|turn>\w*$|<(?:SPECIAL_11|extra_id_1)>\s*\w{0,3}$|<\|(?:channel\|>(?!.*<\|message\|>)|(?:im_)?start\|>[a-z]*$|(?:start_(?:header_id|of_role)|header_start)\|>[^<]*(?:<[^>]*)?$|(?:from|recipient)\|>\s*\w*(?:\n<[^>]*|\n)?$)|<start_of_turn>[a-z]{0,5}$)/s;

/** Of chat templates: nobody's words. */
const CONTROL =
  /^(?:<\|channel\|>[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>|<channel\|>|<turn\|>|<\|turn>\w*|<\|(?:im_)?start\|>[a-z]*|<\|start_(?:header_id|of_role)\|>[^<]*<\|end_(?:header_id|of_role)\|>|<\|header_start\|>[^<]*<\|header_end\|>|<\|from\|>\s*\w*\s*|<\|recipient\|>\s*all\s*|>>>\s*(?:all[ \t]*\n)?|\[\/?AVAILABLE_TOOLS\]|<[|｜][^<>\n]{1,40}?[|｜]>|<\/?s>|<(?:end|start)_of_turn>(?:model)?|<unused\d+>|<eos>|<bos>|\[\/?INST\]|\[end_tool_requests?\]|<think(?:ing)?\s*\/>|<\/(?:\w+:)?(?:think|thinking|thought|reasoning|tool_calls?|function|function_calls?)\s*>|◁\/think▷)/i;

/** What small models write before their words, and before their thoughts (ReAct: arxiv.org/abs/2210.03629). */
const SPEAKER =
  /^\s*(?:(?:assistant|ai|agent|bot|receptionist|operator|final answer|answer|response)\s*:\s*|assistant\n+)/i;
/** The first line of functionary's words, and of code that was to be fenced. */
const FIRST_LINE = /^(?:all|json|python|tool_code)[ \t]*\n/;
const FIRST_LINE_BEGUN = ['all\n', 'json\n', 'python\n', 'tool_code\n'];
const REACT_THOUGHT =
  /^\s*(?:(?:internal|inner|my) )?(?:thoughts?|monologue|thinking|reasoning|observations?)\s*:/i;
/** The same on a line of its own, behind words: what follows is made up, but for its answer. */
const REACT_LATER = /^(?:thought|observation):/i;
const OPENINGS = [
  ...['assistant:', 'ai:', 'agent:', 'bot:', 'final answer:', 'answer:', 'response:', 'thought:'],
  ...['thoughts:', 'thinking:', 'reasoning:', 'observation:', 'observations:'],
  ...['internal thought:', 'internal thoughts:', 'internal monologue:', 'inner thought:', 'inner monologue:'],
  ...['internal reasoning:', 'my thoughts:', 'receptionist:', 'operator:'],
  ...['assistantfinal', 'assistantanalysis', 'assistantcommentary'],
];
/** How sentences begin in which models tell of a call, and what may follow before it. */
const ANNOUNCEMENTS = ["i'll", 'i will', "i'm going to", 'i am going to', 'i need to', 'let me', "let's"];
const ADVERBS = ['now', 'just', 'first', 'then', 'also', 'simply', 'quickly', 'go', 'ahead', 'and'];
/** What may stand between a tool's name and its arguments. */
const ARGUMENTS =
  /^(?:\[ARGS\]|\*\*|:| ?(?:=>?|->) ?(?=\{)| (?=\{\s*["'}]|\(\s*\))|["'`*]{0,2}\s*\n\s*(?:["'`*]{0,2}(?:action input|arguments|parameters|args|input)["'`*]{0,2}:["'`*]{0,2})?\s*(?:`{1,3}(?:json)?)?)?\s*(?=[({])/i;
const ARGUMENTS_BEGUN =
  /^(?:\[A?R?G?S?\]?|\*{1,2}|:| ?(?:=>?|->?) ?| \(\s*|["'`*]{0,2}\s*\n\s*[a-z :"'`*]*)?\s*$/i;
/** A list of arguments that never ends. */
const UNCLOSED = /^\(\s*(?:[\w-]+\s*[=:]|["'{])/;
/** A line of ReAct's whose argument is text, and the argument in brackets, as its paper has them. */
const REACT_INPUT = /^\s*\n\s*action input:[ \t]*([^\n{]*?)[ \t]*(\n|$)|^\[([^\]\n]*)(\]|$)/i;

/** What models write before a call of theirs: a label, or a piece of a program (Gemini's `print(default_api.…)`). */
const VERBS =
  'call calls calling invoke invokes invoking execute executes executing use uses using run runs running';
const NOUNS =
  'tool function action command tool_call function_call tool_name function_name name recipient'.split(' ');
const LABELS: readonly string[] = [
  ...['print(', 'await ', 'return ', 'result = ', 'response = ', 'output = ', 'tool ', 'action:', 'call:'],
  ...NOUNS.flatMap((noun) => [`${noun}: `, `${noun}:`]),
  ...[
    'tool call: ',
    'tool use: ',
    'tool used: ',
    'tool name: ',
    'function call: ',
    'function name: ',
    'tool to call: ',
  ],
  ...VERBS.split(' ').flatMap((verb) =>
    [
      ' ',
      ': ',
      ' the ',
      ' tool ',
      ' tool: ',
      ' the tool ',
      ' function ',
      ' function: ',
      ' the function ',
    ].map((rest) => `${verb}${rest}`),
  ),
].toSorted((one, other) => other.length - one.length);
/** What tools belong to, in a program. */
const PROGRAM =
  'functions function default_api tools tool api self agent assistant call phone client session bot'.split(
    ' ',
  );
const PREFIXES = ['', ...[...PROGRAM].map((of) => `${of}.`)];
/** Marks around a call, or before it. */
const OPENING = /^[({[<"'`~/!@#$|*]*/;
const CLOSING = /^(?: (?:tool|function))?[)}\]>"'`*~|;]*(?:_(?!\w))?/;
const SENTENCE_BEGINS = /(?:^|[\n.!?…:;。！？])\s*$/;
/** Harmony's words without its tags: servers that don't know them drop them (llama.cpp, vLLM). */
const BARE_CHANNEL = /^\s*(?:assistant)?(analysis|commentary|final)(?=\p{Lu}|["“]| \p{Lu}| ?to=)/u;
const BARE_END = /assistant(?:final)|(?=assistantcommentary ?to=)/;
const BARE_CALL = /^(?:(?:assistant)?commentary ?)?to=(?:functions\.)?[\w.]+[^{]*/;

/** LangChain's agents end so. */
const FINAL_ANSWER = /^\{\s*"action"\s*:\s*"final[ _]answer"\s*,\s*"action_input"\s*:\s*("(?:[^"\\]|\\.)*")/i;

/** An argument with its name, as in a tag or on a command line; without quotes up to the end of the line. */
const PAIR =
  /^[,;]?[ \t]*(?:(?:--?)?([a-zA-Z_]\w*)(?:[ \t]*=[ \t]*|[ \t]*:[ \t]*(?=["'])|(?<=--?\w+)[ \t]+))(?:("[^"\n]*"|'[^'\n]*')|([^\s"'=,;()[\]{}<>`*|][^"'=,;()[\]{}<>`*|\n]*))/;

/** Where something may begin that isn't words. */
const PLACES =
  /[<{[`◁✿]|>(?=>>|>?$)|&(?=lt;|l?t?$)|(?<!\w)[("'~/!@#$|*]|(?<![\w-])[a-zA-Z_](?=[\w.]*(?:[({:*[;]| \{| \(\s*\)|["'`]{0,2}[ \t]+(?:-{1,2}\w*|\w+[ \t]*=|\w*$)| ?(?:=>?|->) ?\{|[ \t]*(?:\(\s*|=>?|->?)?[ \t]*(?:\n|$)))|(?<![\w-])(?:(?:final answer|answer|action):|(?:internal|inner|my) (?:thoughts?|monologue|reasoning):|(?:print|await|return|result|response|output|tool(?:_name|_call)?|function(?:_name|_call)?|name|command|recipient|calls?|calling|invok(?:es?|ing)|execut(?:es?|ing)|us(?:es?|ing)|runs?|running)\b|to=|(?:assistant)?(?:analysis|commentary|final)(?=\p{Lu}|["“]| \p{Lu}| ?to=))/giu;

/** A tool that was just named, behind which its arguments stand. */
const NAMED_BEFORE =
  /\b([a-z]\w+)(?:["'`*]*)(?: (?:tool|function))?(?: (?:with|using|and|the|these|following|arguments?|parameters?|args))*["'`*]*\s*[:=]?\s*(?:->|=>)?\s*$/i;

/** What an actor does, between marks: who it is, what they do. */
const PLAYED =
  /^([*_([]{1,2})(?:(?:(?:the|an) )?(?:agent|assistant|ai|bot|receptionist) )?([\p{L}][\p{L}\p{N}\p{M} :.'-]{0,60}?)(?:[.!]?([*_)\]]{1,2})|(?=[^\p{L}\p{N}\p{M} :.'-]|$))/iu;
const SUBJECTS = ['the ', 'an ', ''].flatMap((article) =>
  ['agent ', 'assistant ', 'ai ', 'bot ', 'receptionist '].map((subject) => `${article}${subject}`),
);
/** How the end of a call is told, beside by the tool's own name. */
const CALL_ENDED =
  'end call|ends call|ends the call|ending the call|ending call|end the call|call ended|call ends|end of call|disconnects|disconnecting|hangs up the phone'.split(
    '|',
  );

/** Nobody says more in figures and brackets than this; what is longer was no call. */
const LONGEST = 8_000;
const LONGEST_TAG = 100;

/**
 * Reads a model's content as it streams. What may become a tag or a tool's call is kept back until it is known, so that
 * no thought and no call is ever spoken, wherever the stream was cut.
 */
export class ContentReader {
  readonly #tools: readonly string[];
  readonly #known: readonly KnownTool[];
  #held = '';
  /** The last of the words that were given away. */
  #before = '';
  #thought: RegExp | undefined;
  #isBehindCall = false;
  #isOver = false;
  /** Thoughts within the thought, and what came behind the end of one of them: it may have been the end of all. */
  #inner = { depth: 0, behind: '', isEnded: false };
  /** What has come while it thinks first; undefined: it doesn't, or has finished. */
  #unopened: string | undefined;
  #thoughtFirst: boolean;

  /**
   * `tools`: those that the model may call. `thinksFirst`: it begins to think without saying so, and says only
   * where its thoughts end (chat templates that open the tag themselves).
   */
  constructor(tools: readonly KnownTool[], thinksFirst = false) {
    this.#tools = tools.map(({ name }) => name);
    this.#known = tools;
    this.#thoughtFirst = thinksFirst;
    this.#thought = thinksFirst ? /<\/think(?:ing)?>/i : undefined;
    this.#unopened = thinksFirst ? '' : undefined;
  }

  /** Thoughts have ended that had never begun: the model thinks first. */
  get thoughtFirst(): boolean {
    return this.#thoughtFirst;
  }

  /** Nothing of what follows is the agent's: it has gone on with the conversation by itself. */
  get isOver(): boolean {
    return this.#isOver;
  }

  push(text: string): ContentPart[] {
    if (this.#isOver) return [];
    this.#held += text;
    if (this.#unopened !== undefined) this.#unopened += text;
    return [...this.#read(false)];
  }

  /** Nothing follows. `isWhole`: the model had said all that it wanted to say. */
  end(isWhole = true): ContentPart[] {
    if (this.#isOver) return [];
    if (this.#unopened !== undefined && isWhole) {
      // For once it hasn't thought at all.
      this.#held = this.#unopened;
      this.#thought = undefined;
    } else if (this.#thought && this.#inner.isEnded && isWhole) {
      // It had only spoken of the tag.
      this.#held = `${this.#inner.behind}${this.#held}`;
      this.#thought = undefined;
    } else if (this.#thought === REACT_END && isWhole) {
      // Nothing says where they end: the last lines are what it says.
      const all = `${this.#inner.behind}${this.#held}`.trimEnd();
      const last = all.includes('\n\n') ? all.lastIndexOf('\n\n') : all.lastIndexOf('\n');
      if (last >= 0) {
        this.#held = all.slice(last).trimStart();
        this.#thought = undefined;
      }
    }
    const parts = [...this.#read(true)];
    this.#held = '';
    return parts;
  }

  *#read(isLast: boolean): Generator<ContentPart> {
    for (;;) {
      if (this.#thought) {
        if (this.#held !== '') yield { is: 'thought' };
        if (!this.#endThought(this.#thought)) return;
        this.#thought = undefined;
        this.#unopened = undefined;
      }
      // More brackets than were opened, and the end of the sentence in which it stood.
      if (this.#isBehindCall) this.#held = this.#held.replace(/^[}\];.,]+/, '');
      if (this.#held !== '') this.#isBehindCall = false;
      const [at, found] = this.#find(isLast);
      const announcing = announcementAt(this.#before, this.#held.slice(0, at), found === undefined);
      // "I'll now call `hang_up()`": nobody is told half of that.
      const isHalf = found === undefined ? !isLast : found.is === 'calls';
      const words = this.#held.slice(0, isHalf ? at - announcing : at);
      if (words !== '') yield { is: 'words', text: words };
      this.#before = `${this.#before}${words}`.slice(-60);
      this.#held = this.#held.slice(found === undefined ? words.length : at);
      if (found === undefined) return;
      this.#thoughtFirst ||= found.is === 'dropped' && /^<\/think|^◁\/think/i.test(this.#held);
      this.#held = this.#held.slice(found.length);
      // What stands behind a template's mark begins like a line.
      if (found.is === 'dropped') this.#before += '\n';
      if (found.is === 'thought') {
        this.#thought = found.end;
        this.#inner = { depth: 0, behind: '', isEnded: false };
      } else if (found.is === 'over') {
        this.#isOver = true;
        return;
      } else if (found.is === 'said') yield { is: 'words', text: found.text };
      else if (found.is === 'calls') {
        if (found.text !== undefined) yield { is: 'words', text: found.text };
        for (const call of found.calls) yield { is: 'call', call };
        this.#isBehindCall = true;
      }
    }
  }

  /** Reads on in a thought, and in those within it; true: what is held is behind its end. */
  #endThought(end: RegExp): boolean {
    for (;;) {
      const close = end.exec(this.#held);
      const open = close && NESTED.exec(this.#held.slice(0, close.index));
      if (!close) {
        // The tag's own beginning may be there.
        const rest = this.#held.slice(-40);
        this.#inner.behind += this.#held.slice(0, this.#held.length - rest.length);
        this.#held = rest;
        return false;
      }
      if (open) {
        this.#inner.depth += 1;
        this.#held = this.#held.slice(open.index + open[0].length);
        continue;
      }
      this.#held = this.#held.slice(close.index + close[0].length).trimStart();
      if (this.#inner.depth === 0) return true;
      this.#inner = { depth: this.#inner.depth - 1, behind: '', isEnded: true };
    }
  }

  /** The first place that isn't words; or up to where words are certain. */
  #find(isLast: boolean): [at: number, found: Exclude<Found, string> | undefined] {
    const text = this.#held;
    const turn = nextTurn(this.#before, text, isLast);
    for (const { index } of text.matchAll(PLACES)) {
      if (turn && index >= turn.at) break;
      const found = this.#at(text.slice(index), isLast, `${this.#before}${text.slice(0, index)}`);
      if (found === 'nothing') continue;
      return found === 'partly' ? [index, undefined] : [index, found];
    }
    return turn ? [turn.at, foundOf(turn, text)] : [text.length, undefined];
  }

  #at(text: string, isLast: boolean, before: string): Found {
    const wrapped = /^\[\s*[\w.]+\s*\(/.test(text) ? this.#listed(text) : this.#wrapped(text, isLast, before);
    const found =
      wrapped !== 'nothing'
        ? wrapped
        : /^\w/.test(text)
          ? this.#worded(text, isLast, before)
          : this.#marked(text, isLast, before);
    return found === 'partly' && (isLast || text.length > LONGEST) ? 'nothing' : found;
  }

  #worded(text: string, isLast: boolean, before: string): Found {
    if (before.trim() === '') {
      const speaker = SPEAKER.exec(text);
      if (speaker) return { is: 'dropped', length: speaker[0].length };
      const first = FIRST_LINE.exec(text);
      if (first) return { is: 'dropped', length: first[0].length };
      if (!isLast && FIRST_LINE_BEGUN.some((line) => line.startsWith(text))) return 'partly';
      if (REACT_THOUGHT.test(text)) return { is: 'thought', length: 1, end: REACT_END };
      const lower = text.toLowerCase();
      const channels = ['analysis', 'commentary', 'final'];
      if (!isLast && [...OPENINGS, ...channels].some((opening) => opening.startsWith(lower))) return 'partly';
      if (!isLast && /^(?:assistant)?(?:analysis|commentary|final)(?: (?:to)?)?$/.test(text)) return 'partly';
    }
    if (/\S\s*\n\s*$/.test(before)) {
      if (REACT_LATER.test(text)) return { is: 'thought', length: 1, end: REACT_END };
      const labels = ['thought:', 'observation:'];
      if (!isLast && labels.some((label) => label.startsWith(text.toLowerCase()))) return 'partly';
    }
    const bare = this.#bareChannel(text, isLast, before);
    if (bare !== 'nothing') return bare;
    if (/^functools\[/.test(text)) {
      const found = this.#json(text.slice('functools'.length), isLast);
      return typeof found === 'object' ? { ...found, length: found.length + 'functools'.length } : found;
    }
    if (!isLast && 'functools['.startsWith(text)) return 'partly';
    return this.#called(text, isLast, before, false);
  }

  /** `analysisThey ask…assistantfinalWe open…`: harmony whose tags were dropped on the way. */
  #bareChannel(text: string, isLast: boolean, before: string): Found {
    const isFirst = before.trim() === '';
    if (!isFirst && !/^(?:assistant|to=functions)/.test(text)) return 'nothing';
    if (!isLast && isFirst && /^to?$|^to=[\w.]*$/.test(text)) return 'partly';
    const call = BARE_CALL.exec(text)?.[0];
    if (call !== undefined) {
      const end = jsonEnd(text, call.length);
      if (end === undefined && !isLast) return 'partly';
      const calls = callsIn(text.slice(0, end), this.#tools, true);
      return calls.length === 0 ? 'nothing' : { is: 'calls', length: end ?? text.length, calls };
    }
    if (!isLast && /^(?:assistant)?commentary(?: ?(?:t|to|to=[\w.]*))?$/.test(text)) return 'partly';
    const [whole = '', channel] = BARE_CHANNEL.exec(text) ?? [];
    if (channel === 'final') return { is: 'dropped', length: whole.length };
    return channel === undefined ? 'nothing' : { is: 'thought', length: whole.length, end: BARE_END };
  }

  /**
   * A call with something around it, as if it were code or a stage direction: `print(default_api.hang_up())`,
   * `(hang_up)`, `Action: hang_up`, `**hang_up()**`, `[Calling tool: hang_up]`.
   */
  #wrapped(text: string, isLast: boolean, before: string): Found {
    const open = OPENING.exec(text)?.[0] ?? '';
    // A tag, of which more is known below.
    if (/^<\/?$/.test(open)) return 'nothing';
    const after = text.slice(open.length);
    const lower = after.toLowerCase().replaceAll('\n', ' ');
    const label = LABELS.find((one) => lower.startsWith(one)) ?? '';
    const inner = OPENING.exec(after.slice(label.length))?.[0] ?? '';
    if (open === '' && label === '') return isLast || !isLabelBegun(lower) ? 'nothing' : 'partly';
    const behindLabel = after.slice(label.length);
    if (/(?:tool|function).*[: ]$/.test(label) && /^[{[]/.test(behindLabel)) {
      const found = this.#json(behindLabel, isLast);
      if (typeof found !== 'object') return found;
      return { ...found, length: open.length + label.length + found.length };
    }
    const fence = label === '' ? null : /^\s*(?=```)/.exec(behindLabel);
    if (fence) {
      const found = this.#fenced(behindLabel.slice(fence[0].length), isLast);
      if (typeof found !== 'object' || found.is !== 'calls') return found === 'partly' ? 'partly' : 'nothing';
      return { ...found, length: open.length + label.length + fence[0].length + found.length };
    }
    const from = open.length + label.length + inner.length;
    const rest = text.slice(from);
    const [given = ''] = /^[\w.]*/.exec(rest) ?? [];
    const name = bareName(given, this.#tools);
    if (given.length === rest.length && !isLast) {
      if (rest === '' ? !/^[<{[`]$/.test(open) || label !== '' : this.#isBegun(given)) return 'partly';
      if (isLabelBegun(lower)) return 'partly';
    }
    if (!this.#tools.includes(name)) {
      const isResult = /^print\(\s*\w*\s*\)/.exec(after)?.[0];
      if (open === '' && isResult !== undefined) return { is: 'dropped', length: isResult.length };
      if (!isLast && /^print\(\s*\w*\s*$/.test(after)) return 'partly';
      return !isLast && isLabelBegun(lower) ? 'partly' : 'nothing';
    }
    const isProgram = /[(=]\s*$|^(?:await|return)/.test(label);
    const behind = rest.slice(given.length);
    const opened = `${open}${inner}`;
    const react = /^action/.test(label) ? REACT_INPUT.exec(behind) : null;
    if (react) {
      const isWhole = (react[2] ?? react[4]) !== '';
      if (!isWhole && !isLast) return 'partly';
      const told = react[1] ?? react[3] ?? '';
      const value = /^(?:none|null|nil|nothing|n\/a|-)?[.\s]*$/i.test(told) ? '' : told;
      return { is: 'calls', length: from + given.length + react[0].length, calls: [called(name, value)] };
    }
    // "tool: transfer", and a line for each argument
    const lines =
      behind.length < 1000 && /:\s*$/.test(label)
        ? /^(?:[ \t]*\n[ \t]*-?[ \t]*[\w "-]*(?:[:=][^\n{]*)?)+$/.exec(behind)
        : null;
    if (lines && !isLast) return 'partly';
    const listed = lines && /[:=]/.test(behind) ? callsIn(`tool: ${rest}`, this.#tools, true) : [];
    if (listed.length > 0) return { is: 'calls', length: text.length, calls: listed };
    const found = this.#called(rest, isLast, '-', isProgram);
    if (found === 'partly') return found;
    if (found !== 'nothing') return closed(text, from, found, isLast);
    // "Sure. (transfer: Doctor Bob)"
    const told = /^:\s*([^()[\]{}\n]{1,60})[)\]]/.exec(behind);
    if (told && /[([]$/.test(opened) && SENTENCE_BEGINS.test(before)) {
      const length = from + given.length + told[0].length;
      return { is: 'calls', length, calls: [called(name, told[1] ?? '')] };
    }
    if (!isLast && /[([]$/.test(opened) && /^:[^()[\]{}\n]{0,60}$/.test(behind)) return 'partly';
    if (!name.includes('_')) return 'nothing';
    if (
      !isLast &&
      opened !== '' &&
      behind !== '' &&
      [' tool', ' function'].some((one) => one.startsWith(behind))
    )
      return 'partly';
    const close = CLOSING.exec(behind)?.[0] ?? '';
    const next = behind.slice(close.length);
    const isBracketed = /[([{<]/.test(opened) && /[)\]}>]/.test(close);
    const isAlone = SENTENCE_BEGINS.test(before) && /^[.!,]?[ \t]*(?:\n|$)/.test(next);
    if (!isLast && (next === '' || (isAlone && !next.includes('\n')))) return 'partly';
    if (!isBracketed && !isAlone) return 'nothing';
    const length =
      from + given.length + close.length + (isAlone ? (/^[.!,]?/.exec(next)?.[0].length ?? 0) : 0);
    return { is: 'calls', length, calls: [{ name, arguments: '{}' }] };
  }

  /** Whether it may become a tool's name. */
  #isBegun(given: string): boolean {
    const [begun, plainly] = [given, given.toLowerCase().replaceAll('_', '')];
    return this.#tools.some((tool) =>
      PREFIXES.some((prefix) => {
        const full = `${prefix}${tool}`;
        return full.startsWith(begun) || full.replaceAll('_', '').startsWith(plainly);
      }),
    );
  }

  /**
   * `hang_up()`, `transfer(target="Doctor Bob")`, `transfer("Doctor Bob")`, `hang_up{}`, `hang_up: {}`, and a name that
   * has a line of its own, if it is no word. `isProgram`: it stands where nobody writes words.
   */
  #called(text: string, isLast: boolean, before: string, isProgram: boolean): Found {
    const name = /^[\w.]+/.exec(text)?.[0] ?? '';
    const rest = text.slice(name.length);
    const given = bareName(name, this.#tools);
    if (rest === '' && !isLast) return this.#isBegun(name.replace(/\.$/, '')) ? 'partly' : 'nothing';
    // Nobody writes words so: `HangUp()`.
    const bare = /^[({]/.test(rest) ? toolNamed(given, this.#tools) : given;
    if (!this.#tools.includes(bare)) return 'nothing';
    const between = ARGUMENTS.exec(rest)?.[0];
    if (between === undefined) {
      const pairs = this.#pairs(bare, rest, isLast);
      if (pairs === 'partly') return 'partly';
      if (pairs !== 'nothing') return { ...pairs, length: name.length + pairs.length };
      if (!isLast && ARGUMENTS_BEGUN.test(rest)) return 'partly';
      const line = /^(?:\s*[=:]\s*(?:true|yes))?[*`;.!]*[ \t]*(?=\n|$)/i.exec(rest);
      if (!isLast && /^\s*[=:]\s*\w{0,4}$/.test(rest)) return 'partly';
      const isAlone = line !== null && bare.includes('_') && /(?:^|\n|[.!?…] )[\s*/>]*$/.test(before);
      const call = { name: bare, arguments: '{}' };
      return isAlone ? { is: 'calls', length: name.length + line[0].length, calls: [call] } : 'nothing';
    }
    const list = rest.slice(between.length);
    const end = list.startsWith('(') ? parenthesisEnd(list) : jsonEnd(list, 0);
    if (end === undefined) {
      if (!isLast) return 'partly';
      if (list.startsWith('{')) return this.#calls(bare, text, list);
      if (!UNCLOSED.test(list)) return 'nothing';
      // Of an argument that was cut, nobody knows the rest.
      const isWhole = (list.match(/"/g)?.length ?? 0) % 2 === 0;
      const call = isWhole ? called(bare, list.slice(1)) : { name: bare, arguments: list };
      return { is: 'calls', length: text.length, calls: [call] };
    }
    const whole = text.slice(0, text.length - list.length + end);
    if (/^\(\s*(?:…|\.{3})\s*\)/.test(list))
      return { is: 'calls', length: whole.length, calls: [{ name: bare, arguments: '{}' }] };
    // "You can transfer (or not)" calls nothing; "Sure. transfer(sales)" does.
    if (/^\((?!\s*(?:["'{)]|[\w-]+\s*[=:]))/.test(list)) {
      const isStatement = between === '' && (isProgram || SENTENCE_BEGINS.test(before));
      const behind = list.slice(end);
      if (!isStatement || (!isProgram && !/^[.;]?\s*(?:\n|$)/.test(behind))) return 'nothing';
      if (!isLast && behind.trim() === '') return 'partly';
      return { is: 'calls', length: whole.length, calls: [called(bare, list.slice(1, end - 1))] };
    }
    return this.#calls(bare, whole, list.slice(0, end));
  }

  /** `transfer target="Doctor Bob"`, `take_message --text 'Call back'`: what stands behind a tool's name. */
  #pairs(name: string, behind: string, isLast: boolean): Found {
    const own = Object.keys(this.#known.find((tool) => tool.name === name)?.parameters['properties'] ?? {});
    const open = /^["'`*]{0,2}:?[ \t]*\[?[ \t]*/.exec(behind)?.[0] ?? '';
    const given: Record<string, string> = {};
    let length = open.length;
    for (;;) {
      const rest = behind.slice(length);
      const pair = PAIR.exec(rest);
      if (!pair) {
        if (!isLast && own.some((key) => isPairBegun(rest, key))) return 'partly';
        break;
      }
      const [whole, key = '', quoted, plain = ''] = pair;
      if (!own.includes(key)) break;
      // More of it may follow.
      if (!isLast && whole.length === rest.length) return 'partly';
      given[key] = quoted === undefined ? plain.trim() : quoted.slice(1, -1);
      length += whole.length;
    }
    if (Object.keys(given).length === 0) return 'nothing';
    const isClosed = open.includes('[') && behind.charAt(length) === ']';
    const calls = [{ name, arguments: JSON.stringify(given) }];
    return { is: 'calls', length: length + (isClosed ? 1 : 0), calls };
  }

  #calls(name: string, whole: string, given: string): Found {
    const calls = callsIn(`${name}${given}`, this.#tools, true);
    return calls.length === 0 ? 'nothing' : { is: 'calls', length: whole.length, calls };
  }

  #marked(text: string, isLast: boolean, before: string): Found {
    const lower = text.toLowerCase();
    if (HARMONY.test(text) && !isLast) return 'partly';
    const played = this.#played(text, isLast, before);
    if (played !== 'nothing') return played;
    for (const tool of this.#tools) {
      const tag = new RegExp(`^<${tagOf(tool)}(?:\\s[^>]*)?(/?)>`, 'i').exec(text);
      if (!tag) continue;
      if (tag[1] === '/') return this.#block(text, tag[0].length, /(?=)/, true);
      return this.#block(text, tag[0].length, new RegExp(`</${tagOf(tool)}>`, 'i'), isLast);
    }
    const isBehindWords = before.trim() !== '' && OTHER_SIDE.test(text);
    if (OTHER_TURN.test(text) || isBehindWords || (/\S\s*\n\s*$/.test(before) && OTHER_LINE.test(text)))
      return { is: 'over', length: text.length };
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
    const begins = [
      ...BEGINNINGS,
      ...this.#tools.flatMap((tool) => [`<${tool}`, `<${tool.replaceAll('_', '')}`]),
    ];
    if (begins.some((begin) => begin.startsWith(lower) || (isOpen && lower.startsWith(begin)))) {
      return 'partly';
    }
    switch (text.charAt(0)) {
      case '`':
        return this.#fenced(text, isLast);
      case '{':
        return /^\{\s*(?:["'“}]|\w*$|\w+\s*:|$)/.test(text) ? this.#json(text, isLast, before) : 'nothing';
      case '"': {
        // A server that gave the first bracket itself doesn't repeat it.
        if (before.trim() !== '') return 'nothing';
        const begun =
          /^"\w*$/.test(text) &&
          ['"name', '"tool', '"type', '"function', '"action'].some(
            (key) => key.startsWith(lower) || lower.startsWith(key),
          );
        if (begun && !isLast) return 'partly';
        if (!/^"(?:name|tool|type|function|action)\w*"/.test(text)) return 'nothing';
        if (!isLast && /^"\w+"\s*$/.test(text)) return 'partly';
        if (!/^"\w+"\s*:/.test(text)) return 'nothing';
        const found = this.#json(`{${text}`, isLast, before);
        return typeof found === 'object' ? { ...found, length: found.length - 1 } : found;
      }
      case '[':
        if (/^\[\s*(?:\{|$)/.test(text)) return this.#json(text, isLast);
        return this.#listed(text);
      default:
        return 'nothing';
    }
  }

  /**
   * `*hangs up*`, `[transferring to Doctor Bob]`: what an actor would do is a call, where a tool is called so; and so is the
   * end of the call in other words.
   */
  #played(text: string, isLast: boolean, before: string): Found {
    const [whole = '', open = '', doing = '', close = ''] = PLAYED.exec(text) ?? [];
    if (open === '' || !SENTENCE_BEGINS.test(before)) return 'nothing';
    const given = close === '' ? undefined : this.#playedWith(doing);
    if (given) return { is: 'calls', length: whole.length, calls: [given] };
    const forms = this.#tools
      .filter((tool) => tool.includes('_'))
      .flatMap((tool) => playedForms(tool).map((form): [string, string] => [form, tool]));
    const lower = doing.toLowerCase().replaceAll('-', ' ');
    const isBegun =
      close === '' &&
      whole.length === text.length &&
      (forms.some(([form]) => form.startsWith(lower) || lower.startsWith(form)) ||
        this.#isPlayBegun(lower) ||
        SUBJECTS.some((subject) => subject.startsWith(lower)));
    if (!isLast && isBegun) return 'partly';
    const played = forms.find(([form]) => lower === form || lower.startsWith(`${form} `))?.[1];
    if (played === undefined || close === '') return 'nothing';
    return { is: 'calls', length: whole.length, calls: [{ name: played, arguments: '{}' }] };
  }

  /** Tools that are one word, and take something. */
  get #verbs(): readonly string[] {
    return this.#known
      .filter(
        ({ name, parameters }) =>
          !name.includes('_') && Object.keys(parameters['properties'] ?? {}).length > 0,
      )
      .map(({ name }) => name);
  }

  #isPlayBegun(lower: string): boolean {
    return this.#verbs.some((verb) => verb.startsWith(lower) || lower.startsWith(verb));
  }

  /** `transferring the caller to Doctor Bob`, `TRANSFER: Doctor Bob`. */
  #playedWith(doing: string): WrittenCall | undefined {
    const verb = this.#verbs.find((one) => new RegExp(`^${one}`, 'i').test(doing));
    if (verb === undefined) return undefined;
    const told = new RegExp(
      `^${verb}(?:s|r?ing|r?ed)?(?: (?:you|them|him|her|the|this|call|caller))*(?: (?:through|over))?(?: to |: ?)(.+)$`,
      'i',
    ).exec(doing);
    return told?.[1] === undefined
      ? undefined
      : { name: verb, arguments: JSON.stringify([told[1].replace(/[\s.…]+$/, '')]) };
  }

  /** From one tag to another, or to the end. */
  #block(text: string, from: number, end: RegExp, isLast: boolean): Found {
    const close = end.exec(text.slice(from));
    // A call that is whole waits for no end: some models never write any.
    if (!close && !isLast) return 'partly';
    const length = close ? from + close.index + close[0].length : text.length;
    const known = this.#tools;
    const body = text.slice(from, close ? from + close.index : length).trim();
    const calls = this.#orBare(callsIn(text.slice(0, length), known, true), body);
    if (calls.length > 0 || body === '') return { is: 'calls', length, calls };
    // It was to be a call, and nobody can tell of what: the model is told so.
    return { is: 'calls', length, calls: [{ name: 'unreadable', arguments: body.slice(0, 200) }] };
  }

  /** Those calls, or the one in the text whose name a model has forgotten. */
  #orBare(calls: readonly WrittenCall[], text: string): readonly WrittenCall[] {
    if (calls.length > 0) return calls;
    const bare = bareCall(text, this.#known);
    return bare ? [bare] : [];
  }

  #json(text: string, isLast: boolean, before = ''): Found {
    const end = jsonEnd(text, 0);
    if (end === undefined && !isLast) return 'partly';
    const whole = text.slice(0, end);
    const final = FINAL_ANSWER.exec(whole)?.[1];
    if (final !== undefined) return { is: 'said', length: whole.length, text: String(JSON.parse(final)) };
    const named = NAMED_BEFORE.exec(before)?.[1];
    const tool = named === undefined ? '' : toolNamed(named, this.#tools);
    const isNamed = this.#tools.includes(tool);
    const written = callsIn(whole, this.#tools, false);
    // "I use the transfer tool: {"target": "Doctor Bob"}"
    const calls = isNamed ? written : this.#orBare(written, whole);
    const answer = whole.startsWith('{') ? answerIn(whole, this.#tools) : undefined;
    const { length } = whole;
    if (calls.length > 0)
      return { is: 'calls', length, calls, ...(answer?.isBesideCall === true && { text: answer.text }) };
    if (answer) return { is: 'said', length, text: answer.text };
    return isNamed && whole.startsWith('{')
      ? { is: 'calls', length, calls: [{ name: tool, arguments: whole }] }
      : 'nothing';
  }

  /** `[hang_up()]`, as Llama 4 writes it. */
  #listed(text: string): Found {
    const name = /^\[\s*([\w.]*)/.exec(text)?.[1] ?? '';
    const begins = this.#tools.some((tool) => tool.startsWith(name));
    if (!begins) return 'nothing';
    const open = text.indexOf('(');
    // A bracket may stand in an argument's text.
    const end = open < 0 ? text.indexOf(']') : closingBracket(text);
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
    const inside = text.slice(ticks.length, end < 0 ? undefined : end);
    // Its first line says what it is written in.
    const code = inside.replace(/^\w+[ \t]*(?=\n)/, '').trim();
    const alone = toolNamed(code.replace(/;$/, ''), this.#tools);
    if (ticks.length > 2 && alone.includes('_') && this.#tools.includes(alone))
      return { is: 'calls', length, calls: [{ name: alone, arguments: '{}' }] };
    const written = [inside, code].map((one) => callsIn(one, this.#tools, false));
    const calls = this.#orBare(written.find((all) => all.length > 0) ?? [], inside);
    if (calls.length > 0) return { is: 'calls', length, calls };
    return end < 0 ? 'nothing' : { is: 'dropped', length: /^`+\w*/.exec(text)?.[0].length ?? 1 };
  }
}

function foundOf(turn: NextTurn, text: string): Exclude<Found, string> | undefined {
  switch (turn.is) {
    case 'partly':
      return undefined;
    case 'theirs':
      return { is: 'over', length: text.length };
    case 'repeated':
      return { is: 'thought', length: 1, end: OWN_TURN };
    case 'own':
      return { is: 'dropped', length: turn.length };
  }
}

/** `hangs up`, `hanging up`, `hang up`, `hangup`. */
function playedForms(tool: string): string[] {
  const [verb = '', ...more] = tool.split('_');
  const forms = [`${verb}s`, `${verb}ing`, verb].map((form) => [form, ...more].join(' '));
  return [...forms, `${verb}${more.join('')}`, ...(tool === TOOL.hangUp ? CALL_ENDED : [])];
}

/** What may become a pair with that key: `tar`, `--target`, `target=`, `target="Doctor B`. */
function isPairBegun(text: string, key: string): boolean {
  const [, begun = '', rest = ''] = /^[,;]?[ \t]*-{0,2}(\w*)(.*)$/s.exec(text) ?? [];
  if (rest === '') return key.startsWith(begun);
  return begun === key && /^[ \t]*(?:[=:]?[ \t]*$|(?:[=:]|[ \t])[ \t]*(?:"[^"\n]*|'[^'\n]*)$)/.test(rest);
}

/** A name as the agent has it, of one in a program; of several words, whatever its capitals. */
function bareName(given: string, tools: readonly string[]): string {
  const name = bareOf(given);
  return name.includes('_')
    ? (tools.find((tool) => tool.toLowerCase() === name.toLowerCase()) ?? name)
    : name;
}

function bareOf(name: string): string {
  const [of = '', ...more] = name.split('.');
  return (PROGRAM.includes(of) ? more.join('.') : name).replace(/\.(?:call)?$/, '');
}

/** Where the list that begins the text ends, quoted brackets left alone; −1: it isn't there yet. */
function closingBracket(text: string): number {
  let depth = 0;
  for (const { 0: part, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[[\]]/g)) {
    depth += part === '[' ? 1 : part === ']' ? -1 : 0;
    if (depth === 0) return index;
  }
  return -1;
}

/** How many of a text's last signs begin a sentence that tells of a call: "I'll now"; `isBegun`: or may become that. */
function announcementAt(before: string, text: string, isBegun: boolean): number {
  const breaks = [...text.matchAll(/[.!?\n]\s*|,\s/g)].at(-1);
  if (!breaks && !/(?:^|[\n.!?,])\s*$/.test(before)) return 0;
  const tail = breaks ? text.slice(breaks.index + breaks[0].length) : text;
  const said = tail.trimStart().toLowerCase().replaceAll('’', "'");
  if (isBegun && said !== '' && ANNOUNCEMENTS.some((one) => one.startsWith(said))) return tail.length;
  const begun = ANNOUNCEMENTS.find((one) => said === one || said.startsWith(`${one} `));
  if (begun === undefined) return 0;
  const [last = '', ...more] = said.slice(begun.length).trimStart().split(/\s+/).reverse();
  const isLast = isBegun
    ? ADVERBS.some((one) => one.startsWith(last))
    : last === '' || ADVERBS.includes(last);
  return isLast && more.every((one) => ADVERBS.includes(one)) ? tail.length : 0;
}

function called(name: string, list: string): WrittenCall {
  return { name, arguments: argumentsOf(list) };
}

function isLabelBegun(lower: string): boolean {
  return lower !== '' && LABELS.some((label) => label.startsWith(lower));
}

/** A call, with the marks behind it that close what was opened before it. */
function closed(text: string, from: number, found: Exclude<Found, string>, isLast: boolean): Found {
  const behind = text.slice(from + found.length);
  const close = CLOSING.exec(behind)?.[0] ?? '';
  if (!isLast && close.length === behind.length) return 'partly';
  return { ...found, length: from + found.length + close.length };
}
