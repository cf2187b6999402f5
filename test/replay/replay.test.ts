import { describe, expect, it } from 'vitest';
import type { TurnStep } from '../../src/dialog/contract/call-events.ts';
import { addToRecord, beginRecord, type CallRecord } from '../../src/dialog/call/call-record.ts';
import { compare, decisionsIn, type Decision } from '../../src/replay/decisions.ts';
import { loggedCall, NoReplay } from '../../src/replay/logged-call.ts';
import { replayCall } from '../../src/replay/replay-call.ts';
import { rowsOf } from '../../src/store/call-rows.ts';
import { redactionOf } from '../../src/store/redaction.ts';
import { agentProfile, ScriptedCall } from '../support/scripted-call.ts';

/** As JSON has it, which is how it comes out of a database or a file. */
function recordOf(call: ScriptedCall): CallRecord {
  const [first, ...others] = call.events;
  if (first?.type !== 'started') throw new Error('no start');
  const { record } = others.reduce(addToRecord, beginRecord(first, '2026-01-15T09:00:00.000Z'));
  return JSON.parse(JSON.stringify(record)) as CallRecord;
}

async function over(call: ScriptedCall): Promise<CallRecord> {
  call.line.tell({ type: 'ended', reason: 'caller-hung-up' });
  await call.clock.advance(100);
  await call.running;
  return recordOf(call);
}

const LONG = ['We open at eight in the morning and we close at six in the evening.'];

/** A question, an answer into which the caller says "mhm" and then "no wait", and another one. */
async function conversation(): Promise<CallRecord> {
  const agent = agentProfile();
  const call = await ScriptedCall.greeted({
    agent: { ...agent, limits: { ...agent.limits, eagerPauseMs: 150 } },
    settings: { earlyStart: true },
    replies: [LONG, ['On Monday, too.'], ['Goodbye.']],
  });
  await call.says('when do you open');
  await call.speaking();
  await call.clock.advance(600);
  await call.says('mhm', 300);
  await call.clock.advance(1500);
  await call.says('no wait on monday', 900);
  await call.quiet();
  await call.exchange('thank you');
  return over(call);
}

function shown(decisions: readonly Decision[]): string[] {
  return decisions.map(({ what, detail }) => (what === 'judgement' ? `${what} ${detail}` : what));
}

describe('a call that is replayed', () => {
  it('is decided again as it was, from its record alone', async () => {
    const call = loggedCall(await conversation(), undefined);
    const was = decisionsIn(call.steps);
    const decided = shown(was);
    for (const one of ['pause', 'resume', 'judgement no-interruption, by words', 'yield', 'turn ends']) {
      expect(decided).toContain(one);
    }
    const compared = compare(was, decisionsIn(await replayCall(call)));
    expect(compared.filter(({ same }) => !same)).toEqual([]);
    expect(compared).toHaveLength(was.length);
  });

  it('holds back what was held back while the caller might have gone on', async () => {
    const call = await ScriptedCall.greeted({ replies: [LONG] });
    await call.says('when do you open');
    await call.clock.until(() => call.session.glimpse?.phase === 'thinking');
    call.ear.emit({ type: 'level-rises', frame: 0, at: call.clock.now() });
    await call.speaking();
    await call.quiet();
    const logged = loggedCall(await over(call), undefined);
    const again = await replayCall(logged);
    const audible = (steps: readonly TurnStep[]): number[] =>
      steps.filter((step) => 'told' in step && step.told === 'reply-audible').map(({ at }) => Math.round(at));
    expect(logged.steps.some((step) => 'did' in step && step.did === 'hold-back')).toBe(true);
    for (const [at, was] of audible(logged.steps).entries()) {
      expect(Math.abs((audible(again)[at] ?? 0) - was)).toBeLessThanOrEqual(20);
    }
  });

  it('is decided otherwise with other settings', async () => {
    const call = loggedCall(await conversation(), undefined);
    const was = decisionsIn(call.steps);
    const stopping = decisionsIn(await replayCall(call, { interruption: 'stop' }));
    expect(shown(stopping)).not.toContain('pause');
    expect(stopping.find(({ what }) => what === 'yield')?.at).toBeLessThan(
      was.find(({ what }) => what === 'yield')?.at ?? 0,
    );
    const slow = decisionsIn(await replayCall(call, { endpointingMs: 900 }));
    const ends = (all: readonly Decision[]): number => all.find(({ what }) => what === 'turn ends')?.at ?? 0;
    expect(ends(slow) - ends(was)).toBe(400);
  });

  it('must have a log', async () => {
    const { turnLog: _log, ...record } = await conversation();
    expect(() => loggedCall(record, undefined)).toThrow(NoReplay);
  });
});

describe('decisions', () => {
  const at = (time: number, what: Decision['what'], detail = ''): Decision => ({ at: time, what, detail });
  const signs = (was: Decision[], is: Decision[]): string =>
    compare(was, is)
      .map(({ same, ...both }) => (same ? '=' : both.was && both.is ? '~' : both.was ? '-' : '+'))
      .join('');

  it.each([
    ['the same', [at(0, 'pause'), at(500, 'resume')], [at(20, 'pause'), at(480, 'resume')], '=='],
    ['later', [at(0, 'pause'), at(500, 'resume')], [at(0, 'pause'), at(900, 'resume')], '=~'],
    ['one less', [at(0, 'pause'), at(500, 'resume'), at(900, 'yield')], [at(0, 'pause')], '=--'],
    ['one more', [at(900, 'yield')], [at(500, 'filler'), at(900, 'yield')], '+='],
    ['others of its kind', [at(0, 'says', 'greeting')], [at(0, 'says', 'goodbye')], '-+'],
    ['much later', [at(0, 'filler')], [at(5000, 'filler')], '-+'],
  ])('are compared: %s', (_name, was, is, expected) => {
    expect(signs(was, is)).toBe(expected);
  });
});

describe('the log of turns', () => {
  type Event = Extract<ReturnType<typeof rowsOf>[number], { table: 'events' }>;

  /** What stands in the database at last, if every event is written as it comes; texts and keys, part by part. */
  function written(call: ScriptedCall, digits: boolean, texts = true): string[] {
    const redact = redactionOf({ digits, cards: false, patterns: [] });
    const rules = {
      texts,
      redact: (text: string, how: string) => redact(text, how === 'keyed' ? 'keyed' : 'said', 'en'),
    };
    const rows = new Map<number, string>();
    const [first, ...others] = call.events;
    if (first?.type !== 'started') throw new Error('no start');
    let progress = beginRecord(first, '2026-01-15T09:00:00.000Z');
    for (const event of others) {
      const after = addToRecord(progress, event);
      const writes = rowsOf(after.record, rules, progress.record);
      for (const { row } of writes.filter((write): write is Event => write.table === 'events')) {
        if (row.kind === 'turn-log') rows.set(row.n, row.data);
      }
      progress = after;
    }
    return [...rows.values()].map((data) =>
      Array.from(data.matchAll(/"(?:text|digit)":"([^"]*)"/g), ([, text]) => text).join(' | '),
    );
  }

  it('has no word of a turn of which something is taken out, nor of those beside it', async () => {
    const replies = [['One.'], ['Yes.'], ['Thank you.'], ['Yes.'], ['Goodbye.']];
    const call = await ScriptedCall.greeted({ replies });
    await call.exchange('hello there');
    await call.exchange('i am a patient');
    await call.exchange('my number is four two seven one');
    await over(call);
    expect(written(call, false).join()).toContain('my number is four two seven one');
    expect(written(call, true).slice(0, 4)).toEqual([
      'Hello, this is Alice.',
      'hello there | One.',
      '• • • • | •',
      '• • • • • • • | • •',
    ]);
    expect(written(call, false, false).join()).not.toMatch(/[a-z]/i);
  });

  it('loses the words of an earlier turn when a later one completes a number', async () => {
    const call = await ScriptedCall.greeted({ replies: [['Yes?'], ['Thank you.']] });
    await call.exchange('it is four two');
    expect(written(call, true).join()).toContain('it is four two');
    await call.exchange('seven one');
    await over(call);
    expect(written(call, true).join()).not.toMatch(/four|seven/);
  });

  it('has no key of a number that is keyed', async () => {
    const call = await ScriptedCall.greeted({ replies: [['Thank you.']] });
    for (const digit of '4271#') call.line.tell({ type: 'dtmf', digit });
    await call.speaking();
    await call.quiet();
    await over(call);
    expect(written(call, false)[1]).toBe('4 | 2 | 7 | 1 | # | Thank you.');
    expect(written(call, true)[1]).toBe('• | • | • | • | • | • •');
  });
});
