/** RTP and RTCP of a call's peer, on a clock of its own: what the media thread does with them. */
import { createSessionMemory } from '../../../src/gateways/ring-media-session.ts';
import { PlayoutWheel } from '../../../src/gateways/playout/playout-wheel.ts';
import { MediaStatsBlock } from '../../../src/gateways/media-stats-block.ts';
import { MediaPort } from '../../../src/gateways/rtp/media-port.ts';
import type { MediaSocket } from '../../../src/gateways/rtp/media-socket.ts';
import { RtpLeg } from '../../../src/gateways/rtp/rtp-leg.ts';
import { AudioRingReader } from '../../../src/media/audio-ring.ts';
import { CODEC_NAMES, codecOf, type CodecName } from '../../../src/media/codec.ts';
import { bytesOf, must, readCorpus, type FuzzTarget, type Session } from '../target.ts';

const PEER = { address: '192.0.2.1', port: 40_000, words: new Int32Array(0) };
const MAX_BYTES = 2048;

export function openRtp(): FuzzTarget {
  return {
    corpus: readCorpus('rtp'),
    run(session) {
      for (const codec of CODEC_NAMES) receive(session, codec);
    },
  };
}

/** One packet each 20 ms. */
function receive(session: Session, name: CodecName): void {
  const codec = codecOf(name);
  let now = 1000;
  const memory = createSessionMemory(codec.queueFormat);
  const data = new Uint8Array(MAX_BYTES);
  let length = 0;
  const socket: MediaSocket = {
    port: 20_000,
    receiveBufferBytes: 0,
    batch: 1,
    locate: () => PEER,
    receiveBatch: () => 1,
    dataOf: () => data,
    lengthOf: () => length,
    portOf: () => PEER.port,
    addressOf: () => PEER.address,
    isFrom: () => true,
    send: () => undefined,
    sendBatch: () => undefined,
    close: () => Promise.resolve(),
  };
  const wheel = new PlayoutWheel(() => now);
  const port = new MediaPort({
    socket,
    now: () => now,
    unknownPeers: new Int32Array(1),
    onUnknownPeer: () => undefined,
  });
  let keys = 0;
  const leg = new RtpLeg(
    {
      session: 1,
      codec: name,
      ...memory,
      ssrc: 1,
      firstSequence: 0,
      firstTimestamp: 0,
      silenceSuppression: false,
      telephoneEventPayloadType: 101,
    },
    port,
    wheel,
    ({ type }) => {
      if (type === 'dtmf') keys += 1;
    },
  );
  leg.attach(PEER.address, PEER.port);
  const heard = new AudioRingReader(memory.heard, 0);
  for (const frame of session) {
    const bytes = bytesOf(frame).subarray(0, MAX_BYTES);
    data.set(bytes);
    length = bytes.length;
    port.receive();
    now += 20;
    wheel.advance();
    must(Math.abs(heard.written * 20 - (now - 1000)) < 1500, 'the timeline stays near the clock');
  }
  now += 1000;
  wheel.advance();
  const stats = new MediaStatsBlock(memory.stats).stats();
  must(keys <= session.length, 'a packet presses one key at most');
  must(stats.packetsReceived + stats.rtcpReceived <= session.length, 'each packet is counted once');
  must(
    Object.values(stats).every((value) => value === undefined || Number.isFinite(value)),
    'counters are numbers',
  );
  leg.close();
}
