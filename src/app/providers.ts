import type { KnownProviders } from '../config.ts';
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
import {
  createReceptionist,
  RECEPTIONIST_LANGUAGES,
} from '../providers/embedded/receptionist/receptionist.ts';
import { expectedPhrases } from '../providers/embedded/receptionist/expected-phrases.ts';
import { createPocketsphinxStt } from '../providers/embedded/stt/pocketsphinx-stt.ts';
import { FLITE_VOICES } from '../providers/embedded/tts/flite-engine.ts';
import { createFliteTts } from '../providers/embedded/tts/flite-tts.ts';
import { createSileroVad } from '../providers/embedded/vad/silero-vad.ts';

/** What a provider's maker is handed. */
interface Workshop {
  readonly log: Logger;
  /** The agents that use it: their models are made before the first call. */
  readonly agents: readonly AgentProfile[];
  /** So many calls at a time must be served. */
  readonly maxCalls: number;
}

/** A provider by the name that providers.yaml uses: what it can do, and how it is made. */
interface Provider<Port> {
  readonly languages: readonly string[] | 'any';
  readonly voices?: readonly string[] | 'any';
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
  },
  llm: {
    receptionist: {
      languages: RECEPTIONIST_LANGUAGES,
      open: () => Promise.resolve(createReceptionist({ clock: systemClock })),
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
  },
};

/** For the check of the configuration. */
export const KNOWN_PROVIDERS: KnownProviders = PROVIDERS;

/** Opens providers by name, each once; they close with `scope`. */
export class ProviderPool {
  readonly #scope: Scope;
  readonly #log: Logger;
  readonly #maxCalls: number;
  readonly #open = new Map<string, Promise<unknown>>();

  constructor(scope: Scope, log: Logger, maxCalls: number) {
    this.#scope = scope;
    this.#log = log;
    this.#maxCalls = maxCalls;
  }

  /** Throws VAD_UNAVAILABLE, STT_UNAVAILABLE, TTS_UNAVAILABLE, … with what to do. */
  get<P extends Part>(part: P, name: string, agents: readonly AgentProfile[]): Promise<Ports[P]> {
    const key = `${part} ${name}`;
    let opening = this.#open.get(key) as Promise<Ports[P]> | undefined;
    if (!opening) {
      const provider: Provider<Ports[P]> | undefined = PROVIDERS[part][name];
      if (!provider) throw new TypeError(`unknown ${part} provider ${name}`);
      opening = provider.open({ log: this.#log, agents, maxCalls: this.#maxCalls }).then((port) => {
        this.#scope.defer(() => port.close());
        return port;
      });
      this.#open.set(key, opening);
    }
    return opening;
  }
}
