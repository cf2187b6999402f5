import { afterEach, describe, expect, it } from 'vitest';
import { standardTools, toolTable } from '../../../src/dialog/reply/agent-tools.ts';
import {
  announcerProfile,
  Desk,
  type CallDeskOptions,
  type StaffedAgent,
} from '../../../src/dialog/call/call-desk.ts';
import { LatencyTracker } from '../../../src/dialog/call/latency-tracker.ts';
import { NO_MEDIA } from '../../../src/dialog/contract/call-media.ts';
import type { Admission } from '../../../src/dialog/contract/ports.ts';
import type { AgentProfile } from '../../../src/dialog/contract/agent-profile.ts';
import type { CallEvent } from '../../../src/dialog/contract/call-events.ts';
import type { CallInfo } from '../../../src/dialog/contract/call-info.ts';
import { en } from '../../../src/dialog/language/en.ts';
import { PhraseCache } from '../../../src/dialog/reply/prepared-phrases.ts';
import { FailureDomain } from '../../../src/lib/failure-domain.ts';
import { Scope } from '../../../src/lib/scope.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { agentProfile, ANNOUNCEMENTS, preparePhrases } from '../../support/scripted-call.ts';
import { callInfo, ScriptedLine } from '../../support/scripted-line.ts';
import { ScriptedLlm } from '../../support/scripted-llm.ts';
import { ScriptedMedia } from '../../support/scripted-media.ts';
import { ScriptedStt } from '../../support/scripted-stt.ts';
import { ScriptedTts } from '../../support/scripted-tts.ts';
import { ScriptedVad } from '../../support/scripted-vad.ts';

let clock = new ManualClock();
let events: CallEvent[] = [];

async function desk(more: Partial<CallDeskOptions> = {}): Promise<Desk> {
  clock = new ManualClock();
  events = [];
  const phrases = new PhraseCache();
  const announcer = announcerProfile('slt', 'en');
  const profiles = [agentProfile(), agentProfile({ id: 'tom', extensions: ['510002'], codec: 'alaw' })];
  for (const profile of profiles) await preparePhrases(phrases, profile);
  await preparePhrases(phrases, announcer, ANNOUNCEMENTS);
  return new Desk({
    agents: profiles.map(staff),
    announcer: staff(announcer),
    maxCalls: 2,
    whenFull: 'announce',
    phrases,
    clock,
    tracker: new LatencyTracker(),
    observe: (event) => events.push(event),
    scope: new Scope('test'),
    ...more,
  });
}

function staff(profile: AgentProfile): StaffedAgent {
  const messages = { keep: () => Promise.resolve() };
  return {
    profile,
    parts: {
      vad: new ScriptedVad(clock),
      stt: new ScriptedStt(clock),
      llm: new ScriptedLlm(clock),
      tts: new ScriptedTts(clock),
    },
    tools: toolTable(standardTools({ agent: profile, messages, clock })),
    expected: [],
  };
}

let channel = 0;
/** A call to that extension, as telephony brings it. */
function arrive(to: Desk, dialled = '510001', more: Partial<CallInfo> = {}) {
  channel += 1;
  const info = callInfo({ dialled, key: { server: 'test', channel: `c${channel}` }, ...more });
  const admission = to.admit(info);
  if (admission.kind !== 'accept') return { admission, line: undefined, media: undefined, over: undefined };
  const line = new ScriptedLine(clock, info);
  const media = new ScriptedMedia(clock);
  return { admission, line, media, over: admission.run(line, media) };
}

const said = (): string[] => events.filter((event) => event.type === 'agent-said').map((event) => event.text);

describe('the desk', () => {
  afterEach(() => {
    expect(clock.pending).toBeLessThan(50);
  });

  it('gives each extension its own agent, with the codec that they want', async () => {
    const at = await desk();
    expect(at.admit(callInfo()).kind).toBe('accept');
    const { admission } = arrive(at, '510002');
    expect(admission).toMatchObject({ kind: 'accept', codec: 'alaw' });
    expect(events.filter((event) => event.type === 'started').map((event) => event.agent)).toEqual([
      'alice',
      'tom',
    ]);
  });

  it("answers a caller who presses a department's key without waiting for more", async () => {
    const at = await desk();
    const { line } = arrive(at);
    await clock.advance(5000);
    line?.tell({ type: 'dtmf', digit: '3' });
    await clock.advance(600);
    expect(events.at(-1)).toMatchObject({ type: 'caller-said', text: '3' });
  });

  it('goes on with a caller of an earlier run of the program, and doesn’t greet them again', async () => {
    const at = await desk({ earlier: ({ dialled }) => (dialled === '510002' ? [] : undefined) });
    arrive(at, '510002');
    arrive(at);
    await clock.advance(6000);
    expect(said().toSorted()).toEqual([agentProfile().greeting, en.phrases.sayAgain]);
  });

  it('refuses an unknown extension in words and hangs up', async () => {
    const at = await desk();
    const { line, over } = arrive(at, '999');
    await clock.advance(20_000);
    await over;
    expect(said()).toEqual([ANNOUNCEMENTS.unknownExtension]);
    expect(line?.done).toEqual(['answer', 'hang-up']);
    expect(at.size).toBe(0);
  });

  it('tells the caller who is one too many that all lines are busy', async () => {
    const at = await desk();
    arrive(at);
    arrive(at);
    const third = arrive(at);
    await clock.advance(12_000);
    await third.over;
    expect(said()).toContain(ANNOUNCEMENTS.busy);
    expect(third.line?.done).toEqual(['answer', 'hang-up']);
  });

  it('or lets them go on in the dialplan', async () => {
    const at = await desk({ whenFull: 'continue' });
    arrive(at);
    arrive(at);
    const busy: Admission = { kind: 'proceed', variables: { VOICE_AGENT_RESULT: 'busy' } };
    expect(arrive(at).admission).toEqual(busy);
  });

  describe('takes no more than its limits', () => {
    const limits = { whenFull: 'continue', maxCalls: 10 } as const;
    const from = (to: Desk, number: string, direction: CallInfo['direction'] = 'in') =>
      arrive(to, '510001', { caller: { number }, direction });
    const beyond = (reason: string): Admission => ({
      kind: 'proceed',
      variables: { VOICE_AGENT_RESULT: 'busy', VOICE_AGENT_REASON: reason },
    });

    it('from one number at a time, if it is shown', async () => {
      const at = await desk({ ...limits, maxCallsPerCaller: 1 });
      const first = from(at, '1001');
      expect(from(at, '1001').admission).toEqual(beyond('caller-limit'));
      expect(events.at(-1)).toMatchObject({ type: 'ended', reason: 'caller-limit' });
      for (const number of ['1002', 'anonymous', 'anonymous', '', ''])
        expect(from(at, number).admission.kind, number).toBe('accept');
      expect(from(at, '1001', 'out').admission.kind, 'a call of ours').toBe('accept');
      const again = at.admit(callInfo({ key: first.line!.info.key, caller: { number: '1001' } }));
      expect(again.kind, 'back from the dialplan before the first visit is over').toBe('accept');
      if (again.kind === 'accept') again.abandoned?.('caller-hung-up');
      first.line?.tell({ type: 'ended', reason: 'caller-hung-up' });
      await clock.advance(100);
      await first.over;
      expect(from(at, '1001').admission.kind, 'when the first is over').toBe('accept');
    });

    it('but who hears that they are one too many doesn’t count', async () => {
      const at = await desk({ ...limits, whenFull: 'announce', maxCallsPerCaller: 1 });
      const first = from(at, '1001');
      const second = from(at, '1001');
      first.line?.tell({ type: 'ended', reason: 'caller-hung-up' });
      await clock.advance(100);
      await first.over;
      from(at, '1001');
      await clock.advance(12_000);
      await second.over;
      expect(events.filter(({ type }) => type === 'ended')).toMatchObject([
        { reason: 'caller-hung-up' },
        { reason: 'caller-limit' },
      ]);
      expect(said()).toEqual(expect.arrayContaining([ANNOUNCEMENTS.busy]));
    });

    it('within any minute', async () => {
      const at = await desk({ ...limits, callsPerMinute: 2 });
      arrive(at);
      await clock.advance(30_000);
      arrive(at);
      await clock.advance(29_999);
      expect(arrive(at).admission).toEqual(beyond('minute-limit'));
      await clock.advance(1);
      expect(arrive(at).admission.kind).toBe('accept');
      expect(arrive(at).admission).toEqual(beyond('minute-limit'));
    });

    it('while the main thread or the media come late', async () => {
      let eventLoopDelayMs = 251;
      const lateness = { maxEventLoopDelayMs: 250, maxMediaLatenessMs: 40 };
      const at = await desk({ ...limits, ...lateness, eventLoopDelayMs: () => eventLoopDelayMs });
      expect(arrive(at).admission).toEqual(beyond('main-thread-late'));
      eventLoopDelayMs = 0;
      arrive(at);
      const { media } = arrive(at);
      Object.assign(media!, { sendLatenessMs: 41 });
      expect(arrive(at).admission).toEqual(beyond('media-late'));
      Object.assign(media!, { sendLatenessMs: 40 });
      expect(arrive(at).admission.kind).toBe('accept');
    });

    it('and says so before anybody has the call, counting those that are certain to come', async () => {
      const at = await desk({ ...limits, maxCalls: 2, whenFull: 'continue' });
      const dialled = (extension: string) => callInfo({ dialled: extension });
      expect(at.outlook(dialled('510001'))).toEqual({ refusal: undefined, fullness: 0 });
      expect(at.outlook(dialled('519999')).refusal).toBe('unknown-extension');
      expect(at.outlook(dialled('510001'), 1)).toEqual({ refusal: undefined, fullness: 0.5 });
      expect(at.outlook(dialled('510001'), 2)).toEqual({ refusal: 'busy', fullness: 1 });
      arrive(at);
      expect(at.outlook(dialled('510001'), 1)).toEqual({ refusal: 'busy', fullness: 1 });
      const draining = at.drain(0);
      expect(at.outlook(dialled('510001')).refusal).toBe('draining');
      await clock.advance(100);
      await draining;
    });

    it('except callers of an earlier run, who are in the middle of their call', async () => {
      const at = await desk({ ...limits, callsPerMinute: 1, maxCallsPerCaller: 1, earlier: () => [] });
      expect([arrive(at), arrive(at)].map(({ admission }) => admission.kind)).toEqual(['accept', 'accept']);
    });
  });

  it('tells of the callers who are sent on at once: each is a call that begins and ends', async () => {
    const at = await desk({ whenFull: 'continue', maxCalls: 1 });
    arrive(at);
    events = [];
    const told = (): unknown[] =>
      events.map((event) => {
        if (event.type === 'started') return `${event.call} ${event.info.dialled} ${event.agent}`;
        return event.type === 'ended' ? event : event.type;
      });
    const ended = (call: string, reason: string): object => ({
      ...{ type: 'ended', call, at: clock.now(), reason, media: NO_MEDIA },
      variables: { VOICE_AGENT_RESULT: reason },
    });
    arrive(at, '510002');
    const busy = `test/c${channel}`;
    expect(told()).toEqual([`${busy} 510002 tom`, ended(busy, 'busy')]);

    const draining = at.drain(0);
    events = [];
    arrive(at, '999');
    const late = `test/c${channel}`;
    expect(told()).toEqual([`${late} 999 announcements`, ended(late, 'draining')]);
    await clock.advance(5000);
    await draining;
  });

  it('sends them on though whoever watches breaks', async () => {
    const at = await desk({
      observe: () => {
        throw new Error('no disk');
      },
      whenFull: 'continue',
      maxCalls: 0,
    });
    const failures: unknown[] = [];
    const domain = new FailureDomain({ clock, onFailure: (error) => failures.push(error) });
    expect(domain.run(() => arrive(at).admission.kind)).toBe('proceed');
    expect(failures).toHaveLength(2);
  });

  it('has room again when a call is over, or was given up before it began', async () => {
    const at = await desk({ whenFull: 'continue', maxCalls: 1 });
    const first = arrive(at);
    first.line?.tell({ type: 'ended', reason: 'caller-hung-up' });
    await clock.advance(100);
    await first.over;
    const second = at.admit(callInfo());
    expect(second.kind).toBe('accept');
    if (second.kind === 'accept') second.abandoned?.('media-failed');
    expect(at.size).toBe(0);
    expect(events.at(-1)).toMatchObject({ type: 'ended', reason: 'media-failed' });
  });

  it('says goodbye to all when it is drained, and takes no more', async () => {
    const at = await desk();
    const calls = [arrive(at), arrive(at, '510002')];
    await clock.advance(4000);
    let drained = false;
    const draining = at.drain(30_000).then(() => (drained = true));
    expect(arrive(at).admission).toEqual({
      kind: 'proceed',
      variables: { VOICE_AGENT_RESULT: 'draining' },
    });
    await clock.advance(10_000);
    await draining;
    expect(drained).toBe(true);
    expect(calls.map(({ line }) => line?.done)).toEqual([
      ['answer', 'hang-up'],
      ['answer', 'hang-up'],
    ]);
    expect(said().filter((text) => text === en.phrases.draining)).toHaveLength(2);
  });

  it('does not wait longer than it is told to', async () => {
    const at = await desk();
    const call = arrive(at);
    await clock.advance(4000);
    const draining = at.drain(1000);
    await clock.advance(1100);
    await draining;
    await call.over;
    expect(call.line?.done).toEqual(['answer', 'hang-up']);
  });

  it('drained with a call that is still being set up ends that, too', async () => {
    const at = await desk();
    const info = callInfo();
    const admission = at.admit(info);
    const draining = at.drain(30_000);
    await settle();
    const line = new ScriptedLine(clock, info);
    if (admission.kind === 'accept') await admission.run(line, new ScriptedMedia(clock));
    await draining;
    expect(line.done).toEqual(['hang-up']);
  });

  it('drained with a call that is given up before it could be run tells of its end, once', async () => {
    const at = await desk();
    const admission = at.admit(callInfo());
    const draining = at.drain(30_000);
    await settle();
    if (admission.kind !== 'accept') throw new Error('the call was not taken');
    admission.abandoned?.('caller-hung-up');
    admission.abandoned?.('caller-hung-up');
    await draining;
    expect(events.filter(({ type }) => type === 'ended')).toMatchObject([{ reason: 'draining' }]);
  });

  it('tells two visits of one channel apart, when the second begins before the first has ended', async () => {
    const at = await desk();
    const info = callInfo({ key: { server: 'test', channel: 'back' } });
    const visit = async (): Promise<void> => {
      const admission = at.admit(info);
      if (admission.kind !== 'accept') throw new Error('the call was not taken');
      const line = new ScriptedLine(clock, info);
      void admission.run(line, new ScriptedMedia(clock));
      await clock.advance(1000);
      line.tell({ type: 'ended', reason: 'caller-hung-up' });
    };
    await visit();
    await visit();
    await clock.advance(2000);
    const told = events.filter(({ type }) => type === 'started' || type === 'ended');
    expect(told.map(({ call, type }) => `${type} ${call}`)).toEqual([
      'started test/back',
      'started test/back#2',
      'ended test/back',
      'ended test/back#2',
    ]);
    await visit();
    expect(events.findLast(({ type }) => type === 'started')?.call).toBe('test/back');
  });

  it('lets a tap listen in for as long as the call runs', async () => {
    const taps: string[] = [];
    const at = await desk({
      tap: (call, agent) => {
        taps.push(`${agent} on ${call.split('/')[0] ?? ''}`);
        return () => Promise.resolve(void taps.push('off'));
      },
    });
    const call = arrive(at);
    await clock.advance(1000);
    expect(taps).toEqual(['alice on test']);
    call.line?.tell({ type: 'ended', reason: 'caller-hung-up' });
    await clock.advance(100);
    await call.over;
    expect(taps).toEqual(['alice on test', 'off']);
  });
});
