import { InMemoryMediaGateway } from '../../src/gateways/in-memory-media-gateway.ts';
import type { G711Law } from '../../src/media/audio.ts';
import { decodeG711 } from '../../src/media/g711.ts';
import { describeMediaGateway, pcm } from './media-gateway.contract.ts';
import { throughG711 } from './sound.ts';

describeMediaGateway('in-memory', () => {
  const gateway = new InMemoryMediaGateway();
  return Promise.resolve({
    gateway,
    async call(request) {
      const session = await gateway.reserve(request);
      const law = session.format.encoding as G711Law;
      const farEnd = gateway.farEnd(request.id);
      const ear: number[] = [];
      farEnd.hear(({ payload }) => ear.push(...(payload ? decodeG711(law, payload) : new Int16Array(160))));
      return {
        session,
        caller: {
          say(samples) {
            farEnd.say(pcm(throughG711(law, samples)));
            return Promise.resolve();
          },
          ear: () => Int16Array.from(ear),
          press(digit) {
            farEnd.press(digit);
            return Promise.resolve();
          },
        },
      };
    },
    close: () => gateway.close(),
  });
});
