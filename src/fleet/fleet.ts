import { isWithheld } from '../dialog/call/admission-policy.ts';
import type { CallEvent } from '../dialog/contract/call-events.ts';
import type { CallInfo } from '../dialog/contract/call-info.ts';
import type { Message } from '../dialog/contract/conversation.ts';
import { within } from '../lib/abort.ts';
import type { Clock, Milliseconds } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { claimVerdict, type ClaimVerdict, type FleetLimits, type Standing } from './claim-policy.ts';
import type { FleetAsterisk, FleetDesk, FleetStore, Said, Stranded } from './contract.ts';
import { Leases } from './leases.ts';
import {
  BEAT_MS,
  DOUBTFUL_MS,
  Pulse,
  Sound,
  STALE_MS,
  STALLED_MS,
  STILL_MS,
  suspects,
  THERE_MS,
  type NodeRow,
} from './liveness.ts';

interface FleetLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface FleetOptions {
  readonly node: string;
  /** Tells this run of the program from others (lib/program-run.ts). */
  readonly run: string;
  /** Calls at a time of this node. */
  readonly maxCalls: number;
  readonly limits: FleetLimits;
  readonly clock: Clock;
  readonly log: FleetLog;
  /** Undefined: nothing is shared, so nobody's calls can be taken over. */
  readonly store: FleetStore | undefined;
  readonly said: Said;
  /** A call is about to come that another node had. */
  readonly onTaken: (call: string, said: readonly Message[]) => void;
}

/** How a take-over of a call ended: `lost`: another node was faster; `back`: its own is there again; `gone`: the caller isn't. */
type TakeOver = 'taken' | 'lost' | 'back' | 'gone' | 'failed';

export interface FleetStats {
  readonly node: string;
  /** Of all nodes, this one included, as far as the store tells. */
  readonly nodes: readonly NodeRow[];
  readonly storeTrouble: string | undefined;
  /** Totals since the start. */
  readonly takeOvers: Readonly<Record<TakeOver, number>>;
  /** Calls that others have taken from this node. */
  readonly lostToOthers: number;
}

type Consideration =
  | { readonly claim: true; afterMs(): Milliseconds; won(): void; over(): void }
  | { readonly claim: false; readonly reason: string };

/** A call that may come. */
interface Expected {
  readonly number: string | undefined;
  /** It will: it was claimed. */
  won: boolean;
}

/** Between two looks at a node that may be gone. */
const LOOK_MS: Milliseconds = 100;
/** The same, when nobody was there. */
const IDLE_LOOK_MS: Milliseconds = 2000;
/** Callers who are taken over at the same time. */
const AT_ONCE = 8;
/** For the store to say how many calls there are: the offer lasts 400 ms. */
const COUNT_MS: Milliseconds = 250;
/** For what was said: the caller hears nothing meanwhile. */
const SAID_MS: Milliseconds = 1500;

/**
 * One node of several that share the calls of one or more Asterisks: decides which offered calls are claimed, tells the
 * shared store of this node and its calls, and takes over the callers of nodes that have died.
 */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #asterisks = new Map<string, FleetAsterisk>();
  readonly #leases: Leases;
  readonly #closing = new AbortController();
  readonly #watched = new Set<string>();
  readonly #takeOvers: Record<TakeOver, number> = { taken: 0, lost: 0, back: 0, gone: 0, failed: 0 };
  /** Calls that were claimed, or are about to be, and aren't the desk's yet. */
  readonly #expected = new Set<Expected>();
  #desk: FleetDesk | undefined;
  #rows: readonly NodeRow[] = [];
  #storeTrouble: string | undefined = 'it has not been asked yet';
  /** Since when the store has answered every beat in time. */
  #wellSince: Milliseconds | undefined;
  #lastBeat: Milliseconds | undefined;
  #lostToOthers = 0;
  #draining = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#leases = new Leases(options.node, options.run);
  }

  get stats(): FleetStats {
    const { node } = this.#options;
    const others = this.#rows.filter((row) => row.node !== node);
    return {
      node,
      nodes: [...others, { ...this.#me(), ageMs: 0 }].sort((a, b) => (a.node < b.node ? -1 : 1)),
      storeTrouble: this.#storeTrouble,
      takeOvers: { ...this.#takeOvers },
      lostToOthers: this.#lostToOthers,
    };
  }

  /** The desk may be there later than the first who asks: until then nothing is claimed. */
  start(desk: FleetDesk): void {
    this.#desk = desk;
    this.#running = this.#run();
  }

  add(asterisk: FleetAsterisk): void {
    this.#asterisks.set(asterisk.server.name, asterisk);
  }

  /**
   * What is done about a call that is offered to all nodes. `afterMs`: to wait before the claim; it may grow meanwhile. `won`: to
   * be called when it was claimed; `over`: once, when it is the desk's, or will never come. Never rejects.
   */
  async consider(info: CallInfo): Promise<Consideration> {
    const { limits } = this.#options;
    const { number } = info.caller;
    const desk = this.#desk;
    if (!desk) return { claim: false, reason: 'starting' };
    const counts = await this.#count(number);
    const { refusal, fullness } = desk.outlook(info, this.#expected.size);
    const verdict = claimVerdict({ refusal, fullness, ...counts }, limits);
    if (!verdict.claim) return verdict;
    const expected: Expected = { number, won: false };
    this.#expected.add(expected);
    const lot = Math.random();
    return {
      claim: true,
      afterMs: () => {
        const standing = this.#standing(desk, info);
        const now = claimVerdict({ ...standing, lot }, {});
        return now.claim ? now.afterMs : 0;
      },
      won: () => {
        expected.won = true;
      },
      over: () => {
        this.#expected.delete(expected);
      },
    };
  }

  /** How much this node has to do, with the calls that it has won, but not those that others may win. */
  #standing(desk: FleetDesk, info: CallInfo): Standing {
    const { node, maxCalls } = this.#options;
    const coming = [...this.#expected].filter(({ won }) => won).length;
    const calls = desk.size + coming;
    const { fullness } = desk.outlook(info, coming);
    const others = this.#rows
      .filter((row) => row.node !== node && row.ageMs < THERE_MS && row.state === 'running')
      .filter((row) => row.calls < row.maxCalls && !row.unreachable.includes(info.key.server));
    const least = Math.min(...others.map((row) => row.calls / row.maxCalls));
    return {
      fullness,
      lateness: fullness > calls / maxCalls ? fullness : 0,
      ahead: this.#storeTrouble === undefined ? Math.max(0, calls - least * maxCalls) : undefined,
    };
  }

  /** What happens in the calls of this program. */
  observe(event: CallEvent): void {
    if (event.type === 'started') {
      const { key, caller } = event.info;
      const asterisk = this.#asterisks.get(key.server);
      if (!asterisk) return;
      this.#leases.begin(event.call, {
        ...key,
        caller: isWithheld(caller.number) ? '' : (caller.number ?? ''),
      });
      const { node, store } = this.#options;
      void asterisk.mark(key.channel, { VOICE_AGENT_OWNER: `${node} ${key.server}/${key.channel}` });
      if (this.#limited && store) this.#leases.flush(store).catch(() => undefined);
    } else if (event.type === 'ended') {
      this.#leases.end(event.call);
      if (event.reason === 'taken-over') this.#lostToOthers += 1;
    }
  }

  /** Nothing is taken over any more. */
  drain(): void {
    this.#draining = true;
  }

  /** Never rejects. */
  async close(): Promise<void> {
    const { store, node, run } = this.#options;
    this.#closing.abort();
    await this.#running;
    if (!store) return;
    await this.#leases.flush(store).catch(() => undefined);
    await store.leave(node, run).catch(() => undefined);
    await store.close();
  }

  #me(): Omit<NodeRow, 'ageMs'> {
    const { node, run, maxCalls } = this.#options;
    const unreachable = [...this.#asterisks.values()]
      .filter((one) => !one.isReachable())
      .map(({ server }) => server.name);
    const state = this.#draining ? 'draining' : 'running';
    return { node, run, state, calls: this.#desk?.size ?? 0, maxCalls, unreachable };
  }

  /** Nothing: there are no limits, or it isn't known. */
  async #count(number: string | undefined): Promise<Pick<Standing, 'callsOfFleet' | 'callsOfCaller'>> {
    const { limits, store, clock } = this.#options;
    if (!this.#limited || !store) return {};
    const told = await within(
      store.count(number ?? '').catch(() => undefined),
      COUNT_MS,
      clock,
      () => undefined,
    );
    if (!told) return {};
    const coming = [...this.#leases.untold, ...[...this.#expected].map((one) => one.number)];
    const known = limits.maxCallsPerCaller !== undefined && !isWithheld(number);
    return {
      callsOfFleet: told.all + coming.length,
      ...(known && { callsOfCaller: told.ofCaller + coming.filter((one) => one === number).length }),
    };
  }

  get #limited(): boolean {
    const { maxCalls, maxCallsPerCaller } = this.#options.limits;
    return maxCalls !== undefined || maxCallsPerCaller !== undefined;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    do {
      const at = clock.now();
      await this.#beat(at);
      const rest = Math.max(0, at + BEAT_MS - clock.now());
      if (!(await clock.sleep(rest, signal))) return;
    } while (!signal.aborted);
  }

  /** Never rejects. */
  async #beat(at: Milliseconds): Promise<void> {
    const { store, log, node } = this.#options;
    if (!store) return;
    const paused = this.#lastBeat !== undefined && at - this.#lastBeat > BEAT_MS + STALE_MS;
    this.#lastBeat = at;
    try {
      this.#rows = await store.beat(this.#me());
      await this.#leases.flush(store);
      if (this.#storeTrouble !== undefined) log.info({ node, nodes: this.#rows.length }, STORE_THERE);
      this.#storeTrouble = undefined;
      if (paused) this.#wellSince = undefined;
      this.#wellSince ??= at;
      for (const asterisk of this.#asterisks.values()) this.#lookFor(asterisk);
    } catch (error) {
      const trouble = messageOf(error);
      this.#wellSince = undefined;
      if (this.#closing.signal.aborted) return;
      if (trouble !== this.#storeTrouble) log.warn({ node, error: trouble }, STORE_AWAY);
      this.#storeTrouble = trouble;
    }
  }

  /** Whoever may be gone from this Asterisk is watched there, until it is certain. */
  #lookFor(asterisk: FleetAsterisk): void {
    for (const node of this.#suspects(asterisk)) {
      const what = `${node} ${asterisk.server.name}`;
      if (this.#watched.has(what)) continue;
      this.#watched.add(what);
      void this.#watch(node, asterisk).finally(() => this.#watched.delete(what));
    }
  }

  #suspects(asterisk: FleetAsterisk): readonly string[] {
    const { node, clock } = this.#options;
    if (this.#draining || !asterisk.isReachable() || this.#wellSince === undefined) return [];
    return suspects(this.#rows, node, asterisk.server.name, clock.now() - this.#wellSince);
  }

  /** Never rejects. */
  async #watch(node: string, asterisk: FleetAsterisk): Promise<void> {
    const { clock, log } = this.#options;
    const about = { server: asterisk.server.name, node };
    const pulse = new Pulse();
    const sound = new Sound();
    let told = false;
    let pause = LOOK_MS;
    do {
      if (!this.#suspects(asterisk).includes(node)) return;
      try {
        const askedAt = clock.now();
        const sign = await asterisk.neighbours.lifeSign(node);
        const stillMs = pulse.look(sign, askedAt, clock.now());
        if (stillMs === undefined) return;
        if (stillMs < DOUBTFUL_MS) continue;
        const callers = (await asterisk.neighbours.callersOf(node)).filter(({ withPerson }) => !withPerson);
        const flows = stillMs < STALLED_MS && (await sound.flows(callers));
        if (flows || stillMs < STILL_MS) continue;
        if (!told) log.warn({ ...about, callers: callers.length }, 'a node is gone');
        const isDead = async (): Promise<boolean> => (await asterisk.neighbours.lifeSign(node)) === sign;
        if (callers.length > 0) await this.#takeAll(node, asterisk, callers, isDead);
        else if (!told || pause === LOOK_MS) await this.#clear(node, asterisk, isDead);
        told = true;
        pause = callers.length > 0 ? LOOK_MS : IDLE_LOOK_MS;
      } catch (error) {
        log.warn({ ...about, error: messageOf(error) }, 'it could not be seen what a node has left');
        return;
      }
    } while (await clock.sleep(pause, this.#closing.signal));
  }

  /** Nobody waits any more: what else the node had goes. */
  async #clear(node: string, asterisk: FleetAsterisk, isDead: () => Promise<boolean>): Promise<void> {
    if (!(await asterisk.neighbours.sweep(node, isDead))) return;
    await this.#options.store?.release(node, asterisk.server.name);
  }

  async #takeAll(
    node: string,
    asterisk: FleetAsterisk,
    callers: readonly Stranded[],
    isDead: () => Promise<boolean>,
  ): Promise<void> {
    // Another node begins with others.
    const left = callers
      .map((caller) => ({ caller, place: Math.random() }))
      .sort((a, b) => a.place - b.place)
      .map(({ caller }) => caller)
      .values();
    const worker = async (): Promise<void> => {
      for (const caller of left) await this.#take(node, asterisk, caller, isDead);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  /** Never rejects. */
  async #take(
    node: string,
    { server }: FleetAsterisk,
    caller: Stranded,
    isDead: () => Promise<boolean>,
  ): Promise<void> {
    const { store, clock, log, said, onTaken, node: me, run } = this.#options;
    const { channel } = caller;
    const key = { server: server.name, channel };
    const call = `${server.name}/${channel}`;
    const verdict = this.#verdict();
    if (!store || !verdict.claim) return;
    const expected: Expected = { number: undefined, won: false };
    this.#expected.add(expected);
    try {
      // Whoever has less to do gets more of them.
      const [messages] = await Promise.all([
        within<readonly Message[]>(said(call), SAID_MS, clock, () => []),
        clock.sleep(verdict.afterMs),
      ]);
      // Nothing may lie between this, the lease and the move: who comes back keeps its calls until then.
      if (!(await isDead())) {
        this.#takeOvers.back += 1;
        return;
      }
      const token = await store.acquire(key, node, me, run);
      if (token === undefined) {
        this.#takeOvers.lost += 1;
        return;
      }
      expected.won = true;
      onTaken(call, messages);
      const outcome = (await caller.take()) ? 'taken' : 'gone';
      this.#takeOvers[outcome] += 1;
      log.warn({ call, from: node, lease: token, outcome }, 'a caller of a node that is gone');
    } catch (error) {
      this.#takeOvers.failed += 1;
      log.warn({ ...key, from: node, error: messageOf(error) }, 'a caller could not be taken over');
    } finally {
      this.#expected.delete(expected);
    }
  }

  /** Whether there is room for one more; who was cut off isn't refused for less. */
  #verdict(): ClaimVerdict {
    const { maxCalls } = this.#options;
    const calls = (this.#desk?.size ?? maxCalls) + this.#expected.size;
    return claimVerdict({ fullness: calls / maxCalls, refusal: calls >= maxCalls ? 'busy' : undefined }, {});
  }
}

const STORE_THERE = 'the fleet’s store is there';
const STORE_AWAY =
  'the fleet’s store is away: calls are claimed, but no node’s callers are taken over, and the fleet has no limits';
