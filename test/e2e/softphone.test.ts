/** The lab itself: its Asterisk and its softphone, against the test extensions of the dialplan. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NativeAsterisk } from '../../lab/asterisk.ts';
import { RtpCapture, rebuildSound, rtpStreams } from '../../lab/capture.ts';
import { CallEnded, Softphone } from '../../lab/softphone.ts';
import type { SoftphoneOptions } from '../../lab/softphone.ts';
import { CODEC_NAMES } from '../../src/media/codec.ts';

/** A second of 637 Hz. */
const tone = (rateHz: number): Int16Array =>
  Int16Array.from({ length: rateHz }, (_, i) => 8000 * Math.sin((4000 * i) / rateHz));
const TONE = tone(8000);

describe('The lab’s Asterisk', () => {
  let asterisk: NativeAsterisk;
  const phones: Softphone[] = [];

  beforeAll(async () => {
    asterisk = await NativeAsterisk.start();
  });
  afterAll(async () => {
    await asterisk.stop();
  });
  afterEach(async () => {
    for (const phone of phones.splice(0)) await phone.stop();
    await expect.poll(() => asterisk.channels(), { timeout: 5000 }).toEqual([]);
    expect(await asterisk.bridges()).toEqual([]);
  });

  async function phone(account: 'softphone1' | 'softphone2', options: Partial<SoftphoneOptions> = {}) {
    const one = await Softphone.start({
      server: asterisk,
      account,
      password: asterisk.secrets[account],
      ...options,
    });
    phones.push(one);
    return one;
  }

  it('starts without a line that a newcomer would have to wonder about', () => {
    expect(asterisk.log().length).toBeGreaterThan(5);
    expect(asterisk.complaints()).toEqual([]);
  });

  it.each(CODEC_NAMES)('gives back in %s what the phone says', async (codec) => {
    const call = await (await phone('softphone1', { codec })).dial('600');
    const echo = call.heard.utterance({ timeoutMs: 5000 });
    const said = await call.say(tone(call.rateHz));
    expect(said).not.toBe(false);
    const heard = await echo;
    await call.hangUp();
    if (!said || !heard) throw new Error('nothing came back');
    expect(heard.endedAt - heard.startedAt).toBeGreaterThan(900);
    expect(Math.abs(heard.startedAt - said.startedAt)).toBeLessThan(200);
    const report = call.report();
    expect(report).toMatchObject({ answered: true, packets: { lost: 0 } });
    expect(report.packets.received).toBeGreaterThan(50);
    const { said: mine, heard: echoed } = call.recording();
    expect(mine.length).toBe(echoed.length);
    const energy = (sound: Int16Array): number => sound.reduce((sum, sample) => sum + sample * sample, 0);
    expect(energy(echoed) / energy(mine)).toBeGreaterThan(0.9);
    expect(energy(echoed) / energy(mine)).toBeLessThan(1.1);
  });

  it('lets a caller speak turn by turn, each after the other side has finished', async () => {
    const call = await (await phone('softphone1')).dial('602');
    const first = await call.heard.utterance({ timeoutMs: 10_000, after: call.answeredAt ?? 0 });
    const mine = await call.say(TONE);
    const second = await call.heard.utterance({ timeoutMs: 10_000 });
    await call.hangUp();
    if (!first || !mine || !second) throw new Error('somebody was silent');
    expect(mine.startedAt).toBeGreaterThan(first.endedAt);
    expect(second.startedAt).toBeGreaterThan(mine.endedAt);
  });

  it('gets no packet at all from a muted phone, and silence from one that is only quiet', async () => {
    const muted = await (await phone('softphone1', { muted: true })).dial('605');
    expect(await muted.heard.speech({ timeoutMs: 3000 })).toBe(true);
    expect(muted.report().packets.sent).toBe(0);
    await muted.unmute();
    await expect.poll(() => muted.report().packets.sent, { timeout: 3000 }).toBeGreaterThan(10);
    expect(muted.said.lastVoicedAt).toBeUndefined();
    await muted.hangUp();
  });

  it.each(['rfc4733', 'info'] as const)('hears digits sent by %s', async (dtmf) => {
    const understood = () => asterisk.log().filter((line) => line.text.includes("User entered '7'")).length;
    const before = understood();
    const call = await (await phone('softphone1', { dtmf })).dial('604');
    await call.heard.utterance({ timeoutMs: 5000, after: call.answeredAt ?? 0, quietMs: 300 });
    const said = call.heard.utterance({ timeoutMs: 5000 });
    await call.dtmf('7');
    expect(await said).toBeDefined();
    await call.hangUp();
    expect(understood()).toBe(before + 1);
  });

  it('connects two phones; one holds and resumes; then it hands the other on', async () => {
    const [one, two] = [
      await phone('softphone1'),
      await phone('softphone2', { register: true, codec: 'alaw' }),
    ];
    const ringing = two.incoming({ timeoutMs: 5000 });
    const out = one.ring('1002');
    const into = await ringing;
    await into.accept();
    await out.answered;

    const heard = into.heard.utterance({ timeoutMs: 5000 });
    await out.say(TONE);
    expect(await heard).toBeDefined();

    await out.hold();
    expect(await into.heard.speech({ timeoutMs: 3000 })).toBe(true);
    await out.unhold();
    expect(await into.heard.quiet({ timeoutMs: 5000 })).toBe(true);

    await out.transfer(`sip:602@${asterisk.host}:${asterisk.sipPort}`);
    expect(await into.heard.utterance({ timeoutMs: 10_000 })).toBeDefined();
    await out.ended;
    expect(into.endReason).toBeUndefined();
    await into.hangUp();
  });

  it('refuses an extension that it does not know', async () => {
    const call = (await phone('softphone1')).dial('999');
    await expect(call).rejects.toThrow(CallEnded);
    await expect(call).rejects.toThrow('404');
  });

  it('tells callers of an agent that is not there so, and hangs up', async () => {
    const call = await (await phone('softphone1')).dial('510001');
    const told = await call.heard.utterance({ timeoutMs: 15_000, after: call.answeredAt ?? 0 });
    if (!told) throw new Error('nothing was said');
    expect(told.endedAt - told.startedAt).toBeGreaterThan(2000);
    expect(await call.ended).toBe('other side hung up');
  });

  it('sends a tone whose rebuilt packets have no gap', async () => {
    const capture = await RtpCapture.start({ ports: [10_000, 19_999] });
    const caller = await phone('softphone1', { codec: 'ulaw' });
    const call = await caller.dial('603');
    await call.heard.speech({ timeoutMs: 3000, after: call.answeredAt ?? 0 });
    await call.say(TONE);
    await call.hangUp();
    await capture.stop();
    const [first, last] = caller.rtpPorts;
    const toPhone = rtpStreams(capture.packets).filter(
      ({ destination }) => destination.port >= first && destination.port <= last,
    );
    expect(toPhone).toHaveLength(1);
    const sound = toPhone[0] && rebuildSound(toPhone[0]);
    expect(toPhone[0]?.lost).toBe(0);
    expect(sound?.codec.name).toBe('ulaw');
    expect(sound?.samples.length).toBeGreaterThan(8000);
    expect(sound?.missing).toBe(0);
  });

  it('runs beside another one, and both end without a trace', async () => {
    const other = await NativeAsterisk.start();
    expect(other.sipPort).not.toBe(asterisk.sipPort);
    expect(await other.cli('core show version')).toContain('Asterisk 22');
    await Promise.all([other.stop(), other.stop()]);
    await expect(other.channels()).rejects.toThrow();
    expect(await asterisk.channels()).toEqual([]);
  });
});
