import type { Config, KnownProviders } from '../config.ts';
import type {
  AgentProfile,
  LanguageModel,
  SpeechToText,
  TextToSpeech,
  VoiceActivityDetector,
} from '../dialog/ports.ts';
import { systemClock } from '../lib/clock.ts';
import type { Scope } from '../lib/scope.ts';
import type { Logger } from '../observability/logger.ts';
import { createCartesiaStt, CARTESIA_STT_LANGUAGES } from '../providers/cartesia/cartesia-stt.ts';
import { CARTESIA_LANGUAGES } from '../providers/cartesia/cartesia-formats.ts';
import { createCartesiaTts } from '../providers/cartesia/cartesia-tts.ts';
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

/** What a provider's maker is handed. */
interface Workshop {
  readonly log: Logger;
  /** Keys, addresses, models. A provider that needs a key is chosen only if there is one. */
  readonly settings: Config['providers']['settings'];
  /** The agents that use it: their models are made before the first call. */
  readonly agents: readonly AgentProfile[];
  /** So many calls at a time must be served. */
  readonly maxCalls: number;
}

/** A provider by the name that providers.yaml uses: what it can do, and how it is made. */
interface Provider<Port> {
  readonly languages: readonly string[] | 'any';
  readonly voices?: readonly string[] | 'any' | 'named';
  readonly needsKeyOf?: string;
  open(workshop: Workshop): Promise<Port>;
}

interface Ports {
  readonly vad: VoiceActivityDetector;
  readonly stt: SpeechToText;
  readonly llm: LanguageModel;
  readonly tts: TextToSpeech;
}

type Part = keyof Ports;

const PROVIDERS: { readonly [P in Part]: Readonly<Record<string, Provider<Ports[P]>>> } = {
  vad: {
    silero: {
      languages: 'any',
      open: ({ log }) =>
        createSileroVad({
          onTrouble: (message) => {
            log.warn({ part: 'vad' }, message);
          },
        }),
    },
  },
  stt: {
    pocketsphinx: {
      languages: ['en'],
      async open({ log, agents, maxCalls }) {
        const stt = createPocketsphinxStt({ maxStreams: maxCalls });
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
      open: ({ log, settings: { cartesia } }) => {
        const { startThreshold: start, eagerEndThreshold: eagerEnd, endThreshold: end } = cartesia.stt;
        return Promise.resolve(
          createCartesiaStt({
            ...cartesia.stt,
            ...reached(cartesia),
            connectMs: cartesia.connectMs,
            turn: { start, eagerEnd, end, endTimeoutMs: cartesia.stt.endTimeoutMs },
            onTrouble: troubleOf(log, 'stt'),
          }),
        );
      },
    },
    'groq-whisper': {
      languages: 'any',
      needsKeyOf: 'groq',
      open: ({ log, settings: { groq } }) =>
        Promise.resolve(
          createGroqWhisperStt({
            ...reached(groq),
            model: groq.sttModel,
            timeoutMs: groq.transcriptMs,
            onTrouble: troubleOf(log, 'stt'),
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
      open: ({ log, settings: { groq } }) =>
        Promise.resolve(createGroqLlm({ ...groq, onTrouble: troubleOf(log, 'llm') })),
    },
    'openai-compatible': {
      languages: 'any',
      open: ({ log, settings: { openaiCompatible } }) =>
        Promise.resolve(
          createGroqLlm({ ...openaiCompatible, name: 'openai-compatible', onTrouble: troubleOf(log, 'llm') }),
        ),
    },
  },
  tts: {
    flite: {
      languages: ['en'],
      voices: FLITE_VOICES,
      open: ({ log }) =>
        createFliteTts({
          onTrouble: (message) => {
            log.warn({ part: 'tts' }, message);
          },
        }),
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

/** Opens providers by name, each once; they close with `scope`. */
export class ProviderPool {
  readonly #scope: Scope;
  readonly #log: Logger;
  readonly #config: Pick<Config, 'providers' | 'limits'>;
  readonly #open = new Map<string, Promise<unknown>>();

  constructor(scope: Scope, log: Logger, config: Pick<Config, 'providers' | 'limits'>) {
    this.#scope = scope;
    this.#log = log;
    this.#config = config;
  }

  /** Throws VAD_UNAVAILABLE, STT_UNAVAILABLE, TTS_UNAVAILABLE, … with what to do. */
  get<P extends Part>(part: P, name: string, agents: readonly AgentProfile[]): Promise<Ports[P]> {
    const key = `${part} ${name}`;
    let opening = this.#open.get(key) as Promise<Ports[P]> | undefined;
    if (!opening) {
      const provider: Provider<Ports[P]> | undefined = PROVIDERS[part][name];
      if (!provider) throw new TypeError(`unknown ${part} provider ${name}`);
      const { providers, limits } = this.#config;
      const why = providers.reasons[name];
      const because = why === undefined ? '' : `, because ${why}`;
      this.#log.info({ part, provider: name }, `${part}: ${name}${because}`);
      const workshop: Workshop = {
        log: this.#log,
        agents,
        maxCalls: limits.maxCalls,
        settings: providers.settings,
      };
      opening = provider.open(workshop).then((port) => {
        this.#scope.defer(() => port.close());
        return port;
      });
      this.#open.set(key, opening);
    }
    return opening;
  }
}
