import type { FailureKind } from '../../src/dialog/contract/provider-failures.ts';
import type { EmulatedCloud } from './provider-servers/emulated-cloud.ts';
import type { Fault, FaultQueue } from './provider-servers/fault-plan.ts';
import type { GroqServer } from './provider-servers/groq-server.ts';

/** What can fail. */
export interface TroubledCloud extends EmulatedCloud {
  /** Speaks like OpenAI, under a plain /v1. */
  readonly local: GroqServer;
  /** Asked at its `chat`. */
  readonly localFaults: FaultQueue;
  /** An https address whose certificate nobody trusts. */
  readonly untrustedUrl: string;
}

/** Something that goes wrong in a call, and keeps going wrong until it is healed. */
export interface TroubleCase {
  readonly name: string;
  /** Whose failure it is. Cases of one part share a circuit breaker: each needs an agent that has seen none before. */
  readonly part: 'llm' | 'tts' | 'stt' | 'all';
  /** What the call's record says of it: the provider and the kind; none where nobody must notice anything. */
  readonly told?: `${string} ${FailureKind}`;
  /** Before the agent is started. */
  readonly atStart?: (cloud: TroubledCloud) => void | Promise<void>;
  /** Before the call begins. */
  readonly before?: (cloud: TroubledCloud) => void | Promise<void>;
  /** When the greeting is over, before the caller speaks. */
  readonly listening?: (cloud: TroubledCloud) => void | Promise<void>;
  /** In the middle of what the caller says. */
  readonly talking?: (cloud: TroubledCloud) => void | Promise<void>;
  /** For the agent, when the fault lies in how it is set up. */
  readonly environment?: (cloud: TroubledCloud) => Readonly<Record<string, string>>;
  /** Texts of config/ that are replaced. */
  readonly edits?: readonly (readonly [string, string])[];
}

/** Everything is as it should be again, but for what the agent remembers. */
export async function heal(cloud: TroubledCloud): Promise<void> {
  const { groq, cartesia, groqFaults, cartesiaFaults, localFaults } = cloud;
  for (const faults of [groqFaults, cartesiaFaults, localFaults]) faults.clear();
  await Promise.all([groq.up(), cartesia.up()]);
}

/** Several at a time, each of another part. */
export function together(cases: readonly TroubleCase[]): TroubleCase {
  const all =
    (hook: 'atStart' | 'before' | 'listening' | 'talking') =>
    async (cloud: TroubledCloud): Promise<void> => {
      for (const one of cases) await one[hook]?.(cloud);
    };
  return {
    name: cases.map(({ part, name }) => `${part} ${name}`).join(', '),
    part: 'all',
    atStart: all('atStart'),
    before: all('before'),
    listening: all('listening'),
    talking: all('talking'),
    environment: (cloud) =>
      Object.assign({}, ...cases.map(({ environment }) => environment?.(cloud) ?? {})) as Record<
        string,
        string
      >,
    edits: cases.flatMap(({ edits = [] }) => edits),
  };
}

function cutAll({ cartesia }: EmulatedCloud, path: RegExp): void {
  for (const connection of cartesia.seen) if (connection.open && path.test(connection.path)) connection.cut();
}

function idleOut({ cartesia }: EmulatedCloud, path: RegExp): void {
  for (const one of cartesia.seen) if (one.open && path.test(one.path)) one.idleOut();
}

/** The model answers every question so. */
function model(name: string, kind: FailureKind, fault: Fault): TroubleCase {
  return {
    name,
    part: 'llm',
    told: `groq ${kind}`,
    listening: ({ groqFaults }) => {
      groqFaults.always(/^chat$/, fault);
    },
  };
}

/** The model's server refuses the next question so, and takes it when it is put in another way. */
function refusedOnce(name: string, status: number, message: string): TroubleCase {
  return {
    name,
    part: 'llm',
    listening: ({ groqFaults }) => {
      groqFaults.push(/^chat$/, { type: 'status', status, message });
    },
  };
}

/** The voice's connections are all refused so. */
function voiceRefused(name: string, kind: FailureKind, fault: Fault): TroubleCase {
  return {
    name,
    part: 'tts',
    told: `cartesia ${kind}`,
    listening: (cloud) => {
      cloud.cartesiaFaults.always(/^tts$/, fault);
      cutAll(cloud, /tts/);
    },
  };
}

/** Every reply of the voice goes wrong so. */
function voice(name: string, kind: FailureKind, fault: Fault): TroubleCase {
  return {
    name,
    part: 'tts',
    told: `cartesia ${kind}`,
    listening: ({ cartesiaFaults }) => {
      cartesiaFaults.always(/^tts-context$/, fault);
    },
  };
}

/** The recogniser goes wrong so from the beginning of the call. */
function recogniserCase(name: string, kind: FailureKind, fault: Fault): TroubleCase {
  return {
    name,
    part: 'stt',
    told: `cartesia ${kind}`,
    before: ({ cartesiaFaults }) => {
      cartesiaFaults.always(/^stt-turns$/, fault);
    },
  };
}

/** RFC 6761 §6.4: such a name exists nowhere. */
const UNRESOLVABLE = 'http://provider.invalid';

/** Where Cartesia's settings stand in config/. */
export const CARTESIA_TTS = '    tts:\n      # What agents.yaml';

/** Tokens and chunks that come before the trouble. */
const SOME = 4;

export const TROUBLE_CASES: readonly TroubleCase[] = [
  { name: 'none', part: 'all' },
  {
    name: 'none: Whisper hears',
    part: 'stt',
    environment: () => ({ VOICE_AGENT_STT: 'groq-whisper,pocketsphinx' }),
  },
  {
    name: 'none: the finalize socket hears',
    part: 'stt',
    edits: [[CARTESIA_TTS, `    stt: { socket: finalize }\n${CARTESIA_TTS}`]],
  },
  {
    name: 'connection refused',
    part: 'llm',
    told: 'groq refused',
    listening: ({ groq }) => groq.down(),
  },
  {
    name: 'DNS failure',
    part: 'llm',
    told: 'groq dns',
    environment: () => ({ GROQ_BASE_URL: UNRESOLVABLE }),
  },
  {
    name: 'TLS failure',
    part: 'llm',
    told: 'groq tls',
    environment: ({ groq }) => ({ GROQ_BASE_URL: groq.url.replace('http:', 'https:') }),
  },
  {
    name: 'wrong certificate',
    part: 'llm',
    told: 'groq tls',
    environment: ({ untrustedUrl }) => ({ GROQ_BASE_URL: untrustedUrl }),
  },
  model('401', 'unauthorized', { type: 'status', status: 401 }),
  model('429, retry-after 30 s', 'rate-limited', { type: 'status', status: 429, retryAfterS: 30 }),
  model('500', 'server', { type: 'status', status: 500 }),
  model('stall before headers', 'timeout', { type: 'stall-before-headers' }),
  model('stall before the first token', 'timeout', { type: 'stall', after: 0 }),
  model('stall between tokens', 'stalled', { type: 'stall', after: SOME }),
  model('cut in mid-stream', 'cut', { type: 'cut', after: SOME }),
  model('malformed JSON', 'malformed', { type: 'malformed', after: SOME }),
  model('error event', 'server', { type: 'error', after: SOME, status: 500, message: 'overloaded' }),
  model('empty reply', 'empty', { type: 'empty' }),
  model('400: a tool’s call that it cannot read', 'rejected', {
    type: 'status',
    status: 400,
    message: 'Failed to call a function.',
    more: { code: 'tool_use_failed' },
  }),
  model('413: too many tokens', 'rejected', { type: 'status', status: 413, message: 'Request too large' }),
  model('an answer that a filter keeps back', 'rejected', { type: 'filtered' }),
  model('a proxy’s page instead of an answer', 'malformed', { type: 'page' }),
  {
    name: '400 once: a tool’s call that it cannot read',
    part: 'llm',
    listening: ({ groqFaults }) => {
      groqFaults.push(/^chat$/, {
        type: 'status',
        status: 400,
        message: 'Failed to call a function.',
        more: { code: 'tool_use_failed' },
      });
    },
  },
  refusedOnce(
    '400 once: max_tokens has another name',
    400,
    'Unsupported parameter: max_tokens. Use max_completion_tokens.',
  ),
  refusedOnce('400 once: roles in another order', 400, "Unexpected role 'user' after role 'tool'"),
  refusedOnce(
    '429 once: too many tokens in one request',
    429,
    'Request too large: Limit 6000, Requested 9000',
  ),
  {
    name: 'idle connection closed',
    part: 'llm',
    listening: ({ groq }) => {
      groq.cutAll();
    },
  },

  {
    name: 'connection cut in mid-stream by a server of one’s own',
    part: 'llm',
    told: 'openai-compatible cut',
    environment: ({ local }) => ({
      OPENAI_BASE_URL: `${local.url}/v1`,
      VOICE_AGENT_LLM: 'openai-compatible,receptionist',
    }),
    listening: ({ localFaults }) => {
      localFaults.always(/^chat$/, { type: 'cut', after: SOME });
    },
  },
  {
    name: '500 once, with nobody else on the list',
    part: 'llm',
    told: 'groq server',
    environment: () => ({ VOICE_AGENT_LLM: 'groq' }),
    listening: ({ groqFaults }) => {
      groqFaults.push(/^chat$/, { type: 'status', status: 500 });
    },
  },

  {
    name: 'DNS failure',
    part: 'tts',
    told: 'cartesia dns',
    environment: () => ({ CARTESIA_BASE_URL: UNRESOLVABLE }),
  },
  {
    name: 'TLS failure',
    part: 'tts',
    told: 'cartesia tls',
    environment: ({ cartesia }) => ({ CARTESIA_BASE_URL: cartesia.url.replace('http:', 'https:') }),
  },
  {
    name: 'wrong certificate',
    part: 'tts',
    told: 'cartesia tls',
    environment: ({ untrustedUrl }) => ({ CARTESIA_BASE_URL: untrustedUrl }),
  },
  {
    name: 'connection refused',
    part: 'tts',
    told: 'cartesia refused',
    // Of the one server, only what speaks: the recogniser's connection stays as it is.
    listening: async (cloud) => {
      await cloud.cartesia.stopListening();
      cutAll(cloud, /tts/);
    },
  },
  voiceRefused('401', 'unauthorized', { type: 'status', status: 401 }),
  voiceRefused('429, retry-after 30 s', 'rate-limited', { type: 'status', status: 429, retryAfterS: 30 }),
  voiceRefused('500', 'server', { type: 'status', status: 500 }),
  voiceRefused('stall before headers', 'timeout', { type: 'stall-before-headers' }),
  voice('stall before the first sound', 'timeout', { type: 'stall', after: 0 }),
  voice('stall in mid-word', 'stalled', { type: 'stall', after: SOME }),
  voice('socket dies in mid-word', 'cut', { type: 'cut', after: SOME }),
  voice('malformed JSON', 'malformed', { type: 'malformed', after: SOME }),
  voice('error event', 'server', { type: 'error', after: SOME, status: 500, message: 'overloaded' }),
  voice('empty reply', 'empty', { type: 'empty' }),
  {
    name: 'idle time-out',
    part: 'tts',
    listening: (cloud) => {
      idleOut(cloud, /tts/);
    },
  },
  {
    name: 'refused at start, and a voice that only it has',
    part: 'tts',
    told: 'cartesia server',
    edits: [["voice: slt # a woman's voice", 'voice: 11111111-2222-4333-8444-555555555555']],
    atStart: ({ cartesiaFaults }) => {
      cartesiaFaults.always(/^tts$/, { type: 'status', status: 500 });
    },
  },
  {
    name: 'cut once in mid-word, with nobody else on the list',
    part: 'tts',
    told: 'cartesia cut',
    environment: () => ({ VOICE_AGENT_TTS: 'cartesia' }),
    listening: ({ cartesiaFaults }) => {
      cartesiaFaults.push(/^tts-context$/, { type: 'cut', after: SOME });
    },
  },

  {
    name: 'DNS failure',
    part: 'stt',
    told: 'cartesia dns',
    environment: () => ({ CARTESIA_BASE_URL: UNRESOLVABLE }),
  },
  {
    name: 'TLS failure',
    part: 'stt',
    told: 'cartesia tls',
    environment: ({ cartesia }) => ({ CARTESIA_BASE_URL: cartesia.url.replace('http:', 'https:') }),
  },
  {
    name: 'connection refused',
    part: 'stt',
    told: 'cartesia refused',
    before: ({ cartesia }) => cartesia.stopListening(),
  },
  {
    name: 'idle time-out',
    part: 'stt',
    told: 'cartesia cut',
    listening: (cloud) => {
      idleOut(cloud, /stt/);
    },
  },
  {
    name: 'refused once, with nobody else on the list',
    part: 'stt',
    told: 'cartesia server',
    environment: () => ({ VOICE_AGENT_STT: 'cartesia' }),
    before: ({ cartesiaFaults }) => {
      cartesiaFaults.push(/^stt-turns$/, { type: 'status', status: 503 });
    },
  },
  {
    name: '500 of Whisper',
    part: 'stt',
    told: 'groq-whisper server',
    environment: () => ({ VOICE_AGENT_STT: 'groq-whisper,pocketsphinx' }),
    listening: ({ groqFaults }) => {
      groqFaults.always(/^transcription$/, { type: 'status', status: 500 });
    },
  },
  recogniserCase('401', 'unauthorized', { type: 'status', status: 401 }),
  recogniserCase('429, retry-after 30 s', 'rate-limited', { type: 'status', status: 429, retryAfterS: 30 }),
  recogniserCase('500', 'server', { type: 'status', status: 500 }),
  recogniserCase('stall before headers', 'timeout', { type: 'stall-before-headers' }),
  recogniserCase('stall: hears and says nothing', 'stalled', { type: 'stall', after: 1 }),
  recogniserCase('stall after a few words', 'stalled', { type: 'stall', after: 3 }),
  recogniserCase('malformed JSON', 'malformed', { type: 'malformed', after: 2 }),
  recogniserCase('error event', 'server', { type: 'error', after: 2, status: 500, message: 'overloaded' }),
  {
    name: 'socket dies in mid-sentence',
    part: 'stt',
    told: 'cartesia cut',
    talking: (cloud) => {
      cutAll(cloud, /stt/);
    },
  },
  {
    name: 'socket dies in mid-sentence, and is refused',
    part: 'stt',
    told: 'cartesia server',
    talking: (cloud) => {
      cloud.cartesiaFaults.always(/^stt-turns$/, { type: 'status', status: 503 });
      cutAll(cloud, /stt/);
    },
  },

  {
    name: 'recogniser, model and voice stall',
    part: 'all',
    before: ({ cartesiaFaults }) => {
      cartesiaFaults.always(/^stt-turns$/, { type: 'stall', after: 1 });
    },
    listening: ({ groqFaults, cartesiaFaults }) => {
      groqFaults.always(/./, { type: 'stall-before-headers' });
      cartesiaFaults.always(/^tts-context$/, { type: 'stall', after: 0 });
    },
  },
  {
    name: 'the cloud is gone',
    part: 'all',
    listening: async ({ groq, cartesia }) => {
      await Promise.all([groq.down(), cartesia.down()]);
    },
  },
];

/** The cases, in groups of which each needs an agent of its own: no two of a group share a breaker. */
export function groupCases(cases: readonly TroubleCase[]): TroubleCase[][] {
  const groups: TroubleCase[][] = [];
  for (const one of cases) {
    const home = groups.find(
      (group) => !isAlone(one) && group.every((other) => other.part !== one.part && !isAlone(other)),
    );
    if (home) home.push(one);
    else groups.push([one]);
  }
  return groups;
}

function isAlone({ part, environment, edits, atStart }: TroubleCase): boolean {
  return part === 'all' || environment !== undefined || edits !== undefined || atStart !== undefined;
}
