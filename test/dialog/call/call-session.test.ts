import { describe, expect, it } from 'vitest';
import { INTERRUPTED } from '../../../src/dialog/reply/reply-thinking.ts';
import type { AgentTool } from '../../../src/dialog/reply/agent-tools.ts';
import { FLUSH } from '../../../src/dialog/contract/speech.ts';
import { addToRecord, beginRecord } from '../../../src/dialog/call/call-record.ts';
import { describeRecord } from '../../../src/observability/describe-record.ts';
import { latencyLine, stageTimes } from '../../../src/dialog/call/latency-tracker.ts';
import { failure } from '../../support/listed-provider.ts';
import { settle } from '../../support/manual-clock.ts';
import { FlushLine } from '../../../src/media/flush-line.ts';
import { agentProfile, ScriptedCall } from '../../support/scripted-call.ts';
import { callInfo } from '../../support/scripted-line.ts';
import { transcriptOf } from '../../support/scripted-stt.ts';

/** Hangs up from the caller's side and waits for the end. */
async function hungUp(call: ScriptedCall): Promise<void> {
  call.line.tell({ type: 'ended', reason: 'caller-hung-up' });
  await call.clock.advance(100);
  await call.running;
}

describe('a call', () => {
  it('plays the greeting in the same tick as the answer', async () => {
    const call = await ScriptedCall.start();
    expect(call.media.playbacks).toHaveLength(1);
    expect(call.media.playbacks[0]?.written).toBeGreaterThan(0);
    await call.clock.advance(20);
    expect(call.of('greeting-started')).toMatchObject([{ afterAnswerMs: 20 }]);
    await call.quiet();
    expect(call.conversation).toEqual(['agent: Hello, this is Alice.']);
  });

  it('warms what has connections of its own while the line is set up', async () => {
    const { stt, llm, tts } = await ScriptedCall.greeted();
    expect([stt.warmed, llm.warmed, tts.warmed]).toEqual([1, 1, 1]);
  });

  it('does not wait for the recogniser before it greets', async () => {
    const call = await ScriptedCall.start({
      setUp: ({ stt }) => {
        stt.open = () => new Promise(() => undefined);
      },
    });
    await call.clock.advance(40);
    expect(call.of('greeting-started')).toHaveLength(1);
    await hungUp(call);
  });

  it('holds a conversation', async () => {
    const call = await ScriptedCall.greeted({ replies: [['We open at eight.'], ['Goodbye then.']] });
    await call.exchange('when do you open');
    await call.exchange('thank you that is all');
    expect(call.conversation).toEqual([
      'agent: Hello, this is Alice.',
      'caller: when do you open',
      'agent: We open at eight.',
      'caller: thank you that is all',
      'agent: Goodbye then.',
    ]);
    expect(call.llm.requests[1]?.history).toEqual([
      { role: 'agent', text: 'Hello, this is Alice.', interrupted: false },
      { role: 'caller', text: 'when do you open', via: 'speech' },
      { role: 'agent', text: 'We open at eight.', interrupted: false },
      { role: 'caller', text: 'thank you that is all', via: 'speech' },
    ]);
    await hungUp(call);
    expect(call.leftovers).toEqual({});
  });

  it('speaks no mark that the model writes, and no half of a sentence when its tokens are spent', async () => {
    const call = await ScriptedCall.greeted({
      replies: [['[interrup', 'ted] **We', ' open** at eight. 😀 On Sundays we', { cutShort: true }]],
    });
    await call.exchange('when do you open');
    await call.clock.until(() => call.of('agent-said').length === 2);
    expect(call.tts.pieces.map((piece) => String(piece).trim())).toEqual(['We open at eight.']);
    expect(call.conversation.at(-1)).toBe('agent: We open at eight.');
  });

  it('speaks the first sentence before the model has finished', async () => {
    const call = await ScriptedCall.greeted({
      replies: [['We open at eight. ', 'And ', { waitMs: 3000 }, 'we close at six.']],
    });
    await call.says('when do you open');
    await call.speaking();
    expect(call.llm.open).toBe(1);
    expect(call.tts.pieces).toEqual(['We open at eight. ']);
    await call.clock.until(() => call.of('agent-said').length === 2);
    expect(call.conversation.at(-1)).toBe('agent: We open at eight. And we close at six.');
  });

  it('hands text on as it is written to a voice that takes it so', async () => {
    const call = await ScriptedCall.greeted({
      replies: [
        ['One ', 'moment', { tool: 'look_up' }],
        ['It ', 'is ', 'ready.'],
      ],
      tools: [
        {
          name: 'look_up',
          description: '',
          parameters: {},
          run: () => Promise.resolve({ result: 'ready', answer: true }),
        },
      ],
      setUp: ({ tts }) => {
        tts.takes = 'text';
      },
    });
    await call.exchange('is my car ready');
    expect(call.tts.pieces).toEqual(['One ', 'moment', FLUSH, ' It ', 'is ', 'ready.', FLUSH]);
    expect(call.conversation.at(-1)).toBe('agent: One moment It is ready.');
  });

  it('lets a reply begin with a clause, but for a voice that takes sentences', async () => {
    const words = ['We are open on Monday and Tuesday,', ' and', ' on Thursday.', ' Anything else?'];
    const first: unknown[] = [];
    for (const takes of ['clauses', 'sentences'] as const) {
      const setUp = ({ tts }: ScriptedCall): void => {
        tts.takes = takes;
      };
      const call = await ScriptedCall.greeted({ replies: [words], setUp });
      await call.exchange('when are you open');
      first.push(call.tts.pieces[0]);
    }
    expect(first).toEqual([
      'We are open on Monday and Tuesday, ',
      'We are open on Monday and Tuesday, and on Thursday. ',
    ]);
  });

  it('asks what was not understood of the model, which knows what to ask for', async () => {
    const call = await ScriptedCall.greeted({ replies: [['Sorry, which day?']] });
    call.stt.script.push({ text: 'mumble', understood: false, confidence: 0.2 });
    call.ear.talk(1000);
    await call.clock.advance(1000);
    await call.speaking();
    await call.quiet();
    expect(call.llm.requests[0]?.history.at(-1)).toEqual({ role: 'caller', text: '', via: 'not-understood' });
    expect(call.of('caller-said')).toMatchObject([{ text: 'mumble', understood: false }]);
    expect(call.conversation.at(-1)).toBe('agent: Sorry, which day?');
  });

  it('takes digits as a turn', async () => {
    const call = await ScriptedCall.greeted({ replies: [['Thank you.']] });
    for (const digit of '42') {
      call.line.tell({ type: 'dtmf', digit });
      await call.clock.advance(500);
    }
    await call.speaking();
    expect(call.llm.requests[0]?.history.at(-1)).toEqual({ role: 'caller', text: '42', via: 'dtmf' });
    expect(call.of('dtmf')).toHaveLength(2);
  });

  it('takes digits found in the media alike', async () => {
    const call = await ScriptedCall.greeted();
    call.media.tell({ type: 'dtmf', digit: '7' });
    await call.speaking();
    expect(call.of('caller-said')).toMatchObject([{ text: '7', via: 'dtmf' }]);
  });
});

describe('a barge-in', () => {
  const story = ['One two three four five six seven eight.'];

  it('stops the agent within one packet of the decision and cuts the history at the last word played', async () => {
    const call = await ScriptedCall.greeted({ replies: [story, ['Yes?']] });
    await call.says('tell me');
    await call.speaking();
    const started = call.clock.now() - 20;
    await call.clock.advance(1020); // two words are out, and the third has begun
    call.stt.script.push('stop that');
    call.ear.talk(1000);
    await call.clock.advance(260);
    const playback = call.media.playbacks.at(-1);
    expect(playback?.paused).toBe(true);
    expect(playback?.played).toBeLessThanOrEqual(1020 + 260);
    expect(call.clock.now() - started).toBeLessThan(1400);
    await call.clock.until(() => playback?.settled === true);
    expect(playback?.played).toBeLessThanOrEqual(1020 + 260);
    await call.clock.until(() => call.of('barge-in').length === 1);
    expect(call.conversation.at(-1)).toBe('agent: One two three —');
    await call.speaking();
    expect(call.llm.requests[1]?.history.slice(-2)).toEqual([
      { role: 'agent', text: 'One two three', interrupted: true },
      { role: 'caller', text: 'stop that', via: 'speech' },
    ]);
    expect(call.of('barge-in')[0]?.playedMs).toBe(playback?.played);
  });

  it('into the very end of what was said holds up nothing that comes next', async () => {
    const call = await ScriptedCall.greeted({ replies: [['We open at eight.']] });
    // The detector's thread paused the line before the greeting's end was known here, and says so afterwards.
    const detector = new FlushLine(call.media.flushLine);
    detector.arm('pause');
    expect([detector.trip() > 0, detector.paused]).toEqual([true, true]);
    await call.says('when do you open');
    expect(detector.paused).toBe(false);
    await call.speaking();
    await call.quiet();
    expect(call.conversation.at(-1)).toBe('agent: We open at eight.');
  });

  it('makes the recogniser listen from where the caller began', async () => {
    const call = await ScriptedCall.greeted({ replies: [story] });
    await call.says('tell me');
    await call.speaking();
    await call.clock.advance(400);
    const frame = Math.floor((call.clock.now() - 1000) / 20);
    await call.says('stop', 500);
    expect(call.stt.streams[0]?.calls.at(-1)).toBe(`begin ${frame}`);
  });

  it('by keys that ask at once waits for the account of what was heard', async () => {
    const call = await ScriptedCall.greeted({ replies: [story, ['Yes.']] });
    await call.says('tell me');
    await call.speaking();
    await call.clock.advance(800);
    call.line.tell({ type: 'dtmf', digit: '1' });
    call.line.tell({ type: 'dtmf', digit: '#' });
    await call.speaking();
    expect(call.llm.requests[1]?.history.slice(-2)).toEqual([
      { role: 'agent', text: 'One two', interrupted: true },
      { role: 'caller', text: '1', via: 'dtmf' },
    ]);
  });

  it('is not made by "mhm"', async () => {
    const call = await ScriptedCall.greeted({ replies: [story] });
    await call.says('tell me');
    await call.speaking();
    await call.clock.advance(500);
    call.ear.talk(160);
    await call.quiet();
    expect(call.of('barge-in')).toEqual([]);
    expect(call.conversation.at(-1)).toBe('agent: One two three four five six seven eight.');
  });

  it('aborts the model and the synthesiser', async () => {
    const call = await ScriptedCall.greeted({ replies: [['One two three. ', { hang: true }]] });
    await call.says('tell me');
    await call.speaking();
    call.stt.script.push('stop that');
    call.ear.talk(1000);
    await call.clock.until(() => call.media.playbacks.at(-1)?.settled === true);
    expect(call.llm.aborted + call.llm.open).toBe(call.llm.requests.length);
    expect(call.tts.open).toBe(0);
  });

  it('that is only "mhm" pauses the agent, who goes on from the word that was cut, and is heard to the end', async () => {
    const call = await ScriptedCall.greeted({ replies: [story] });
    await call.says('tell me');
    await call.speaking();
    await call.clock.advance(1020);
    await call.says('mhm', 400);
    const playback = call.media.playbacks.at(-1);
    expect(playback?.paused).toBe(true);
    await call.quiet();
    expect(call.of('sound-judged')).toMatchObject([
      { judgement: 'no-interruption', by: 'words', words: 'mhm', turn: 1 },
    ]);
    expect(call.of('barge-in')).toEqual([]);
    expect(call.conversation.at(-1)).toBe('agent: One two three four five six seven eight.');
    expect(await playback?.finished).toMatchObject({ outcome: 'completed', pauses: 1 });
    // Nothing of it is a turn of the caller's.
    expect(call.of('caller-said')).toHaveLength(1);
    expect(call.llm.requests).toHaveLength(1);
  });

  it('into the greeting works as well', async () => {
    const call = await ScriptedCall.start();
    await call.clock.advance(700);
    await call.says('I have a question');
    await call.clock.until(() => call.conversation.length > 0);
    expect(call.conversation).toEqual(['agent: Hello, this —']);
    await call.speaking();
    expect(call.conversation).toContain('caller: I have a question');
  });
});

describe('the caller', () => {
  it('who is silent is asked twice, then said goodbye to', async () => {
    const call = await ScriptedCall.greeted();
    await call.clock.advance(60_000);
    await call.running;
    expect(call.conversation).toEqual([
      'agent: Hello, this is Alice.',
      'agent: Are you still there?',
      'agent: Are you still there?',
      "agent: I can't hear you, so I will hang up now. Please call again. Goodbye.",
    ]);
    expect(call.line.done).toEqual(['answer', 'hang-up']);
    expect(call.of('ended')).toMatchObject([{ reason: 'caller-silent' }]);
    expect(call.leftovers).toEqual({});
  });

  it('who puts the line on hold while they are spoken to has not interrupted', async () => {
    const call = await ScriptedCall.greeted({ replies: [['We open at eight in the morning.']] });
    await call.says('when do you open');
    await call.speaking();
    await call.clock.advance(900);
    call.line.tell({ type: 'hold' });
    await call.clock.advance(100);
    expect(call.of('agent-said').at(-1)).toMatchObject({ turn: 1, interrupted: true });
    expect(call.of('barge-in')).toEqual([]);
  });

  it('on hold makes no turns and is not asked whether they are there', async () => {
    const call = await ScriptedCall.greeted();
    call.line.tell({ type: 'hold' });
    await call.says('music music', 5000);
    await call.clock.advance(30_000);
    expect(call.llm.requests).toEqual([]);
    expect(call.conversation).toHaveLength(1);
    call.line.tell({ type: 'unhold' });
    await call.clock.advance(8500);
    expect(call.of('held').length + call.of('unheld').length).toBe(2);
    expect(call.media.playing).toBe(true);
  });

  it('who goes on while the reply is being prepared is heard as one turn, and the reply never existed', async () => {
    const call = await ScriptedCall.greeted({
      replies: [['Which one?'], ['To billing, certainly.']],
      setUp: ({ llm }) => (llm.firstTokenMs = 800),
    });
    await call.says('I would like', 800);
    await call.clock.advance(560); // the turn is over, the model thinks
    expect(call.llm.requests).toHaveLength(1);
    await call.says('I would like to speak to billing', 1000);
    await call.speaking();
    await call.quiet();
    expect(call.conversation.slice(1)).toEqual([
      'caller: I would like to speak to billing',
      'agent: To billing, certainly.',
    ]);
    expect(call.of('latency').map((event) => event.turn)).toEqual([1]);
    expect(call.llm.requests[1]?.history).toHaveLength(2);
  });

  it('who hangs up in any state of the call leaves nothing open', async () => {
    const states: [string, (call: ScriptedCall) => Promise<void>][] = [
      ['ringing', () => Promise.resolve()],
      ['greeting', (call) => call.clock.advance(400)],
      ['listening', (call) => call.quiet()],
      [
        'talking',
        (call) =>
          call
            .quiet()
            .then(() => call.says('wait', 700))
            .then(() => undefined),
      ],
      [
        'thinking',
        (call) =>
          call
            .quiet()
            .then(() => call.says('so'))
            .then(() => call.clock.advance(510)),
      ],
      [
        'speaking',
        (call) =>
          call
            .quiet()
            .then(() => call.says('so'))
            .then(() => call.speaking()),
      ],
      ['held', (call) => (call.line.tell({ type: 'hold' }), call.clock.advance(100))],
      ['closing', (call) => (call.session.finish(BYE), call.clock.advance(2300))],
    ];
    for (const [state, reach] of states) {
      const call = await ScriptedCall.start({
        replies: [['One two three. ', { hang: true }]],
        setUp: ({ line }) => (line.answerMs = state === 'ringing' ? 5000 : 0),
      });
      await reach(call);
      await hungUp(call);
      expect(call.of('ended'), state).toMatchObject([{ reason: 'caller-hung-up' }]);
      expect(call.line.done, state).toEqual(['answer']);
      // The model that hangs is left to itself: it ends when its provider's connection does.
      expect({ ...call.leftovers, llm: 0 }, state).toEqual({ llm: 0 });
      await call.media.close();
      const { pending } = call.clock;
      expect(pending, state).toBeLessThanOrEqual(state === 'ringing' ? 1 : 0);
    }
  });

  it('who hangs up while they are being answered has said what they said, for the record', async () => {
    const call = await ScriptedCall.greeted({ replies: [[{ hang: true }]] });
    await call.says('never mind');
    await call.clock.advance(600);
    await hungUp(call);
    expect(call.conversation.at(-1)).toBe('caller: never mind');
  });
});

const BYE = { reason: 'draining', phrase: 'draining', way: 'hang-up' } as const;

describe('a transfer on the caller’s side', () => {
  it('lets the agent know who is on the line now, and the record who came later', async () => {
    const call = await ScriptedCall.greeted();
    await call.exchange('put my colleague on');
    call.line.tell({ type: 'caller-changed', caller: { number: '1002', name: 'Bob' } });
    await call.exchange('hello this is bob');
    expect(call.llm.requests.map(({ call: { caller } }) => caller.number)).toEqual(['0301234567', '1002']);
    expect(call.of('caller-changed')).toMatchObject([{ caller: { name: 'Bob' } }]);
    const [started, ...rest] = call.events;
    if (started?.type !== 'started') throw new Error('the call did not start');
    const { record } = rest.reduce(addToRecord, beginRecord(started, ''));
    expect(record).toMatchObject({
      info: { caller: { name: 'Ada' } },
      laterCallers: [{ name: 'Bob', number: '1002' }],
    });
    expect(describeRecord(record, true).join('\n')).toMatch(/from +Ada 0301234567.*\nthen +Bob 1002, from/);
    await hungUp(call);
  });
});

describe('an attended transfer to the agent', () => {
  it('greets who is on the line now, and what the colleague had asked is not answered to them', async () => {
    const call = await ScriptedCall.greeted({ replies: [['Good, put them through.'], ['We open at nine.']] });
    await call.exchange('i have ada for you');
    await call.says('hold on');
    call.line.tell({ type: 'hold' });
    await call.clock.advance(5000);
    call.line.tell({ type: 'unhold' });
    call.line.tell({ type: 'caller-changed', caller: { number: '1002', name: 'Bob' } });
    await call.speaking();
    await call.quiet();
    expect(call.llm.requests).toHaveLength(1);
    expect(call.conversation.slice(-2)).toEqual([
      'agent: Good, put them through.',
      'agent: Hello, this is Alice.',
    ]);
    await call.exchange('when do you open');
    expect(call.llm.requests).toHaveLength(2);
    expect(call.llm.requests[1]?.call.caller).toEqual({ number: '1002', name: 'Bob' });
    await hungUp(call);
  });
});

describe('what was said', () => {
  it('has the time of its beginning and its end, on both sides', async () => {
    const call = await ScriptedCall.greeted();
    const before = call.clock.now();
    await call.exchange('when do you open');
    const [greeting, reply] = call.of('agent-said');
    const [question] = call.of('caller-said');
    expect(greeting?.since).toBe(call.of('greeting-started')[0]?.at);
    expect(question?.since).toBeGreaterThanOrEqual(before);
    const order = [
      greeting?.since,
      greeting?.until,
      question?.since,
      question?.until,
      reply?.since,
      reply?.until,
    ];
    expect(order).toEqual([...order].sort((a, b) => (a ?? 0) - (b ?? 0)));
    expect(order).not.toContain(undefined);
    await hungUp(call);
  });

  it('is told even when not a whole word of it was heard', async () => {
    const call = await ScriptedCall.start();
    await call.clock.advance(60);
    await hungUp(call);
    expect(call.of('agent-said')).toMatchObject([{ turn: 0, text: '', interrupted: true }]);
  });
});

describe('trouble', () => {
  it('with the voice is told in a prepared phrase', async () => {
    const call = await ScriptedCall.greeted();
    call.tts.fault = { atWord: 'course', how: new Error('the socket died') };
    await call.exchange('can you help me');
    expect(call.of('trouble')).toMatchObject([{ part: 'tts', message: 'the socket died' }]);
    await call.clock.until(() => call.of('agent-said').length >= 3);
    expect(call.conversation.slice(2)).toEqual([
      'agent: Of —',
      'agent: Sorry, something went wrong. Could you please say that again?',
    ]);
    await hungUp(call);
    expect(call.leftovers).toEqual({});
  });

  it('with the model in mid-sentence lets the caller hear what there is, and then the phrase', async () => {
    const call = await ScriptedCall.greeted({
      replies: [['We open at eight. And', { error: new Error('cut') }]],
    });
    await call.exchange('when do you open');
    await call.clock.until(() => call.of('agent-said').length >= 3);
    expect(call.of('trouble')).toMatchObject([{ part: 'llm', message: 'cut' }]);
    expect(call.conversation.slice(2)).toEqual([
      'agent: We open at eight. —',
      'agent: Sorry, something went wrong. Could you please say that again?',
    ]);
  });

  it.each([
    ['model', { replies: [['We. ', { hang: true }]] as const, part: 'llm' }],
    ['voice', { replies: [['We open at eight.']] as const, part: 'tts' }],
  ])('of a %s that stalls is noticed', async (_, { replies, part }) => {
    const call = await ScriptedCall.greeted({ replies: [...replies], stallMs: 3000 });
    if (part === 'tts') call.tts.fault = { atWord: 'eight', how: 'hang' };
    await call.says('when do you open');
    await call.clock.until(() => call.of('trouble').length > 0);
    expect(call.of('trouble')).toMatchObject([{ part, message: 'nothing came for 3000 ms' }]);
    await call.quiet();
    expect(call.conversation.at(-1)).toContain('something went wrong');
    await hungUp(call);
    expect({ ...call.leftovers, llm: 0, tts: 0 }).toEqual({ llm: 0, tts: 0 });
  });

  it('is bridged by a sign two seconds after the last sound, and the reply comes behind it', async () => {
    const call = await ScriptedCall.greeted({ setUp: ({ llm }) => (llm.firstTokenMs = 2500) });
    const last = await call.says('think hard');
    await call.speaking();
    expect(call.clock.now() - last).toBeLessThanOrEqual(2100);
    await call.quiet();
    await call.clock.until(() => call.of('latency').length === 1);
    expect(call.conversation.slice(1)).toEqual([
      'caller: think hard',
      'agent: One moment, please.',
      'agent: Of course.',
    ]);
    await call.exchange('thank you');
    expect(call.llm.requests[1]?.history.slice(1, -1)).toEqual([
      { role: 'caller', text: 'think hard', via: 'speech' },
      { role: 'agent', text: 'One moment, please.', interrupted: false },
      { role: 'agent', text: 'Of course.', interrupted: false },
    ]);
  });

  it('whose sign the caller talks into keeps what was heard of it, and takes the rest as one turn', async () => {
    const call = await ScriptedCall.greeted({ setUp: ({ llm }) => (llm.firstTokenMs = 2500) });
    await call.says('think hard');
    await call.speaking();
    await call.clock.advance(200);
    await call.exchange('no wait');
    const told = call.conversation.slice(1);
    expect(told[0]).toMatch(/^agent: (One( moment)?)? ?—$/);
    expect(told.filter((line) => line.startsWith('caller:'))).toHaveLength(1);
  });

  it('of a slow recogniser is bridged by the sign, which the model is not kept waiting for', async () => {
    const call = await ScriptedCall.greeted({ setUp: ({ stt }) => (stt.delayMs = 1700) });
    await call.says('think hard');
    await call.speaking(); // the sign; the text comes within it
    await call.clock.until(() => call.llm.requests.length === 1);
    expect(call.media.playbacks.at(-1)?.settled).toBe(false);
    await call.clock.until(() => call.of('latency').length === 1);
    expect(call.conversation.slice(1)).toEqual([
      'caller: think hard',
      'agent: One moment, please.',
      'agent: Of course.',
    ]);
  });

  it('of a slow recogniser is bridged by a sign that stops when the caller goes on', async () => {
    const call = await ScriptedCall.greeted({ setUp: ({ stt }) => (stt.delayMs = 3000) });
    await call.says('think hard');
    await call.speaking();
    await call.says('', 200);
    expect(call.media.playing).toBe(false);
    await hungUp(call);
    expect(call.conversation.slice(1)).toEqual([expect.stringMatching(/^agent: .*—$/)]);
  });

  it('with the voice detector, which hears the call no longer, ends it with an apology', async () => {
    const call = await ScriptedCall.greeted();
    call.ear.request.onFailed?.(new Error('out of memory'));
    await call.clock.advance(20_000);
    await call.running;
    expect(call.of('trouble')).toMatchObject([{ part: 'vad', message: 'out of memory' }]);
    expect(call.conversation.at(-1)).toMatch(/technical problem/);
    expect(call.line.done).toEqual(['answer', 'proceed']);
  });

  it('is bridged by a tone where not even the sign could be prepared', async () => {
    const call = await ScriptedCall.greeted({
      unprepared: true,
      setUp: ({ llm }) => (llm.firstTokenMs = 2500),
    });
    const last = await call.says('think hard');
    await call.speaking();
    expect(call.clock.now() - last).toBeLessThanOrEqual(2100);
    await call.clock.until(() => call.conversation.includes('agent: Of course.'));
  });

  it('with a model that breaks off leaves the whole sentences, and another one answers the same question', async () => {
    const cut = failure('groq', 'cut');
    const call = await ScriptedCall.greeted({
      replies: [['We open at eight. And we', { error: cut }], ['From eight to six.']],
    });
    await call.exchange('when do you open');
    await call.clock.until(() => call.of('agent-said').length >= 2);
    expect(call.conversation.slice(1)).toEqual([
      'caller: when do you open',
      'agent: We open at eight. From eight to six.',
    ]);
    expect(call.llm.requests[1]?.avoid).toEqual(['groq']);
    expect(call.llm.requests[1]?.history.slice(-3)).toEqual([
      { role: 'caller', text: 'when do you open', via: 'speech' },
      { role: 'agent', text: 'We open at eight.', interrupted: false },
      { role: 'caller', text: 'when do you open', via: 'speech' },
    ]);
  });

  it('with a model that breaks off behind a tool leaves what the tool has done', async () => {
    const call = await ScriptedCall.greeted({
      replies: [
        [
          'A moment. ',
          { tool: 'take_message', arguments: { name: 'Ada', number: '1', text: 'hello' } },
          { error: failure('groq', 'stalled') },
        ],
        ['It is stored.'],
      ],
    });
    await call.exchange('take a message');
    await call.clock.until(() => call.llm.requests.length === 2);
    expect(call.messages).toHaveLength(1);
    expect(call.llm.requests[1]?.history.at(-1)).toMatchObject({
      role: 'tool',
      result: 'the message is stored',
    });
  });

  it('of a provider is told with its name, its kind, and that nobody was left', async () => {
    const call = await ScriptedCall.greeted({ replies: [[{ error: failure('groq', 'unauthorized') }]] });
    await call.exchange('hello there');
    expect(call.of('trouble')).toMatchObject([
      { part: 'llm', provider: 'groq', kind: 'unauthorized', outcome: 'gave-up' },
    ]);
  });

  it('with the recogniser goes over to the detector’s pauses when the next one needs them', async () => {
    const call = await ScriptedCall.greeted({ findsTurns: true });
    call.stt.script.push('when do you open');
    call.ear.talk(1000);
    await call.clock.advance(500);
    const [stream] = call.stt.streams;
    stream?.emit({
      type: 'trouble',
      trouble: {
        part: 'stt',
        provider: 'cartesia',
        kind: 'cut',
        message: 'm',
        outcome: 'fell-back',
        next: 'x',
      },
    });
    stream?.emit({ type: 'recogniser', name: 'x', findsTurns: false });
    await call.speaking();
    await call.quiet();
    expect(call.conversation.slice(1)).toEqual(['caller: when do you open', 'agent: Of course.']);
    expect(call.of('trouble')).toMatchObject([{ provider: 'cartesia', outcome: 'fell-back', next: 'x' }]);
  });

  it('can be what keeps a caller on the line, if that is wanted', async () => {
    const call = await ScriptedCall.greeted({
      replies: [[{ error: new Error('401') }]],
      settings: { failureLimit: Infinity },
    });
    for (let turn = 0; turn < 5; turn++) await call.exchange('hello there');
    expect(call.of('ended')).toEqual([]);
    expect(call.of('trouble')).toHaveLength(5);
    await hungUp(call);
  });

  it('that comes again and again ends in an apology, and the dialplan has the caller', async () => {
    const call = await ScriptedCall.greeted({ replies: [[{ error: new Error('401') }]] });
    for (let turn = 0; turn < 3; turn++) await call.exchange('hello there');
    await call.clock.advance(1000);
    await call.running;
    expect(call.conversation.at(-1)).toContain('technical problem');
    expect(call.line.done).toEqual(['answer', 'proceed']);
    expect(call.line.variables).toEqual({ VOICE_AGENT_RESULT: 'error', VOICE_AGENT_REASON: 'failed' });
    expect(call.leftovers).toEqual({});
  });

  it('of a recogniser that dies in mid-sentence goes unnoticed: a new one catches up', async () => {
    const call = await ScriptedCall.greeted();
    call.stt.script.push('when do you open');
    call.ear.talk(1500);
    await call.clock.advance(1000);
    call.stt.streams[0]?.emit({ type: 'failed', error: new Error('socket') });
    await call.speaking();
    expect(call.stt.openStreams).toBe(1);
    expect(call.stt.streams[1]?.calls[0]).toBe(call.stt.streams[0]?.calls[0]);
    await call.quiet();
    expect(call.conversation.slice(1)).toEqual(['caller: when do you open', 'agent: Of course.']);
  });

  it('of a recogniser at the end of a turn: the caller is asked to say it again', async () => {
    const call = await ScriptedCall.greeted();
    call.stt.script.push(new Error('500'));
    call.ear.talk(1000);
    await call.clock.advance(1000);
    await call.speaking();
    await call.quiet();
    expect(call.of('trouble')).toMatchObject([{ part: 'stt', message: '500' }]);
    expect(call.conversation.at(-1)).toContain('something went wrong');
    await call.exchange('when do you open');
    expect(call.conversation.at(-1)).toBe('agent: Of course.');
  });

  it('of a recogniser that keeps silent is told: in the log, the record and the metrics as any other', async () => {
    const call = await ScriptedCall.greeted({ setUp: ({ stt }) => (stt.delayMs = 60_000) });
    call.vad.streams[0]?.talk(1000);
    await call.clock.advance(7000);
    await call.quiet();
    expect(call.of('trouble')).toMatchObject([
      { part: 'stt', kind: 'timeout', message: 'no transcript within 4000 ms of being asked for one' },
    ]);
    expect(call.conversation.at(-1)).toContain('something went wrong');
    await hungUp(call);
  });

  it('of a recogniser that can not be opened at first does not end the call', async () => {
    const call = await ScriptedCall.start({
      setUp: ({ stt }) => (stt.openError = new Error('503')),
    });
    await call.quiet();
    call.stt.openError = undefined;
    await call.clock.until(() => call.stt.openStreams === 1, 4000);
    await call.exchange('when do you open');
    expect(call.conversation.at(-1)).toBe('agent: Of course.');
    expect(new Set(call.of('trouble').map(({ message }) => message))).toEqual(new Set(['503']));
    await hungUp(call);
    expect(call.leftovers).toEqual({});
  });

  it('of a recogniser or a detector that can not be opened ends the call with an apology', async () => {
    for (const part of ['stt', 'vad'] as const) {
      const call = await ScriptedCall.start({
        setUp: (it) => (it[part].openError = new Error('no model')),
      });
      await call.clock.advance(20_000);
      await call.running;
      expect(call.of('trouble')[0]).toMatchObject({ part, message: 'no model' });
      expect(call.conversation.at(-1)).toContain('technical problem');
      expect(call.line.done).toEqual(['answer', 'proceed']);
      expect(call.leftovers).toEqual({});
    }
  });

  it('with phrases at start: they are synthesised when they are wanted', async () => {
    const call = await ScriptedCall.start({ unprepared: true });
    await call.clock.advance(100);
    await call.quiet();
    expect(call.conversation).toEqual(['agent: Hello, this is Alice.']);
    expect(call.of('greeting-started')).toHaveLength(1);
  });

  it('with every phrase and the voice, too, is no silence: a tone, and the call goes on or ends behind it', async () => {
    const call = await ScriptedCall.start({
      unprepared: true,
      settings: { failureLimit: 2 },
      replies: [[{ error: new Error('gone') }]],
      setUp: ({ tts }) => (tts.fault = { atWord: '', how: new Error('gone') }),
    });
    const tones = (): number =>
      call.media.playbacks.filter(({ settled, written }) => settled && written === 440).length;
    await call.clock.until(() => tones() === 1); // no greeting
    await call.says('hello');
    await call.clock.until(() => tones() === 2); // no "something went wrong"
    await call.says('hello?');
    await call.clock.until(() => call.line.done.includes('proceed'));
    expect(tones()).toBe(3); // no apology
    await call.running;
    expect(call.leftovers).toEqual({});
  });

  it('with the media ends the call into the dialplan', async () => {
    const call = await ScriptedCall.greeted();
    call.media.tell({ type: 'lost', reason: 'worker died' });
    await call.clock.advance(100);
    await call.running;
    expect(call.line.done).toEqual(['answer', 'proceed']);
    expect(call.of('ended')).toMatchObject([{ reason: 'media-lost' }]);
  });

  it('with the answer: the caller goes on, and nothing is left open', async () => {
    const call = await ScriptedCall.start({ setUp: ({ line }) => (line.answerError = new Error('422')) });
    await call.clock.advance(100);
    await call.running;
    expect(call.of('ended')).toMatchObject([{ reason: 'not-answered' }]);
    expect(call.leftovers).toEqual({});
  });
});

describe('the tools', () => {
  it('hang up after the last words are out', async () => {
    const call = await ScriptedCall.greeted({ replies: [['Goodbye and good luck.', { tool: 'hang_up' }]] });
    await call.says('that is all');
    await call.speaking();
    expect(call.line.done).toEqual(['answer']);
    await call.quiet();
    await call.clock.advance(260);
    await call.running;
    expect(call.media.playbacks.at(-1)?.played).toBe(1600);
    expect(call.line.done).toEqual(['answer', 'hang-up']);
    expect(call.of('ended')).toMatchObject([{ reason: 'agent-hung-up' }]);
    expect(call.leftovers).toEqual({});
  });

  it('hang up with a goodbye, though the model has not said any', async () => {
    const call = await ScriptedCall.greeted({ replies: [[{ tool: 'hang_up' }]] });
    await call.says('that is all');
    await call.clock.advance(3000);
    await call.running;
    expect(call.conversation.slice(1)).toEqual(['caller: that is all', 'agent: Goodbye.']);
    expect(call.line.done).toEqual(['answer', 'hang-up']);
  });

  it('do not hang up when the caller has something to add', async () => {
    const call = await ScriptedCall.greeted({
      replies: [['Goodbye and have a nice day.', { tool: 'hang_up' }], ['Sure.']],
    });
    await call.says('that is all');
    await call.speaking();
    await call.exchange('oh wait one more thing');
    expect(call.conversation.at(-1)).toBe('agent: Sure.');
    expect(call.line.done).toEqual(['answer']);
  });

  it('let the caller go on in the dialplan with a department', async () => {
    const call = await ScriptedCall.greeted({
      replies: [['One moment, please.', { tool: 'proceed', arguments: { department: 'Billing' } }]],
    });
    await call.says('billing please');
    await call.clock.advance(6000);
    await call.running;
    expect(call.line.variables).toEqual({
      VOICE_AGENT_RESULT: 'transfer',
      VOICE_AGENT_DEPARTMENT: 'billing',
      VOICE_AGENT_REASON: 'transfer',
    });
  });

  it('take a message, and the model that has said nothing yet is asked again', async () => {
    const message = { name: 'Ada', number: '030123', text: 'call me' };
    const call = await ScriptedCall.greeted({
      replies: [[{ tool: 'take_message', arguments: message }], ['I have taken your message.']],
    });
    await call.exchange('please call me back');
    expect(call.messages).toMatchObject([
      { ...message, agent: 'alice', takenAt: expect.any(Number) as number },
    ]);
    expect(call.of('tool')).toMatchObject([{ name: 'take_message', result: 'the message is stored' }]);
    expect(call.llm.requests[1]?.history.at(-1)).toMatchObject({
      role: 'tool',
      result: 'the message is stored',
    });
    expect(call.conversation.at(-1)).toBe('agent: I have taken your message.');
  });

  it('that are unknown, refuse their arguments or fail are told to the model, and the caller stays', async () => {
    const broken: AgentTool = {
      name: 'weather',
      description: '',
      parameters: {},
      run: () => Promise.reject(new Error('no network')),
    };
    const call = await ScriptedCall.greeted({
      tools: [broken],
      replies: [
        ['Let me see.', { tool: 'fly' }],
        [{ tool: 'proceed', arguments: { department: 'kitchen' } }],
        [{ tool: 'weather' }],
        ['I can not tell.'],
      ],
    });
    await call.exchange('what now');
    await call.clock.until(() => call.conversation.length === 3);
    expect(call.of('tool').map((event) => event.result)).toEqual([
      'error: there is no tool "fly"; there are: hang_up, proceed, take_message, weather',
      'error: department must be one of: billing',
      'error: no network',
    ]);
    expect(call.conversation.at(-1)).toBe('agent: Let me see. I can not tell.');
    expect(call.line.done).toEqual(['answer']);
  });

  it('that the caller interrupts while they work leave a trace, so that nothing is done twice', async () => {
    const work = Promise.withResolvers<{ result: string }>();
    const call = await ScriptedCall.greeted({
      tools: [{ name: 'book', description: '', parameters: {}, run: () => work.promise }],
      replies: [['One moment. ', { tool: 'book' }], ['Shall I look?'], ['It is booked.']],
    });
    await call.says('book it please');
    await call.speaking();
    await call.says('is it booked');
    await call.clock.until(() => call.llm.requests.length === 2);
    const known = (): unknown => call.llm.requests.at(-1)?.history.find(({ role }) => role === 'tool');
    expect(known()).toMatchObject({ call: { name: 'book' }, result: INTERRUPTED });
    work.resolve({ result: 'booked' });
    await call.speaking();
    await call.quiet();
    await call.exchange('and now');
    expect(known()).toMatchObject({ call: { name: 'book' }, result: 'booked' });
    expect(call.of('tool').map(({ result }) => result)).toEqual(['booked']);
    await hungUp(call);
  });

  it('that outlive their call are told of as far as they came', async () => {
    const work = Promise.withResolvers<{ result: string }>();
    const call = await ScriptedCall.greeted({
      tools: [{ name: 'book', description: '', parameters: {}, run: () => work.promise }],
      replies: [['One moment. ', { tool: 'book' }]],
    });
    await call.says('book it please');
    await call.speaking();
    await hungUp(call);
    work.resolve({ result: 'booked' });
    await settle();
    expect(call.events.at(-1)?.type).toBe('ended');
    expect(call.of('tool').map(({ result }) => result)).toEqual([INTERRUPTED]);
  });

  it.each([
    ['without a word before', []],
    ['after a word', ['Well. ']],
  ])('that take long never leave the caller in silence for long (%s)', async (_, words) => {
    const slow: AgentTool = {
      name: 'look_up',
      description: '',
      parameters: {},
      async run() {
        await call.clock.sleep(25_000);
        return { result: 'ready', answer: true };
      },
    };
    const call: ScriptedCall = await ScriptedCall.greeted({
      tools: [slow],
      replies: [[...words, { tool: 'look_up' }], ['It is ready now.']],
    });
    await call.says('is my car ready');
    let silentMs = 0;
    let longest = 0;
    for (let frame = 0; call.of('tool').length === 0; frame++) {
      await call.clock.advance(20);
      silentMs = call.media.playing ? 0 : silentMs + 20;
      longest = Math.max(longest, silentMs);
      expect(frame).toBeLessThan(2000);
    }
    expect(longest).toBeLessThanOrEqual(4100);
    await call.clock.until(() => call.conversation.at(-1)?.endsWith('It is ready now.') === true);
    expect(call.of('trouble')).toEqual([]);
    expect(call.conversation.at(-1)).toBe(`agent: ${words.join('')}It is ready now.`);
  });

  it('that take long and then speak are cut at the word that was heard', async () => {
    const slow: AgentTool = {
      name: 'look_up',
      description: '',
      parameters: {},
      async run() {
        await call.clock.sleep(5000);
        return { result: 'ready', answer: true };
      },
    };
    const call: ScriptedCall = await ScriptedCall.greeted({
      tools: [slow],
      replies: [['Well. ', { tool: 'look_up' }], ['It is ready now and washed.']],
    });
    await call.says('is my car ready');
    await call.clock.until(() => call.of('tool').length === 1);
    const playback = call.media.playbacks.at(-1)!;
    // "Well", the sign, and three words of the answer.
    await call.clock.until(() => playback.played >= 400 + 440 + 3 * 400);
    const said = call.of('agent-said').length;
    await call.says('thank you', 400);
    await call.clock.until(() => call.of('agent-said').length > said);
    expect(call.of('agent-said').at(-1)?.text).toBe('Well. It is ready');
  });

  it('never act before the turn is certain', async () => {
    const call = await ScriptedCall.greeted({
      settings: { earlyStart: true, eagerPauseMs: 200, endpointingMs: 800 },
      replies: [
        [{ tool: 'take_message', arguments: { name: 'Ada', number: '1', text: 'x' } }, 'Done.'],
        ['All right.'],
      ],
    });
    await call.says('my name is Ada', 800);
    await call.clock.advance(500);
    expect(call.llm.requests).toHaveLength(1);
    await call.says('my name is Ada Lovelace', 800);
    await call.speaking();
    await call.quiet();
    expect(call.messages).toEqual([]);
    expect(call.of('preemptive-reply-dropped')).toMatchObject([{ turn: 1, preparedMs: 355 }]);
    expect(call.conversation.slice(1)).toEqual(['caller: my name is Ada Lovelace', 'agent: All right.']);
  });
});

describe('an early start', () => {
  it('saves what thinking and synthesis take, and is not heard before the turn is certain', async () => {
    const totals: number[] = [];
    const saved: (number | undefined)[] = [];
    for (const earlyStart of [false, true]) {
      const call = await ScriptedCall.greeted({
        settings: { earlyStart, eagerPauseMs: 200 },
        setUp: ({ llm }) => (llm.firstTokenMs = 200),
      });
      const last = await call.says('when do you open');
      await call.clock.advance(480);
      expect(call.media.playing).toBe(false);
      await call.speaking();
      await call.quiet();
      const marks = call.of('latency')[0]?.marks;
      expect(marks?.speechEnd).toBe(last);
      expect(marks?.firstPacket).toBeGreaterThanOrEqual(marks?.turnEnd ?? Infinity);
      totals.push((marks?.firstPacket ?? 0) - last);
      saved.push(stageTimes(marks ?? {}).saved);
    }
    expect(totals[0]).toBeGreaterThanOrEqual(760);
    expect(totals[1]).toBeLessThanOrEqual(520);
    expect(saved[0]).toBeUndefined();
    expect(saved[1]).toBeGreaterThanOrEqual(240);
  });

  it('that comes to nothing is made good when the turn is certain, and the caller hears of no trouble', async () => {
    const call = await ScriptedCall.greeted({
      settings: { earlyStart: true, eagerPauseMs: 200 },
      replies: [[{ error: new Error('429') }], ['We open at eight.']],
    });
    await call.exchange('when do you open');
    expect(call.conversation.slice(1)).toEqual(['caller: when do you open', 'agent: We open at eight.']);
    expect(call.of('trouble')).toMatchObject([{ part: 'llm', message: '429' }]);
  });

  it('that is refused for good, as it is again at the turn’s end, is told once', async () => {
    const refused = new Error('400');
    const call = await ScriptedCall.greeted({
      settings: { earlyStart: true, eagerPauseMs: 200 },
      replies: [[{ error: refused }], [{ error: refused }]],
    });
    await call.exchange('when do you open');
    expect(call.llm.requests).toHaveLength(2);
    expect(call.of('trouble')).toMatchObject([{ part: 'llm', message: '400' }]);
  });

  it('of a recogniser that finds turns', async () => {
    const call = await ScriptedCall.greeted({ findsTurns: true, settings: { earlyStart: true } });
    const stream = call.stt.streams[0];
    call.ear.talk(1000);
    await call.clock.advance(1160);
    stream?.emit({ type: 'turn-eager-end', transcript: transcriptOf('do you') });
    await call.clock.advance(100);
    stream?.emit({ type: 'turn-resume' });
    await call.clock.advance(200);
    stream?.emit({ type: 'turn-eager-end', transcript: transcriptOf('do you sell cars') });
    await call.clock.advance(240);
    expect(call.media.playing).toBe(false);
    stream?.emit({ type: 'turn-end', transcript: transcriptOf('do you sell cars') });
    await call.clock.advance(20);
    expect(call.media.playing).toBe(true);
    await call.quiet();
    expect(call.conversation.slice(1)).toEqual(['caller: do you sell cars', 'agent: Of course.']);
    expect(call.of('latency')).toHaveLength(1);
  });
});

describe('latency', () => {
  it("is measured from the caller's last voiced packet to the first packet of the reply, stage by stage", async () => {
    const call = await ScriptedCall.greeted();
    const last = await call.says('when do you open');
    await call.speaking();
    await call.quiet();
    const [event] = call.of('latency');
    expect(event?.turn).toBe(1);
    expect(event?.marks).toMatchObject({
      speechEnd: last,
      sttStart: last + 500,
      turnEnd: last + 500,
      sttFinal: last + 505,
      llmStart: last + 505,
      llmFirstToken: last + 525,
      llmEnd: last + 525,
      ttsStart: last + 525,
      ttsFirstAudio: last + 585,
    });
    expect((event?.marks.firstPacket ?? 0) - last).toBeLessThanOrEqual(605);
    expect(latencyLine(call.tracker.turn(call.session.name, 1)!)).toMatch(
      /^\[OK\] Turn 1 latency: \d+ms \(STT: 5ms, LLM: 20ms, TTS: 60ms\)$/,
    );
  });

  it('of a call as a whole is told at its end, and stands in its record', async () => {
    const call = await ScriptedCall.greeted({
      replies: [['We open at eight.'], [{ waitMs: 300 }, 'At six.']],
    });
    await call.exchange('when do you open');
    await call.exchange('and when do you close');
    await hungUp(call);
    const totals = call.of('latency').map(({ marks }) => (marks.firstPacket ?? 0) - (marks.speechEnd ?? 0));
    expect(totals[1]).toBeGreaterThan((totals[0] ?? 0) + 250);
    const latency = { turns: 2, meanMs: ((totals[0] ?? 0) + (totals[1] ?? 0)) / 2, worstMs: totals[1] };
    expect(call.of('ended')).toMatchObject([{ latency }]);
    const [started, ...rest] = call.events;
    if (started?.type !== 'started') throw new Error('the call did not start');
    const { record } = rest.reduce(addToRecord, beginRecord(started, ''));
    expect(record.ended?.latency).toEqual(latency);
    expect(describeRecord(record, true).join('\n')).toMatch(/turns +2 measured, mean \d+ ms, worst \d+ ms/);
  });

  it('is not told of a call without a turn', async () => {
    const call = await ScriptedCall.greeted();
    await hungUp(call);
    expect(call.of('ended')[0]).not.toHaveProperty('latency');
  });
});

describe('the end', () => {
  it('comes politely after the longest time that a call may take', async () => {
    const call = await ScriptedCall.greeted({ settings: { maxCallMs: 5000 } });
    await call.clock.advance(20_000);
    await call.running;
    expect(call.of('ended')).toMatchObject([{ reason: 'max-call' }]);
    expect(call.conversation.at(-1)).toContain('we have to end this call now');
  });

  it.each([
    { said: 'that is all', result: 'completed', reason: 'agent-hung-up' },
    { said: undefined, result: 'silence', reason: 'caller-silent' },
  ])(
    'lets the caller go on in the dialplan where the agent is set so ($result)',
    async ({ said, result, reason }) => {
      const call = await ScriptedCall.greeted({
        agent: agentProfile({ afterwards: 'continue' }),
        replies: [['Goodbye.', { tool: 'hang_up' }]],
      });
      if (said !== undefined) await call.says(said);
      await call.clock.advance(40_000);
      await call.running;
      expect(call.line.done).toEqual(['answer', 'proceed']);
      expect(call.line.variables).toEqual({ VOICE_AGENT_RESULT: result, VOICE_AGENT_REASON: reason });
    },
  );

  it('from outside waits for the answer that is being given, says goodbye and hangs up', async () => {
    const call = await ScriptedCall.greeted();
    await call.says('when do you open');
    await call.speaking();
    call.session.finish(BYE);
    await call.clock.advance(20_000);
    await call.running;
    expect(call.conversation.slice(2)).toEqual([
      'agent: Of course.',
      'agent: I am sorry, I have to end this call now. Please call again in a few minutes. Goodbye.',
    ]);
    expect(call.line.done).toEqual(['answer', 'hang-up']);
  });

  it('doesn’t follow when somebody who looks on has the agent say something in the place of its own words', async () => {
    const call = await ScriptedCall.greeted();
    await call.says('when do you open');
    await call.speaking();
    call.session.say('A colleague will call you back.');
    await call.clock.advance(5000);
    expect(call.conversation.at(-1)).toBe('agent: A colleague will call you back.');
    expect(call.of('barge-in')).toEqual([]);
    expect(call.of('ended')).toEqual([]);
  });

  it("comes at once when the process's scope closes, and the dialplan has the caller", async () => {
    const call = await ScriptedCall.greeted();
    const closing = call.scope.close();
    await call.clock.advance(100);
    await Promise.all([closing, call.running]);
    expect(call.line.done).toEqual(['answer', 'proceed']);
    expect(call.line.variables).toMatchObject({ VOICE_AGENT_RESULT: 'draining' });
    expect(call.leftovers).toEqual({});
  });

  it('of a call that is only an announcement follows it, and nobody listens meanwhile', async () => {
    const call = await ScriptedCall.start({
      announcement: { reason: 'unknown-extension', phrase: 'unknownExtension', way: 'hang-up' },
    });
    await call.clock.advance(20_000);
    await call.running;
    expect(call.conversation).toEqual([
      'agent: Sorry, this number is not in use. Please check the number and dial again. Goodbye.',
    ]);
    expect(call.vad.streams).toHaveLength(0);
    expect(call.line.done).toEqual(['answer', 'hang-up']);
  });

  it('is told once, whoever comes late', async () => {
    const call = await ScriptedCall.greeted();
    await hungUp(call);
    call.session.finish(BYE, true);
    call.line.tell({ type: 'ended', reason: 'other' });
    await settle();
    expect(call.of('ended')).toHaveLength(1);
  });
});

describe('two calls at once', () => {
  it('do not mix', async () => {
    const one = await ScriptedCall.greeted({ replies: [['I am one.']] });
    const two = await ScriptedCall.greeted({
      clock: one.clock,
      scope: one.scope,
      tracker: one.tracker,
      agent: agentProfile({ id: 'tom', greeting: 'Tom speaking.' }),
      info: callInfo({ key: { server: 'test', channel: 'channel-2' } }),
      replies: [['I am two.']],
    });
    await one.says('who are you', 800);
    await two.says('and you', 800);
    await one.clock.advance(6000);
    expect(one.conversation).toEqual([
      'agent: Hello, this is Alice.',
      'caller: who are you',
      'agent: I am one.',
    ]);
    expect(two.conversation).toEqual(['agent: Tom speaking.', 'caller: and you', 'agent: I am two.']);
    expect(one.tracker.calls).toEqual([one.session.name, two.session.name]);
    await hungUp(one);
    expect(two.of('ended')).toEqual([]);
    await hungUp(two);
    expect({ ...one.leftovers, ...two.leftovers }).toEqual({});
  });
});
