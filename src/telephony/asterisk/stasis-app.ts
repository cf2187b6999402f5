import { claimName, lookAtName } from './app-claim.ts';
import { messageOf } from '../../lib/errors.ts';
import { AriError, isRefused } from './ari-error.ts';
import { AriRest, checkSound } from './ari-rest.ts';
import { beat } from './heartbeat.ts';
import type { CallOrder } from './placed-call.ts';
import { openEventStream, type EventStreamStats } from './event-stream.ts';
import {
  DEFAULT_STASIS_SETTINGS,
  type StasisAppOptions,
  type StasisServer,
  type StasisSettings,
} from './stasis-options.ts';
import { Switchboard } from './switchboard.ts';

export interface StasisAppStats {
  readonly stream: EventStreamStats;
  /** Why Asterisk does nothing of what it is asked for, though its events may come. */
  readonly trouble: string | undefined;
  /** Calls with a caller. */
  readonly calls: number;
  /** Calls that hold anything, those whose caller has left already included. */
  readonly unfinished: number;
  readonly draining: boolean;
}

export interface StasisApp {
  readonly server: StasisServer;
  /** Asterisk's version. */
  readonly version: string;
  stats(): StasisAppStats;
  /** As `Switchboard.place`. */
  place(order: CallOrder): Promise<string>;
  /** New callers go on in the dialplan with `VOICE_AGENT_RESULT=draining`; running calls aren't touched. */
  drain(): void;
  /**
   * Drains, lets the callers that are left go on in the dialplan, gives everything back and unregisters
   * the app. Idempotent; never rejects; takes `closeMs` at the longest, and a second for the socket.
   */
  close(): Promise<void>;
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
    const switchboard = new Switchboard(options, settings, rest);
    const stream = await openEventStream({
      ...options,
      app: options.server.app,
      onEvent: (event) => {
        switchboard.onEvent(event);
      },
      onState: (state) => {
        switchboard.onState(state);
      },
      isFree: async () => {
        await switchboard.lookAfterCalls();
        return (await lookAtName(options.server, rest, settings.requestMs)) === 'free';
      },
      connectTimeoutMs: settings.requestMs,
      pingMs: settings.pingMs,
      standByMs: settings.standByMs,
    });
    const heart = new AbortController();
    let trouble: string | undefined;
    let silence: string | undefined;
    void watchSound(options, settings, heart.signal, (error) => {
      silence = error && messageOf(error);
    });
    void beat(rest, options.server.app, options.clock, heart.signal, (error) => {
      const before = trouble;
      trouble = error === undefined ? undefined : messageOf(error);
      if (trouble === undefined || trouble === before) return;
      const { log, server } = options;
      log.error({ server: server.name, app: server.app, error: trouble }, 'Asterisk takes no requests');
      // Callers who can't be answered had better go on in the dialplan: Asterisk lets them as long as nobody has the app.
      if (isRefused(error)) stream.renew('requests are refused');
    });
    const close = async (): Promise<void> => {
      switchboard.drain();
      await switchboard.letAllGo(settings.closeMs);
      // What another consumer of the name has now is none of our business.
      const ours = stream.stats().state !== 'replaced';
      await stream.close();
      if (ours) await switchboard.leaveClean();
      heart.abort();
      rest.close();
    };
    let closing: Promise<void> | undefined;
    return {
      server: options.server,
      version,
      stats: () => ({ stream: stream.stats(), trouble: trouble ?? silence, ...switchboard.stats() }),
      place: (order) => switchboard.place(order),
      drain: () => {
        switchboard.drain();
      },
      close: () => (closing ??= close()),
    };
  } catch (error) {
    rest.close();
    throw error;
  }
}

/** Looks again and again whether calls would have a sound; tells what is wrong, and when it is well again. Never rejects. */
async function watchSound(
  { server, clock, log }: StasisAppOptions,
  { soundMs, requestMs }: StasisSettings,
  signal: AbortSignal,
  onSound: (trouble: AriError | undefined) => void,
): Promise<void> {
  let told: AriError | undefined;
  while (await clock.sleep(soundMs, signal)) {
    const trouble = await checkSound(server, requestMs).then(
      () => undefined,
      // That Asterisk answers nothing is told elsewhere.
      (error: unknown) => (error instanceof AriError && error.status === 404 ? error : undefined),
    );
    if (signal.aborted) return;
    onSound(trouble);
    const about = { server: server.name, app: server.app };
    if (trouble && !told) log.error({ ...about, error: trouble.message }, 'calls have no sound');
    else if (told && !trouble) log.info(about, 'calls have a sound again');
    told = trouble;
  }
}
