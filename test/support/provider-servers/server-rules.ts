import type { ChatMessage, ChatRequest } from './chat-stream.ts';

/** How a server refuses; `body` in the form that is its own. */
export interface Refusal {
  readonly status: number;
  readonly body: object;
}

/** What a server insists on: each rule says how it refuses a request, or nothing. */
export type Rule = (request: ChatRequest, bytes: number) => Refusal | undefined;

function refused(status: number, message: string, more: object = {}): Refusal {
  return { status, body: { error: { message, type: 'invalid_request_error', ...more } } };
}

const calls = (message: ChatMessage | undefined): NonNullable<ChatMessage['tool_calls']> =>
  message?.tool_calls ?? [];

/**
 * Mistral's order: github.com/mistralai/mistral-common, protocol/instruct/validator.py. The words are those of its API.
 */
export const mistralOrder: Rule = ({ messages }) => {
  for (const [at, { role, content }] of messages.entries()) {
    const before = messages[at - 1];
    const wrong = (): Refusal => ({
      status: 400,
      body: {
        object: 'error',
        message: `Unexpected role '${role}' after role '${before?.role ?? ''}'`,
        type: 'invalid_request_message_order',
        code: '3230',
      },
    });
    if (before?.role === 'tool' && role !== 'assistant' && role !== 'tool') return wrong();
    if (before?.role === 'assistant' && role === 'system') return wrong();
    if (role === 'tool' && (before?.role === 'user' || before?.role === 'system')) return wrong();
    if (role === 'assistant' && Boolean(content) === calls(messages[at]).length > 0) {
      return refused(400, 'Assistant message must have either content or tool_calls, but not both.');
    }
    const answered = messages.slice(at + 1, at + 1 + calls(messages[at]).length);
    if (answered.some((one) => one.role !== 'tool')) {
      return refused(400, 'Not the same number of function calls and responses');
    }
  }
  const last = messages.at(-1)?.role ?? '';
  return last === 'user' || last === 'tool'
    ? undefined
    : refused(
        400,
        `Expected last role User or Tool (or Assistant with prefix True) for serving but got ${last}`,
      );
};

/** The same source. */
export const mistralIds: Rule = ({ messages }) => {
  const ids = messages.flatMap((message) => [
    ...calls(message).map(({ id }) => id),
    ...(message.tool_call_id === undefined ? [] : [message.tool_call_id]),
  ]);
  const wrong = ids.find((id) => !/^[a-zA-Z0-9]{9}$/.test(id));
  return wrong === undefined
    ? undefined
    : refused(400, `Tool call id was ${wrong} but must be a-z, A-Z, 0-9, with a length of 9.`);
};

/** Chat templates of Gemma and of the older Mistral models; messages about tools don't count there. llama.cpp says 500. */
export const alternating: Rule = ({ messages }) => {
  const told = messages.filter((message) => message.role !== 'tool' && calls(message).length === 0);
  const turns = told.slice(told[0]?.role === 'system' ? 1 : 0);
  return turns.every(({ role }, at) => role === (at % 2 === 0 ? 'user' : 'assistant'))
    ? undefined
    : {
        status: 500,
        body: {
          error: {
            code: 500,
            message: 'Conversation roles must alternate user/assistant/user/assistant/...',
            type: 'server_error',
          },
        },
      };
};

/** OpenRouter and llama-cpp-python: what has no words says so. */
export const saysContent: Rule = ({ messages }) => {
  const at = messages.findIndex((message) => !('content' in message));
  return at < 0 ? undefined : refused(400, `messages[${at}]: missing field \`content\``);
};

/** LM Studio: content is text, whatever else there is. */
export const contentIsText: Rule = ({ messages }) =>
  messages.some(({ content }) => typeof content !== 'string')
    ? refused(400, "Invalid 'content': 'content' field must be a string or an array of objects.")
    : undefined;

/** Texts, names and arguments that some server or template can't read again. */
export const readable: Rule = ({ messages }) => {
  for (const message of messages) {
    if (/(?![\n\t])\p{Cc}|\p{Cs}/u.test(message.content ?? ''))
      return refused(400, 'invalid unicode code point');
    if (message.content?.trim() === '')
      return refused(400, 'messages: text content blocks must be non-empty');
    if (calls(message).length > 1) return refused(400, 'This model only supports single tool-calls at once!');
    for (const call of calls(message)) {
      if (!/^[\w-]{1,64}$/.test(call.function.name)) return refused(400, 'tool name: invalid pattern');
      try {
        JSON.parse(call.function.arguments);
      } catch {
        return refused(400, 'invalid tool call arguments');
      }
    }
  }
  return undefined;
};

/** All of them: what they let pass is taken by every server. */
export const STRICTEST: readonly Rule[] = [mistralOrder, mistralIds, alternating, saysContent, readable];

/** OpenAI's reasoning models: platform.openai.com/docs/guides/reasoning, and what its API answers. */
export const reasoningParameters: readonly Rule[] = [
  (request) =>
    'max_tokens' in request
      ? refused(
          400,
          "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
          { param: 'max_tokens', code: 'unsupported_parameter' },
        )
      : undefined,
  ({ temperature }) =>
    temperature === undefined || temperature === 1
      ? undefined
      : refused(
          400,
          `Unsupported value: 'temperature' does not support ${JSON.stringify(temperature)} with this model. Only the default (1) value is supported.`,
          { param: 'temperature', code: 'unsupported_value' },
        ),
];

/** FastAPI's way to refuse what isn't in the schema (Mistral, vLLM). */
export function forbids(parameter: string): Rule {
  return (request) =>
    parameter in request
      ? {
          status: 422,
          body: {
            detail: [
              { type: 'extra_forbidden', loc: ['body', parameter], msg: 'Extra inputs are not permitted' },
            ],
          },
        }
      : undefined;
}

/** Ollama, for a model whose template knows no tools. */
export const noTools: Rule = ({ tools }) =>
  tools === undefined
    ? undefined
    : refused(400, 'registry.ollama.ai/library/gemma2:latest does not support tools', { type: 'api_error' });

/** Gemma's chat template, as vLLM answers when it raises. */
export const noSystem: Rule = ({ messages }) =>
  messages.some(({ role }) => role === 'system') ? refused(400, 'System role not supported') : undefined;

/** Groq's limit of tokens a minute: console.groq.com/docs/rate-limits. */
export function atMost(mostBytes: number): Rule {
  return (_request, bytes) =>
    bytes <= mostBytes
      ? undefined
      : refused(
          413,
          `Request too large for model \`llama-3.3-70b-versatile\` on tokens per minute (TPM): Limit ${Math.floor(mostBytes / 4)}, Requested ${Math.floor(bytes / 4)}, please reduce your message size and try again.`,
          { type: 'tokens', code: 'rate_limit_exceeded' },
        );
}

/** The first that refuses. */
export function refusalBy(rules: readonly Rule[], request: ChatRequest, bytes: number): Refusal | undefined {
  for (const rule of rules) {
    const refusal = rule(request, bytes);
    if (refusal) return refusal;
  }
  return undefined;
}
