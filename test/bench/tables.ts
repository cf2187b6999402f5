/** The tables and pictures of each part, from its raw file: `bench.ts` writes them, and `verify` makes them again. */
import { callsCurves, callsText } from './calls-table.ts';
import type { Figures } from './density/measure.ts';
import { greetingBars, greetingText } from './greeting-table.ts';
import { median, spread, type Raw } from './raw.ts';
import { markdown, svg, type Bars, type Curves, type Table } from './report.ts';
import { startBars, startText } from './start-table.ts';

export interface DensityRow extends Figures {
  readonly contender: string;
  readonly calls: number;
  readonly round: number;
}

export interface VoiceActivityRow {
  readonly scenario: string;
  readonly calls: number;
  readonly round: number;
  /** Of one core, the thread's. */
  readonly coreShare: number;
  /** Interruptions that were decided, and how long after their frame had come. */
  readonly decisions: number;
  readonly lateMs: { readonly p50: number; readonly p99: number };
}

export interface PackagesRow {
  readonly what: string;
  /** `ours`, or the package's name. */
  readonly of: string;
  readonly quality: string;
  /** Of each round. */
  readonly nanoseconds: readonly number[];
}

function unique<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)];
}

/** Rows of the same calls and contender (or scenario) together, in the order in which they came. */
function grouped<Row extends { readonly calls: number }>(
  all: readonly Row[],
  name: (row: Row) => string,
): { readonly name: string; readonly calls: number; readonly rounds: readonly Row[] }[] {
  return unique(all.map(({ calls }) => calls)).flatMap((calls) =>
    unique(all.map(name)).flatMap((each) => {
      const rounds = all.filter((row) => row.calls === calls && name(row) === each);
      return rounds.length === 0 ? [] : [{ name: each, calls, rounds }];
    }),
  );
}

export function densityTable({ all }: Raw<DensityRow>): Table {
  const rows = grouped(all, ({ contender }) => contender).map(({ name, calls, rounds }) => {
    const ratios = rounds.flatMap(({ microseconds, round }) => {
      const floor = all.find(
        (each) => each.contender === 'c' && each.calls === calls && each.round === round,
      );
      return floor === undefined ? [] : [microseconds / floor.microseconds];
    });
    const middle = (pick: (figures: Figures) => number): number => median(rounds.map(pick));
    const share = middle(({ coreShare }) => coreShare);
    return [
      name,
      String(calls),
      spread(
        rounds.map(({ microseconds }) => microseconds),
        1,
      ),
      ratios.length === 0 ? '' : median(ratios).toFixed(2),
      (100 * share).toFixed(1),
      middle(({ lostShare }) => lostShare) > 0.01 ? '' : (calls / share).toFixed(0),
      middle(({ deviationMs }) => deviationMs.p50).toFixed(2),
      middle(({ deviationMs }) => deviationMs.p99).toFixed(2),
      middle(({ deviationMs }) => deviationMs.p999).toFixed(2),
      `${(100 * middle(({ lostShare }) => lostShare)).toFixed(2)} %`,
      `${(100 * middle(({ callersCoreShare }) => callersCoreShare)).toFixed(0)} %`,
    ];
  });
  const head =
    'contender|calls|μs a frame (least–most)|× C|% of a core|calls a core|p50|p99|p99.9 ms|lost|callers'.split(
      '|',
    );
  return { head, rows };
}

function densityCurves({ all }: Raw<DensityRow>): Curves {
  return {
    title: 'A frame, one packet in and one out',
    unit: 'μs of processor time',
    curves: curvesOf(
      all,
      ({ contender }) => contender,
      ({ microseconds }) => microseconds,
    ),
  };
}

function curvesOf<Row extends { readonly calls: number }>(
  all: readonly Row[],
  name: (row: Row) => string,
  value: (row: Row) => number,
): Curves['curves'] {
  const groups = grouped(all, name);
  return unique(groups.map((group) => group.name)).map((each) => ({
    name: each,
    points: groups
      .filter((group) => group.name === each)
      .map(({ calls, rounds }) => [calls, median(rounds.map(value))] as const),
  }));
}

export function voiceActivityTable({ all }: Raw<VoiceActivityRow>): Table {
  const rows = grouped(all, ({ scenario }) => scenario).map(({ name, calls, rounds }) => {
    const decided = rounds.filter(({ decisions }) => decisions > 0);
    const ms = (pick: (row: VoiceActivityRow) => number): string =>
      decided.length === 0 ? '' : median(decided.map(pick)).toFixed(1);
    return [
      name,
      String(calls),
      spread(
        rounds.map(({ coreShare }) => (100 * coreShare) / calls),
        3,
      ),
      median(rounds.map(({ coreShare }) => 100 * coreShare)).toFixed(1),
      ms(({ lateMs }) => lateMs.p50),
      ms(({ lateMs }) => lateMs.p99),
      String(rounds.reduce((sum, { decisions }) => sum + decisions, 0)),
    ];
  });
  const head =
    'calls are|calls|% of a core a call (least–most)|% of a core|decided p50|p99 ms|decisions'.split('|');
  return { head, rows };
}

function voiceActivityCurves({ all }: Raw<VoiceActivityRow>): Curves {
  return {
    title: 'Voice activity, the detector’s thread',
    unit: '% of a core for each call',
    curves: curvesOf(
      all,
      ({ scenario }) => scenario,
      ({ coreShare, calls }) => (100 * coreShare) / calls,
    ),
  };
}

export function packagesTable({ all }: Raw<PackagesRow>): Table {
  const rows = all.map(({ what, of, nanoseconds, quality }) => {
    const ours = all.find((row) => row.what === what && row.of === 'ours');
    const ratio = median(nanoseconds) / median(ours?.nanoseconds ?? []);
    return [what, of, spread(nanoseconds, 0), of === 'ours' ? '' : ratio.toFixed(1), quality];
  });
  return { head: ['20 ms of a call', 'by', 'ns (least–most)', '× ours', 'quality'], rows };
}

function packagesBars({ all }: Raw<PackagesRow>): Bars {
  const bars = all.map(({ what, of, nanoseconds }) => ({
    name: `${what}: ${of}`,
    value: median(nanoseconds),
  }));
  return { title: '20 ms of a call', unit: 'ns of processor time', bars };
}

/** What `make bench` knows: a part is a program beside this file, and what is made of its raw file. */
export interface Part {
  readonly title: string;
  /** Its tables, in Markdown, and what is to be said of them. */
  readonly text: (raw: Raw<never>) => string;
  readonly picture: (raw: Raw<never>) => Curves | Bars;
  /** What it is asked for unless the caller does, so that all parts take ten minutes at most. */
  readonly settings: Readonly<Record<string, string>>;
}

export const PARTS: Readonly<Record<string, Part>> = {
  start: {
    title: 'Start and memory',
    text: startText,
    picture: startBars,
    settings: { ROUNDS: '1', AT_ONCE: '10' },
  },
  greeting: {
    title: 'Greeting and barge-in',
    text: greetingText,
    picture: greetingBars,
    settings: { TIMES: '10' },
  },
  calls: {
    title: 'Calls through Asterisk',
    text: callsText,
    picture: callsCurves,
    settings: { CALLS: '1,50,100', RATES: '10,40', DURATION_S: '6' },
  },
  packages: {
    title: 'Codecs, resampler, packets, jitter buffer, beside npm’s',
    text: (raw) => markdown(packagesTable(raw)),
    picture: packagesBars,
    settings: {},
  },
  'voice-activity': {
    title: 'Voice activity for many calls',
    text: (raw) => markdown(voiceActivityTable(raw)),
    picture: voiceActivityCurves,
    settings: { CALLS: '1,50,100', ROUNDS: '1', DURATION_S: '3' },
  },
  density: {
    title: 'Calls a core, and how evenly',
    text: (raw) => markdown(densityTable(raw)),
    picture: densityCurves,
    settings: { CALLS: '1,50,200,500,1000', ROUNDS: '1', DURATION_S: '2' },
  },
};

/** What is made of a part's raw file, which has this text: file names and texts. */
export function made(name: string, part: Part, rawFile: string): readonly (readonly [string, string])[] {
  const raw = JSON.parse(rawFile) as Raw<never>;
  const { cpu, cores, kernel, node, load, realTime } = raw.machine;
  const settings = Object.entries(raw.settings).map(([setting, value]) => `${setting} ${value}`);
  const machine = `${cpu}, ${cores} cores, load ${load.toFixed(1)}${realTime ? ', the bench in SCHED_FIFO' : ''}; Linux ${kernel}, Node.js ${node}; ${settings.join(', ')}.`;
  const { title, text, picture } = part;
  return [
    [`${name}.md`, `# ${title}\n\n${machine}\n\n![](${name}.svg)\n\n${text(raw)}\n`],
    [`${name}.svg`, svg(picture(raw))],
  ];
}
