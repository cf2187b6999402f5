/**
 * What the agent tells of its calls: each line of its log (JSON, as pino writes it) that holds a
 * `callEvent` is one CallEvent of src/dialog/contract/call-events.ts. This is the lab's only view into the agent.
 */
import type { CallEvent, TurnMarks } from '../src/dialog/contract/call-events.ts';

/** A CallEvent and its place on the wall clock (the log line's `time`). */
export interface SeenEvent {
  readonly at: number;
  readonly event: CallEvent;
}

/** One line of the agent's log. */
export interface AgentLogLine {
  readonly level: number | string;
  readonly time: number;
  readonly msg?: string;
  /** `ready`, `monitoring`, … */
  readonly event?: string;
  /** With `monitoring`. */
  readonly url?: string;
  /** With `ready`: what the start took of the processors. */
  readonly cpuMs?: number;
  readonly callEvent?: CallEvent;
  /** The call's name. */
  readonly call?: string;
}

/** One call, as the agent tells it. */
export interface AgentCall {
  readonly id: string;
  readonly dialled: string;
  readonly caller: string;
  readonly events: SeenEvent[];
}

/** Milliseconds of each stage of one turn; undefined: that didn't happen. */
export interface TurnLatency {
  readonly turn: number;
  /** From the caller's last voiced packet to the final text. */
  readonly sttMs: number | undefined;
  /** From the start of thinking to its first word. */
  readonly llmMs: number | undefined;
  /** From the start of synthesis to its first sound. */
  readonly ttsMs: number | undefined;
  /** From the first sound to its first packet. */
  readonly sendMs: number | undefined;
  /** From the caller's last voiced packet to the reply's first packet. */
  readonly totalMs: number | undefined;
}

/** Something that was said: when it began, and ended if that is known. */
export interface Line {
  readonly at: number;
  readonly endedAt?: number;
  readonly who: 'caller' | 'agent';
  readonly text: string;
  /** Caller: it was understood. Agent: it was not cut off. */
  readonly whole: boolean;
}

export function parseLogLine(line: string): AgentLogLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as AgentLogLine;
  } catch {
    return undefined;
  }
}

export class AgentEvents {
  readonly calls = new Map<string, AgentCall>();
  readonly #listeners = new Set<(call: AgentCall, seen: SeenEvent) => void>();

  on(listener: (call: AgentCall, seen: SeenEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes one line of the log. */
  feed(line: string): void {
    const parsed = parseLogLine(line);
    if (!parsed?.callEvent) return;
    const event = parsed.callEvent;
    let call = this.calls.get(event.call);
    if (!call) {
      if (event.type !== 'started') return;
      const { dialled, caller } = event.info;
      call = { id: event.call, dialled, caller: caller.number ?? '', events: [] };
      this.calls.set(event.call, call);
    }
    const seen = { at: parsed.time, event };
    call.events.push(seen);
    for (const listener of [...this.#listeners]) listener(call, seen);
  }

  /** The latest call from `caller` to `dialled` that began at or after `since` (wall clock). */
  find(dialled: string, caller: string | undefined, since: number): AgentCall | undefined {
    return [...this.calls.values()]
      .reverse()
      .find(
        (call) =>
          call.dialled === dialled &&
          (caller === undefined || call.caller === caller) &&
          (call.events[0]?.at ?? 0) >= since - 50,
      );
  }

  /** Waits until `holds` does: looked at after each event. False on time-out. */
  until(holds: () => boolean, timeoutMs: number): Promise<boolean> {
    if (holds()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const off = this.on(() => {
        if (holds()) end(true);
      });
      const timer = setTimeout(() => {
        end(false);
      }, timeoutMs);
      const end = (result: boolean): void => {
        clearTimeout(timer);
        off();
        resolve(result);
      };
    });
  }
}

/** What was said, in the order in which it began. */
export function transcriptOf(call: AgentCall): Line[] {
  const lines = call.events.flatMap((seen): Line[] => {
    const { event } = seen;
    if (event.type === 'caller-said') {
      const text = event.via === 'dtmf' ? `[presses ${event.text}]` : event.text;
      return [{ ...spanOf(seen, event), who: 'caller', text, whole: event.understood }];
    }
    if (event.type === 'agent-said') {
      return [{ ...spanOf(seen, event), who: 'agent', text: event.text, whole: !event.interrupted }];
    }
    return [];
  });
  return lines.sort((a, b) => a.at - b.at);
}

/** When that which an event tells of began, on the wall clock. */
export function beganAt(seen: SeenEvent): number {
  const { event } = seen;
  return event.type === 'caller-said' || event.type === 'agent-said' ? spanOf(seen, event).at : seen.at;
}

function spanOf(
  { at: toldAt }: SeenEvent,
  { at, since, until }: Extract<CallEvent, { type: 'caller-said' | 'agent-said' }>,
): Pick<Line, 'at' | 'endedAt'> {
  const wall = (instant: number): number => Math.round(toldAt - at + instant);
  return { at: wall(since ?? at), ...(until !== undefined && { endedAt: wall(until) }) };
}

export function latenciesOf(call: AgentCall): TurnLatency[] {
  return turnsOf(call).map(({ latency }) => latency);
}

/** Each turn's latency, and when it was told. */
export function turnsOf(call: AgentCall): { at: number; latency: TurnLatency }[] {
  return call.events.flatMap(({ at, event }) =>
    event.type === 'latency' ? [{ at, latency: latencyOf(event.turn, event.marks) }] : [],
  );
}

function latencyOf(turn: number, marks: TurnMarks): TurnLatency {
  const between = (from: number | undefined, to: number | undefined): number | undefined =>
    from === undefined || to === undefined ? undefined : Math.round(to - from);
  return {
    turn,
    sttMs: between(marks.speechEnd, marks.sttFinal),
    llmMs: between(marks.llmStart, marks.llmFirstToken),
    ttsMs: between(marks.ttsStart, marks.ttsFirstAudio),
    sendMs: between(marks.ttsFirstAudio, marks.firstPacket),
    totalMs: between(marks.speechEnd, marks.firstPacket),
  };
}
