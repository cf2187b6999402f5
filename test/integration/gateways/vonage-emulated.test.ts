/** The sentences that are true of every media gateway, with the emulated Vonage at the far end. */
import { describe, expect, it } from 'vitest';
import { VonageMediaGateway } from '../../../src/gateways/vonage-media-gateway.ts';
import { MediaLeg } from '../../support/vonage/media-leg.ts';
import {
  type ContractWire,
  describeMediaGateway,
  type MediaGatewayHarness,
  until,
} from './media-gateway.contract.ts';
import { describePauses } from './pause.contract.ts';

const RATE_HZ = 16_000;

async function harness(): Promise<MediaGatewayHarness> {
  const gateway = await VonageMediaGateway.start();
  const legs: MediaLeg[] = [];
  return {
    gateway,
    account: { accuracy: 'reported', toleranceFrames: 2 },
    async call(request) {
      const session = await gateway.reserve(request);
      const leg = await MediaLeg.open({
        uri: session.endpoint.url,
        rateHz: RATE_HZ,
        contentType: `audio/l16;rate=${RATE_HZ}`,
        headers: { call_uuid: request.id },
        faults: { silenceSuppressed: true },
      });
      legs.push(leg);
      await session.attached;
      return {
        session,
        caller: {
          async say(samples) {
            await leg.say(samples);
          },
          ear: () => leg.heard.samples(),
          press(digit) {
            leg.press(digit);
            return Promise.resolve();
          },
        },
      };
    },
    async close() {
      for (const leg of legs) leg.drop();
      await Promise.all(legs.map((leg) => leg.ended));
      await gateway.close();
    },
  };
}

const WIRE: ContractWire = {
  name: `${RATE_HZ} Hz`,
  request: {},
  format: { encoding: 'pcm_s16', rateHz: RATE_HZ },
  carry: (samples) => samples,
  zero: 0,
};

describeMediaGateway('Vonage (emulated)', harness, [WIRE]);
describePauses('Vonage (emulated)', harness, WIRE);

describe('what a Vonage makes of a notify that waits when clear comes', () => {
  it.each(['forget', 'answer'] as const)(
    '%s: the account of an interrupted sentence is right',
    async (how) => {
      const gateway = await VonageMediaGateway.start();
      const session = await gateway.reserve({ id: 'call' });
      const leg = await MediaLeg.open({
        uri: session.endpoint.url,
        rateHz: RATE_HZ,
        contentType: `audio/l16;rate=${RATE_HZ}`,
        headers: { call_uuid: 'call' },
        faults: { silenceSuppressed: true, playout: { notifiesOnClear: how } },
      });
      await session.attached;
      const playback = session.play();
      const second = new Int16Array(RATE_HZ).fill(900);
      await playback.write({ encoding: 'pcm_s16', rateHz: RATE_HZ, samples: second });
      await until(() => playback.playedMs() >= 400);
      session.flush();
      const { outcome, playedMs } = await playback.finished;
      expect(outcome).toBe('flushed');
      const heardMs = leg.heard.samples().filter((sample) => sample !== 0).length / (RATE_HZ / 1000);
      expect(Math.abs(playedMs - heardMs)).toBeLessThanOrEqual(100);
      // What is played next is confirmed as ever, and what came late is nobody's fault.
      const next = session.play();
      await next.write({ encoding: 'pcm_s16', rateHz: RATE_HZ, samples: second.subarray(0, RATE_HZ / 5) });
      next.end();
      expect(await next.finished).toMatchObject({ outcome: 'completed', playedMs: 200 });
      expect(gateway.counts).toMatchObject({ messagesUnknown: 0, messagesMalformed: 0 });
      leg.drop();
      await leg.ended;
      await gateway.close();
    },
  );
});
