import { describe, expect, it } from 'vitest';
import { latencyLine, LatencyTracker } from '../../../src/dialog/call/latency-tracker.ts';
import type { TurnMarks } from '../../../src/dialog/contract/call-events.ts';

/** A turn that took 412 ms: 300 of pause, 5 of recognition, 20 of thinking, 60 of synthesis. */
const turn: TurnMarks = {
  speechEnd: 1000,
  sttStart: 1300,
  turnEnd: 1300,
  sttFinal: 1305,
  llmStart: 1306,
  llmFirstToken: 1326,
  llmEnd: 1500,
  ttsStart: 1330,
  ttsFirstAudio: 1390,
  firstPacket: 1412,
};

function tracked(marks: TurnMarks = turn): LatencyTracker {
  const tracker = new LatencyTracker();
  tracker.start('a', 1, marks);
  return tracker;
}

function lineOf(tracker: LatencyTracker): string {
  return latencyLine(tracker.turn('a', 1)!, tracker.targets);
}

describe('the latency tracker', () => {
  it('starts a turn that has nothing yet', () => {
    const tracker = new LatencyTracker();
    tracker.start('a', 1);
    expect(tracker.turn('a', 1)).toMatchObject({ turn: 1, marks: {}, withinTarget: undefined });
    expect(tracker.turn('a', 1)?.stages.total).toBeUndefined();
  });

  it("measures the total from the caller's last voiced packet to the reply's first packet", () => {
    expect(tracked().turn('a', 1)?.stages.total).toBe(412);
  });

  it('measures the model from the question to its first token, and to its last', () => {
    expect(tracked().turn('a', 1)?.stages).toMatchObject({ llm: 20, llmWhole: 194 });
  });

  it('measures the synthesiser from the first text to the first audio', () => {
    expect(tracked().turn('a', 1)?.stages.tts).toBe(60);
  });

  it('measures the stages between', () => {
    expect(tracked().turn('a', 1)?.stages).toMatchObject({ pause: 300, stt: 5, send: 22 });
  });

  it('knows a turn within its targets', () => {
    expect(tracked().turn('a', 1)).toMatchObject({
      withinTarget: true,
      within: { total: true, llm: true, tts: true },
    });
  });

  it('knows a turn that is not within its targets: the targets themselves are too long', () => {
    const slow = tracked({ ...turn, llmFirstToken: 1806, ttsFirstAudio: 1430, firstPacket: 1700 });
    expect(slow.turn('a', 1)).toMatchObject({
      withinTarget: false,
      within: { total: false, llm: false, tts: false },
    });
  });

  it('takes other targets', () => {
    const tracker = new LatencyTracker({ targets: { totalMs: 400 } });
    tracker.start('a', 1, turn);
    expect(tracker.turn('a', 1)?.withinTarget).toBe(false);
  });

  it('keeps the first instant of a kind', () => {
    const tracker = tracked({ speechEnd: 0 });
    tracker.mark('a', 1, 'firstPacket', 500);
    tracker.mark('a', 1, 'firstPacket', 900);
    expect(tracker.turn('a', 1)?.stages.total).toBe(500);
  });

  it('writes a log line', () => {
    expect(lineOf(tracked())).toBe('[OK] Turn 1 latency: 412ms (STT: 5ms, LLM: 20ms, TTS: 60ms)');
    expect(lineOf(tracked({ ...turn, firstPacket: 1712.4 }))).toBe(
      '[SLOW] Turn 1 latency: 712ms (STT: 5ms, LLM: 20ms, TTS: 60ms)',
    );
    expect(lineOf(tracked({ speechEnd: 0, firstPacket: 100 }))).toBe('[OK] Turn 1 latency: 100ms');
    expect(lineOf(tracked({ llmStart: 0, llmFirstToken: 600, ttsStart: 600, ttsFirstAudio: 701 }))).toBe(
      '[--] Turn 1 latency: unknown (LLM: 600ms!, TTS: 101ms!)',
    );
  });

  it('says what an early start has saved, in the line as well', () => {
    const certain = { llmStart: 100, llmFirstToken: 300, ttsStart: 310, ttsFirstAudio: 400 };
    const saved = (turnEnd: number | undefined): number | undefined =>
      tracked({ ...certain, ...(turnEnd === undefined ? {} : { turnEnd }) }).turn('a', 1)?.stages.saved;
    // Until the turn was certain, and not more than the reply had needed.
    expect([saved(340), saved(900)]).toEqual([240, 300]);
    expect([saved(100), saved(50), saved(undefined)]).toEqual([undefined, undefined, undefined]);
    expect(lineOf(tracked({ ...certain, speechEnd: 0, turnEnd: 340, firstPacket: 420 }))).toBe(
      '[OK] Turn 1 latency: 420ms (LLM: 200ms, TTS: 90ms), 240ms saved by an early start',
    );
  });

  it('keeps the history of a call, and sums up what its caller waited', () => {
    const tracker = tracked();
    tracker.start('a', 2, { ...turn, firstPacket: 1612 });
    tracker.start('a', 3, { llmStart: 0, llmFirstToken: 50 });
    expect(tracker.history('a').map((entry) => entry.turn)).toEqual([1, 2, 3]);
    expect(tracker.summary('a')).toEqual({ turns: 2, meanMs: 512, worstMs: 612 });
    expect(tracker.summary('b')).toBeUndefined();
  });

  it('keeps several calls apart, and forgets one without the other', () => {
    const tracker = tracked();
    tracker.start('b', 1, { speechEnd: 0, firstPacket: 900 });
    expect(tracker.turn('a', 1)?.stages.total).toBe(412);
    expect(tracker.turn('b', 1)?.stages.total).toBe(900);
    tracker.cleanUp('a');
    expect(tracker.calls).toEqual(['b']);
    expect(tracker.history('a')).toEqual([]);
    tracker.mark('a', 1, 'firstPacket', 1);
    expect(tracker.turn('a', 1)).toBeUndefined();
  });

  it('forgets the oldest turns of a call that never ends', () => {
    const tracker = new LatencyTracker({ turnsKept: 3 });
    for (let n = 1; n <= 10; n++) tracker.start('a', n);
    expect(tracker.history('a').map((entry) => entry.turn)).toEqual([8, 9, 10]);
  });
});
