/** All callers of a soak: SIPp calls and hangs up, the lines' process has their sound. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { NativeAsterisk } from '../../lab/asterisk.ts';
import type { Heard, LinesCommand, LinesTold } from './caller-lines.ts';
import { forkApart } from './fork-apart.ts';
import type { PlannedCall, SoakPlan } from './plan.ts';
import { Sipp, type SippTold } from './sipp.ts';

/** One call, as the caller's side saw it. Wall clock. */
export interface SeenCall {
  readonly call: number;
  readonly calledAt?: number;
  readonly answeredAt?: number;
  /** No 200 in time. */
  readonly unanswered?: true;
  readonly endedAt?: number;
  /** The far side hung up before the caller did. */
  readonly left?: true;
  readonly heard?: Heard;
}

const UNTIMED_ANSWER_MS = 60_000;
/** A line is used again when the call that had it must be over by far. */
const SPARE_MS = 15_000;

export class Callers {
  readonly #lines: ChildProcess;
  readonly #ports: readonly number[];
  readonly #asterisk: NativeAsterisk;
  readonly #folder: string;
  readonly #seen = new Map<number, SeenCall>();
  readonly #planned = new Map<number, PlannedCall>();
  readonly #heard: (() => void)[] = [];
  #serial = 0;
  #ended = 0;
  #sipp: Sipp | undefined;

  private constructor(
    lines: ChildProcess,
    ports: readonly number[],
    asterisk: NativeAsterisk,
    folder: string,
  ) {
    this.#lines = lines;
    this.#ports = ports;
    this.#asterisk = asterisk;
    this.#folder = folder;
    lines.on('message', (told: LinesTold) => {
      if (told.type !== 'heard') return;
      const { heard } = told;
      this.#seen.set(heard.call, { ...this.#of(heard.call), heard });
      this.#lookAgain();
    });
    lines.on('disconnect', () => {
      this.#lookAgain();
    });
  }

  static async start(asterisk: NativeAsterisk, plan: SoakPlan, folder: string): Promise<Callers> {
    const longestMs = Math.max(...plan.calls.map(({ talkMs }) => talkMs));
    const count = Math.ceil((plan.perSecond * (longestMs + SPARE_MS)) / 1000) + plan.atOnce;
    const lines = forkApart(new URL('caller-lines.ts', import.meta.url));
    lines.send({ type: 'open', lines: count, host: asterisk.host } satisfies LinesCommand);
    const [told] = (await once(lines, 'message')) as [LinesTold];
    return new Callers(lines, told.type === 'ports' ? told.ports : [], asterisk, folder);
  }

  /** Calls that are over. */
  get ended(): number {
    return this.#ended;
  }

  /** Makes these calls. Returns what was seen of them when the last is over, and what SIPp has complained of. */
  async make(
    calls: readonly PlannedCall[],
    { atOnce, perSecond, timed }: SoakPlan,
  ): Promise<{ seen: SeenCall[]; complaints: string }> {
    for (const call of calls) {
      this.#planned.set(call.call, call);
      this.#seen.delete(call.call); // it may have been made before
    }
    const asterisk = this.#asterisk;
    this.#sipp = await Sipp.start({
      folder: `${this.#folder}/sipp-${this.#serial++}`,
      server: asterisk,
      account: 'softphone1',
      password: asterisk.secrets.softphone1,
      calls: calls.map((call) => ({ ...call, rtpPort: this.#ports[this.#lineOf(call.call)] ?? 0 })),
      ...{ atOnce, perSecond },
      ...(!timed && { answerMs: UNTIMED_ANSWER_MS }),
      onTold: (told) => {
        this.#take(told);
      },
    });
    const { complaints } = await this.#sipp.ended;
    const waiting = (): boolean =>
      calls.some(({ call }) => this.#of(call).answeredAt !== undefined && !this.#of(call).heard);
    for (const { call } of calls) this.#end(call); // whatever has become of it
    while (waiting() && this.#lines.connected)
      await new Promise<void>((resolve) => this.#heard.push(resolve));
    return { seen: calls.map(({ call }) => this.#of(call)), complaints };
  }

  /** No new calls; those that there are go on to their end. */
  finish(): void {
    this.#sipp?.finish();
  }

  async stop(): Promise<void> {
    await this.#sipp?.stop();
    if (this.#lines.exitCode !== null || this.#lines.signalCode !== null) return;
    const gone = once(this.#lines, 'exit');
    this.#lines.disconnect();
    await gone;
  }

  #take({ what, call, farPort, at }: SippTold): void {
    const seen = this.#of(call);
    switch (what) {
      case 'called':
        this.#seen.set(call, { ...seen, calledAt: at });
        return;
      case 'answered':
        this.#seen.set(call, { ...seen, answeredAt: at });
        this.#send({
          ...{ type: 'talk', line: this.#lineOf(call), call: this.#planned.get(call) as PlannedCall },
          ...{ host: this.#asterisk.host, port: farPort ?? 0 },
        });
        return;
      case 'unanswered':
        this.#seen.set(call, { ...seen, unanswered: true });
        this.#ended += 1;
        return;
      case 'left':
      case 'hung-up':
        this.#seen.set(call, { ...seen, endedAt: at, ...(what === 'left' && { left: true }) });
        this.#ended += 1;
        this.#end(call);
    }
  }

  #end(call: number): void {
    this.#send({ type: 'end', line: this.#lineOf(call), call });
  }

  /** Without effect when the lines have ended: those calls haven't been heard, and are judged so. */
  #send(command: LinesCommand): void {
    if (this.#lines.connected) this.#lines.send(command);
  }

  #lookAgain(): void {
    for (const look of this.#heard.splice(0)) look();
  }

  #lineOf(call: number): number {
    return call % this.#ports.length;
  }

  #of(call: number): SeenCall {
    return this.#seen.get(call) ?? { call };
  }
}
