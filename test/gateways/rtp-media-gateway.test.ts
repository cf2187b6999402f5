import { RtpMediaGateway } from '../../src/gateways/rtp-media-gateway.ts';
import { RtpPeer } from '../support/rtp-peer.ts';
import { describeMediaGateway } from './media-gateway.contract.ts';

describeMediaGateway('RTP', async () => {
  const gateway = await RtpMediaGateway.start();
  const peers: RtpPeer[] = [];
  return {
    gateway,
    async call(request) {
      const session = await gateway.reserve(request);
      const peer = await RtpPeer.open({ law: request.law ?? 'ulaw' });
      peers.push(peer);
      if (session.endpoint.transport === 'rtp') peer.aim(session.endpoint);
      session.attach(peer);
      await session.attached;
      return {
        session,
        caller: {
          say: (samples) => peer.say(samples),
          ear: () => peer.heardSamples(),
          press: (digit) => peer.press(digit),
        },
      };
    },
    async close() {
      await gateway.close();
      await Promise.all(peers.map((peer) => peer.close()));
    },
  };
});
