import type { Config, ProviderChoice } from '../config.ts';
import type {
  EndOfTurnModel,
  LanguageModel,
  SpeechToText,
  TextToSpeech,
  VoiceActivityDetector,
} from '../dialog/contract/ports.ts';
import type { FailureKind, ProviderStatus } from '../dialog/contract/provider-failures.ts';
import { systemClock, type Milliseconds } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Scope } from '../lib/scope.ts';
import type { Logger } from '../observability/logger.ts';
import { CircuitBreaker, type BreakerState } from '../providers/chain/circuit-breaker.ts';
import { chainLanguageModels } from '../providers/chain/language-model-chain.ts';
import type { Listed } from '../providers/chain/provider-list.ts';
import { chainSpeechToText } from '../providers/chain/speech-to-text-chain.ts';
import { chainTextToSpeech } from '../providers/chain/text-to-speech-chain.ts';
import { loadFigures, withFiguresRead } from '../providers/figures-read.ts';
import type { Moment, Part, Ports, Provider } from '../providers/provider.ts';
import { KNOWN_PROVIDERS } from './known-providers.ts';
import { ownVersion } from './own-version.ts';
import type { AllSettings } from '../settings/settings-section.ts';
import type { OnAbandoned } from '../threads/supervised-thread.ts';

/** For a call's connection to a recogniser, when another one follows: the greeting is heard meanwhile. */
const OPEN_MS = 1_500;

/** Opens providers by name, each once, and makes one of those on an agent's list; they close with `scope`. */
export class ProviderPool {
  readonly #scope: Scope;
  readonly #log: Logger;
  readonly #config: Pick<Config, 'providers' | 'limits' | 'agents' | 'records'>;
  readonly #onAbandoned: OnAbandoned;
  readonly #opening: { readonly [P in Part]: Map<Provider<P>, Promise<Ports[P]>> } = {
    vad: new Map(),
    stt: new Map(),
    llm: new Map(),
    tts: new Map(),
  };
  readonly #opened: {
    readonly part: Part | 'end-of-turn';
    readonly provider: string;
    readonly port: Ports[Part] | EndOfTurnModel;
  }[] = [];
  #endOfTurn: Promise<EndOfTurnModel> | undefined;
  readonly #breakers = new Map<Provider<Part>, CircuitBreaker>();
  readonly #told = new Set<string>();
  readonly #later: Record<Moment, (() => Promise<void>)[]> = { ready: [], called: [] };

  constructor(
    scope: Scope,
    log: Logger,
    config: Pick<Config, 'providers' | 'limits' | 'agents' | 'records'>,
    onAbandoned: OnAbandoned = () => undefined,
  ) {
    this.#onAbandoned = onAbandoned;
    this.#scope = scope;
    this.#log = log;
    this.#config = config;
  }

  /** The voice-activity detector. Throws VAD_UNAVAILABLE with a remedy. */
  vad({ vad: { names } }: ProviderChoice): Promise<VoiceActivityDetector> {
    return this.#one(known('vad', names[0]));
  }

  /** Throws STT_UNAVAILABLE with a remedy. */
  async stt({ stt: chosen }: ProviderChoice): Promise<SpeechToText> {
    const { sttMs: patienceMs } = this.#config.providers.patience;
    const providers = await this.#listed('stt', chosen);
    if (!canFail('stt', providers)) return providers[0].port;
    return chainSpeechToText({ providers, clock: systemClock, patienceMs, openMs: OPEN_MS });
  }

  async llm({ llm: chosen }: ProviderChoice): Promise<LanguageModel> {
    const { llmMs: patienceMs } = this.#config.providers.patience;
    const providers = await this.#listed('llm', chosen);
    if (!canFail('llm', providers)) return providers[0].port;
    return chainLanguageModels({ providers, clock: systemClock, patienceMs });
  }

  /**
   * Throws TTS_UNAVAILABLE with what to do. `patienceMs`: as the configuration says, where a caller waits; longer for
   * what is prepared beforehand, and shall have the preferred voice.
   */
  async tts(
    { tts: chosen }: ProviderChoice,
    patienceMs: Milliseconds = this.#config.providers.patience.ttsMs,
  ): Promise<TextToSpeech> {
    const providers = await this.#listed('tts', chosen);
    if (!canFail('tts', providers)) return providers[0].port;
    return chainTextToSpeech({ providers, clock: systemClock, patienceMs });
  }

  /** All that the sound of this choice depends on, but for the request; no key is in it. */
  soundOf({ tts: { names } }: ProviderChoice): string {
    const { settings } = this.#config.providers;
    const sounds = names.map((name) => {
      const { section, soundVersion } = known('tts', name);
      return [name, section && settings[section.name], soundVersion?.()];
    });
    return JSON.stringify([ownVersion(), sounds], (key, value: unknown) =>
      key === 'apiKey' ? undefined : value,
    );
  }

  /** The same for all agents; undefined: none is named. Throws END_OF_TURN_UNAVAILABLE with what is needed. */
  async endOfTurn(): Promise<EndOfTurnModel | undefined> {
    const { model } = this.#config.providers.endOfTurn;
    if (model !== undefined) this.#endOfTurn ??= this.#openEndOfTurn(model);
    return this.#endOfTurn;
  }

  async #openEndOfTurn(modelPath: string): Promise<EndOfTurnModel> {
    const part = 'end-of-turn';
    const { createSmartTurn } = await import('../providers/embedded/end-of-turn/smart-turn.ts');
    const port = await createSmartTurn({
      modelPath,
      onTrouble: (message) => {
        this.#log.warn({ part }, message);
      },
      supervision: { onAbandoned: this.#onAbandoned },
    });
    this.#keep(part, port.name, port);
    this.#log.info({ part, model: modelPath }, `${part}: ${port.name}`);
    return port;
  }

  #keep(part: Part | 'end-of-turn', provider: string, port: Ports[Part] | EndOfTurnModel): void {
    this.#scope.defer(() => port.close(), `${part} ${provider}`);
    this.#opened.push({ part, provider, port });
  }

  /** Lets providers do what they have put off until this moment; what they have done isn't done again. False: there was nothing to do. Never rejects. */
  async finish(moment: Moment): Promise<boolean> {
    const tasks = this.#later[moment].splice(0);
    await Promise.all(tasks.map((task) => task()));
    return tasks.length > 0;
  }

  /** The state of each provider's circuit breaker, and what opened it. */
  get states(): readonly {
    readonly part: Part;
    readonly provider: string;
    readonly state: BreakerState;
    readonly cause?: FailureKind;
  }[] {
    return [...this.#breakers].map(([{ part, name }, { state, cause }]) => ({
      part,
      provider: name,
      state,
      ...(cause && { cause: cause.kind }),
    }));
  }

  /** All that stand on the list, opened. Of those that `auto` put behind the first, some may be missing. */
  async #listed<P extends Part>(
    part: P,
    { names, why }: ProviderChoice[P],
  ): Promise<[Listed<Ports[P]>, ...Listed<Ports[P]>[]]> {
    const list = `${part}: ${names.join(', then ')}`;
    if (!this.#told.has(list)) {
      this.#told.add(list);
      this.#log.info({ part, providers: names }, `${list}${why === undefined ? '' : `, because ${why}`}`);
    }
    const [first, ...others] = names;
    const listed = async (name: string): Promise<Listed<Ports[P]>> => {
      const provider = known(part, name);
      const port = await this.#one(provider);
      return { name, port, breaker: this.#breaker(provider) };
    };
    const [best, ...next] = await Promise.all([
      listed(first),
      ...others.map((name) =>
        listed(name).catch((error: unknown) => {
          if (why === undefined) throw error;
          this.#log.warn({ part, provider: name }, `${name} can't take over: ${messageOf(error)}`);
          return undefined;
        }),
      ),
    ]);
    return [best, ...next.filter((one) => one !== undefined)];
  }

  #one<P extends Part>(provider: Provider<P>): Promise<Ports[P]> {
    const { part, name } = provider;
    const known = this.#opening[part].get(provider);
    if (known) return known;
    const { providers, limits, agents, records } = this.#config;
    const { digits, cards, patterns } = records.redact;
    const opening = provider
      .open({
        settings: providers.settings,
        agents: agents.filter(({ id }) => providers.byAgent[id]?.[part].names.includes(name)),
        follows: ![providers.default, ...Object.values(providers.byAgent)].some(
          (choice) => choice[part].names[0] === name,
        ),
        later: (moment, task) => {
          this.#later[moment].push(task);
        },
        maxCalls: limits.maxCalls,
        wordTimes: records.recordings && (digits || cards || patterns.length > 0),
        onAbandoned: this.#onAbandoned,
        debug: (about, message) => {
          this.#log.debug(about, message);
        },
        onTrouble: (message) => {
          this.#log.warn({ part }, message);
        },
      })
      .then((port) => {
        this.#keep(part, name, port);
        if (part === 'tts')
          this.#later.ready.push(async () => {
            await loadFigures();
          });
        return spoken(provider, port, providers.settings);
      });
    this.#opening[part].set(provider, opening);
    return opening;
  }

  /** How those are that work in this process. */
  statuses(): (ProviderStatus & { readonly part: Part | 'end-of-turn'; readonly provider: string })[] {
    return this.#opened.flatMap(({ part, provider, port }) => {
      const status = port.status?.();
      return status ? [{ part, provider, ...status }] : [];
    });
  }

  #breaker(provider: Provider<Part>): CircuitBreaker {
    const known = this.#breakers.get(provider);
    if (known) return known;
    const { part, name } = provider;
    const breaker = new CircuitBreaker({
      clock: systemClock,
      onChange: (state, cause) => {
        const about = { part, provider: name, breaker: state };
        if (state === 'closed') this.#log.info(about, `${part}: ${name} works again`);
        else
          this.#log.warn(
            about,
            `${part}: the circuit breaker of ${name} has opened (${cause?.kind ?? 'unknown'})`,
          );
      },
    });
    this.#breakers.set(provider, breaker);
    return breaker;
  }
}

/** The names of an agent's providers, for the log. */
export function namesOf({ vad, stt, llm, tts }: ProviderChoice): Readonly<Record<Part, readonly string[]>> {
  return { vad: vad.names, stt: stt.names, llm: llm.names, tts: tts.names };
}

/** The configuration has checked the name. */
function known<P extends Part>(part: P, name: string): Provider<P> {
  const provider = KNOWN_PROVIDERS[part].find((one) => one.name === name);
  if (!provider) throw new TypeError(`unknown ${part} provider ${name}`);
  return provider;
}

/** A voice is given words in the place of figures, where it doesn't read them itself. */
function spoken<P extends Part>(provider: Provider<P>, port: Ports[P], settings: AllSettings): Ports[P] {
  if (!('speak' in port)) return port;
  return withFiguresRead(port, provider.figures?.(settings) ?? { reads: [] }) as Ports[P];
}

/** A single provider that runs in this process needs no chain around it. */
function canFail<P extends Part>(part: P, providers: readonly Listed<Ports[P]>[]): boolean {
  return providers.length > 1 || providers.some(({ name }) => known(part, name).isRemote === true);
}
