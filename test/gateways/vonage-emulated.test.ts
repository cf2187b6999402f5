/** The sentences that are true of every media gateway, with the emulated Vonage at the far end. */
import { VonageMediaGateway } from '../../src/gateways/vonage-media-gateway.ts';
import { MediaLeg } from '../support/vonage/media-leg.ts';
import { describeMediaGateway } from './media-gateway.contract.ts';

const RATE_HZ = 16_000;

describeMediaGateway(
  'Vonage (emulated)',
  async () => {
    const gateway = await VonageMediaGateway.start();
    const legs: MediaLeg[] = [];
    return {
      gateway,
      account: { accuracy: 'reported', toleranceFrames: 2 },
      async call(request) {
        const session = await gateway.reserve(request);
        if (session.endpoint.transport !== 'websocket') throw new Error('no WebSocket');
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
  },
  [
    {
      name: `${RATE_HZ} Hz`,
      request: {},
      format: { encoding: 'pcm_s16', rateHz: RATE_HZ },
      carry: (samples) => samples,
      zero: 0,
    },
  ],
);
