import type { Message, ToolCall } from '../../dialog/contract/conversation.ts';
import type { ChatMessage } from './chat-wire.ts';

/** How a history is put into messages. */
export interface Telling {
  /** Tokens, as far as they can be estimated, that the messages may have; the oldest are left out first. */
  readonly tokens?: number;
  /** Tools and their results are told in words, for a server that takes no such messages. */
  readonly toolsInWords?: boolean;
}

/** What isn't speech stands in square brackets, as the system prompt says. */
const MARKS = {
  begins: '[the call begins]',
  silence: '[says nothing]',
  notUnderstood: '[said something that could not be understood]',
  interrupted: '[interrupted]',
  goOn: '[go on]',
} as const;

/** What the caller said, what tools did about it, and what the agent said. */
interface Exchange {
  readonly caller: readonly string[];
  readonly tools: readonly ToolUse[];
  readonly agent: readonly string[];
}

interface ToolUse {
  /** Where it stands in the history: the same in every request. */
  readonly place: number;
  readonly call: ToolCall;
  readonly result: string;
}

/**
 * The conversation as the strictest of the servers takes it: the first and the last word are the user's (or a tool's),
 * roles alternate, a message is either words or one tool's call, and no user follows a tool.
 *
 * https://github.com/mistralai/mistral-common, protocol/instruct/validator.py: the order, the last role, ids of nine
 * letters and digits, words or calls. Gemma's chat template: "Conversation roles must alternate". Llama's: "This model
 * only supports single tool-calls at once".
 */
export function chatMessages(history: readonly Message[], telling: Telling = {}): ChatMessage[] {
  const exchanges = exchangesOf(history);
  const last = exchanges.length - 1;
  const told = exchanges.map((exchange, at) => messagesOf(exchange, at === last, telling));
  return within(told, telling.tokens ?? Infinity)
    .flat()
    .map(readable);
}

/** With the agent's instructions before them: in a message of their own, or, for models that know none, in the first question. */
export function withInstructions(
  instructions: string,
  messages: readonly ChatMessage[],
  isSystem: boolean,
): ChatMessage[] {
  const [first, ...rest] = messages;
  if (!isSystem && first?.role === 'user')
    return [{ role: 'user', content: `${instructions}\n\n${first.content}` }, ...rest];
  return [{ role: isSystem ? 'system' : 'user', content: instructions }, ...messages];
}

/** About as many tokens as models make of it: four letters to one in English, two in Thai or Chinese at most. */
export function tokensIn(value: unknown): number {
  return Math.ceil(Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value)) / 3.5);
}

function exchangesOf(history: readonly Message[]): Exchange[] {
  if (history.length === 0) return [{ caller: [], tools: [], agent: [] }];
  const exchanges: { caller: string[]; tools: ToolUse[]; agent: string[] }[] = [];
  for (const [place, message] of history.entries()) {
    let exchange = exchanges.at(-1);
    const isAnswered = exchange !== undefined && exchange.tools.length + exchange.agent.length > 0;
    if (!exchange || (message.role === 'caller' && isAnswered)) {
      exchange = { caller: [], tools: [], agent: [] };
      exchanges.push(exchange);
    }
    if (message.role === 'caller') exchange.caller.push(callerText(message));
    else if (message.role === 'tool') exchange.tools.push({ place, ...message });
    else {
      const words = [message.text.trim(), ...(message.interrupted ? [MARKS.interrupted] : [])];
      exchange.agent.push(...words.filter((one) => one !== ''));
    }
  }
  return exchanges;
}

function messagesOf({ caller, tools, agent }: Exchange, isLast: boolean, telling: Telling): ChatMessage[] {
  const { toolsInWords = false } = telling;
  const words = agent.join(' ');
  // Of a reply in the making, which goes on behind the tools: no words of the agent's may be the last.
  const begun = isLast && tools.length > 0 && words !== '' ? [`[you have already said: ${words}]`] : [];
  const asked = [...(caller.length > 0 ? caller : [MARKS.begins]), ...begun];
  const done = toolsInWords ? tools.map(toolInWords) : [];
  const messages: ChatMessage[] = [
    { role: 'user', content: [...asked, ...done].join('\n') },
    ...(toolsInWords ? [] : tools.flatMap(toolMessages)),
  ];
  if (isLast && tools.length > 0) return messages;
  if (words !== '' || !isLast) messages.push({ role: 'assistant', content: words || MARKS.silence });
  if (isLast && words !== '') messages.push({ role: 'user', content: MARKS.goOn });
  return messages;
}

function toolMessages({ place, call, result }: ToolUse): ChatMessage[] {
  const id = `call${String(place).padStart(5, '0')}`;
  // Text that is no JSON, or a name that isn't one, would be refused in every request to come.
  const args = JSON.stringify(call.malformed === undefined ? call.arguments : {});
  const name = call.name.replaceAll(/[^\w-]+/g, '_').slice(0, 64) || 'unknown';
  return [
    // Some servers refuse what has no content at all (OpenRouter, llama-cpp-python), others an empty text (Bedrock).
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id, type: 'function', function: { name, arguments: args } }],
    },
    { role: 'tool', tool_call_id: id, content: result.trim() === '' ? 'done' : result },
  ];
}

function toolInWords({ call, result }: ToolUse): string {
  return `[you have used ${call.name} with ${JSON.stringify(call.arguments)}: ${result}]`;
}

/** The last of the exchanges, as many as fit; of the very last, texts are cut where even it is too long. */
function within(exchanges: readonly ChatMessage[][], tokens: number): ChatMessage[][] {
  const kept: ChatMessage[][] = [];
  let left = tokens;
  for (const exchange of exchanges.toReversed()) {
    left -= tokensIn(exchange);
    if (left < 0 && kept.length > 0) break;
    kept.unshift(exchange);
  }
  const [only = []] = kept;
  return kept.length === 1 && left < 0 ? [shortened(only, tokens)] : kept;
}

/** Its longest texts are cut to an equal share each. */
function shortened(messages: readonly ChatMessage[], tokens: number): ChatMessage[] {
  const share = Math.max(20, Math.floor(tokens / messages.length));
  return messages.map((message) => {
    const { content } = message;
    if (content === null || tokensIn(content) <= share) return message;
    const kept = Math.floor((content.length * share) / tokensIn(content));
    return { ...message, content: `${content.slice(0, kept)} …` };
  });
}

/** Without what some server can't read again: control characters, and halves of a sign. */
function readable(message: ChatMessage): ChatMessage {
  if (message.content === null) return message;
  const content = message.content.toWellFormed().replaceAll(/(?![\n\t])\p{Cc}/gu, '');
  return { ...message, content: content.trim() === '' ? '…' : content };
}

function callerText(message: Extract<Message, { role: 'caller' }>): string {
  switch (message.via) {
    case 'speech':
      return message.text.trim() === '' ? MARKS.notUnderstood : message.text;
    case 'dtmf':
      return `[pressed the keys ${message.text}]`;
    case 'not-understood':
      return MARKS.notUnderstood;
    case 'silence':
      return MARKS.silence;
  }
}
