import type { EmulatedCloud } from './provider-servers/emulated-cloud.ts';
import type { Fault } from './provider-servers/fault-plan.ts';

/** Something that goes wrong in a call, and keeps going wrong until it is healed. */
export interface TroubleCase {
  readonly name: string;
  /** Whose failure it is. Cases of one part share a circuit breaker: each needs an agent that has seen none before. */
  readonly part: 'llm' | 'tts' | 'stt' | 'all';
  /** Before the call begins. */
  readonly before?: (cloud: EmulatedCloud) => void | Promise<void>;
  /** When the greeting is over, before the caller speaks. */
  readonly listening?: (cloud: EmulatedCloud) => void | Promise<void>;
  /** In the middle of what the caller says. */
  readonly talking?: (cloud: EmulatedCloud) => void | Promise<void>;
  /** For the agent, when the fault lies in how it is set up. */
  readonly environment?: (cloud: EmulatedCloud) => Readonly<Record<string, string>>;
}

/** Everything is as it should be again, but for what the agent remembers. */
export async function heal({ groq, cartesia, groqFaults, cartesiaFaults }: EmulatedCloud): Promise<void> {
  groqFaults.clear();
  cartesiaFaults.clear();
  await Promise.all([groq.up(), cartesia.up()]);
}

function cutAll({ cartesia }: EmulatedCloud, path: RegExp): void {
  for (const connection of cartesia.seen) if (connection.open && path.test(connection.path)) connection.cut();
}

/** The model answers every question so. */
function model(name: string, fault: Fault): TroubleCase {
  return {
    name,
    part: 'llm',
    listening: ({ groqFaults }) => {
      groqFaults.always(/^chat$/, fault);
    },
  };
}

/** The voice's connections are all refused so. */
function voiceRefused(name: string, fault: Fault): TroubleCase {
  return {
    name,
    part: 'tts',
    listening: (cloud) => {
      cloud.cartesiaFaults.always(/^tts$/, fault);
      cutAll(cloud, /tts/);
    },
  };
}

/** Every reply of the voice goes wrong so. */
function voice(name: string, fault: Fault): TroubleCase {
  return {
    name,
    part: 'tts',
    listening: ({ cartesiaFaults }) => {
      cartesiaFaults.always(/^tts-context$/, fault);
    },
  };
}

/** The recogniser goes wrong so from the beginning of the call. */
function ears(name: string, fault: Fault): TroubleCase {
  return {
    name,
    part: 'stt',
    before: ({ cartesiaFaults }) => {
      cartesiaFaults.always(/^stt-turns$/, fault);
    },
  };
}

/** RFC 6761 §6.4: such a name exists nowhere. */
const UNRESOLVABLE = 'http://provider.invalid';

/** Tokens and chunks that come before the trouble. */
const SOME = 4;

export const TROUBLE_CASES: readonly TroubleCase[] = [
  { name: 'none', part: 'all' },
  {
    name: 'connection refused',
    part: 'llm',
    listening: ({ groq }) => groq.down(),
  },
  { name: 'DNS failure', part: 'llm', environment: () => ({ GROQ_BASE_URL: UNRESOLVABLE }) },
  {
    name: 'TLS failure',
    part: 'llm',
    environment: ({ groq }) => ({ GROQ_BASE_URL: groq.url.replace('http:', 'https:') }),
  },
  model('401', { type: 'status', status: 401 }),
  model('429, retry-after 30 s', { type: 'status', status: 429, retryAfterS: 30 }),
  model('500', { type: 'status', status: 500 }),
  model('stall before headers', { type: 'stall-before-headers' }),
  model('stall before the first token', { type: 'stall', after: 0 }),
  model('stall between tokens', { type: 'stall', after: SOME }),
  model('cut in mid-stream', { type: 'cut', after: SOME }),
  model('malformed JSON', { type: 'malformed', after: SOME }),
  model('error event', { type: 'error', after: SOME, status: 500, message: 'overloaded' }),
  model('empty reply', { type: 'empty' }),
  {
    name: 'idle connection closed',
    part: 'llm',
    listening: ({ groq }) => {
      groq.cutAll();
    },
  },

  { name: 'DNS failure', part: 'tts', environment: () => ({ CARTESIA_BASE_URL: UNRESOLVABLE }) },
  {
    name: 'TLS failure',
    part: 'tts',
    environment: ({ cartesia }) => ({ CARTESIA_BASE_URL: cartesia.url.replace('http:', 'https:') }),
  },
  voiceRefused('401', { type: 'status', status: 401 }),
  voiceRefused('429, retry-after 30 s', { type: 'status', status: 429, retryAfterS: 30 }),
  voiceRefused('500', { type: 'status', status: 500 }),
  voiceRefused('stall before headers', { type: 'stall-before-headers' }),
  voice('stall before the first sound', { type: 'stall', after: 0 }),
  voice('stall in mid-word', { type: 'stall', after: SOME }),
  voice('socket dies in mid-word', { type: 'cut', after: SOME }),
  voice('malformed JSON', { type: 'malformed', after: SOME }),
  voice('error event', { type: 'error', after: SOME, status: 500, message: 'overloaded' }),
  voice('empty reply', { type: 'empty' }),
  {
    name: 'idle time-out',
    part: 'tts',
    listening: ({ cartesia }) => {
      for (const one of cartesia.seen) if (one.open && one.path.includes('tts')) one.idleOut();
    },
  },

  ears('401', { type: 'status', status: 401 }),
  ears('429, retry-after 30 s', { type: 'status', status: 429, retryAfterS: 30 }),
  ears('500', { type: 'status', status: 500 }),
  ears('stall before headers', { type: 'stall-before-headers' }),
  ears('stall: hears and says nothing', { type: 'stall', after: 1 }),
  ears('stall after a few words', { type: 'stall', after: 3 }),
  ears('malformed JSON', { type: 'malformed', after: 2 }),
  ears('error event', { type: 'error', after: 2, status: 500, message: 'overloaded' }),
  {
    name: 'socket dies in mid-sentence',
    part: 'stt',
    talking: (cloud) => {
      cutAll(cloud, /stt/);
    },
  },
  {
    name: 'socket dies in mid-sentence, and is refused',
    part: 'stt',
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
      (group) =>
        !one.environment &&
        one.part !== 'all' &&
        group.every((other) => other.part !== one.part && other.part !== 'all' && !other.environment),
    );
    if (home) home.push(one);
    else groups.push([one]);
  }
  return groups;
}
