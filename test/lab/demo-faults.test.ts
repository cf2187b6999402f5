import { describe, expect, it } from 'vitest';
import { DEMO_CALLS } from '../../lab/demo-calls.ts';
import { demoFaults, type JudgedCall } from '../../lab/demo-faults.ts';

const [plan] = DEMO_CALLS as [(typeof DEMO_CALLS)[number]];
const call: JudgedCall = { answeredAt: 1, endReason: 'done', heard: { firstSpeechAt: 2 }, complaints: [] };
const replies = [
  'We are open from eight to five.',
  'That is forty five dollars.',
  'It costs two hundred and ninety dollars.',
  'We are at Mill Lane.',
  'Goodbye!',
];
const good = replies.map((replyText) => ({ replyAt: 3, understood: true, heardAs: 'it', replyText }));

describe('a demonstration', () => {
  it('has succeeded when everything was answered, understood and replied to', () => {
    expect(demoFaults(plan, call, good, true)).toEqual([]);
  });

  it('says of each turn what was wrong with it', () => {
    const exchanges = [
      { ...good[0]!, replyAt: undefined },
      { ...good[1]!, understood: false, heardAs: undefined },
      { ...good[2]!, replyText: 'Pardon?' },
      good[3]!,
    ];
    expect(demoFaults(plan, call, exchanges, true)).toEqual([
      expect.stringMatching(/^510001: ".+" got no reply$/),
      expect.stringMatching(/^510001: ".+" was not understood \(nothing was heard\)$/),
      expect.stringMatching(/^510001: ".+" was answered by "Pardon\?"$/),
      expect.stringMatching(/^510001: ".+" got no reply$/),
    ]);
  });

  it('says what was wrong with the call', () => {
    const unanswered = { ...call, answeredAt: undefined, endReason: undefined };
    expect(demoFaults(plan, unanswered, [], false)).toEqual(['510001: was not answered (no reason given)']);
    const bad = { ...call, heard: { firstSpeechAt: undefined }, complaints: ['no NCCO'] };
    expect(demoFaults(plan, bad, good, false)).toEqual([
      '510001: the other side complains: no NCCO',
      '510001: nothing was heard',
      '510001: the agent told nothing of this call',
    ]);
  });
});
