import type { Think, Thought } from './chat-stream.ts';
import type { GroqServerOptions } from './groq-server.ts';
import { reasoningParameters, STRICTEST } from './server-rules.ts';

/** A kind of model, with the server that has it: what it makes on the wire of what it means to say and do. */
export interface Personality {
  readonly title: string;
  readonly server: Pick<GroqServerOptions, 'flavour' | 'rules' | 'betweenTokens'>;
  /** Of a thought that is words and tools. */
  readonly dress: (meant: Thought) => Thought;
}

/** Content in pieces of three characters. */
const content = (text: string): object[] =>
  (text.match(/[\s\S]{1,3}/g) ?? []).map((part) => ({ content: part }));

/** By the name that `make demo MODEL=` has for it. */
export const PERSONALITIES = {
  groq: { title: 'Groq as it is', server: {}, dress: (meant) => meant },
  strict: {
    title: 'a server as strict as Mistral’s',
    server: { flavour: 'plain', rules: STRICTEST },
    dress: (meant) => meant,
  },
  thinking: {
    title: 'a model that thinks, and takes other parameters',
    server: { flavour: 'plain', rules: [...reasoningParameters], betweenTokens: () => 5 },
    dress: ({ text = '', tools = [] }) => ({
      deltas: [
        { reasoning_content: 'They ask me something.' },
        { reasoning: 'What shall I say?' },
        ...content(`<think>\n[hang_up()] perhaps? No.</think>\n\n${text}`),
        ...tools.map((tool, index) => ({
          tool_calls: [
            {
              ...{ index, id: `call-${index}`, type: 'function' },
              function: { ...tool, name: `${tool.name}<|channel|>commentary` },
            },
          ],
        })),
      ],
      finish: null,
    }),
  },
  small: {
    title: 'a small model that writes markdown and its calls as text',
    server: { flavour: 'plain' },
    dress: ({ text = '', tools = [] }) => {
      const calls = tools.map(
        ({ name, arguments: list }) => `<tool_call>{"name": "${name}", "arguments": ${list}}</tool_call>`,
      );
      return {
        deltas: content(`…\n\n[interrupted] **${text.replace(/\.$/, '')}**. 😀\n${calls.join('\n')}`),
      };
    },
  },
} as const satisfies Readonly<Record<string, Personality>>;

export type PersonalityName = keyof typeof PERSONALITIES;

/** The same mind, as such a model speaks it. */
export function dressed(think: Think, { dress }: Personality): Think {
  return async (request) => dress(await think(request));
}
