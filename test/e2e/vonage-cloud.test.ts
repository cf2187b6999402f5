/** A whole call from the Vonage cloud through the SDKs of Groq and Cartesia, all three clouds emulated. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen, PATIENCE } from '../../lab/conversation.ts';
import { VONAGE_NUMBERS } from '../../lab/vonage-lab.ts';
import { startEmulatedCloud, type EmulatedCloud } from '../support/provider-servers/emulated-cloud.ts';
import { openFliteVoice } from '../support/provider-servers/flite-voice.ts';
import { report } from '../support/running-agent.ts';
import { samplesHeardOf, type Synthesised } from '../support/synthesised.ts';
import { levelAbove, RunningVonage, speechOf } from '../support/vonage/running-vonage.ts';
import { widebandSound } from '../support/vonage/wideband-callers.ts';
import { CARTESIA_VOICES } from '../support/provider-defaults.ts';

describe('A call from the Vonage cloud, with emulated Groq and Cartesia', () => {
  let voice: Awaited<ReturnType<typeof openFliteVoice>>;
  let providers: EmulatedCloud;
  let vonage: RunningVonage;
  /** What the caller says next, in words. */
  let words = 'what are your opening hours';
  /** What Cartesia's server has synthesised, in its order. */
  const spoken: Synthesised[] = [];

  beforeAll(async () => {
    voice = await openFliteVoice(CARTESIA_VOICES);
    providers = await startEmulatedCloud({
      // What is heard is scripted: how well wideband is understood, vonage.test.ts shows.
      stt: {
        transcribe({ rateHz }) {
          expect(rateHz).toBe(16_000);
          return words;
        },
      },
      tts: {
        async synthesise(request) {
          const speech = await voice.synthesise(request);
          spoken.push({ text: request.text.trim(), samples: Int16Array.from(speech.samples) });
          expect(request.rateHz).toBe(16_000); // nothing is squeezed through 8 kHz
          return speech;
        },
      },
    });
    vonage = await RunningVonage.start({ environment: providers.environment });
  });
  afterAll(async () => {
    await vonage.stop();
    await providers.close();
    await voice.close();
  });

  it('is greeted with what was synthesised, bit for bit, understood, interrupted and answered', async () => {
    const call = vonage.lab.cloud.call({ to: VONAGE_NUMBERS['510001'], from: '447700900123' });
    await call.answered;
    const view = vonage.view(call);
    await listen(call.heard, PATIENCE, call.answeredAt);
    const { text } = await view.event('agent-said');
    // No sample of what was synthesised is missing, changed, or twice in the caller's ear.
    const ear = speechOf(call.heard.samples());
    const pieces = spoken.map((one) => ({ text: one.text, samples: speechOf(one.samples) }));
    const at = samplesHeardOf(text, pieces, ear);
    expect(at).toBe(ear.length);
    expect(at).toBeGreaterThan(16_000 * 2);
    const highDb = levelAbove(ear, 16_000, 4000);
    report(`Vonage and Cartesia: ${at} samples, none differs; ${highDb.toFixed(1)} dB above 4 kHz`);
    expect(highDb).toBeGreaterThan(-40);

    // A long answer, and the caller talks into it.
    await call.say(widebandSound('kay', 'd-hours'), 16_000);
    const after = Date.now();
    expect(await call.heard.speech({ timeoutMs: 10_000, after })).toBe(true);
    const talksFor = (): number => (call.heard.lastVoicedAt ?? 0) - (call.heard.speechStartedAt ?? 0);
    await call.leg.until(() => talksFor() > 2000, 20_000);
    const clears = call.leg.controls.filter(({ action }) => action === 'clear').length;
    words = 'what is your address';
    const interruption = call.say(widebandSound('kay', 'd-address'), 16_000);
    await call.leg.until(
      () => call.leg.controls.filter(({ action }) => action === 'clear').length > clears,
      5000,
    );
    expect(await call.heard.quiet({ timeoutMs: 5000, quietMs: 300 })).toBe(true);
    await interruption;
    const cut = await view.event('agent-said', ({ interrupted }) => interrupted);
    report(`Vonage and the emulated clouds, cut off after: "${cut.text}"`);
    expect(cut.text).toMatch(/We are open/);
    expect(cut.text).not.toMatch(/Sunday/);
    const answer = await view.event('agent-said', ({ text: said }) => /Mill Lane/.test(said));
    expect(answer.turn).toBeGreaterThan(cut.turn);
    // What the model is told next is what the caller heard of it.
    expect(await view.event('barge-in')).toBeDefined();
    await call.hangUp();
    await expect
      .poll(async () => (await vonage.record(call))?.ended?.reason, { timeout: 10_000 })
      .toBe('caller-hung-up');
    expect(call.complaints).toEqual([]);
  });
});
