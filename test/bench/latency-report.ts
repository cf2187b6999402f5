/** The figures of one variant, for people and for JSON. */
import { table } from '../../lab/show.ts';
import type { TurnSplit } from './latency-split.ts';

export const AIMS = { p50: 500, p95: 650, ownP95: 30, firstPacketMs: 20, speechEndP95: 60 };

export interface Variant {
  readonly name: string;
  /** The aims are its. */
  readonly aimed: boolean;
  readonly turns: readonly TurnSplit[];
  readonly waits: readonly number[];
  readonly lost: number;
  /** Of the machine, meanwhile. */
  readonly load: string;
}

interface Figures {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

const PARTS = {
  total: 'total',
  pause: 'pause',
  stt: 'STT',
  llm: 'LLM',
  tts: 'TTS',
  others: 'these together',
  own: 'our own share',
} as const;
const OWN = {
  soundIn: 'sound to the recogniser',
  toModel: 'its word to the model',
  toVoice: "the model's words to the voice",
  soundOut: 'sound, or certainty, to the packet',
} as const;

export function figures({ name, turns, waits, lost, load }: Variant) {
  const of = (key: keyof typeof PARTS | keyof typeof OWN): Figures =>
    percentiles(turns.map((turn) => turn[key]));
  const off = (key: 'speechEndOff' | 'firstPacketOff'): Figures =>
    percentiles(turns.flatMap((turn) => (turn[key] === undefined ? [] : [Math.abs(turn[key])])));
  const keys = <T extends object>(names: T): (keyof T)[] => Object.keys(names) as (keyof T)[];
  return {
    ...{ name, load, turns: turns.length, lost, answered: waits.length, waits: percentiles(waits) },
    ...{ tooEarly: turns.filter((turn) => turn.tooEarly).length },
    ...{ takenBack: turns.filter((turn) => turn.takenBack).length },
    ...{
      parts: Object.fromEntries(keys(PARTS).map((key) => [key, of(key)])) as Record<
        keyof typeof PARTS,
        Figures
      >,
    },
    ...{
      own: Object.fromEntries(keys(OWN).map((key) => [key, of(key)])) as Record<keyof typeof OWN, Figures>,
    },
    ...{ tracker: { speechEnd: off('speechEndOff'), firstPacket: off('firstPacketOff') } },
    // Turns without the agent's own mark.
    ...{ untracked: turns.filter((turn) => turn.speechEndOff === undefined).length },
    ...{ unplayed: turns.filter((turn) => turn.firstPacketOff === undefined).length },
  };
}

/** What counts of all variants, in one table. */
export function showBeside(variants: readonly Variant[], say: (line: string) => void): void {
  const all = variants.map(figures);
  const head = ['ms', ...all.flatMap(({ name }) => [`${name}: p50`, 'p95', 'p99'])];
  const rows = Object.entries(PARTS).map(([key, part]) => [
    part,
    ...all.flatMap(({ parts }) => {
      const { p50, p95, p99 } = parts[key as keyof typeof PARTS];
      return [p50, p95, p99].map(Math.round);
    }),
  ]);
  say(`\n── Side by side\n\n${table(head, rows)}`);
}

/** Whether a reply was begun before its turn was over: that must never be. */
export function begunTooEarly(variants: readonly Variant[]): boolean {
  return variants.some(({ turns }) => turns.some(({ tooEarly }) => tooEarly));
}

export function show(variant: Variant, say: (line: string) => void): void {
  const result = figures(variant);
  const row = (name: string, { p50, p95, p99 }: Figures): (string | number)[] => [
    name,
    ...[p50, p95, p99].map(Math.round),
  ];
  const head = ['ms', 'p50', 'p95', 'p99'];
  say(
    `\n── ${result.name}: ${result.turns} turns (${result.takenBack} with an eager end taken back), load ${result.load}`,
  );
  if (result.takenBack > 0)
    say(
      'An eager end that is taken back while the caller stays silent changes nothing: what was prepared is kept.',
    );
  if (result.lost > 0)
    say(`${result.lost} questions can't be told of: no answer was seen, or not all of its story`);
  if (result.turns < result.answered / 2) {
    const { p50, p95, p99 } = result.waits;
    const times = [p50, p95, p99].map(Math.round).join(', ');
    say(`On the wire alone, ${result.answered} answers: ${times} ms (p50, p95, p99)`);
    return;
  }
  say(`\nFrom the caller's last speech packet to the reply's first packet, on the wire at the telephone:\n`);
  say(
    table(
      head,
      Object.entries(PARTS).map(([key, name]) => row(name, result.parts[key as keyof typeof PARTS])),
    ),
  );
  say('\nWhere our own share goes:\n');
  say(
    table(
      head,
      Object.entries(OWN).map(([key, name]) => row(name, result.own[key as keyof typeof OWN])),
    ),
  );
  const { speechEnd, firstPacket } = result.tracker;
  say("\nThe agent's own marks against the wire (how far off, either way):\n");
  say(table(head, [row('speech end', speechEnd), row('first packet', firstPacket)]));
  say('');
  const { total, own } = result.parts;
  const aim = (met: boolean, text: string): void => {
    say(`${met ? 'met   ' : 'MISSED'}  ${text}`);
  };
  aim(result.turns >= 200, `at least 200 turns: ${result.turns}`);
  aim(
    result.tooEarly === 0,
    `no reply begun before the recogniser says that the turn is over: ${result.tooEarly}`,
  );
  if (variant.aimed) {
    aim(total.p50 <= AIMS.p50, `p50 at most ${AIMS.p50} ms: ${total.p50.toFixed(0)}`);
    aim(total.p95 <= AIMS.p95, `p95 at most ${AIMS.p95} ms: ${total.p95.toFixed(0)}`);
  }
  aim(own.p95 <= AIMS.ownP95, `our own share, p95 at most ${AIMS.ownP95} ms: ${own.p95.toFixed(0)}`);
  aim(
    speechEnd.p95 <= AIMS.speechEndP95,
    `tracker's speech end within ${AIMS.speechEndP95} ms at p95: ${speechEnd.p95.toFixed(0)} (${result.untracked} turns without)`,
  );
  aim(
    firstPacket.p99 <= AIMS.firstPacketMs,
    `tracker's first packet within ${AIMS.firstPacketMs} ms at p99: ${firstPacket.p99.toFixed(1)} (${result.unplayed} turns without)`,
  );
}

function percentiles(values: readonly number[]): Figures {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
