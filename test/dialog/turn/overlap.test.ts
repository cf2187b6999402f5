import { describe, expect, it } from 'vitest';
import { languageOf } from '../../../src/dialog/language/known-languages.ts';
import { pausingForWords } from '../../../src/dialog/turn/interruption-policy.ts';
import { interruptible } from '../../../src/dialog/turn/turn-machine.ts';
import {
  DEFAULT_TURN_SETTINGS,
  type TurnAction,
  type TurnSettings,
} from '../../../src/dialog/turn/turn-states.ts';
import { said, TurnDriver } from '../../support/turn-driver.ts';

const PAUSING: TurnSettings = {
  ...DEFAULT_TURN_SETTINGS,
  interruption: pausingForWords(languageOf('en')),
};

/** A greeting that is heard, into which the caller makes a sound of 160 ms and more at 1,000 ms. */
class Overlapped extends TurnDriver {
  constructor(findsTurns = false) {
    super({ ...PAUSING, findsTurns });
    this.feed({ type: 'answered' });
    this.feedAt(1060, { type: 'speech-start', frame: 50, since: 1000 });
  }

  paused(): this {
    expect(this.feedAt(1240, { type: 'barge-in', frame: 62, since: 1240 })).toEqual([
      { do: 'pause', reply: 1 },
      { do: 'begin-turn', frame: 50 },
    ]);
    return this;
  }

  /** The sound ends, and the recogniser is asked for its words. */
  ended(at: number): number {
    const actions = this.feedAt(at + 100, { type: 'speech-stop', frame: at / 20, lastAt: at });
    expect(actions).toEqual([{ do: 'end-turn', ask: 2, frame: at / 20 }]);
    return 2;
  }

  /** The sound ends, and this is known of it. */
  ends(lastAt: number, dbov: number, pitched = 0.8): readonly TurnAction[] {
    const traits = { dbov, pitched };
    return this.feedAt(lastAt + 100, { type: 'speech-stop', frame: lastAt / 20, lastAt, traits });
  }
}

const judgement = (actions: readonly TurnAction[]) => actions.find((action) => action.do === 'judged')?.sound;

describe('a sound of the caller while the agent speaks', () => {
  it('pauses the agent, who goes on when it was a listener’s word', () => {
    const call = new Overlapped().paused();
    const ask = call.ended(1400);
    expect(call.feedAt(1620, { type: 'transcript', ask, transcript: said('mhm') })).toEqual([
      { do: 'resume', reply: 1 },
      {
        do: 'judged',
        sound: {
          turn: 0,
          judgement: 'no-interruption',
          by: 'words',
          words: 'mhm',
          soundMs: 400,
          pausedMs: 380,
        },
      },
    ]);
    expect(call.state).toMatchObject({ phase: 'greeting', reply: 1, ear: { is: 'quiet' } });
    expect(interruptible(call.state, DEFAULT_TURN_SETTINGS)).toBe(1);
  });

  it('was a cough when nothing was understood of it', () => {
    const call = new Overlapped().paused();
    const ask = call.ended(1400);
    const actions = call.feedAt(1600, { type: 'transcript', ask, transcript: said('') });
    expect(judgement(actions)).toMatchObject({ judgement: 'no-interruption', by: 'no-words' });
    expect(actions[0]).toEqual({ do: 'resume', reply: 1 });
  });

  it('stops the agent for good when it has words that mean something, of which the recogniser was asked already', () => {
    const call = new Overlapped().paused();
    const ask = call.ended(1400);
    const actions = call.feedAt(1620, { type: 'transcript', ask, transcript: said('stop') });
    expect(judgement(actions)).toMatchObject({ judgement: 'interruption', by: 'words', words: 'stop' });
    expect(actions).toContainEqual({ do: 'interrupt', reply: 1, by: 'caller' });
    expect(actions.some((action) => action.do === 'begin-turn')).toBe(false);
    expect(call.state).toMatchObject({
      phase: 'listening',
      said: { pieces: [{ transcript: { text: 'stop' } }] },
    });
  });

  it('is waited for no longer than 400 ms behind its end; words that come later interrupt yet', () => {
    const call = new Overlapped().paused();
    const ask = call.ended(1400);
    const goesOn = call.waitUntil(1801);
    expect(goesOn[0]).toEqual({ do: 'resume', reply: 1 });
    expect(judgement(goesOn)).toMatchObject({ judgement: 'no-interruption', by: 'time', pausedMs: 560 });
    const late = call.feedAt(2100, { type: 'transcript', ask, transcript: said('what does it cost') });
    expect(judgement(late)).toMatchObject({ judgement: 'interruption', by: 'words', pausedMs: 0 });
    expect(call.state).toMatchObject({
      phase: 'thinking',
      input: { message: { text: 'what does it cost' } },
    });
  });

  it('of whose word nobody is sure may be the beginning of a sentence: the agent waits for what follows', () => {
    const unsure = { ...said('so'), confidence: 0.5 };
    const followed = new Overlapped().paused();
    followed.feedAt(1480, { type: 'transcript', ask: followed.ended(1300), transcript: unsure });
    followed.feedAt(1660, { type: 'speech-start', frame: 80, since: 1600 });
    expect(followed.waitUntil(1701)).toEqual([]);
    followed.feedAt(2100, { type: 'speech-stop', frame: 100, lastAt: 2000 });
    const all = { type: 'transcript', ask: 3, transcript: said('excuse me when') } as const;
    expect(judgement(followed.feedAt(2200, all))).toMatchObject({ judgement: 'interruption' });

    const alone = new Overlapped().paused();
    expect(alone.feedAt(1480, { type: 'transcript', ask: alone.ended(1300), transcript: unsure })).toEqual(
      [],
    );
    const goesOn = alone.waitUntil(1701);
    expect(goesOn[0]).toEqual({ do: 'resume', reply: 1 });
    expect(judgement(goesOn)).toMatchObject({ judgement: 'no-interruption', by: 'words', words: 'so' });
  });

  it('that is as long as a sentence is waited for as long as a recogniser needs', () => {
    const call = new Overlapped().paused();
    const ask = call.ended(2400);
    expect(call.waitUntil(3800)).toEqual([]);
    // Nobody talks on over somebody who has said a sentence, only because the recogniser is late.
    const stops = call.waitUntil(3901);
    expect(judgement(stops)).toMatchObject({ judgement: 'interruption', by: 'length', words: '' });
    expect(stops).toContainEqual({ do: 'interrupt', reply: 1, by: 'caller' });
    call.feedAt(4600, { type: 'transcript', ask, transcript: said('what are your opening hours') });
    expect(call.state).toMatchObject({
      phase: 'thinking',
      input: { message: { text: 'what are your opening hours' } },
    });
  });

  it('that is as long as a sentence, and has no pitch, stops nobody', () => {
    const call = new Overlapped().paused();
    const [first] = call.ends(2400, -30, 0.1);
    expect(first).toEqual({ do: 'resume', reply: 1 });
  });

  it('of which nothing was understood is heard from its beginning when it goes on', () => {
    const call = new Overlapped().paused();
    const ask = call.ended(1860);
    const first = call.feedAt(1980, { type: 'transcript', ask, transcript: said('') });
    expect(judgement(first)).toMatchObject({ judgement: 'no-interruption', by: 'no-words' });
    call.feedAt(2060, { type: 'speech-start', frame: 101, since: 2020 });
    expect(call.feedAt(2180, { type: 'barge-in', frame: 109, since: 2180 })).toEqual([
      { do: 'pause', reply: 1 },
      { do: 'begin-turn', frame: 50 },
    ]);
    call.feedAt(2380, { type: 'speech-stop', frame: 114, lastAt: 2280 });
    const whole = said('what are your opening hours');
    const actions = call.feedAt(2500, { type: 'transcript', ask: 3, transcript: whole });
    expect(judgement(actions)).toMatchObject({ judgement: 'interruption', by: 'words', soundMs: 1280 });
  });

  it('that doesn’t end is an interruption after four seconds, by the caller', () => {
    const call = new Overlapped().paused();
    const actions = call.waitUntil(5001);
    expect(judgement(actions)).toMatchObject({ judgement: 'interruption', by: 'length' });
    expect(actions).toContainEqual({ do: 'interrupt', reply: 1, by: 'caller' });
    expect(call.state).toMatchObject({ phase: 'listening', ear: { is: 'talking' } });
  });

  it('in two parts is heard as one', () => {
    const call = new Overlapped().paused();
    call.ended(1400);
    expect(call.feedAt(1560, { type: 'speech-start', frame: 76, since: 1520 })).toEqual([
      { do: 'begin-turn', frame: 50 },
    ]);
    // Its end isn't waited for meanwhile.
    expect(call.waitUntil(2300)).toEqual([]);
    expect(call.feedAt(2500, { type: 'speech-stop', frame: 120, lastAt: 2400 })).toEqual([
      { do: 'end-turn', ask: 3, frame: 120 },
    ]);
  });

  it('is judged by guesses as soon as they say enough', () => {
    const call = new Overlapped(true).paused();
    expect(call.feedAt(1300, { type: 'partial', text: 'yeah' })).toEqual([]);
    const actions = call.feedAt(1500, { type: 'partial', text: 'yeah but when' });
    expect(judgement(actions)).toMatchObject({ judgement: 'interruption', words: 'yeah but when' });
    expect(call.state.phase).toBe('listening');
  });

  it('may be meant for the agent still when all has been said', () => {
    const call = new Overlapped().paused();
    const ask = call.ended(1400);
    expect(call.feedAt(1550, { type: 'reply-ended', reply: 1 })).toEqual([]);
    expect(call.state).toMatchObject({ phase: 'listening', said: { pieces: [{ question: { ask } }] } });
  });

  it('pauses once, and again after the agent has gone on', () => {
    const call = new Overlapped().paused();
    expect(call.feedAt(1260, { type: 'barge-in', frame: 63, since: 1260 })).toEqual([]);
    expect(interruptible(call.state, DEFAULT_TURN_SETTINGS)).toBeUndefined();
    const ask = call.ended(1400);
    call.feedAt(1600, { type: 'transcript', ask, transcript: said('okay') });
    call.feedAt(2060, { type: 'speech-start', frame: 100, since: 2000 });
    expect(call.feedAt(2240, { type: 'barge-in', frame: 112, since: 2240 })).toEqual([
      { do: 'pause', reply: 1 },
      { do: 'begin-turn', frame: 100 },
    ]);
  });
});

it('begins with itself, and not with what was answered while a television went on', () => {
  const call = new TurnDriver(PAUSING);
  call.feed({ type: 'answered' });
  call.feedAt(2000, { type: 'reply-ended', reply: 1 });
  call.feedAt(3060, { type: 'speech-start', frame: 150, since: 3000 });
  const late = 3000 + PAUSING.longestTurnMs + 20;
  const asked = call.waitUntil(late).find((action) => action.do === 'end-turn');
  call.feedAt(late + 60, { type: 'transcript', ask: asked!.ask, transcript: said('a long tale') });
  call.feedAt(late + 400, { type: 'reply-audible', reply: 3 });
  call.feedAt(late + 500, { type: 'speech-stop', frame: 1430, lastAt: late + 400 });
  call.feedAt(late + 640, { type: 'speech-start', frame: 1440, since: late + 580 });
  expect(call.feedAt(late + 660, { type: 'barge-in', frame: 1443, since: late + 640 })).toEqual([
    { do: 'pause', reply: 3 },
    { do: 'begin-turn', frame: 1440 },
  ]);
});

describe('a sound that is weaker than the caller', () => {
  /** An answer, after a question of −26 dBov, into which somebody talks at 10,000 ms. */
  function answering(findsTurns = false): Overlapped {
    const call = new Overlapped(findsTurns);
    call.feedAt(1200, { type: 'speech-stop', frame: 55, lastAt: 1100 });
    call.feedAt(2000, { type: 'reply-ended', reply: 1 });
    call.feedAt(3060, { type: 'speech-start', frame: 150, since: 3000 });
    call.ends(4000, -26);
    call.feedAt(4600, { type: 'transcript', ask: 2, transcript: said('how does it work') });
    call.feedAt(5000, { type: 'reply-audible', reply: 3 });
    call.feedAt(10_060, { type: 'speech-start', frame: 500, since: 10_000 });
    expect(call.feedAt(10_160, { type: 'barge-in', frame: 508, since: 10_160 })).toMatchObject([
      { do: 'pause' },
      { do: 'begin-turn', frame: 500 },
    ]);
    return call;
  }

  it('is talk to somebody else: the agent goes on while it lasts, and lets it be', () => {
    const call = answering();
    const actions = call.feedAt(10_400, { type: 'speech-lasts', dbov: -35 });
    expect(actions).toMatchObject([{ do: 'resume' }, { do: 'judged' }]);
    expect(judgement(actions)).toMatchObject({ judgement: 'no-interruption', by: 'sound', pausedMs: 240 });
    expect(interruptible(call.state, DEFAULT_TURN_SETTINGS)).toBeUndefined();
    call.ends(11_000, -34);
    expect(
      call.feedAt(11_300, {
        type: 'transcript',
        ask: 4,
        transcript: said('hold on darling I am on the phone'),
      }),
    ).toEqual([]);
    call.waitUntil(11_501);
    expect(interruptible(call.state, DEFAULT_TURN_SETTINGS)).toBe(3);
  });

  it('is a laugh, however loud: the agent goes on while it lasts, and does not answer what was heard in it', () => {
    const call = answering();
    expect(call.feedAt(10_400, { type: 'speech-lasts', dbov: -20, nowDbov: -20 })).toEqual([]);
    const actions = call.feedAt(10_800, { type: 'speech-lasts', dbov: -20, laughs: true });
    expect(judgement(actions)).toMatchObject({ judgement: 'no-interruption', by: 'sound', pausedMs: 640 });
    call.ends(11_300, -20);
    expect(call.feedAt(11_500, { type: 'transcript', ask: 4, transcript: said('how are you') })).toEqual([]);
    expect(call.state.phase).toBe('speaking');
  });

  it('is a laugh and a question behind it, which stops the agent', () => {
    const call = answering();
    call.feedAt(10_800, { type: 'speech-lasts', dbov: -20, laughs: true });
    call.ends(12_300, -20);
    const transcript = said('no but how much is that then');
    const stopped = call.feedAt(12_500, { type: 'transcript', ask: 4, transcript });
    expect(judgement(stopped)).toMatchObject({ judgement: 'interruption', by: 'words' });
    expect(call.state.phase).toBe('listening');
  });

  it('stops the agent all the same when all of it is "stop"', () => {
    const call = answering();
    call.feedAt(10_400, { type: 'speech-lasts', dbov: -35 });
    call.ends(10_500, -35);
    const actions = call.feedAt(10_700, { type: 'transcript', ask: 4, transcript: said('stop stop') });
    expect(judgement(actions)).toMatchObject({ judgement: 'interruption', by: 'words' });
    expect(call.state.phase).toBe('listening');
  });

  it('is heard when they raise their voice', () => {
    const call = answering();
    call.feedAt(10_400, { type: 'speech-lasts', dbov: -35 });
    call.ends(11_000, -35);
    call.feedAt(11_300, { type: 'transcript', ask: 4, transcript: said('I meant something else') });
    call.feedAt(12_060, { type: 'speech-start', frame: 600, since: 12_000 });
    call.feedAt(12_160, { type: 'barge-in', frame: 608, since: 12_160 });
    expect(call.feedAt(12_400, { type: 'speech-lasts', dbov: -33.5 })).toMatchObject([{ do: 'resume' }, {}]);
    call.ends(12_800, -34);
    call.feedAt(13_060, { type: 'transcript', ask: 5, transcript: said('something else') });
    call.feedAt(14_060, { type: 'speech-start', frame: 700, since: 14_000 });
    call.feedAt(14_160, { type: 'barge-in', frame: 708, since: 14_160 });
    expect(call.feedAt(14_400, { type: 'speech-lasts', dbov: -29 })).toEqual([]);
    call.ends(15_000, -29);
    const actions = call.feedAt(15_300, {
      type: 'transcript',
      ask: 6,
      transcript: said('I meant something else'),
    });
    expect(judgement(actions)).toMatchObject({ judgement: 'interruption' });
  });

  it('goes on after a breath, though a word of it is louder, and is over when the agent has said everything', () => {
    const call = answering();
    call.feedAt(10_400, { type: 'speech-lasts', dbov: -36 });
    call.ends(11_000, -35);
    call.feedAt(11_150, { type: 'transcript', ask: 4, transcript: said('did you watch the match') });
    call.feedAt(11_360, { type: 'speech-start', frame: 565, since: 11_300 });
    expect(call.feedAt(11_400, { type: 'barge-in', frame: 568, since: 11_360 })).toEqual([]);
    call.ends(11_500, -30);
    const actions = call.feedAt(11_700, {
      type: 'transcript',
      ask: 5,
      transcript: said('did you watch the match last night'),
    });
    expect(actions).toEqual([]);
    expect(call.feedAt(11_900, { type: 'reply-ended', reply: 3 })).toEqual([]);
    expect(call.state).toMatchObject({ phase: 'listening', ear: { is: 'quiet' }, said: { pieces: [] } });
  });

  it('is heard when they raise their voice in the middle of it', () => {
    const call = answering();
    call.feedAt(10_400, { type: 'speech-lasts', dbov: -35 });
    call.feedAt(10_800, { type: 'speech-lasts', dbov: -29 });
    expect(interruptible(call.state, DEFAULT_TURN_SETTINGS)).toBe(3);
    expect(call.feedAt(10_820, { type: 'barge-in', frame: 541, since: 10_820 })).toEqual([
      { do: 'pause', reply: 3 },
      { do: 'begin-turn', frame: 500 },
    ]);
    call.ends(11_000, -29);
    const words = said('I meant something else');
    const actions = call.feedAt(11_150, { type: 'transcript', ask: 4, transcript: words });
    expect(judgement(actions)).toMatchObject({ judgement: 'interruption' });
  });

  it('stays talk to somebody else if it is much weaker still when it is raised', () => {
    const call = answering();
    call.feedAt(10_400, { type: 'speech-lasts', dbov: -44 });
    call.feedAt(10_800, { type: 'speech-lasts', dbov: -37 });
    call.feedAt(10_820, { type: 'barge-in', frame: 541, since: 10_820 });
    call.ends(11_000, -37);
    const words = said('I meant something else');
    expect(call.feedAt(11_150, { type: 'transcript', ask: 4, transcript: words })).toEqual([]);
    expect(call.state.phase).toBe('speaking');
  });

  it('is as loud as ever, and interrupts', () => {
    const call = answering();
    expect(call.feedAt(10_400, { type: 'speech-lasts', dbov: -30 })).toEqual([]);
    call.ends(11_000, -31);
    const actions = call.feedAt(11_300, {
      type: 'transcript',
      ask: 4,
      transcript: said('I meant something else'),
    });
    expect(judgement(actions)).toMatchObject({ judgement: 'interruption' });
  });

  it('is a cough when it has no pitch, and nobody waits for its words', () => {
    const call = answering();
    const actions = call.ends(10_400, -20, 0.2);
    expect(actions).toMatchObject([{ do: 'resume' }, { do: 'judged' }, { do: 'end-turn', ask: 4 }]);
    // A recogniser hears a word in it.
    expect(call.feedAt(10_600, { type: 'transcript', ask: 4, transcript: said('what') })).toEqual([]);
    expect(call.state.phase).toBe('speaking');
  });
});
