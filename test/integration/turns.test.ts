import { beforeAll, describe, expect, it } from 'vitest';
import { FlushLine } from '../../src/media/flush-line.ts';
import { callInfo, ScriptedLine } from '../support/scripted-line.ts';
import { VARIANTS, type CallToStart, type RunningCall } from '../turns/agent-call.ts';
import { sentenceOf } from '../turns/agent-parts.ts';
import type { CallLog } from '../turns/call-log.ts';
import { allCases, CLASSES, type Case } from '../turns/cases.ts';
import { replay } from '../turns/replay.ts';
import { chosenCases, runAll } from '../turns/run.ts';
import { judge, score, type Verdict } from '../turns/score.ts';

const today = VARIANTS[0]!;
/** The short form of make bench-turns: two calls of each class, and some more of one. */
const cases = [
  ...chosenCases({ half: 'tune', most: 2 }).filter((test) => test.class !== 'interruption'),
  ...chosenCases({ half: 'tune', only: '/interruption/', most: 5 }),
];

/** Plays the case's answer as the dialogue will one day: the detector pauses it, and after `judgedMs` it goes on. */
function pausing(judgedMs: number, accounts: unknown[]) {
  return async ({ test, clock, media, vad }: CallToStart): Promise<RunningCall> => {
    const line = new ScriptedLine(clock, callInfo());
    const flushLine = new FlushLine(media.flushLine);
    const over = Promise.withResolvers<undefined>();
    line.on((event) => {
      if (event.type === 'ended') over.resolve(undefined);
    });
    const playback = media.play();
    void playback.finished.then((account) => accounts.push(account));
    await vad.open({
      heard: media.heard,
      sent: media.sent,
      flushLine: media.flushLine,
      onEvent: ({ type }) => {
        if (type !== 'barge-in') return;
        clock.at(clock.now() + judgedMs, () => {
          playback.resume();
          flushLine.arm('pause');
        });
      },
    });
    clock.at(clock.now() + 100, () => {
      flushLine.arm('pause');
    });
    for (const text of test.answer) {
      const { bytes } = await sentenceOf(text, test.half);
      void playback.write({ encoding: 'ulaw', rateHz: 8000, bytes });
    }
    playback.end();
    return { line, events: [], over: over.promise };
  };
}

describe('the conversation corpus', () => {
  it('has at least 400 cases, each class in both halves, and names each once', () => {
    const all = allCases();
    expect(all.length).toBeGreaterThanOrEqual(400);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const half of ['tune', 'held-out']) {
      const classes = new Set(all.filter((test) => test.half === half).map((test) => test.class));
      expect([...classes].sort()).toEqual([...CLASSES].sort());
    }
  });
});

describe('replayed conversations', () => {
  let logs: CallLog[] = [];
  let verdicts: Verdict[] = [];

  beforeAll(async () => {
    logs = await runAll(
      cases.map(({ id }) => ({ test: id, variant: today.name })),
      2,
    );
    verdicts = logs.map(judge);
  }, 300_000);

  it('are of every class, and the report counts each of them once', () => {
    const report = score(today.name, 'tune', logs);
    expect(report.calls).toBe(cases.length);
    for (const one of report.disturbances) {
      expect(one.unbroken + one.resumed + one.lost + one.void).toBe(one.calls);
      expect(one.calls).toBe(cases.filter((test) => test.class === one.of).length);
    }
    const interruptions = cases.filter(({ steps }) => steps.some(({ role }) => role === 'interruption'));
    const [one, two, three] = report.yields.map((of) => of.yielded.of + of.void);
    expect(one! + two! + three!).toBe(interruptions.length);
  });

  it('stop the agent when it is really interrupted, and it answers', () => {
    const real = verdicts.filter(({ log }) => log.class === 'interruption' && log.kind !== 'Stop!');
    expect(real.length).toBeGreaterThan(2);
    for (const { yields, responses } of real) {
      expect(yields[0]?.ms).toBeLessThan(700);
      expect(responses.at(-1)).toBeLessThan(1500);
    }
  });

  it('answer whole sentences soon, on a clear line and a quiet one, and only once', () => {
    for (const { log, responses, falseTurns } of verdicts) {
      if (log.class !== 'complete sentence' && log.class !== 'quiet or clipped') continue;
      expect({ call: log.id, ms: responses[0] }).toEqual({ call: log.id, ms: expect.any(Number) as number });
      expect(responses[0]).toBeLessThan(1200);
      expect(falseTurns).toBe(0);
    }
  });

  it('are the same again, in whichever thread, to the packet', async () => {
    for (const kind of ['echo with interruption', 'vocal noise']) {
      const index = cases.findIndex((test) => test.class === kind);
      expect(await replay(cases[index]!, today)).toEqual(logs[index]);
    }
  });
});

describe('an answer that the detector pauses, and that goes on', () => {
  const test: Case = {
    ...allCases().find(({ class: name, kind }) => name === 'back-channel' && kind === 'yeah, sure')!,
  };
  // Only the disturbance: this agent speaks first.
  const disturbed: Case = { ...test, steps: test.steps.slice(1) };

  it('is seen as such on the wire, to the packet', async () => {
    const accounts: { pauses: number; pausedMs: number }[] = [];
    const log = await replay(disturbed, today, { start: pausing(400, accounts) });
    const { disturbed: seen } = judge(log);
    expect(seen?.outcome).toBe('resumed');
    expect(accounts).toMatchObject([{ outcome: 'completed' }]);
    const [account] = accounts;
    expect(account?.pauses).toBeGreaterThanOrEqual(1);
    // A pause is counted from the packet that fades out, which is still heard.
    expect(account!.pausedMs - account!.pauses * 20).toBe(seen?.gapMs);
  });
});
