import { claimName, lookAtName } from './app-claim.ts';
import { messageOf } from '../../lib/errors.ts';
import { AriError, isRefused } from './ari-error.ts';
import { AriRest, checkSound, hasModule } from './ari-rest.ts';
import { checkEvents } from './event-connection.ts';
import { Heart } from './heartbeat.ts';
import type { Neighbours } from './neighbours.ts';
import type { OfferStats } from './offers.ts';
import type { CallOrder } from './placed-call.ts';
import { EventStream, type EventStreamStats } from './event-stream.ts';
import {
  DEFAULT_STASIS_SETTINGS,
  type StasisAppOptions,
  type StasisServer,
  type StasisSettings,
} from './stasis-options.ts';
import { Switchboard } from './switchboard.ts';

/** Tells asterisk-conf's dialplan to offer calls by `StasisBroadcast()`. */
const FLEET_VARIABLE = 'VOICE_AGENT_FLEET';

export interface StasisAppStats {
  readonly stream: EventStreamStats;
  /** Why Asterisk does nothing of what it is asked for, though its events may come. */
  readonly trouble: string | undefined;
  /** Calls with a caller. */
  readonly calls: number;
  /** Calls that hold anything, those whose caller has left already included. */
  readonly unfinished: number;
  readonly draining: boolean;
  readonly offers: OfferStats;
}

/** What an app works with once it is registered. */
interface RunningParts {
  readonly options: StasisAppOptions;
  readonly settings: StasisSettings;
  readonly rest: AriRest;
  readonly heart: Heart;
  readonly switchboard: Switchboard;
  readonly stream: EventStream;
  readonly version: string;
}

/** A registered Stasis app, and its calls. */
export class StasisApp {
  readonly server: StasisServer;
  /** Asterisk's version. */
  readonly version: string;
  /** The other programs of the fleet. */
  readonly neighbours: Neighbours;
  readonly #parts: RunningParts;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;
  /** Why Asterisk takes no requests, and why its calls have no sound; undefined: all is well. */
  #refusal: string | undefined;
  #silence: string | undefined;

  constructor(parts: RunningParts) {
    const { options, version, switchboard, heart } = parts;
    this.#parts = parts;
    this.server = options.server;
    this.version = version;
    this.neighbours = switchboard.neighbours;
    void this.#watchSound();
    void heart.beat(
      (trouble) => {
        this.#onBeat(trouble);
      },
      () => {
        this.#onGap();
      },
    );
  }

  stats(): StasisAppStats {
    const { stream, switchboard } = this.#parts;
    return {
      stream: stream.stats(),
      trouble: this.#refusal ?? this.#silence,
      ...switchboard.stats(),
      offers: switchboard.offers,
    };
  }

  /** Sets a variable of a caller's channel, if it is there. Never rejects. */
  async mark(channel: string, variables: Readonly<Record<string, string>>): Promise<void> {
    const { rest } = this.#parts;
    const set = Object.entries(variables).map(([name, value]) => rest.setVariable(channel, name, value));
    await Promise.allSettled(set);
  }

  /** As `Switchboard.place`. */
  place(order: CallOrder): Promise<string> {
    return this.#parts.switchboard.place(order);
  }

  /** New callers go on in the dialplan with `VOICE_AGENT_RESULT=draining`; running calls aren't touched. */
  drain(): void {
    this.#parts.switchboard.drain();
  }

  /**
   * Drains, lets the callers that are left go on in the dialplan, gives everything back and unregisters
   * the app. Idempotent; never rejects; takes `closeMs` at the longest, and a second for the socket.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { switchboard, settings, stream, heart, rest } = this.#parts;
    switchboard.drain();
    await switchboard.letAllGo(settings.closeMs);
    // What another consumer of the name has now is none of our business.
    const ours = stream.stats().state !== 'replaced';
    await stream.close();
    if (ours) await switchboard.leaveClean();
    heart.stop();
    this.#closing.abort();
    rest.close();
  }

  #onBeat(trouble: unknown): void {
    const { options, stream } = this.#parts;
    const { log, server } = options;
    const before = this.#refusal;
    this.#refusal = trouble === undefined ? undefined : messageOf(trouble);
    if (this.#refusal === undefined || this.#refusal === before) return;
    log.error({ server: server.name, app: server.app, error: this.#refusal }, 'Asterisk takes no requests');
    // Callers who can't be answered had better go on in the dialplan: Asterisk lets them as long as nobody has the app.
    if (isRefused(trouble)) stream.renew('requests are refused');
  }

  #onGap(): void {
    const { options, switchboard } = this.#parts;
    const { log, server } = options;
    const about = { server: server.name, app: server.app };
    log.warn(about, 'this node was out of reach: others may have its callers');
    void switchboard.lookAfterCalls();
  }

  /** Looks again and again whether calls would have a sound, and tells when that changes. Never rejects. */
  async #watchSound(): Promise<void> {
    const { options, settings } = this.#parts;
    const { server, clock, log } = options;
    const { signal } = this.#closing;
    while (await clock.sleep(settings.soundMs, signal)) {
      const trouble = await checkSound(server, settings.requestMs).then(
        () => undefined,
        // That Asterisk answers nothing is told elsewhere.
        (error: unknown) => (error instanceof AriError && error.status === 404 ? error.message : undefined),
      );
      if (signal.aborted) return;
      const before = this.#silence;
      this.#silence = trouble;
      const about = { server: server.name, app: server.app };
      if (trouble !== undefined && before === undefined)
        log.error({ ...about, error: trouble }, 'calls have no sound');
      else if (trouble === undefined && before !== undefined) log.info(about, 'calls have a sound again');
    }
  }
}

/**
 * Opens an Asterisk for `startStasisApp`, which looks after it from then on, and makes sure that all is there as it needs
 * it. Rejects as that does. Whoever never comes to that closes it.
 */
export async function openStasisServer(
  options: Pick<StasisAppOptions, 'server' | 'log' | 'clock' | 'takeOver'>,
  settings: Pick<StasisSettings, 'claimMs' | 'requestMs'> = DEFAULT_STASIS_SETTINGS,
): Promise<AriRest> {
  const rest = await AriRest.open(options.server, settings.requestMs);
  try {
    await checkSound(options.server, settings.requestMs);
    await checkEvents(options.server, options.clock, settings.requestMs);
    await claimName(options, settings, rest);
    return rest;
  } catch (error) {
    rest.close();
    throw error;
  }
}

/**
 * Registers the app and serves its calls until `close`. Rejects with ARI_UNREACHABLE, ARI_TIMEOUT,
 * ARI_UNAUTHORIZED or ARI_APP_TAKEN when that can't be begun; once begun, it survives the loss of
 * Asterisk and comes back with it.
 */
export async function startStasisApp(options: StasisAppOptions): Promise<StasisApp> {
  const settings: StasisSettings = { ...DEFAULT_STASIS_SETTINGS, ...options.settings };
  const rest = options.rest ?? (await openStasisServer(options, settings));
  try {
    // Some time may have passed since it was opened.
    if (options.rest) await claimName(options, settings, rest);
    const version = await rest.version();
    const heart = new Heart({ ...options, rest });
    const switchboard = new Switchboard(options, settings, rest, heart);
    const stream = await EventStream.open({
      ...options,
      app: options.server.app,
      onEvent: (event) => {
        switchboard.onEvent(event);
      },
      onState: (state) => {
        switchboard.onState(state);
        if (state === 'open') void askForOffers(options, settings, rest);
      },
      isFree: async () => {
        await switchboard.lookAfterCalls();
        return (await lookAtName(options.server, rest, settings.requestMs)) === 'free';
      },
      connectTimeoutMs: settings.requestMs,
      pingMs: settings.pingMs,
      standByMs: settings.standByMs,
    });
    return new StasisApp({ options, settings, rest, heart, switchboard, stream, version });
  } catch (error) {
    rest.close();
    throw error;
  }
}

/** Which calls the dialplan offers to whom: set in an Asterisk that was restarted, too. Never rejects. */
async function askForOffers(
  { server, log, fleet }: StasisAppOptions,
  { requestMs }: StasisSettings,
  rest: AriRest,
): Promise<void> {
  if (!fleet) return;
  const about = { server: server.name, app: server.app };
  try {
    if (await hasModule(server, 'app_stasis_broadcast.so', requestMs))
      await rest.setGlobalVariable(FLEET_VARIABLE, fleet.family);
    else
      log.warn(
        about,
        `this Asterisk has no StasisBroadcast() (20.20, 22.10, 23.4 or later, module app_stasis_broadcast.so): calls come by Stasis(${server.app},…) alone`,
      );
  } catch (error) {
    log.warn({ ...about, error: messageOf(error) }, 'the dialplan could not be told of the fleet');
  }
}
