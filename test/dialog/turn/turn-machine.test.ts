import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PostedEvent } from '../../../src/dialog/call/turn-inbox.ts';
import type { TransferOutcome } from '../../../src/dialog/contract/call-info.ts';
import { FILLER_TONE_MS } from '../../../src/media/filler-tone.ts';
import { said, TurnDriver as Call } from '../../support/turn-driver.ts';
import { languageOf } from '../../../src/dialog/language/known-languages.ts';
import { stoppingAtOnce } from '../../../src/dialog/turn/interruption-policy.ts';
import { fillersAfter } from '../../../src/dialog/turn/filler-policy.ts';
import { promptsAfter } from '../../../src/dialog/turn/prompt-policy.ts';
import { interruptible, nextDeadline, step } from '../../../src/dialog/turn/turn-machine.ts';
import {
  DEFAULT_TURN_SETTINGS,
  type Ending,
  type Transfer,
  type TurnAction,
  type TurnEvent,
  type TurnSettings,
  type TurnState,
} from '../../../src/dialog/turn/turn-states.ts';

const names = (actions: readonly TurnAction[]) => actions.map((action) => action.do);

describe('a call', () => {
  it('is greeted as soon as it is answered', () => {
    const call = new Call();
    expect(call.feed({ type: 'answered' })).toEqual([{ do: 'say', reply: 1, turn: 0, phrase: 'greeting' }]);
    expect(call.state.phase).toBe('greeting');
  });

  it('goes from listening to thinking to speaking and back', () => {
    const call = new Call().greeted();
    expect(call.state.phase).toBe('listening');
    expect(call.asks()).toMatchObject([{ do: 'reply', turn: 1, gated: false }]);
    expect(call.state.phase).toBe('thinking');
    call.feed({ type: 'reply-audible', reply: call.reply });
    expect(call.state.phase).toBe('speaking');
    call.feed({ type: 'reply-ended', reply: call.reply });
    expect(call.state).toMatchObject({ phase: 'listening', turn: 1 });
  });

  it('that is only an announcement is over when that was said', () => {
    const call = new Call({}, { reason: 'not-answered', phrase: 'unknownExtension', way: 'hang-up' });
    expect(call.feed({ type: 'answered' })).toMatchObject([{ do: 'say', phrase: 'unknownExtension' }]);
    call.feed({ type: 'reply-ended', reply: call.reply });
    expect(call.wait(1000)).toMatchObject([
      { do: 'leave', ending: { reason: 'not-answered', way: 'hang-up' } },
    ]);
  });
});

describe('a greeting that must be heard', () => {
  const notice = { greetingInterruptible: false };

  it('is stopped by no voice and no words, and what is being said at its end is listened to', () => {
    const call = new Call({ ...notice, findsTurns: true });
    call.feed({ type: 'answered' });
    expect(interruptible(call.state, call.settings)).toBeUndefined();
    call.wait(300);
    const { frame, at } = call;
    expect(call.feed({ type: 'speech-start', frame, since: at })).toEqual([]);
    expect(call.feed({ type: 'barge-in', frame, since: at }, at + 240)).toEqual([]);
    expect(call.feed({ type: 'partial', text: 'stop it now please' })).toEqual([]);
    expect(call.state.phase).toBe('greeting');
    call.wait(1000);
    expect(call.feed({ type: 'reply-ended', reply: call.reply })).toEqual([{ do: 'begin-turn', frame }]);
  });

  it('is stopped by a key, and what follows it is interruptible', () => {
    const call = new Call(notice);
    call.feed({ type: 'answered' });
    expect(call.feed({ type: 'dtmf', digit: '2' })).toMatchObject([{ do: 'interrupt', by: 'caller' }]);
    expect(call.state).toMatchObject({ phase: 'listening', digits: { text: '2' } });
    const other = new Call(notice).greeted();
    other.asks();
    other.feed({ type: 'reply-audible', reply: other.reply });
    expect(interruptible(other.state, other.settings)).toBe(other.reply);
  });
});

describe('a greeting that waits for the first packet', () => {
  it('begins with it, or when it has waited long enough', () => {
    for (const [how, afterMs] of [
      ['packet', 300],
      ['none', 800],
    ] as const) {
      // prettier-ignore
      const call = new Call({ firstPacketMs: 800 });
      expect(call.feed({ type: 'answered' })).toEqual([]);
      expect(call.wait(300)).toEqual([]);
      const actions = how === 'packet' ? call.feed({ type: 'line-heard' }) : call.wait(500);
      expect(actions).toMatchObject([{ do: 'say', phrase: 'greeting' }]);
      expect([call.at, call.state.phase]).toEqual([afterMs, 'greeting']);
      expect(call.feed({ type: 'line-heard' })).toEqual([]);
    }
  });

  it('gives way to hold, and to the end of the call', () => {
    const held = new Call({ firstPacketMs: 800 });
    held.feed({ type: 'answered' });
    held.feed({ type: 'hold' });
    expect(held.feed({ type: 'line-heard' })).toEqual([]);
    expect(held.state.phase).toBe('held');
    expect(held.feed({ type: 'unhold' })).toMatchObject([{ do: 'say', phrase: 'greeting' }]);
    const ended = new Call({ firstPacketMs: 800 });
    ended.feed({ type: 'answered' });
    ended.feed({ type: 'line-ended', reason: 'caller-hung-up' });
    expect(ended.wait(2000)).toEqual([]);
  });
});

describe('whom we have called', () => {
  const hello = { waitMs: 1500, pauseMs: 600, longestMs: 4000 };
  const answered = (): Call => {
    const call = new Call({ hello });
    // An announcement before the answer.
    call.feed({ type: 'speech-start', frame: 0, since: 0 }, 100);
    call.feed({ type: 'answered' }, 1000);
    return call;
  };

  it('is greeted after their hello, or if they say nothing', () => {
    const quiet = answered();
    expect(quiet.wait(1499)).toEqual([]);
    expect(quiet.wait(1)).toMatchObject([{ do: 'say', phrase: 'greeting' }]);

    const polite = answered();
    polite.feed({ type: 'speech-start', frame: 70, since: 1400 }, 1500);
    polite.feed({ type: 'speech-stop', frame: 110, lastAt: 2200 }, 2400);
    expect(polite.wait(399)).toEqual([]);
    expect(polite.wait(1)).toMatchObject([{ do: 'say', phrase: 'greeting' }]);
    expect(polite.state).toMatchObject({ phase: 'greeting', ear: { is: 'quiet' } });
  });

  it('is a voicemail if they talk and talk, with short pauses or none', () => {
    const call = answered();
    call.feed({ type: 'speech-start', frame: 70, since: 1400 }, 1500);
    call.feed({ type: 'speech-stop', frame: 110, lastAt: 3200 }, 3400);
    call.feed({ type: 'speech-start', frame: 125, since: 3500 }, 3600);
    expect(call.wait(1799)).toEqual([]);
    expect(call.wait(1)).toEqual([{ do: 'leave', ending: { reason: 'voicemail', way: 'hang-up' } }]);
  });
});

describe('an end-of-turn model', () => {
  const judged = { judgesEnds: true, endpointingMs: 500 };
  const asked = (call: Call) => call.done.findLast((action) => action.do === 'judge-end');

  it('is asked at each pause of the turn, about all of it', () => {
    const call = new Call(judged).greeted();
    const { frame } = call;
    expect(call.speak(1000)).toEqual([
      { do: 'begin-turn', frame },
      { do: 'judge-end', begin: frame, end: frame + 55, frame: frame + 50 },
    ]);
    call.wait(200);
    expect(call.speak(400)).toEqual([{ do: 'judge-end', begin: frame, end: frame + 90, frame: frame + 85 }]);
  });

  it.each([
    [0.9, 300],
    [0.5, 500],
    [0.1, 1250],
  ])('that gives %f makes the pause %i ms', (chance, pauseMs) => {
    const call = new Call(judged).greeted();
    call.speak(1000);
    const action = asked(call);
    call.feed({ type: 'end-judged', frame: action?.frame ?? 0, chance });
    expect(call.wait(pauseMs - 101)).toEqual([]);
    expect(names(call.wait(1))).toEqual(['end-turn']);
  });

  it('ends a turn for which a reply is being prepared, and is late for one that goes on', () => {
    const call = new Call({ ...judged, earlyStart: true, eagerPauseMs: 150 }).greeted();
    call.speak(1000);
    const first = asked(call)?.frame ?? 0;
    call.wait(60);
    call.feed({ type: 'transcript', ask: call.ask, transcript: said('when do you open') });
    expect(nextDeadline(call.state, call.settings)).toBe(call.at + 340);
    call.feed({ type: 'end-judged', frame: first, chance: 0.95 });
    expect(nextDeadline(call.state, call.settings)).toBe(call.at + 140);
    call.speak(400);
    call.feed({ type: 'end-judged', frame: first, chance: 0.95 });
    expect(call.state).toMatchObject({ phase: 'listening', ear: { is: 'pausing' } });
    expect(call.state).not.toHaveProperty('ear.finished');
  });
});

describe('the end of a turn', () => {
  it('is asked of the recogniser when the caller has been silent for the pause, counted from their last voiced frame', () => {
    const call = new Call({ endpointingMs: 500 }).greeted();
    call.speak(1000); // the detector takes 100 ms of the pause
    expect(call.wait(399)).toEqual([]);
    expect(names(call.wait(1))).toEqual(['end-turn']);
  });

  it('is measured from the last voiced frame', () => {
    const call = new Call().greeted();
    const start = call.at;
    const [action] = call.asks();
    expect(action).toMatchObject({ input: { marks: { speechEnd: start + 1000, turnEnd: start + 1500 } } });
  });

  it('is withdrawn when the caller goes on within the pause, and the recogniser hears one turn', () => {
    const call = new Call().greeted();
    expect(names(call.speak())).toEqual(['begin-turn']);
    call.wait(300);
    expect(call.speak()).toEqual([]);
    expect(names(call.wait(400))).toEqual(['end-turn']);
  });

  it('is withdrawn while the reply is being thought of: the reply is forgotten and the whole heard again', () => {
    const call = new Call().greeted();
    const { frame } = call;
    call.asks('I would like to');
    const reply = call.reply;
    call.wait(50);
    const actions = call.feed({ type: 'speech-start', frame: call.frame, since: call.at });
    expect(actions).toEqual([
      { do: 'drop', reply, takenBack: true },
      { do: 'begin-turn', frame },
    ]);
    expect(call.state).toMatchObject({ phase: 'listening', turn: 0 });
  });

  it('keeps the text of what is too far back to be heard again', () => {
    const call = new Call().greeted();
    call.speak(6000);
    call.wait(400);
    call.feed({ type: 'transcript', ask: call.ask, transcript: said('the first half') });
    const second = call.frame;
    expect(call.speak(1000)).toMatchObject([{ do: 'drop' }, { do: 'begin-turn', frame: second }]);
    call.wait(1000);
    const [reply] = call.feed({ type: 'transcript', ask: call.ask, transcript: said('and the second') });
    expect(reply).toMatchObject({ input: { message: { text: 'the first half and the second' } } });
  });

  it('waits longer while a number is dictated', () => {
    const call = new Call({ endpointingMs: 500 }).greeted();
    call.speak();
    call.feed({ type: 'partial', text: 'my number is five five five' });
    expect(call.wait(1300)).toEqual([]);
    expect(names(call.wait(200))).toEqual(['end-turn']);
  });

  it('that the recogniser makes nothing of is put to the agent as not understood', () => {
    const call = new Call().greeted();
    call.speak(1000);
    call.wait(400);
    const [reply] = call.feed({ type: 'transcript', ask: call.ask, transcript: said('mumble', false) });
    expect(reply).toMatchObject({ input: { message: { text: '', via: 'not-understood' }, guess: 'mumble' } });
  });

  it('of a long cough is none: it has no pitch', () => {
    for (const [pitched, understood] of [
      [0.2, []],
      [0.8, ['reply']],
    ] as const) {
      // prettier-ignore
      const call = new Call().greeted();
      call.feed({ type: 'speech-start', frame: call.frame, since: call.at });
      call.wait(1000);
      const traits = { dbov: -20, pitched };
      call.feed({ type: 'speech-stop', frame: call.frame, lastAt: call.at, traits });
      call.wait(500);
      const nothing = { type: 'transcript', ask: call.ask, transcript: said('', false) } as const;
      expect(names(call.feed(nothing))).toEqual(understood);
    }
  });

  it('of a cough is none', () => {
    const call = new Call().greeted();
    call.speak(160);
    call.wait(400);
    expect(call.feed({ type: 'transcript', ask: call.ask, transcript: said('', false) })).toEqual([]);
    expect(call.state).toMatchObject({ phase: 'listening', ear: { is: 'quiet' } });
  });

  it('is not waited for without end when the recogniser never answers', () => {
    const call = new Call().greeted();
    call.speak();
    expect(call.wait(6000)).toMatchObject([
      { do: 'end-turn' },
      { do: 'filler', turn: 1 },
      { do: 'unanswered', waitedMs: 4000 },
      { do: 'say', phrase: 'sayAgain' },
    ]);
  });
});

describe('a voice that never ends', () => {
  const endless = { longestTurnMs: 25_000, findsTurns: false };
  function talkingOn(settings: Partial<TurnSettings> = endless): Call {
    const call = new Call(settings).greeted();
    call.feed({ type: 'speech-start', frame: call.frame, since: call.at });
    return call;
  }

  it.each([true, false])(
    'is answered after the longest turn (the recogniser finds turns: %s)',
    (findsTurns) => {
      const call = talkingOn({ ...endless, findsTurns });
      expect(call.wait(24_999)).toEqual([]);
      expect(call.wait(1)).toEqual([{ do: 'end-turn', ask: call.ask, frame: call.frame }]);
      expect(call.feed({ type: 'transcript', ask: call.ask, transcript: said('and so on') })).toMatchObject([
        { do: 'reply', gated: false, input: { message: { text: 'and so on' } } },
      ]);
    },
  );

  it('does not interrupt the answer, and what comes after the cut is the next turn', () => {
    const call = talkingOn();
    call.wait(25_000);
    const { frame } = call;
    call.wait(300);
    call.feed({ type: 'transcript', ask: call.ask, transcript: said('', false) });
    call.feed({ type: 'reply-audible', reply: call.reply });
    expect(call.state.phase).toBe('speaking');
    expect(interruptible(call.state, DEFAULT_TURN_SETTINGS)).toBeUndefined();
    call.wait(2000);
    expect(call.feed({ type: 'reply-ended', reply: call.reply })).toEqual([{ do: 'begin-turn', frame }]);
    expect(call.state.phase).toBe('listening');
    expect(names(call.wait(25_000 - 2300))).toEqual(['end-turn']);
  });

  it('interrupts again as soon as it has ended once', () => {
    const call = talkingOn();
    call.wait(25_000);
    call.feed({ type: 'transcript', ask: call.ask, transcript: said('and so on') });
    call.feed({ type: 'reply-audible', reply: call.reply });
    call.feed({ type: 'speech-stop', frame: call.frame, lastAt: call.at });
    expect(interruptible(call.state, DEFAULT_TURN_SETTINGS)).toBe(call.reply);
  });

  it('is said to be not understood, if the recogniser keeps silent', () => {
    const call = talkingOn({ ...endless, fillers: fillersAfter(Infinity, 4000), transcriptMs: 4000 });
    call.wait(25_000);
    expect(call.wait(4000)).toMatchObject([
      { do: 'unanswered', waitedMs: 4000 },
      { do: 'say', phrase: 'sayAgain' },
    ]);
  });

  it('of a recogniser that had foreseen the end is answered as foreseen', () => {
    const call = talkingOn({ ...endless, findsTurns: true, earlyStart: true });
    call.feed({ type: 'turn-eager-end', transcript: said('and so on') });
    expect(names(call.wait(25_000))).toEqual(['release']);
  });
});

describe('an early start', () => {
  const early = { earlyStart: true, eagerPauseMs: 200, endpointingMs: 600 };

  it('prepares a reply at a confident pause, and lets it out when the turn is certain', () => {
    const call = new Call(early).greeted();
    call.speak();
    expect(names(call.wait(100))).toEqual(['end-turn']);
    expect(
      call.feed({ type: 'transcript', ask: call.ask, transcript: said('what do you sell') }),
    ).toMatchObject([{ do: 'reply', gated: true }]);
    expect(call.wait(399)).toEqual([]);
    expect(call.wait(1)).toMatchObject([{ do: 'release', reply: call.reply }]);
    expect(call.state.phase).toBe('thinking');
  });

  it('waits for longer in the first turn, in which callers say what they call for', () => {
    const call = new Call(early).greeted();
    call.speak();
    call.wait(100);
    call.feed({ type: 'transcript', ask: call.ask, transcript: said('I would like to book an appointment') });
    expect(call.wait(1119)).toEqual([]);
    expect(call.wait(1)).toMatchObject([{ do: 'release', reply: call.reply }]);
  });

  it('is dropped without a trace when the caller goes on', () => {
    const call = new Call(early).greeted();
    const { frame } = call;
    call.speak();
    call.wait(100);
    call.feed({ type: 'transcript', ask: call.ask, transcript: said('do you') });
    expect(call.feed({ type: 'speech-start', frame: call.frame, since: call.at })).toEqual([
      { do: 'drop', reply: call.reply, takenBack: true },
      { do: 'begin-turn', frame },
    ]);
    expect(call.state).toMatchObject({ turn: 0, phase: 'listening', said: { pieces: [] } });
  });

  it('of a recogniser that finds turns begins on its eager end, and ends with other words', () => {
    const call = new Call({ findsTurns: true, earlyStart: true }).greeted();
    call.speak();
    expect(call.feed({ type: 'turn-eager-end', transcript: said('do you') })).toMatchObject([
      { do: 'reply', gated: true },
    ]);
    expect(call.feed({ type: 'partial', text: 'Do you' })).toEqual([]);
    expect(names(call.feed({ type: 'partial', text: 'do you sell' }))).toEqual(['drop']);
    call.feed({ type: 'turn-eager-end', transcript: said('do you sell cars') });
    expect(names(call.feed({ type: 'turn-end', transcript: said('do you sell cars') }))).toEqual(['release']);
  });

  it('is kept for a caller who stays silent, though the recogniser takes its eager end back', () => {
    const call = new Call({ findsTurns: true, earlyStart: true }).greeted();
    call.speak();
    call.feed({ type: 'turn-eager-end', transcript: said('do you sell cars') });
    const { reply } = call;
    expect(call.feed({ type: 'turn-resume' })).toEqual([]);
    expect(call.feed({ type: 'turn-eager-end', transcript: said('do you sell cars') })).toEqual([]);
    expect(call.feed({ type: 'turn-end', transcript: said('do you sell cars') })).toMatchObject([
      { do: 'release', reply },
    ]);
  });

  it('is dropped with the eager end of a caller who talks', () => {
    const call = new Call({ findsTurns: true, earlyStart: true }).greeted();
    call.feed({ type: 'speech-start', frame: call.frame, since: call.at });
    call.wait(1000);
    call.feed({ type: 'turn-eager-end', transcript: said('do you') });
    expect(call.feed({ type: 'turn-resume' })).toEqual([{ do: 'drop', reply: call.reply, takenBack: true }]);
    call.wait(1000);
    call.feed({ type: 'turn-eager-end', transcript: said('do you sell cars') });
    const { reply } = call;
    call.feed({ type: 'speech-start', frame: call.frame, since: call.at });
    call.feed({ type: 'speech-stop', frame: call.frame, lastAt: call.at });
    expect(call.feed({ type: 'speech-start', frame: call.frame, since: call.at })).toEqual([
      { do: 'drop', reply, takenBack: true },
    ]);
  });

  it('knows when the caller fell silent, though the recogniser was quicker than the detector', () => {
    const call = new Call({ findsTurns: true, earlyStart: true }).greeted();
    call.feed({ type: 'speech-start', frame: call.frame, since: call.at });
    call.wait(1000);
    const lastAt = call.at;
    call.wait(80);
    call.feed({ type: 'turn-eager-end', transcript: said('do you sell cars') });
    call.wait(40);
    call.feed({ type: 'speech-stop', frame: call.frame, lastAt });
    expect(call.feed({ type: 'turn-end', transcript: said('do you sell cars') })).toMatchObject([
      { do: 'release', input: { marks: { speechEnd: lastAt, turnEnd: call.at } } },
    ]);
  });

  it('is thought over when the final text differs', () => {
    const call = new Call({ findsTurns: true, earlyStart: true }).greeted();
    call.speak();
    call.feed({ type: 'turn-eager-end', transcript: said('do you sell cars') });
    expect(call.feed({ type: 'turn-end', transcript: said('do you sell cards') })).toMatchObject([
      { do: 'drop' },
      { do: 'reply', gated: false, input: { message: { text: 'do you sell cards' } } },
    ]);
  });
});

describe('a level that rises in the pause', () => {
  const rises = (call: Call): TurnAction[] =>
    call.feed({ type: 'level-rises', frame: call.frame, since: call.at });

  /** Silent for 440 of 500 ms; a reply is being prepared. */
  function pausing(): Call {
    const call = new Call({ earlyStart: true }).greeted();
    call.speak();
    call.wait(60);
    call.feed({ type: 'transcript', ask: call.ask, transcript: said('when do you open') });
    call.wait(280);
    return call;
  }

  it('holds the reply back until it is known whether they go on', () => {
    const call = pausing();
    expect(rises(call)).toEqual([]);
    expect(call.wait(100)).toEqual([]);
    expect(call.feed({ type: 'speech-start', frame: call.frame - 5, since: call.at - 100 })).toMatchObject([
      { do: 'drop', takenBack: true },
      { do: 'begin-turn' },
    ]);
  });

  it('lets it out 120 ms later if they don’t, and no later if it rises again', () => {
    const call = pausing();
    rises(call);
    expect(call.wait(110)).toEqual([]);
    rises(call);
    expect(call.wait(10)).toMatchObject([{ do: 'release' }]);
  });

  it('costs nothing long before the pause is over', () => {
    const call = pausing();
    call.feed({ type: 'level-rises', frame: call.frame, since: call.at - 200 });
    expect(call.wait(60)).toMatchObject([{ do: 'release' }]);
  });

  it('keeps a reply that is being thought of from beginning just then', () => {
    const call = pausing();
    call.wait(60);
    const { reply } = call;
    expect(rises(call)).toEqual([{ do: 'hold-back', reply }]);
    expect(rises(call)).toEqual([]);
    expect(call.wait(119)).toEqual([]);
    expect(call.wait(1)).toEqual([{ do: 'let-begin', reply }]);
    rises(call);
    expect(call.feed({ type: 'speech-start', frame: call.frame, since: call.at })).toMatchObject([
      { do: 'drop', takenBack: true },
      { do: 'begin-turn' },
    ]);
  });
});

describe('a recogniser that finds turns', () => {
  it('decides alone when the turn is over: the pause of the detector does not', () => {
    const call = new Call({ findsTurns: true, turnTimeoutMs: 3000 }).greeted();
    call.speak();
    expect(call.wait(2000)).toEqual([]);
    expect(names(call.feed({ type: 'turn-end', transcript: said('hello there') }))).toEqual(['reply']);
  });

  it('is asked when it stays silent, and the caller gets a filler in time', () => {
    const call = new Call({ findsTurns: true }).greeted();
    call.speak();
    call.feed({ type: 'partial', text: 'when do you' });
    expect(names(call.wait(1500))).toEqual(['end-turn']);
    expect(names(call.wait(600))).toEqual(['filler']);
    const { ask } = call;
    expect(call.feed({ type: 'transcript', ask, transcript: said('when do you open') })).toMatchObject([
      { do: 'reply', input: { message: { text: 'when do you open', via: 'speech' } } },
    ]);
    expect(names(call.wait(3000))).toEqual([]); // they have had their filler
  });

  it('that is late lets a caller who goes on silence the filler that they were given', () => {
    const call = new Call({ findsTurns: true }).greeted();
    call.speak();
    expect(names(call.wait(2100))).toEqual(['end-turn', 'filler']);
    const go = { type: 'speech-start', frame: call.frame, since: call.at } as const;
    expect(names(call.feed(go))).toEqual(['stop-filler', 'begin-turn']);
  });

  it('can die in mid-sentence: the next one goes by the pauses of the detector', () => {
    const call = new Call({ findsTurns: true }).greeted();
    call.feed({ type: 'speech-start', frame: call.frame, since: call.at });
    call.feed({ type: 'partial', text: 'when do' });
    expect(call.feed({ type: 'recogniser', findsTurns: false })).toEqual([]);
    call.wait(500);
    const lastAt = call.at;
    call.wait(100);
    call.feed({ type: 'speech-stop', frame: lastAt / 20, lastAt });
    expect(names(call.wait(800))).toEqual(['end-turn']);
  });

  it('can die before the end that it had foreseen: the pause of the detector is that end', () => {
    const call = new Call({ findsTurns: true, earlyStart: true }).greeted();
    call.speak();
    call.feed({ type: 'turn-eager-end', transcript: said('when do you open') });
    call.feed({ type: 'recogniser', findsTurns: false });
    expect(names(call.wait(600))).toEqual(['release']);
  });

  it('interrupts the agent with words that the detector missed, but not with mhm', () => {
    const call = new Call({ findsTurns: true }).greeted();
    call.speak();
    call.feed({ type: 'turn-end', transcript: said('tell me all') });
    call.feed({ type: 'reply-audible', reply: call.reply });
    expect(call.feed({ type: 'turn-end', transcript: said('Mhm, okay.') })).toEqual([]);
    expect(names(call.feed({ type: 'partial', text: 'no wait' }))).toEqual(['interrupt']);
    expect(call.state.phase).toBe('listening');
  });

  it('does not interrupt the agent with a late word on the turn that is being answered', () => {
    const call = new Call({ findsTurns: true }).greeted();
    call.speak();
    call.feed({ type: 'turn-end', transcript: said('tell me all') });
    call.feed({ type: 'reply-audible', reply: call.reply });
    expect(call.feed({ type: 'partial', text: 'Tell me' })).toEqual([]);
    expect(call.state.phase).toBe('speaking');
  });
});

describe('a barge-in', () => {
  function speaking(settings: Partial<TurnSettings> = {}): Call {
    const call = new Call(settings).greeted();
    call.asks();
    call.feed({ type: 'reply-audible', reply: call.reply });
    call.wait(500);
    return call;
  }

  it('stops the agent and hears the caller from where they began', () => {
    const call = speaking({ interruption: stoppingAtOnce(languageOf('en')) });
    const reply = call.reply;
    const { frame } = call;
    call.feed({ type: 'speech-start', frame, since: call.at });
    call.wait(240);
    expect(call.feed({ type: 'barge-in', frame: call.frame, since: call.at })).toEqual([
      { do: 'interrupt', reply, by: 'caller' },
      { do: 'begin-turn', frame },
    ]);
    expect(call.state).toMatchObject({ phase: 'listening', turn: 1 });
  });

  it('can happen only while the agent is heard and may be interrupted', () => {
    const call = new Call();
    expect(interruptible(call.state, DEFAULT_TURN_SETTINGS)).toBeUndefined();
    call.feed({ type: 'answered' });
    expect(interruptible(call.state, DEFAULT_TURN_SETTINGS)).toBe(call.reply);
    call.feed({ type: 'reply-ended', reply: call.reply });
    expect(interruptible(call.state, DEFAULT_TURN_SETTINGS)).toBeUndefined();
    call.asks();
    call.feed({ type: 'reply-audible', reply: call.reply });
    expect(interruptible(call.state, DEFAULT_TURN_SETTINGS)).toBe(call.reply);
    call.feed({
      type: 'reply-ended',
      reply: call.reply,
      ending: { reason: 'agent-hung-up', way: 'hang-up' },
    });
    expect(interruptible(call.state, DEFAULT_TURN_SETTINGS)).toBeUndefined();
  });

  it('is not made of a short "mhm", which is forgotten', () => {
    const call = speaking();
    expect(call.speak(160)).toEqual([]);
    call.wait(1000);
    expect(call.feed({ type: 'reply-ended', reply: call.reply })).toEqual([]);
    expect(call.state).toMatchObject({ phase: 'listening', ear: { is: 'quiet' } });
  });

  it('is not needed for a short answer into the last words: it is the next turn', () => {
    const call = speaking();
    const { frame } = call;
    call.speak(200);
    expect(call.feed({ type: 'reply-ended', reply: call.reply })).toEqual([{ do: 'begin-turn', frame }]);
    expect(names(call.wait(500))).toEqual(['end-turn']);
  });

  it('by a key stops the agent, too', () => {
    const call = speaking();
    expect(names(call.feed({ type: 'dtmf', digit: '2' }))).toEqual(['interrupt']);
    expect(call.wait(1500)).toMatchObject([{ do: 'reply', input: { message: { text: '2', via: 'dtmf' } } }]);
  });
});

describe('a turn that is taken up again and again', () => {
  it('loses none of its parts, also where they are further back than is listened to again', () => {
    const call = new Call({ endpointingMs: 500 }).greeted();
    const part = (text: string, duration: number): void => {
      call.feed({ type: 'speech-start', frame: call.frame, since: call.at });
      call.wait(duration);
      call.feed({ type: 'speech-stop', frame: call.frame, lastAt: call.at });
      call.wait(1600);
      call.feed({ type: 'transcript', ask: call.ask, transcript: said(text) });
    };
    part('the first', 3000);
    part('the second', 1000);
    part('the second and third', 1000);
    const { done } = call;
    const last = done.findLast((action) => action.do === 'reply');
    expect(last).toMatchObject({ input: { message: { text: 'the first the second and third' } } });
  });
});

describe('voices behind the caller', () => {
  /** The detector hears a voice without an end: 400 ms of each level, dBov. */
  function hears(call: Call, levels: readonly number[]): TurnAction[] {
    return levels.flatMap((nowDbov, n) => {
      call.wait(400);
      const dbov = levels.slice(0, n + 1).reduce((sum, one) => sum + one, 0) / (n + 1);
      return call.feed({ type: 'speech-lasts', dbov, nowDbov, frame: call.frame, since: call.at });
    });
  }
  function talking(settings: Partial<TurnSettings> = {}): Call {
    const call = new Call(settings).greeted();
    call.feed({ type: 'speech-start', frame: call.frame, since: call.at });
    return call;
  }

  it('keep no turn open: what was louder is the turn', () => {
    const call = talking();
    expect(hears(call, [-20, -18, -21])).toEqual([]);
    const { frame } = call;
    expect(hears(call, [-32, -31, -32])).toEqual([{ do: 'end-turn', ask: 2, frame }]);
    expect(
      call.feed({ type: 'transcript', ask: call.ask, transcript: said('when do you open') }),
    ).toMatchObject([{ do: 'reply', input: { message: { text: 'when do you open' } } }]);
  });

  it('are not taken for a caller who lowers their voice for a moment, or begins with a loud hello', () => {
    expect(hears(talking(), [-20, -18, -19, -30, -29, -21, -30, -22, -29, -22])).toEqual([]);
    expect(hears(talking(), [-18, -25, -26, -25, -26, -25, -26])).toEqual([]);
  });

  const BABBLE = Array.from({ length: 15 }, (_none, n) => -32 + (n % 3));

  it('that never pause, and whose level hardly changes, make no turn', () => {
    const call = talking();
    expect(hears(call, BABBLE)).toEqual([]);
    expect(call.state).toMatchObject({ phase: 'listening', ear: { is: 'quiet' }, said: { pieces: [] } });
    expect(call.wait(7000)).toMatchObject([{ do: 'say', phrase: 'stillThere' }]);
  });

  it('that are known make none either when they pause after all, whatever words are heard in them', () => {
    const call = talking();
    hears(call, BABBLE);
    call.feed({ type: 'speech-start', frame: call.frame, since: call.at });
    hears(call, [-31, -32]);
    const lastAt = call.at;
    call.feed(
      { type: 'speech-stop', frame: call.frame, lastAt, traits: { dbov: -31.5, pitched: 0.8 } },
      lastAt + 100,
    );
    call.wait(500);
    call.feed({ type: 'transcript', ask: call.ask, transcript: said('was there') });
    call.wait(500);
    expect(call.done.filter((action) => action.do === 'reply')).toEqual([]);
    expect(call.state).toMatchObject({ phase: 'listening', ear: { is: 'quiet' } });
  });

  it('do not cover a caller who talks into them', () => {
    const call = talking();
    hears(call, BABBLE);
    const { frame } = call;
    expect(hears(call, [-22])).toEqual([{ do: 'begin-turn', frame }]);
  });

  it('are not a caller who talks for long', () => {
    const long = Array.from({ length: 40 }, (_none, n) => -22 - 4 * (n % 3));
    expect(hears(talking(), long)).toEqual([]);
  });

  it('end the turn of a caller who was a little louder, also if they fade by less than 6 dB', () => {
    const call = talking();
    expect(hears(call, [-22, -21, -22])).toEqual([]);
    const { frame } = call;
    const behind = BABBLE.map((dbov) => dbov + 3);
    expect(hears(call, behind)).toEqual([{ do: 'end-turn', ask: 2, frame }]);
  });
});

describe('keys', () => {
  it('are gathered until the caller pauses', () => {
    const call = new Call({ interDigitMs: 1500 }).greeted();
    for (const digit of '0305') {
      expect(call.feed({ type: 'dtmf', digit })).toEqual([]);
      expect(call.wait(1000)).toEqual([]);
    }
    expect(call.wait(500)).toMatchObject([{ do: 'reply', input: { message: { text: '0305' } } }]);
  });

  it('that choose from a menu are answered almost at once', () => {
    const call = new Call({ menuKeys: '12', menuKeyMs: 400 }).greeted();
    call.feed({ type: 'dtmf', digit: '2' });
    expect(call.wait(399)).toEqual([]);
    expect(call.wait(1)).toMatchObject([{ do: 'reply', input: { message: { text: '2' } } }]);
  });

  it('that begin like a choice from a menu, and go on, are one row', () => {
    const call = new Call({ menuKeys: '12', menuKeyMs: 400, interDigitMs: 1500 }).greeted();
    const since = call.at;
    call.feed({ type: 'dtmf', digit: '1' });
    call.wait(700);
    const { reply } = call;
    expect(call.feed({ type: 'dtmf', digit: '2' })).toEqual([{ do: 'drop', reply, takenBack: true }]);
    expect(call.wait(1499)).toEqual([]);
    expect(call.wait(1)).toMatchObject([{ do: 'reply', input: { since, message: { text: '12' } } }]);
  });

  it('end with a hash at once', () => {
    const call = new Call().greeted();
    call.feed({ type: 'dtmf', digit: '4' });
    expect(call.feed({ type: 'dtmf', digit: '#' })).toMatchObject([
      { do: 'reply', input: { message: { text: '4', via: 'dtmf' } } },
    ]);
  });

  describe('and words are one answer', () => {
    const press = (call: Call, keys: string): TurnAction[] =>
      Array.from(keys).flatMap((digit) => call.feed({ type: 'dtmf', digit }));
    const messages = (actions: readonly TurnAction[]): unknown[] =>
      actions.flatMap((action) => (action.do === 'reply' ? [action.input.message] : []));
    const answer = (call: Call, text: string): TurnAction[] =>
      call.feed({ type: 'transcript', ask: call.ask, transcript: said(text) });

    it('said, and then keyed up to a hash', () => {
      const call = new Call().greeted();
      call.speak();
      expect(names(press(call, '5'))).toEqual(['end-turn']);
      expect(answer(call, 'four one')).toEqual([]);
      expect(messages(press(call, '6#'))).toEqual([{ role: 'caller', text: 'four one 56', via: 'speech' }]);
    });

    it('keyed while the recogniser is at work: it is waited for', () => {
      const call = new Call({ interDigitMs: 1500 }).greeted();
      call.speak();
      press(call, '56#');
      expect(call.wait(1000)).toEqual([]);
      expect(messages(answer(call, 'four one'))).toMatchObject([{ text: 'four one 56' }]);
    });

    it('keyed, said, and keyed again', () => {
      const call = new Call({ interDigitMs: 1500 }).greeted();
      press(call, '56');
      call.wait(500);
      call.speak();
      press(call, '78');
      answer(call, 'and then');
      expect(messages(call.wait(1500))).toMatchObject([{ text: '56 and then 78', via: 'speech' }]);
    });

    it('said when the keys were taken for all, and nothing was heard yet', () => {
      const call = new Call({ interDigitMs: 1500, endpointingMs: 500 }).greeted();
      press(call, '56');
      expect(messages(call.wait(1500))).toMatchObject([{ text: '56', via: 'dtmf' }]);
      call.feed({ type: 'speech-start', frame: call.frame, since: call.at });
      expect(call.done.at(-2)).toMatchObject({ do: 'drop', takenBack: true });
      call.wait(800);
      call.feed({ type: 'speech-stop', frame: call.frame, lastAt: call.at });
      call.wait(1600);
      expect(messages(answer(call, 'seven eight'))).toMatchObject([
        { text: '56 seven eight', via: 'speech' },
      ]);
    });

    it('keyed when what was said was taken for all', () => {
      const call = new Call({ interDigitMs: 1500 }).greeted();
      call.asks('my number is four one');
      call.wait(1000);
      expect(call.state.phase).toBe('thinking');
      press(call, '56');
      expect(messages(call.wait(1500))).toMatchObject([{ text: 'my number is four one 56' }]);
    });

    it('in a turn that is taken up again: no part is lost', () => {
      const call = new Call({ interDigitMs: 1500 }).greeted();
      call.speak();
      press(call, '56');
      answer(call, 'four one');
      call.wait(300);
      call.speak();
      call.wait(1600);
      expect(messages(answer(call, 'seven'))).toMatchObject([{ text: 'four one 56 seven' }]);
    });

    it('but a cough beside them is none', () => {
      const call = new Call({ interDigitMs: 1500 }).greeted();
      press(call, '5');
      call.speak(200);
      press(call, '6');
      call.feed({
        type: 'transcript',
        ask: call.ask,
        transcript: { text: '', understood: false, confidence: 0 },
      });
      expect(messages(call.wait(1500))).toMatchObject([{ text: '56', via: 'dtmf' }]);
    });
  });
});

describe('silence', () => {
  it('is asked about, as often as the agent is told to, and then ends the call', () => {
    const call = new Call({ prompts: promptsAfter({ silenceMs: 5000, silencePrompts: 2 }) }).greeted();
    for (let prompt = 0; prompt < 2; prompt++) {
      expect(call.wait(5000)).toMatchObject([{ do: 'say', phrase: 'stillThere' }]);
      call.feed({ type: 'reply-ended', reply: call.reply });
    }
    expect(call.wait(5000)).toMatchObject([{ do: 'say', phrase: 'silenceGoodbye' }]);
    call.feed({ type: 'reply-ended', reply: call.reply });
    expect(call.wait(250)).toMatchObject([
      { do: 'leave', ending: { reason: 'caller-silent', way: 'hang-up' } },
    ]);
  });

  it('that a cough has just broken is not asked about at once', () => {
    const call = new Call({ prompts: promptsAfter({ silenceMs: 5000, silencePrompts: 2 }) }).greeted();
    call.wait(4500);
    call.speak(160);
    call.wait(400);
    call.feed({ type: 'transcript', ask: call.ask, transcript: said('', false) });
    expect(call.wait(2000)).toEqual([]);
    expect(call.wait(1000)).toMatchObject([{ phrase: 'stillThere' }]);
  });

  it('is forgiven when the caller says something', () => {
    const call = new Call({ prompts: promptsAfter({ silenceMs: 5000, silencePrompts: 2 }) }).greeted();
    call.wait(5000);
    call.feed({ type: 'reply-ended', reply: call.reply });
    expect(call.state.prompts).toBe(1);
    call.asks();
    expect(call.state.prompts).toBe(0);
  });
});

describe('a caller on hold', () => {
  it('makes no turns, and is not asked whether they are there', () => {
    const call = new Call().greeted();
    call.feed({ type: 'hold' });
    expect(call.speak(3000)).toEqual([]);
    expect(call.wait(60_000)).toEqual([]);
    expect(call.state.phase).toBe('held');
    call.feed({ type: 'unhold' });
    expect(call.state).toMatchObject({ phase: 'listening', ear: { is: 'quiet' } });
    expect(call.wait(8000)).toMatchObject([{ do: 'say', phrase: 'stillThere' }]);
  });

  it('does not miss what is being said: the agent stops', () => {
    const call = new Call();
    call.feed({ type: 'answered' });
    expect(names(call.feed({ type: 'hold' }))).toEqual(['interrupt']);
  });

  it('who was so before they were answered is greeted when they are back', () => {
    const call = new Call();
    call.feed({ type: 'hold' });
    expect(call.feed({ type: 'answered' })).toEqual([]);
    expect(call.state.phase).toBe('held');
    expect(call.feed({ type: 'unhold' })).toMatchObject([{ do: 'say', phrase: 'greeting', turn: 0 }]);
    expect(call.state.phase).toBe('greeting');
    const back = new Call();
    back.feed({ type: 'hold' });
    back.feed({ type: 'unhold' });
    back.feed({ type: 'answered' });
    expect(back.state.phase).toBe('greeting');
  });

  it('who was being spoken to is spoken to as soon as they are back', () => {
    const call = new Call().greeted();
    call.asks();
    call.feed({ type: 'reply-audible', reply: call.reply });
    expect(names(call.feed({ type: 'hold' }))).toEqual(['interrupt']);
    expect(call.feed({ type: 'unhold' })).toMatchObject([{ do: 'say', phrase: 'welcomeBack' }]);
    call.feed({ type: 'reply-ended', reply: call.reply });
    expect(call.state.phase).toBe('listening');
  });

  it('has said what they had said before: it is answered when they are back', () => {
    const call = new Call({ findsTurns: true, earlyStart: true }).greeted();
    call.speak();
    call.feed({ type: 'turn-eager-end', transcript: said('when do you open') });
    call.feed({ type: 'hold' });
    expect(call.feed({ type: 'unhold' })).toMatchObject([
      { do: 'reply', input: { message: { text: 'when do you open' } } },
    ]);
    for (const findsTurns of [true, false]) {
      const half = new Call({ findsTurns }).greeted();
      half.feed({ type: 'speech-start', frame: half.frame, since: half.at });
      half.feed({ type: 'partial', text: 'when do you' });
      half.feed({ type: 'hold' });
      // A recogniser that is yet to be asked only guesses.
      expect(names(half.feed({ type: 'unhold' }))).toEqual(findsTurns ? ['reply'] : []);
    }
    const keys = new Call().greeted();
    keys.feed({ type: 'dtmf', digit: '2' });
    keys.feed({ type: 'hold' });
    expect(keys.feed({ type: 'unhold' })).toMatchObject([{ input: { message: { text: '2', via: 'dtmf' } } }]);
  });

  it('gets the answer that they had asked for when they are back', () => {
    const call = new Call().greeted();
    call.asks('when do you open');
    expect(names(call.feed({ type: 'hold' }))).toEqual(['drop']);
    expect(call.feed({ type: 'unhold' })).toMatchObject([
      { do: 'reply', input: { message: { text: 'when do you open' } } },
    ]);
  });
});

describe('trouble', () => {
  it('with a reply is told in a prepared phrase, and the call goes on', () => {
    const call = new Call().greeted();
    call.asks();
    expect(call.feed({ type: 'reply-failed', reply: call.reply })).toMatchObject([
      { do: 'say', phrase: 'sayAgain' },
    ]);
    call.feed({ type: 'reply-ended', reply: call.reply });
    expect(call.state.phase).toBe('listening');
  });

  it('with a phrase is told by a tone, and so are last words', () => {
    const call = new Call({ failureLimit: 2 }).greeted();
    call.asks();
    call.feed({ type: 'reply-failed', reply: call.reply });
    expect(names(call.feed({ type: 'reply-failed', reply: call.reply }))).toEqual(['tone']);
    expect(call.state.phase).toBe('listening');
    call.asks();
    call.feed({ type: 'reply-failed', reply: call.reply });
    expect(names(call.feed({ type: 'reply-failed', reply: call.reply }))).toEqual(['tone']);
    // It is heard to its end.
    expect(call.wait(FILLER_TONE_MS)).toEqual([]);
    expect(names(call.wait(250))).toEqual(['leave']);
  });

  it('that comes again and again ends in an apology, and the dialplan has the caller', () => {
    const call = new Call({ failureLimit: 3 }).greeted();
    for (let failure = 0; failure < 3; failure++) {
      call.asks();
      call.feed({ type: 'reply-failed', reply: call.reply });
      if (failure < 2) call.feed({ type: 'reply-ended', reply: call.reply });
    }
    expect(call.done.at(-1)).toMatchObject({ do: 'say', phrase: 'apology' });
    call.feed({ type: 'reply-ended', reply: call.reply });
    expect(call.wait(250)).toMatchObject([{ do: 'leave', ending: { reason: 'failed', way: 'proceed' } }]);
  });

  it('is forgotten after a reply that worked', () => {
    const call = new Call().greeted();
    call.asks();
    call.feed({ type: 'reply-failed', reply: call.reply });
    call.feed({ type: 'reply-ended', reply: call.reply });
    expect(call.state.failures).toBe(1);
    call.asks();
    call.feed({ type: 'reply-audible', reply: call.reply });
    call.feed({ type: 'reply-ended', reply: call.reply });
    expect(call.state.failures).toBe(0);
  });

  it('that only takes long gets a filler two seconds after the last sound, and then is given up', () => {
    const call = new Call({ fillers: fillersAfter(2000, 4000), giveUpMs: 10_000 }).greeted();
    const spokeUntil = call.at + 1000;
    call.asks();
    const reply = call.reply;
    const asked = call.at;
    const actions = call.wait(spokeUntil + 2000 - call.at);
    expect(names(actions)).toEqual(['filler']);
    expect(call.state.phase).toBe('thinking');
    expect(names(call.wait(8000))).toEqual(['tone', 'tone']);
    expect(call.wait(asked + 10_000 - call.at)).toMatchObject([
      { do: 'drop', reply, takenBack: false },
      { do: 'say', phrase: 'sayAgain' },
    ]);
  });

  it('is no tool that takes its time: it is waited for, and then the reply', () => {
    const call = new Call({ giveUpMs: 10_000 }).greeted();
    call.asks();
    call.feed({ type: 'reply-committed', reply: call.reply });
    expect(new Set(names(call.wait(30_000)))).toEqual(new Set(['filler', 'tone']));
    call.feed({ type: 'reply-resumed', reply: call.reply });
    expect(new Set(names(call.wait(9_900)))).toEqual(new Set(['tone']));
    expect(names(call.wait(200))).toContain('say');
  });

  it('that is near gets no filler in front of it, unless it takes its time nevertheless', () => {
    const call = new Call({ fillers: fillersAfter(1000, 1440), endpointingMs: 300 }).greeted();
    const spokeUntil = call.at + 1000;
    call.asks();
    call.wait(spokeUntil + 950 - call.at);
    call.feed({ type: 'reply-near', reply: call.reply });
    expect(names(call.wait(290))).toEqual([]);
    expect(names(call.wait(20))).toEqual(['filler']);
  });

  it('of which nobody saw when they stopped talking is told by when they were last heard', () => {
    const call = new Call({ findsTurns: true, fillers: fillersAfter(2000, 4000) }).greeted();
    call.feed({ type: 'partial', text: 'when do you open' });
    call.wait(1500);
    call.feed({ type: 'turn-end', transcript: said('when do you open') });
    expect(names(call.wait(490))).toEqual([]);
    expect(names(call.wait(20))).toEqual(['filler']);
  });

  it('with an answer to keys counts from the last key', () => {
    const call = new Call({ interDigitMs: 1500, fillers: fillersAfter(2000, 4000) }).greeted();
    call.feed({ type: 'dtmf', digit: '1' });
    expect(names(call.wait(1990))).toEqual(['reply']);
    expect(names(call.wait(20))).toEqual(['filler']);
  });

  it('of an empty reply is trouble as well', () => {
    const call = new Call().greeted();
    call.asks();
    expect(call.feed({ type: 'reply-ended', reply: call.reply })).toMatchObject([
      { do: 'say', phrase: 'sayAgain' },
    ]);
  });

  it('with the recogniser in mid-turn asks the caller to say it again; for good, it ends the call', () => {
    const call = new Call().greeted();
    expect(call.feed({ type: 'stt-failed', fatal: false })).toEqual([]);
    call.speak();
    expect(call.feed({ type: 'stt-failed', fatal: false })).toMatchObject([{ phrase: 'sayAgain' }]);
    expect(call.feed({ type: 'stt-failed', fatal: true })).toMatchObject([
      { do: 'interrupt', by: 'call' },
      { phrase: 'apology' },
    ]);
  });
});

describe('the end of the call', () => {
  it('by the agent comes after their last words', () => {
    const call = new Call().greeted();
    call.asks('goodbye');
    call.feed({ type: 'reply-audible', reply: call.reply });
    const ending: Ending = { reason: 'agent-hung-up', way: 'hang-up' };
    expect(call.feed({ type: 'reply-ended', reply: call.reply, ending })).toEqual([]);
    expect(call.wait(250)).toEqual([{ do: 'leave', ending }]);
    expect(call.state.phase).toBe('over');
  });

  it('is called off when the caller says something into the goodbye', () => {
    const call = new Call({ interruption: stoppingAtOnce(languageOf('en')) }).greeted();
    call.asks('goodbye');
    const goodbye = call.reply;
    call.feed({ type: 'reply-audible', reply: goodbye });
    call.feed({ type: 'barge-in', frame: call.frame, since: call.at });
    call.feed({ type: 'reply-ended', reply: goodbye, ending: { reason: 'agent-hung-up', way: 'hang-up' } });
    expect(call.state.phase).toBe('listening');
  });

  it('comes politely when the call has lasted long enough', () => {
    const call = new Call({ maxCallMs: 4000 }).greeted();
    expect(call.wait(2000)).toMatchObject([{ do: 'say', phrase: 'maxCall' }]);
    call.feed({ type: 'reply-ended', reply: call.reply });
    expect(call.wait(250)).toMatchObject([{ do: 'leave', ending: { reason: 'max-call' } }]);
  });

  it('that is wanted from outside waits for the turn that is under way', () => {
    const call = new Call().greeted();
    call.asks();
    call.feed({
      type: 'finish',
      ending: { reason: 'draining', phrase: 'draining', way: 'hang-up' },
      now: false,
    });
    call.feed({ type: 'reply-audible', reply: call.reply });
    expect(call.feed({ type: 'reply-ended', reply: call.reply })).toMatchObject([{ phrase: 'draining' }]);
  });

  it('that is wanted from outside comes at once when nobody is talking, and in the end in any case', () => {
    const ending: Ending = { reason: 'draining', phrase: 'draining', way: 'hang-up' };
    const idle = new Call().greeted();
    expect(idle.feed({ type: 'finish', ending, now: false })).toMatchObject([{ phrase: 'draining' }]);
    const busy = new Call({ politeMs: 8000 }).greeted();
    busy.feed({ type: 'speech-start', frame: busy.frame, since: busy.at });
    expect(busy.feed({ type: 'finish', ending, now: false })).toEqual([]);
    expect(busy.wait(8000)).toMatchObject([{ phrase: 'draining' }]);
  });

  it('does not wait for last words that never end', () => {
    const call = new Call({ lastWordsMs: 15_000, maxCallMs: 3000 }).greeted();
    call.wait(1000);
    expect(names(call.wait(15_000))).toEqual(['interrupt', 'leave']);
  });
});

// ── over all states and events ────────────────────────────────────────────────────────────────

const transcript = fc.record({
  text: fc.constantFrom('', 'yes', 'mhm', 'when do you open', 'five five five'),
  understood: fc.boolean(),
  confidence: fc.double({ min: 0, max: 1, noNaN: true }),
});
const ending = fc.constantFrom<Ending>(
  { reason: 'agent-hung-up', way: 'hang-up' },
  { reason: 'draining', phrase: 'draining', way: 'hang-up' },
  { reason: 'transfer', way: 'proceed', variables: {} },
);

const TRANSFER: Transfer = {
  way: 'transfer',
  target: {
    name: 'Bob',
    also: [],
    endpoint: 'PJSIP/bob',
    callerId: 'caller',
    ringMs: 20_000,
    whileRinging: 'ringing',
  },
  call: { id: '1', name: 'transfer', arguments: { target: 'Bob' } },
};
const OUTCOMES: readonly TransferOutcome[] = [
  'answered',
  'busy',
  'refused',
  'no-answer',
  'failed',
  'cancelled',
  'caller-gone',
];

/** An event that could come now: numbers of replies and questions are current ones, or stale. */
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ type: 'tick' as const }) },
  fc.constant({ type: 'answered' as const }),
  {
    weight: 4,
    arbitrary: fc.constantFrom('speech-start', 'speech-stop', 'barge-in').map((type) => ({ type })),
  },
  fc.constantFrom('', 'no wait', 'mhm').map((text) => ({ type: 'partial' as const, text })),
  fc
    .tuple(fc.constantFrom('turn-eager-end', 'turn-end'), transcript)
    .map(([type, t]) => ({ type, transcript: t })),
  fc.constant({ type: 'turn-resume' as const }),
  { weight: 4, arbitrary: transcript.map((t) => ({ type: 'transcript' as const, transcript: t })) },
  fc.boolean().map((fatal) => ({ type: 'stt-failed' as const, fatal })),
  fc.boolean().map((findsTurns) => ({ type: 'recogniser' as const, findsTurns })),
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom('reply-committed', 'reply-audible', 'reply-failed'), fc.nat(2))
      .map(([type, stale]) => ({ type, stale })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.nat(2), fc.option(fc.oneof(ending, fc.constant(TRANSFER)), { nil: undefined, freq: 4 }))
      .map(([stale, e]) => ({ type: 'reply-ended' as const, stale, ending: e })),
  },
  fc.constantFrom(...OUTCOMES).map((outcome) => ({ type: 'transfer-over' as const, outcome })),
  fc.constant({ type: 'target-left' as const }),
  fc.constantFrom('1', '#').map((digit) => ({ type: 'dtmf' as const, digit })),
  fc.constantFrom('hold', 'unhold', 'caller-changed').map((type) => ({ type })),
  ending.map((e) => ({ type: 'finish' as const, ending: e, now: false })),
);

const settingsArbitrary = fc.record({
  findsTurns: fc.boolean(),
  earlyStart: fc.boolean(),
  prompts: fc.nat(2).map((silencePrompts) => promptsAfter({ silenceMs: 7000, silencePrompts })),
  maxCallMs: fc.constantFrom(5000, 60_000),
});

/** What the effects would have running, told from the actions alone. */
class Running {
  readonly replies = new Set<number>();
  readonly gated = new Set<number>();
  left = 0;

  take(actions: readonly TurnAction[]): void {
    for (const action of actions) {
      expect(this.left, 'nothing is done after the end').toBe(0);
      switch (action.do) {
        case 'reply':
          this.replies.add(action.reply);
          if (action.gated) this.gated.add(action.reply);
          break;
        case 'say':
          this.replies.add(action.reply);
          break;
        case 'release':
          expect(this.gated.delete(action.reply), 'only what is held back is released').toBe(true);
          break;
        case 'drop':
        case 'interrupt':
          expect(this.replies.delete(action.reply), 'only what runs is stopped').toBe(true);
          this.gated.delete(action.reply);
          break;
        case 'leave':
          this.left += 1;
          break;
        default:
      }
      expect(this.replies.size, 'never two replies at once').toBeLessThanOrEqual(1);
    }
  }
}

function play(settings: Partial<TurnSettings>, events: readonly { type: string; stale?: number }[]): Call {
  const call = new Call(settings);
  const running = new Running();
  for (const event of [{ type: 'answered' }, ...events]) {
    const deadline = nextDeadline(call.state, call.settings);
    const at = event.type === 'tick' && Number.isFinite(deadline) ? deadline : call.at + 37;
    const reply = [...running.replies].at(-1) ?? 0;
    const number = event.stale === 2 ? reply - 1 : reply;
    const since = call.at;
    const ask = call.done.findLast((action) => action.do === 'end-turn')?.ask ?? 0;
    // What has ended runs no more before the machine hears of it.
    if (['reply-ended', 'reply-failed'].includes(event.type)) {
      if (!running.replies.has(number) || running.gated.has(number)) continue;
      running.replies.delete(number);
    }
    if (['reply-audible', 'reply-committed'].includes(event.type) && running.gated.has(number)) continue;
    const full = { frame: call.frame, since, lastAt: since, ask, reply: number, ...event };
    running.take(call.feed(full as unknown as PostedEvent, at));
    for (let turns = 0; call.isDue(); turns++) {
      expect(turns, 'a due tick is settled in few steps').toBeLessThan(5);
      running.take(call.feed({ type: 'tick' }));
    }
    if (
      call.state.phase === 'thinking' ||
      call.state.phase === 'speaking' ||
      call.state.phase === 'greeting'
    ) {
      expect(running.replies.has(call.state.reply), 'what is thought or spoken runs').toBe(true);
    }
    if (call.state.phase === 'held' || call.state.phase === 'over') expect(running.replies.size).toBe(0);
    if (call.state.phase === 'over') expect(running.left).toBe(1);
  }
  return call;
}

describe('whatever happens', () => {
  it('never two replies run at once, nothing stale is released, and the end comes once', () => {
    fc.assert(
      fc.property(settingsArbitrary, fc.array(happening, { maxLength: 60 }), (settings, events) => {
        play(settings, events);
      }),
      { numRuns: 1500 },
    );
  });

  it('the call is never stuck: when nothing more comes but time, it ends', () => {
    fc.assert(
      fc.property(settingsArbitrary, fc.array(happening, { maxLength: 30 }), (settings, events) => {
        const call = play(settings, events);
        // Who has been connected with somebody may talk for as long as they like.
        call.feed({ type: 'target-left' });
        call.wait(200_000);
        expect(call.state.phase).toBe('over');
      }),
      { numRuns: 500 },
    );
  });

  it('the caller is never left without a word: when all that is begun comes to an end, the call does, too', () => {
    fc.assert(
      fc.property(settingsArbitrary, fc.array(happening, { maxLength: 30 }), (settings, events) => {
        const call = play({ ...settings, maxCallMs: Infinity }, events);
        // Phrases are spoken and replies fail; the recogniser, and whoever was talking, never stops.
        for (let round = 0; round < 20 && call.state.phase !== 'over'; round++) {
          const { state } = call;
          if (state.phase === 'thinking') call.feed({ type: 'reply-failed', reply: state.reply });
          if ('reply' in state && state.reply !== undefined)
            call.feed({ type: 'reply-ended', reply: state.reply });
          for (const type of ['unhold', 'target-left'] as const) call.feed({ type });
          call.feed({ type: 'transfer-over', outcome: 'no-answer' });
          call.wait(60_000);
        }
        expect(call.state.phase).toBe('over');
      }),
      { numRuns: 500 },
    );
  });

  it('a hang-up or the loss of the media ends every state at once', () => {
    fc.assert(
      fc.property(
        settingsArbitrary,
        fc.array(happening, { maxLength: 30 }),
        fc.boolean(),
        (settings, events, media) => {
          const call = play(settings, events);
          if (call.state.phase === 'over') return;
          // Of a call that goes on without us the media was given back.
          if (media && call.state.phase === 'connected') return;
          const actions = call.feed(
            media ? { type: 'media-lost' } : { type: 'line-ended', reason: 'caller-hung-up' },
          );
          expect(actions.at(-1)?.do).toBe('leave');
          expect(call.state.phase).toBe('over');
          expect(nextDeadline(call.state, call.settings)).toBeUndefined();
        },
      ),
      { numRuns: 500 },
    );
  });

  it('every state takes every event', () => {
    const states = new Map<TurnState['phase'], TurnState>();
    const collect = (call: Call) => states.set(call.state.phase, call.state);
    const transferred = new Call().greeted();
    transferred.asks();
    transferred.feed({ type: 'reply-ended', reply: transferred.reply, ending: TRANSFER });
    collect(transferred);
    transferred.feed({ type: 'transfer-over', outcome: 'answered' });
    collect(transferred);
    collect(new Call());
    const call = new Call();
    call.feed({ type: 'answered' });
    collect(call);
    call.feed({ type: 'reply-ended', reply: call.reply });
    collect(call);
    call.asks();
    collect(call);
    call.feed({ type: 'reply-audible', reply: call.reply });
    collect(call);
    call.feed({ type: 'hold' });
    collect(call);
    call.feed({ type: 'unhold' });
    call.feed({ type: 'reply-ended', reply: call.reply });
    call.feed({
      type: 'finish',
      ending: { reason: 'draining', phrase: 'goodbye', way: 'hang-up' },
      now: false,
    });
    collect(call);
    call.feed({ type: 'line-ended', reason: 'caller-hung-up' });
    collect(call);
    // By the type, so that none is forgotten.
    const all: Record<TurnState['phase'], true> = {
      opening: true,
      greeting: true,
      listening: true,
      thinking: true,
      speaking: true,
      held: true,
      transferring: true,
      connected: true,
      closing: true,
      over: true,
    };
    expect([...states.keys()].sort()).toEqual(Object.keys(all).sort());
    const events: PostedEvent[] = [
      ...OUTCOMES.map((outcome) => ({ type: 'transfer-over' as const, outcome })),
      { type: 'target-left' },
      { type: 'caller-changed' },
      { type: 'recogniser', findsTurns: true },
      { type: 'recogniser', findsTurns: false },
      { type: 'answered' },
      { type: 'tick' },
      { type: 'speech-start', frame: 1, since: 0 },
      { type: 'speech-stop', frame: 1, lastAt: 0 },
      { type: 'barge-in', frame: 1, since: 0 },
      { type: 'partial', text: 'hello there' },
      { type: 'turn-eager-end', transcript: said('hello there') },
      { type: 'turn-end', transcript: said('hello there') },
      { type: 'turn-resume' },
      { type: 'transcript', ask: 2, transcript: said('hello there') },
      { type: 'stt-failed', fatal: false },
      { type: 'stt-failed', fatal: true },
      { type: 'reply-committed', reply: 3 },
      { type: 'reply-audible', reply: 3 },
      { type: 'reply-ended', reply: 3 },
      { type: 'reply-ended', reply: 3, ending: TRANSFER },
      { type: 'reply-resumed', reply: 3 },
      { type: 'reply-failed', reply: 3 },
      { type: 'dtmf', digit: '1' },
      { type: 'hold' },
      { type: 'unhold' },
      { type: 'line-ended', reason: 'caller-hung-up' },
      { type: 'speech-lasts', dbov: -30 },
      { type: 'level-rises', frame: 100, since: 2000 },
      { type: 'line-heard' },
      { type: 'end-judged', frame: 100, chance: 0.9 },
      { type: 'reply-near', reply: 1 },
      { type: 'agent-said', text: 'Is that all?' },
      { type: 'media-lost' },
      { type: 'internal-error' },
      { type: 'finish', ending: { reason: 'draining', way: 'hang-up' }, now: false },
      { type: 'finish', ending: { reason: 'draining', way: 'hang-up' }, now: true },
      { type: 'operator-says', text: 'One moment, please.' },
      { type: 'put-through', transfer: TRANSFER },
    ];
    const kinds: Record<TurnEvent['type'], true> = {
      answered: true,
      tick: true,
      'speech-start': true,
      'speech-stop': true,
      'barge-in': true,
      'speech-lasts': true,
      'level-rises': true,
      'line-heard': true,
      'end-judged': true,
      'reply-near': true,
      partial: true,
      'turn-eager-end': true,
      'turn-end': true,
      'turn-resume': true,
      transcript: true,
      recogniser: true,
      'stt-failed': true,
      'reply-committed': true,
      'reply-resumed': true,
      'reply-audible': true,
      'reply-ended': true,
      'reply-failed': true,
      dtmf: true,
      hold: true,
      unhold: true,
      'caller-changed': true,
      'line-ended': true,
      'transfer-over': true,
      'target-left': true,
      'agent-said': true,
      'media-lost': true,
      'internal-error': true,
      finish: true,
      'operator-says': true,
      'put-through': true,
    };
    expect([...new Set(events.map(({ type }) => type))].sort()).toEqual(Object.keys(kinds).sort());
    const phases = [...states.keys()];
    for (const state of states.values()) {
      for (const event of events) {
        const before = JSON.stringify(state);
        const next = step(state, { ...event, at: 100_000 }, DEFAULT_TURN_SETTINGS);
        expect(phases).toContain(next.state.phase);
        expect(JSON.stringify(state), 'the old state is left as it was').toBe(before);
        if (state.phase === 'over') expect(next).toEqual({ state, actions: [] });
        const leaves = next.actions.filter((action) => action.do === 'leave').length;
        expect(leaves).toBe(next.state.phase === 'over' && state.phase !== 'over' ? 1 : 0);
      }
    }
  });
});
