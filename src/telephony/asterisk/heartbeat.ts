import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { TelephonyLog } from '../log.ts';
import type { AriChannel } from './ari-model.ts';
import { isGone, isOutOfPlace } from './ari-error.ts';
import type { AriRest } from './ari-rest.ts';
import { callersIn } from './caller-info.ts';
import { objectIds } from './object-ids.ts';
import type { StasisParts, StasisServer } from './stasis-options.ts';

/**
 * Asterisk doesn't tell whether a Stasis app has a consumer, and keeps callers in one that has died. So the agent writes
 * a global variable in Asterisk again and again, and another process looks whether it still changes: it does as long
 * as the agent's main thread turns and reaches Asterisk.
 */
export const heartbeatVariable = (app: string): string => `VOICE_AGENT_ALIVE_${app.replace(/\W/g, '_')}`;

/** Between two beats: for the watchdog alone, and where other programs take over within seconds. */
const BEAT_MS: Milliseconds = 2000;
const FLEET_BEAT_MS: Milliseconds = 500;
/** Without a beat that arrived for so long, others may soon take this program for dead (fleet/liveness.ts). */
const DOUBT_MS: Milliseconds = 1000;
/** Between two looks at them. */
const LOOK_MS: Milliseconds = 1000;

/** What becomes of a caller whose agent is gone; asterisk-conf's dialplan knows `error`. */
const GONE = { VOICE_AGENT_RESULT: 'error', VOICE_AGENT_REASON: 'agent-gone' };

/** Beats until it is stopped. */
export class Heart {
  readonly #options: Pick<StasisParts, 'server' | 'rest' | 'clock' | 'fleet'>;
  readonly #stopping = new AbortController();
  #arrivedAt: Milliseconds;
  /** There was a gap, and nobody has looked since what is left. */
  #doubted = false;

  constructor(options: Pick<StasisParts, 'server' | 'rest' | 'clock' | 'fleet'>) {
    this.#options = options;
    this.#arrivedAt = options.clock.now();
  }

  /** Others may have taken this program for dead: what was its own may not be any more. */
  get inDoubt(): boolean {
    return this.#doubted || this.#options.clock.now() - this.#arrivedAt > DOUBT_MS;
  }

  /** It was looked what is still its own. */
  trust(): void {
    this.#doubted = false;
  }

  /**
   * At once, and until `stop`; `onBeat` is told what was wrong with each, if anything; `onGap`, that others may have taken
   * this program for dead until now. Never rejects.
   */
  async beat(onBeat: (trouble: unknown) => void, onGap: () => void): Promise<void> {
    const { server, rest, clock, fleet } = this.#options;
    const { signal } = this.#stopping;
    do {
      const at = clock.now();
      const trouble = await rest
        .setGlobalVariable(heartbeatVariable(server.app), String(clock.wallClock()))
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      if (trouble === undefined) {
        const gap = fleet && at - this.#arrivedAt > DOUBT_MS;
        this.#arrivedAt = at;
        if (gap) {
          this.#doubted = true;
          onGap();
        }
      }
      if (!signal.aborted) onBeat(trouble);
    } while (await clock.sleep(fleet ? FLEET_BEAT_MS : BEAT_MS, signal));
  }

  stop(): void {
    this.#stopping.abort();
  }
}

export interface WatchOptions {
  readonly server: StasisServer;
  readonly rest: AriRest;
  readonly clock: Clock;
  readonly log: TelephonyLog;
  /** Without a beat for so long the agent counts as gone. */
  readonly goneMs: Milliseconds;
  readonly signal: AbortSignal;
}

/**
 * Lets callers go on in the dialplan when no beat has come for `goneMs` while Asterisk answered, and deletes what the
 * agent has left there. Until `signal` aborts; never rejects.
 */
export async function watchHeartbeat(options: WatchOptions): Promise<void> {
  const { server, rest, clock, log, goneMs, signal } = options;
  const about = { server: server.name, app: server.app };
  let last: string | undefined;
  let lastAt = clock.now();
  let told = '';
  const tell = (level: 'info' | 'warn', message: string, fields: object = {}): void => {
    if (told !== message) log[level]({ ...about, ...fields }, message);
    told = message;
  };
  do {
    try {
      const seen = await rest.globalVariable(heartbeatVariable(server.app));
      // While Asterisk can't be reached, the agent can't beat, either.
      if (seen !== last || told === UNREACHABLE) [last, lastAt] = [seen, clock.now()];
      if (clock.now() - lastAt < goneMs) {
        tell('info', 'the agent is there, or expected');
        continue;
      }
      tell('warn', 'the agent is gone: its callers go on in the dialplan');
      await releaseCallers(options);
    } catch (error) {
      tell('warn', UNREACHABLE, { error: messageOf(error) });
    }
  } while (await clock.sleep(LOOK_MS, signal));
}

const UNREACHABLE = 'Asterisk can’t be looked at';

async function releaseCallers({ server, rest, log }: WatchOptions): Promise<void> {
  const ids = objectIds(server.app, server.instance);
  const [channels, bridges, application] = await Promise.all([
    rest.channels(),
    rest.bridges(),
    rest.application(server.app),
  ]);
  const attempt = async (what: string, id: string, action: () => Promise<unknown>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      if (isGone(error) || isOutOfPlace(error)) return;
      log.warn({ server: server.name, what, id, error: messageOf(error) }, 'it could not be done');
    }
  };
  const release = async ({ id }: AriChannel): Promise<void> => {
    for (const [name, value] of Object.entries(GONE)) await rest.setVariable(id, name, value);
    await rest.proceed(id);
    log.info(
      { server: server.name, channel: id },
      'a caller of the agent that is gone goes on in the dialplan',
    );
  };
  await Promise.all(
    callersIn(channels, application, ids).map((caller) =>
      attempt('letting a caller go', caller.id, () => release(caller)),
    ),
  );
  await Promise.all([
    ...channels
      .filter(({ id }) => ids.owns(id))
      .map(({ id }) => attempt('deleting a channel', id, () => rest.hangUp(id))),
    ...bridges
      .filter(({ id }) => ids.owns(id))
      .map(({ id }) => attempt('deleting a bridge', id, () => rest.destroyBridge(id))),
  ]);
}
