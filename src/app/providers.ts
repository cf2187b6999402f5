import type { Config, KnownProviders, ProviderChoice } from '../config.ts';
import type { AgentProfile } from '../dialog/agent-profile.ts';
import type { LanguageModel, SpeechToText, TextToSpeech, VoiceActivityDetector } from '../dialog/ports.ts';
import type { ProviderStatus } from '../dialog/provider-failures.ts';
import { systemClock, type Milliseconds } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Scope } from '../lib/scope.ts';
import type { Logger } from '../observability/logger.ts';
import { createCartesiaStt, CARTESIA_STT_LANGUAGES } from '../providers/cartesia/cartesia-stt.ts';
import { CARTESIA_LANGUAGES } from '../providers/cartesia/cartesia-formats.ts';
import { createCartesiaTts } from '../providers/cartesia/cartesia-tts.ts';
import { CircuitBreaker, type BreakerState } from '../providers/chain/circuit-breaker.ts';
import { chainLanguageModels } from '../providers/chain/language-model-chain.ts';
import type { Listed } from '../providers/chain/provider-list.ts';
import { chainSpeechToText } from '../providers/chain/speech-to-text-chain.ts';
import { chainTextToSpeech } from '../providers/chain/text-to-speech-chain.ts';
import {
  createReceptionist,
  RECEPTIONIST_LANGUAGES,
} from '../providers/embedded/receptionist/receptionist.ts';
import { expectedPhrases } from '../providers/embedded/receptionist/expected-phrases.ts';
import { createPocketsphinxStt } from '../providers/embedded/stt/pocketsphinx-stt.ts';
import { FLITE_VOICES } from '../providers/embedded/tts/flite-engine.ts';
import { createFliteTts } from '../providers/embedded/tts/flite-tts.ts';
import { createGroqLlm } from '../providers/groq/groq-llm.ts';
import { createGroqWhisperStt } from '../providers/groq/groq-whisper-stt.ts';
import { createSileroVad } from '../providers/embedded/vad/silero-vad.ts';
import type { OnAbandoned } from '../threads/supervised-thread.ts';

/** What a provider's maker is handed. */
interface Workshop {
  readonly log: Logger;
  /** Keys, addresses, models. A provider that needs a key is chosen only if there is one. */
  readonly settings: Config['providers']['settings'];
  /** The agents that use it: their models are made before the first call. */
  readonly agents: readonly AgentProfile[];
  /** So many calls at a time must be served. */
  readonly maxCalls: number;
  readonly onAbandoned: OnAbandoned;
}

/** A provider by the name that providers.yaml uses: what it can do, and how it is made. */
interface Provider<Port> {
  readonly languages: readonly string[] | 'any';
  readonly voices?: readonly string[] | 'any' | 'named';
  readonly needsKeyOf?: string;
  /** A server that can fail; so is whatever needs a key. */
  readonly isRemote?: boolean;
  open(workshop: Workshop): Promise<Port>;
}

interface Ports {
  readonly vad: VoiceActivityDetector;
  readonly stt: SpeechToText;
  readonly llm: LanguageModel;
  readonly tts: TextToSpeech;
}

type Part = keyof Ports;

/** For a call's connection to a recogniser, when another one follows: the greeting is heard meanwhile. */
const OPEN_MS = 1_500;

const PROVIDERS: { readonly [P in Part]: Readonly<Record<string, Provider<Ports[P]>>> } = {
  vad: {
    silero: {
      languages: 'any',
      open: ({ log, onAbandoned }) =>
        createSileroVad({ supervision: { onAbandoned }, onTrouble: troubleOf(log, 'vad') }),
    },
  },
  stt: {
    pocketsphinx: {
      languages: ['en'],
      async open({ log, agents, maxCalls, onAbandoned }) {
        const stt = createPocketsphinxStt({
          maxStreams: maxCalls,
          supervision: { onAbandoned },
          onTrouble: troubleOf(log, 'stt'),
        });
        for (const agent of agents) {
          const { language, knowledge } = agent;
          const phrases = expectedPhrases(agent);
          const report = await stt.prepare({ language, phrases, pronunciations: knowledge.pronunciations });
          log.debug({ agent: agent.id, ...report }, 'recogniser prepared');
        }
        return stt;
      },
    },
    cartesia: {
      languages: CARTESIA_STT_LANGUAGES,
      needsKeyOf: 'cartesia',
      open: ({ settings: { cartesia } }) => {
        const { startThreshold: start, eagerEndThreshold: eagerEnd, endThreshold: end } = cartesia.stt;
        return Promise.resolve(
          createCartesiaStt({
            ...cartesia.stt,
            ...reached(cartesia),
            connectMs: cartesia.connectMs,
            turn: { start, eagerEnd, end, endTimeoutMs: cartesia.stt.endTimeoutMs },
          }),
        );
      },
    },
    'groq-whisper': {
      languages: 'any',
      needsKeyOf: 'groq',
      open: ({ settings: { groq } }) =>
        Promise.resolve(
          createGroqWhisperStt({
            ...reached(groq),
            model: groq.sttModel,
            timeoutMs: groq.transcriptMs,
          }),
        ),
    },
  },
  llm: {
    receptionist: {
      languages: RECEPTIONIST_LANGUAGES,
      open: () => Promise.resolve(createReceptionist({ clock: systemClock })),
    },
    groq: {
      languages: 'any',
      needsKeyOf: 'groq',
      open: ({ settings: { groq } }) => Promise.resolve(createGroqLlm(groq)),
    },
    'openai-compatible': {
      languages: 'any',
      isRemote: true,
      open: ({ settings: { openaiCompatible } }) =>
        Promise.resolve(createGroqLlm({ ...openaiCompatible, name: 'openai-compatible' })),
    },
  },
  tts: {
    flite: {
      languages: ['en'],
      voices: FLITE_VOICES,
      open: ({ log, onAbandoned }) =>
        createFliteTts({ supervision: { onAbandoned }, onTrouble: troubleOf(log, 'tts') }),
    },
    cartesia: {
      languages: CARTESIA_LANGUAGES,
      voices: 'named',
      needsKeyOf: 'cartesia',
      open: ({ log, settings: { cartesia } }) => {
        const { format, repliesPerSocket, ...settings } = cartesia.tts;
        const tts = createCartesiaTts({
          ...settings,
          ...reached(cartesia),
          connectMs: cartesia.connectMs,
          contextsPerSocket: repliesPerSocket,
          format: format && { encoding: format.encoding, rateHz: format.sampleRateHz },
          onTrouble: troubleOf(log, 'tts'),
        });
        // The first call shall find a connection.
        tts.warm?.();
        return Promise.resolve(tts);
      },
    },
  },
};

function reached({
  apiKey = '',
  baseUrl,
}: {
  readonly apiKey?: string | undefined;
  readonly baseUrl: string;
}): {
  readonly apiKey: string;
  readonly baseUrl: string;
} {
  return { apiKey, baseUrl };
}

function troubleOf(log: Logger, part: Part): (message: string) => void {
  return (message) => {
    log.warn({ part }, message);
  };
}

/** For the check of the configuration. */
export const KNOWN_PROVIDERS: KnownProviders = PROVIDERS;

/** Opens providers by name, each once, and makes one of those on an agent's list; they close with `scope`. */
export class ProviderPool {
  readonly #scope: Scope;
  readonly #log: Logger;
  readonly #config: Pick<Config, 'providers' | 'limits' | 'agents'>;
  readonly #onAbandoned: OnAbandoned;
  readonly #open = new Map<string, Promise<unknown>>();
  readonly #opened: { readonly part: Part; readonly provider: string; readonly port: Ports[Part] }[] = [];
  readonly #breakers = new Map<string, CircuitBreaker>();
  readonly #told = new Set<string>();

  constructor(
    scope: Scope,
    log: Logger,
    config: Pick<Config, 'providers' | 'limits' | 'agents'>,
    onAbandoned: OnAbandoned = () => undefined,
  ) {
    this.#onAbandoned = onAbandoned;
    this.#scope = scope;
    this.#log = log;
    this.#config = config;
  }

  /** Whoever finds speech. Throws VAD_UNAVAILABLE with what to do. */
  vad({ vad: [name] }: ProviderChoice): Promise<VoiceActivityDetector> {
    return this.#one('vad', name);
  }

  /** Throws STT_UNAVAILABLE with what to do. */
  async stt({ stt: names }: ProviderChoice): Promise<SpeechToText> {
    const { sttMs: patienceMs } = this.#config.providers.patience;
    const providers = await this.#listed('stt', names);
    if (!this.#canFail('stt', providers)) return providers[0].port;
    return chainSpeechToText({ providers, clock: systemClock, patienceMs, openMs: OPEN_MS });
  }

  async llm({ llm: names }: ProviderChoice): Promise<LanguageModel> {
    const { llmMs: patienceMs } = this.#config.providers.patience;
    const providers = await this.#listed('llm', names);
    if (!this.#canFail('llm', providers)) return providers[0].port;
    return chainLanguageModels({ providers, clock: systemClock, patienceMs });
  }

  /**
   * Throws TTS_UNAVAILABLE with what to do. `patienceMs`: as the configuration says, where a caller waits; longer for
   * what is prepared beforehand, and shall have the preferred voice.
   */
  async tts(
    { tts: names }: ProviderChoice,
    patienceMs: Milliseconds = this.#config.providers.patience.ttsMs,
  ): Promise<TextToSpeech> {
    const providers = await this.#listed('tts', names);
    if (!this.#canFail('tts', providers)) return providers[0].port;
    return chainTextToSpeech({ providers, clock: systemClock, patienceMs });
  }

  /** Who is worth asking at the moment, as calls have found. */
  get states(): readonly { readonly part: Part; readonly provider: string; readonly state: BreakerState }[] {
    return [...this.#breakers].map(([key, { state }]) => {
      const [part = '', provider = ''] = key.split(' ');
      return { part: part as Part, provider, state };
    });
  }

  #canFail<P extends Part>(part: P, providers: readonly Listed<Ports[P]>[]): boolean {
    const known: Readonly<Record<string, Provider<Ports[P]>>> = PROVIDERS[part];
    const [{ name } = { name: '' }] = providers;
    return providers.length > 1 || known[name]?.needsKeyOf !== undefined || known[name]?.isRemote === true;
  }

  /** All that stand on the list, opened. Of those that `auto` put behind the first, some may be missing. */
  async #listed<P extends Part>(
    part: P,
    names: readonly [string, ...string[]],
  ): Promise<[Listed<Ports[P]>, ...Listed<Ports[P]>[]]> {
    const why = this.#config.providers.reasons[`${part} ${names.join(' ')}`];
    const list = `${part}: ${names.join(', then ')}`;
    if (!this.#told.has(list)) {
      this.#told.add(list);
      this.#log.info({ part, providers: names }, `${list}${why === undefined ? '' : `, because ${why}`}`);
    }
    const [first, ...others] = names;
    const [best, ...next] = await Promise.all([
      this.#one(part, first),
      ...others.map(async (name) => {
        try {
          return await this.#one(part, name);
        } catch (error) {
          if (why === undefined) throw error;
          this.#log.warn({ part, provider: name }, `${name} can't take over: ${messageOf(error)}`);
          return undefined;
        }
      }),
    ]);
    const listed: [Listed<Ports[P]>, ...Listed<Ports[P]>[]] = [
      { name: first, port: best, breaker: this.#breaker(part, first) },
    ];
    for (const [index, port] of next.entries()) {
      const name = others[index] ?? '';
      if (port) listed.push({ name, port, breaker: this.#breaker(part, name) });
    }
    return listed;
  }

  #one<P extends Part>(part: P, name: string): Promise<Ports[P]> {
    const key = `${part} ${name}`;
    let opening = this.#open.get(key) as Promise<Ports[P]> | undefined;
    if (!opening) {
      const provider: Provider<Ports[P]> | undefined = PROVIDERS[part][name];
      if (!provider) throw new TypeError(`unknown ${part} provider ${name}`);
      const { providers, limits, agents } = this.#config;
      const workshop: Workshop = {
        log: this.#log,
        agents: agents.filter(({ id }) => providers.byAgent[id]?.[part].includes(name)),
        maxCalls: limits.maxCalls,
        settings: providers.settings,
        onAbandoned: this.#onAbandoned,
      };
      opening = provider.open(workshop).then((port) => {
        this.#scope.defer(() => port.close(), `${part} ${name}`);
        this.#opened.push({ part, provider: name, port });
        return port;
      });
      this.#open.set(key, opening);
    }
    return opening;
  }

  /** How those are that work in this process. */
  statuses(): (ProviderStatus & { readonly part: Part; readonly provider: string })[] {
    return this.#opened.flatMap(({ part, provider, port }) => {
      const status = port.status?.();
      return status ? [{ part, provider, ...status }] : [];
    });
  }

  #breaker(part: Part, name: string): CircuitBreaker {
    const key = `${part} ${name}`;
    const known = this.#breakers.get(key);
    if (known) return known;
    const breaker = new CircuitBreaker({
      clock: systemClock,
      onChange: (state, cause) => {
        const about = { part, provider: name, breaker: state };
        if (state === 'closed') this.#log.info(about, `${part}: ${name} is well again`);
        else this.#log.warn(about, `${part}: ${name} isn't asked for a while (${cause?.kind ?? 'unknown'})`);
      },
    });
    this.#breakers.set(key, breaker);
    return breaker;
  }
}
