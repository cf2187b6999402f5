import { describe, expect, it } from 'vitest';
import type { AgentSpan, CallerSpan, CallLog } from './call-log.ts';
import { endOfTurn, endOfTurnPoint, judge, score, times } from './score.ts';

const FIRST = { text: 'One.', ms: 3000 };
const SECOND = { text: 'Two.', ms: 2000 };

/** A call in which the agent says two sentences from 1000 on, five seconds and a short pause in all. */
function call(more: Partial<CallLog>): CallLog {
  return {
    id: 'tune/back-channel/1',
    half: 'tune',
    class: 'back-channel',
    kind: 'okay',
    variant: 'today',
    lengthMs: 12_000,
    answer: [FIRST, SECOND],
    caller: [],
    agent: [span(1000, 6160, [FIRST.text, 0, 3000], [SECOND.text, 0, 2000])],
    phrases: ['One moment, please.'],
    turns: [],
    ...more,
  };
}

function span(from: number, to: number, ...said: readonly (readonly [string, number, number])[]): AgentSpan {
  return { from, to, said: said.map(([text, from, to]) => ({ text, from, to })) };
}

function sound(
  role: CallerSpan['role'],
  from: number,
  to: number,
  more: Partial<CallerSpan> = {},
): CallerSpan {
  return { role, from, to, text: 'okay', heard: 'okay', holds: [], ...more };
}

describe('an answer that is disturbed', () => {
  const caller = [sound('disturbance', 3000, 3400)];
  const outcome = (agent: readonly AgentSpan[], more: Partial<CallLog> = {}) =>
    judge(call({ caller, agent, ...more })).disturbed;

  it('is unbroken if the wire was never quiet', () => {
    expect(judge(call({ caller })).disturbed).toEqual({ outcome: 'unbroken', gapMs: 0 });
  });

  it('is resumed if all of it was heard, and the gap is the silence on the wire', () => {
    const agent = [
      span(1000, 3260, ['One.', 0, 2260]),
      span(3800, 6800, ['One.', 2100, 3000], ['Two.', 0, 2000]),
    ];
    expect(outcome(agent)).toEqual({ outcome: 'resumed', gapMs: 540 });
  });

  it('adds up the gaps of an answer that is paused twice', () => {
    const agent = [
      span(1000, 3260, ['One.', 0, 2260]),
      span(3560, 4000, ['One.', 2260, 2700]),
      span(4400, 6860, ['One.', 2700, 3000], ['Two.', 0, 2000]),
    ];
    expect(outcome(agent)).toEqual({ outcome: 'resumed', gapMs: 700 });
  });

  it('is not broken by two packets that only fade', () => {
    const agent = [
      span(1000, 3260, ['One.', 0, 2260]),
      span(3560, 3600),
      span(4000, 7000, ['One.', 2100, 3000], ['Two.', 0, 2100]),
    ];
    expect(outcome(agent)).toEqual({ outcome: 'resumed', gapMs: 700 });
  });

  it.each([
    ['its rest was never said', [span(1000, 3260, ['One.', 0, 2260])]],
    [
      'its last words are missing',
      [span(1000, 3260, ['One.', 0, 2260]), span(3800, 6000, ['One.', 2100, 3000], ['Two.', 0, 1900])],
    ],
    [
      'something else was said in between',
      [
        span(1000, 3260, ['One.', 0, 2260]),
        span(3800, 4500, ['Pardon?', 0, 700]),
        span(5000, 8000, ['One.', 2260, 3000], ['Two.', 0, 2000]),
      ],
    ],
    [
      'it was begun anew',
      [span(1000, 3260, ['One.', 0, 2260]), span(3800, 9000, ['One.', 0, 3000], ['Two.', 0, 2000])],
    ],
  ])('is lost if %s', (_why, agent) => {
    expect(outcome(agent)?.outcome).toBe('lost');
  });

  it('is void if the agent had nothing to say just then', () => {
    expect(outcome([span(1000, 2500, ['One.', 0, 1500])])?.outcome).toBe('void');
    expect(outcome([])?.outcome).toBe('void');
  });

  it('counts the turns that nobody has taken', () => {
    expect(judge(call({ caller, turns: [{ text: 'okay', understood: true, at: 4000 }] })).falseTurns).toBe(1);
  });
});

describe('an interruption', () => {
  const caller = [sound('interruption', 3000, 4000, { text: 'stop' })];
  const stopped = span(1000, 3240, ['One.', 0, 2240]);
  const reply = span(4700, 5700, ['All right.', 0, 900]);

  it('is yielded to at the instant at which the wire is quiet', () => {
    const { yields, responses, interruptions } = judge(call({ caller, agent: [stopped, reply] }));
    expect(yields).toEqual([{ text: 'stop', ms: 240 }]);
    expect(responses).toEqual([700]);
    expect(interruptions).toBe(0);
  });

  it('is one of a pause, too, if the agent doesn’t go on', () => {
    const fades = [span(1000, 3200, ['One.', 0, 2200]), span(3260, 3300, ['One.', 2200, 2240]), reply];
    expect(judge(call({ caller, agent: fades })).yields).toEqual([{ text: 'stop', ms: 300 }]);
  });

  it.each([
    ['goes on', [stopped, span(3800, 6800, ['One.', 2240, 3000], ['Two.', 0, 2000])]],
    ['goes on for a while', [stopped, span(3800, 4500, ['One.', 2240, 2940])]],
    ['stops too late', [span(1000, 5100, ['One.', 0, 3000], ['Two.', 0, 1000])]],
    ['was at its end anyhow', [span(1000, 4900, ['One.', 0, 3000], ['Two.', 0, 2000])]],
  ])('isn’t yielded to if the agent %s', (_what, agent) => {
    expect(judge(call({ caller, agent })).yields).toEqual([{ text: 'stop', ms: undefined }]);
  });

  it('that meets a silent agent is none', () => {
    expect(judge(call({ caller, agent: [span(1000, 2000, ['One.', 0, 1000])] })).yields).toEqual([]);
    // What the agent says has another cause: its own echo.
    expect(judge(call({ caller, agent: [span(2900, 3300, ['All right.', 0, 400])] })).yields).toEqual([]);
  });
});

describe('a turn of the caller’s', () => {
  const holds = [
    { from: 2000, to: 2600, whole: true },
    { from: 3500, to: 4300, whole: false },
  ];
  const turn = sound('turn', 1000, 5000, { holds });
  const of = (...agent: AgentSpan[]) => judge(call({ class: 'hesitation', caller: [turn], agent }));

  it('is cut off in the pause in which the agent begins, and just behind it', () => {
    expect(of(span(2500, 2900, ['One.', 0, 400])).holds).toEqual([
      { ms: 600, whole: true, cut: true },
      { ms: 800, whole: false, cut: false },
    ]);
    expect(of(span(4480, 4900, ['One.', 0, 400])).holds[1]?.cut).toBe(true);
    expect(of(span(4600, 4900, ['One.', 0, 400])).holds[1]?.cut).toBe(false);
  });

  it('is interrupted each time that the agent begins within it', () => {
    const verdict = of(
      span(2500, 2900, ['One.', 0, 400]),
      span(4000, 4400, ['One.', 0, 400]),
      span(5600, 6000, ['One.', 0, 400]),
    );
    expect(verdict).toMatchObject({ turns: 1, interruptions: 2, responses: [600] });
  });

  it('isn’t interrupted by an agent who only goes on after two packets of silence', () => {
    expect(of(span(500, 1500, ['One.', 0, 1000]), span(1540, 1700, ['One.', 1000, 1160])).interruptions).toBe(
      0,
    );
  });

  it('isn’t answered by a filler, by what comes too late, or by an agent who talks through its end', () => {
    expect(
      of(span(5600, 6000, ['One moment, please.', 0, 400]), span(7000, 7400, ['One.', 0, 400])).responses,
    ).toEqual([2000]);
    expect(of(span(10_500, 11_000, ['One.', 0, 400])).responses).toEqual([undefined]);
    expect(of(span(4900, 6000, ['One.', 0, 1100])).responses).toEqual([]);
  });
});

describe('a dictated number', () => {
  const caller = [sound('turn', 1000, 5000, { text: 'one two three four', heard: 'one to three four' })];
  const number = (...texts: string[]) =>
    judge(
      call({ class: 'digits', caller, turns: texts.map((text) => ({ text, understood: true, at: 5500 })) }),
    ).number;

  it('is measured by what the recogniser made of it', () => {
    expect(number('it is one three four')).toEqual({ whole: true, arrived: true });
    expect(number('one', 'three four')).toEqual({ whole: false, arrived: true });
    expect(number('one', 'four')).toEqual({ whole: false, arrived: false });
  });
});

describe('many calls', () => {
  const okay = [sound('disturbance', 3000, 3400)];
  const stop = [sound('interruption', 3000, 4000)];
  const logs = [
    call({ caller: okay }),
    call({
      caller: okay,
      agent: [span(1000, 3260, ['One.', 0, 2260])],
      turns: [{ text: 'okay', understood: true, at: 3900 }],
    }),
    call({
      caller: okay,
      agent: [span(1000, 3260, ['One.', 0, 2260]), span(3660, 6600, ['One.', 2260, 3000], ['Two.', 0, 2000])],
    }),
    call({ caller: okay, agent: [] }),
    call({
      class: 'interruption',
      kind: 'Stop!',
      caller: stop,
      agent: [span(1000, 3200, ['One.', 0, 2200])],
    }),
    call({ class: 'interruption', caller: stop, agent: [span(1000, 3500, ['One.', 0, 2500])] }),
    call({ class: 'interruption', caller: stop }),
  ];

  it('are counted, and the counts add up', () => {
    const { calls, disturbances, yields, responses } = score('today', 'tune', logs);
    expect(calls).toBe(7);
    expect(disturbances[0]).toMatchObject({
      of: 'back-channel',
      calls: 4,
      void: 1,
      unbroken: 1,
      resumed: 1,
      lost: 1,
      gap: { n: 1, p50: 400, p95: 400 },
      falseTurns: 1,
    });
    expect(yields.find(({ of }) => of === 'interruption')).toEqual({
      of: 'interruption',
      yielded: { n: 2, of: 3 },
      void: 0,
      in300: { n: 1, of: 3 },
      times: { n: 2, p50: 200, p95: 500 },
    });
    expect(yields.find(({ of }) => of.includes('Stop'))?.yielded).toEqual({ n: 1, of: 1 });
    // The third talked through its end: neither answered nor unanswered.
    expect(responses).toMatchObject({ n: 0, unanswered: 2 });
  });

  it('have percentiles by the nearest rank', () => {
    expect(times([30, undefined, 10, 20])).toEqual({ n: 3, p50: 20, p95: 30 });
    expect(times([])).toEqual({ n: 0, p50: undefined, p95: undefined });
    expect(times(Array.from({ length: 100 }, (_, index) => index + 1))).toEqual({ n: 100, p50: 50, p95: 95 });
  });
});

describe('cut-offs against dead air', () => {
  const point = (deadAirMs: number, cut: number) => ({
    pauseMs: 0,
    deadAirMs,
    ends: 10,
    holds: { n: cut, of: 100 },
    cut: cut / 100,
  });

  it('are read between the knob’s settings, in whatever order they come', () => {
    const curve = endOfTurn([point(800, 4), point(200, 60), point(400, 20)]);
    expect(curve.cutAt[300]).toBeCloseTo(0.4);
    expect(curve.cutAt[600]).toBeCloseTo(0.12);
    expect(curve.deadAirAt[10]).toBeCloseTo(650);
    expect(curve.deadAirAt[5]).toBeCloseTo(775);
  });

  it('weigh pauses as people make them, though there are as many short ones as long ones', () => {
    // Short ones are held, and all those of more than 600 ms cut off: 22 % of people's.
    const pauses = [200, 500, 800, 1200, 2000].map((ms, index) => ({
      from: 2000,
      to: 2000 + ms,
      whole: index > 0,
    }));
    const logs = pauses.map((hold) => {
      const agent = hold.to > 2600 ? [span(2650, 2750, ['One.', 0, 100])] : [];
      const reply = span(5500, 5900, ['One.', 0, 400]);
      return call({
        class: 'hesitation',
        caller: [sound('turn', 1000, 5000, { holds: [hold] })],
        agent: [...agent, reply],
      });
    });
    const seen = endOfTurnPoint(500, logs);
    expect(seen).toMatchObject({ pauseMs: 500, holds: { n: 3, of: 5 }, deadAirMs: 500, ends: 5 });
    expect(seen.cut).toBeCloseTo(0.217);
  });

  it('are unknown where the knob doesn’t reach', () => {
    const { cutAt, deadAirAt } = endOfTurn([point(350, 50), point(500, 30)]);
    expect([cutAt[300], cutAt[600], deadAirAt[5], deadAirAt[10]]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
