import type { Admission, CallDesk, CallLine, MediaSession } from '../../src/dialog/contract/ports.ts';
import type { CallInfo, LineEvent } from '../../src/dialog/contract/call-info.ts';
import type { TelephonyLog } from '../../src/telephony/log.ts';

/** Waits until `ready` gives something other than undefined or false; fails with `what` after `withinMs`. */
export async function eventually<T>(
  what: string,
  ready: () => T | undefined | false,
  withinMs = 15_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = ready();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A call as its session saw it. It goes on until the test ends it. */
export interface SeenCall {
  readonly info: CallInfo;
  readonly line: CallLine;
  readonly media: MediaSession;
  readonly events: LineEvent[];
  /** The session returns. */
  finish(): void;
  /** The session breaks. */
  fail(error: Error): void;
}

export interface TestDesk extends CallDesk {
  readonly asked: CallInfo[];
  readonly calls: SeenCall[];
  readonly abandoned: string[];
  /** What the next callers get instead of being accepted. */
  refuse: Admission | undefined;
  codec: 'ulaw' | 'alaw' | 'auto';
  /** The `n`-th call (from 0), once its session runs. */
  call(n: number): Promise<SeenCall>;
}

/** Accepts everybody, and lets the test be each call's session. */
export function createTestDesk(): TestDesk {
  const desk: TestDesk = {
    asked: [],
    calls: [],
    abandoned: [],
    refuse: undefined,
    codec: 'ulaw',
    admit(info) {
      desk.asked.push(info);
      if (desk.refuse) return desk.refuse;
      return {
        kind: 'accept',
        codec: desk.codec,
        abandoned: (reason) => desk.abandoned.push(reason),
        run: (line, media) => {
          const { promise, resolve, reject } = Promise.withResolvers<undefined>();
          const events: LineEvent[] = [];
          line.on((event) => {
            events.push(event);
            if (event.type === 'ended') resolve(undefined);
          });
          const finish = (): void => {
            resolve(undefined);
          };
          desk.calls.push({ info, line, media, events, finish, fail: reject });
          return promise;
        },
      };
    },
    call: (n) => eventually(`call ${n} runs`, () => desk.calls[n]),
  };
  return desk;
}

export interface LogLine {
  readonly level: keyof TelephonyLog;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Keeps what is logged. */
export function createTestLog(): TelephonyLog & { readonly lines: LogLine[]; text(): string } {
  const lines: LogLine[] = [];
  const at =
    (level: keyof TelephonyLog) =>
    (fields: object, message: string): void => {
      lines.push({ level, message, fields: { ...fields } });
    };
  return {
    lines,
    text: () => JSON.stringify(lines),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
}
