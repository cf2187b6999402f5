/** Whole calls from the Vonage cloud: the real agent without any Asterisk, an emulated Vonage at its door. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { exchange, listen, PATIENCE, type LabCall } from '../../lab/conversation.ts';
import { APPOINTMENTS_NUMBER, VONAGE_NUMBERS } from '../../lab/vonage-lab.ts';
import type { VonageCall, CallFaults } from '../support/vonage/call.ts';
import {
  EMBEDDED,
  levelAbove,
  RunningVonage,
  speechOf,
  withoutSilentEnds,
} from '../support/vonage/running-vonage.ts';
import { widebandSound } from '../support/vonage/wideband-callers.ts';
import { report } from '../support/running-agent.ts';

const GREETING = 'Riverside Dental Clinic, this is Alice. How can I help you?';
const CALLER = '447700900123';

describe('A call from the Vonage cloud', () => {
  let vonage: RunningVonage;
  let atRest: ReturnType<RunningVonage['inUse']>;
  const calls: VonageCall[] = [];

  beforeAll(async () => {
    vonage = await RunningVonage.start({ environment: EMBEDDED });
    atRest = vonage.inUse();
  });
  afterAll(async () => {
    await vonage.stop();
  });
  afterEach(async () => {
    for (const call of calls.splice(0)) {
      await call.hangUp();
      await expect.poll(async () => (await vonage.record(call))?.ended, { timeout: 10_000 }).toBeDefined();
      expect(call.complaints).toEqual([]);
    }
  });

  async function dial(extension: keyof typeof VONAGE_NUMBERS, faults?: CallFaults): Promise<VonageCall> {
    const call = vonage.lab.cloud.call({
      to: VONAGE_NUMBERS[extension],
      from: CALLER,
      ...(faults && { faults }),
    });
    await call.answered;
    calls.push(call);
    return call;
  }

  /** The same call, whose caller speaks in wideband. */
  function wideband(call: VonageCall): LabCall {
    return {
      get heard() {
        return call.heard;
      },
      get endReason() {
        return call.endReason;
      },
      ended: call.ended,
      say: (sound) => call.say(sound, 16_000),
    };
  }

  it('greets, understands and answers at both numbers, in wideband, sample for sample', async () => {
    const [alice, tom] = await Promise.all([dial('510001'), dial('510002')]);
    await Promise.all([alice, tom].map((call) => listen(call.heard, PATIENCE, call.answeredAt)));
    const { events } = vonage.lab.agent;
    const [hours, oil] = await Promise.all([
      exchange(wideband(alice), { name: 'd-hours', sound: widebandSound('kay', 'd-hours') }, PATIENCE, {
        events,
        find: vonage.view(alice).find,
      }),
      exchange(wideband(tom), { name: 'g-price-oil', sound: widebandSound('ked', 'g-price-oil') }, PATIENCE, {
        events,
        find: vonage.view(tom).find,
      }),
    ]);
    expect([hours.understood, oil.understood]).toEqual([true, true]);
    expect(hours.replyText).toMatch(/from eight to/);
    expect(oil.replyText).toMatch(/fifty nine dollars/);
    expect(vonage.view(alice).of('agent-said')[0]).toMatchObject({ text: GREETING, interrupted: false });
    report(`Vonage: replies heard after ${hours.responseMs ?? '–'} and ${oil.responseMs ?? '–'} ms`);
    for (const call of [alice, tom]) {
      await call.hangUp();
      await expect
        .poll(async () => (await vonage.record(call))?.ended?.reason, { timeout: 10_000 })
        .toBe('caller-hung-up');
      // Nothing missing (a gap), nothing added (an overlap), nothing else (a click), from the first word on.
      const { samples, rateHz } = await vonage.recordedVoice(call);
      const heard = withoutSilentEnds(call.heard.samples());
      expect(rateHz).toBe(16_000);
      expect(heard.length).toBeGreaterThan(16_000 * 5);
      expect(speechOf(heard)).toEqual(speechOf(samples));
      const greeting = firstUtterance(heard);
      const longerMs = (greeting.length - firstUtterance(withoutSilentEnds(samples)).length) / 16;
      expect(greeting.length).toBeGreaterThan(16_000 * 2);
      expect(Math.abs(longerMs)).toBeLessThan(200);
      expect(call.leg.playout.overflowed).toBe(0);
      const highDb = levelAbove(heard.subarray(0, 32_000), 16_000, 4000);
      report(
        `Vonage ${call.to}: ${heard.length} samples, none differs, the greeting ${longerMs} ms longer; ${highDb.toFixed(1)} dB above 4 kHz`,
      );
      expect(highDb).toBeGreaterThan(-40);
    }
  });

  it('stops within moments when the caller talks, and remembers only what was heard', async () => {
    const call = await dial('510001');
    const view = vonage.view(call);
    await call.heard.speech({ timeoutMs: 10_000 });
    const begun = call.heard.firstSpeechAt ?? 0;
    await call.leg.until(() => (call.heard.lastVoicedAt ?? 0) - begun > 1200);
    const interruption = call.say(widebandSound('kay', 'd-hours'), 16_000);
    await call.leg.until(() => call.leg.controls.some(({ action }) => action === 'clear'), 5000);
    const clearedAt = call.leg.controls.find(({ action }) => action === 'clear')?.at ?? 0;
    expect(await call.heard.quiet({ timeoutMs: 5000, quietMs: 400 })).toBe(true);
    const silentAt = call.heard.lastVoicedAt ?? 0;
    const talkingAt = call.said.speechStartedAt ?? 0;
    expect(silentAt - clearedAt).toBeLessThanOrEqual(60);
    expect(silentAt - talkingAt).toBeLessThan(1500);
    await interruption;
    const { text, interrupted } = await view.event('agent-said');
    expect(interrupted).toBe(true);
    expect(text.length).toBeLessThan(GREETING.length);
    expect(GREETING.startsWith(text.replace(/[^\w]+$/, ''))).toBe(true);
    report(
      `Vonage barge-in: silent ${silentAt - talkingAt} ms after the caller's first voiced frame; "${text}"`,
    );
    // The interruption itself is the next turn.
    expect((await view.event('agent-said', ({ turn }) => turn > 0)).text).toMatch(/from eight to/);
    await call.hangUp();
    await expect.poll(async () => (await vonage.record(call))?.bargeIns.length, { timeout: 10_000 }).toBe(1);
    const record = (await vonage.record(call))!;
    expect(record.said[0]).toMatchObject({ who: 'agent', text, interrupted: true });
    // What it believes to have been heard is what came to the ear, to one or two frames of 20 ms.
    const [{ playedMs }] = record.bargeIns as unknown as [{ playedMs: number }];
    const heardMs = frames(call.heard.samples(begun - 100, silentAt + 200)) * 20;
    expect(Math.abs(playedMs - heardMs)).toBeLessThanOrEqual(60);
  });

  it('takes a key for a wish, and puts the caller through by the REST API', async () => {
    const call = await dial('510001');
    await listen(call.heard, PATIENCE, call.answeredAt);
    call.leg.press('1');
    await expect.poll(() => call.connectedTo, { timeout: 30_000 }).toEqual([APPOINTMENTS_NUMBER]);
    const [transfer] = vonage.lab.cloud.requests.filter(({ path }) => path === `/v1/calls/${call.uuid}`);
    expect(transfer).toMatchObject({ method: 'PUT', status: 204, body: { action: 'transfer' } });
    expect((await call.leg.ended).by).toBe('vonage');
    const { ended, digits } = await pollRecord(call);
    expect(digits).toBe('1');
    expect(ended?.variables).toMatchObject({ VOICE_AGENT_DEPARTMENT: 'appointments' });
    expect(call.endReason).toBeUndefined(); // the caller is talking to somebody
  });

  it('is hung up by the agent through the REST API when all has been said', async () => {
    const call = await dial('510002');
    await listen(call.heard, PATIENCE, call.answeredAt);
    await call.say(widebandSound('ked', 'g-bye'), 16_000);
    expect(await call.ended).toBe('hung up through the REST API');
    const [hangUp] = vonage.lab.cloud.requests.filter(({ path }) => path === `/v1/calls/${call.uuid}`);
    expect(hangUp).toMatchObject({ method: 'PUT', status: 204, body: { action: 'hangup' } });
    // It said its last words first.
    const last = vonage.view(call).of('agent-said').at(-1);
    expect(last?.interrupted).toBe(false);
    expect(last?.text).toMatch(/bye/i);
  });

  it('goes on where it was after the connection broke without a word', async () => {
    const call = await dial('510001');
    await listen(call.heard, PATIENCE, call.answeredAt);
    call.leg.drop();
    await expect.poll(() => call.legs.length, { timeout: 10_000 }).toBe(2);
    const { events } = vonage.lab.agent;
    const asked = await exchange(
      wideband(call),
      { name: 'd-address', sound: widebandSound('kay', 'd-address') },
      PATIENCE,
      { events, find: vonage.view(call).find },
    );
    expect(asked.understood).toBe(true);
    expect(asked.replyText).toMatch(/Mill Lane/);
  });

  it.each([
    ['another secret', { signature: { kind: 'wrong-secret' } }],
    ['no signature', { signature: { kind: 'none' } }],
    ['an old signature', { signature: { iatShiftS: -1000 } }],
    ['a changed content', { tampered: true }],
  ] satisfies [string, CallFaults][])('is refused with %s', async (_what, faults) => {
    const { cloud } = vonage.lab;
    const call = cloud.call({ to: VONAGE_NUMBERS['510001'], from: CALLER, faults });
    expect(await call.ended).toBe('no NCCO');
    const answers = cloud.webhooks.filter(({ payload }) => payload['uuid'] === call.uuid);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
  });

  it('survives a Vonage that misbehaves', async () => {
    const { cloud } = vonage.lab;
    const begin = (faults: CallFaults) => cloud.call({ to: VONAGE_NUMBERS['510001'], from: CALLER, faults });
    const wrongRate = begin({ media: { connectedRateHz: 8000 } });
    const garbage = begin({ media: { connected: { text: '\u0000{"event":' } } });
    const elsewhere = begin({ rewriteUri: (uri) => uri.replace(/[^/]{8}$/, 'guessing') });
    const huge = await dial('510002', { media: { framesPerMessage: 8 } });
    // The connection is asked for again some times, then the call is over; nobody waits for ever.
    expect(await Promise.all([wrongRate, garbage, elsewhere, huge].map(({ ended }) => ended))).toHaveLength(
      4,
    );
    const twice = await dial('510001');
    await expect(twice.connectAgain()).rejects.toMatchObject({ status: 410 });
    await listen(twice.heard, PATIENCE, twice.answeredAt);
    expect(vonage.view(twice).of('agent-said')[0]).toMatchObject({ text: GREETING });
    calls.splice(calls.indexOf(huge), 1);
  });

  it('leaves nothing behind', async () => {
    await expect.poll(() => vonage.inUse().files, { timeout: 20_000 }).toBeLessThanOrEqual(atRest.files + 4);
    const grownBy = (vonage.inUse().memory - atRest.memory) / 1e6;
    report(`Vonage: the agent's memory has grown by ${grownBy.toFixed(0)} MB`);
    expect(grownBy).toBeLessThan(100);
  });

  async function pollRecord(call: VonageCall) {
    await expect.poll(() => vonage.record(call), { timeout: 15_000 }).toBeDefined();
    return (await vonage.record(call))!;
  }
});

/** Up to the first second of digital silence: shorter pauses belong to it, and so would a gap. */
function firstUtterance(samples: Int16Array): Int16Array {
  let silent = 0;
  for (let i = 0; i < samples.length; i += 1) {
    silent = samples[i] === 0 ? silent + 1 : 0;
    if (silent === 16_000) return samples.subarray(0, i + 1 - silent);
  }
  return samples;
}

/** 20 ms stretches in which something was heard. */
function frames(samples: Int16Array): number {
  let count = 0;
  for (let from = 0; from < samples.length; from += 320) {
    if (samples.subarray(from, from + 320).some((sample) => sample !== 0)) count += 1;
  }
  return count;
}
