/** The agent's sound as it left Asterisk, against what the agent sent and against the voice itself. */
import { describe, expect, it } from 'vitest';
import { RtpCapture, rebuildSound, rtpStreams, type RtpStream } from '../../lab/capture.ts';
import type { Softphone } from '../../lab/softphone.ts';
import { decodeG711, encodeG711 } from '../../src/media/g711.ts';
import { levelDbov } from '../../src/media/level.ts';
import { ALICE, greeting, SAME_WORDS, TOM, useRunningAgent } from '../support/agent-under-test.ts';
import { report } from '../support/running-agent.ts';
import { align, framesLeftOut, sentIn, withoutSilentEnds } from '../support/sent-sound.ts';
import { findSpeech } from '../support/sound-likeness.ts';

describe('The agent’s sound as it left Asterisk', () => {
  const agent = useRunningAgent({ edits: [['codec: auto', 'codec: ulaw']] });

  function toPhone(capture: RtpCapture, phone: Softphone): RtpStream[] {
    const [first, last] = phone.rtpPorts;
    return rtpStreams(capture.packets).filter(
      ({ destination, packets }) =>
        destination.port >= first && destination.port <= last && (packets[0]?.payloadType ?? 127) < 96,
    );
  }

  it.each([
    { ...ALICE, phoneLaw: 'ulaw', way: 'as it is' },
    { ...ALICE, phoneLaw: 'alaw', way: 'transcoded by Asterisk' },
    { ...TOM, phoneLaw: 'alaw', way: 'as it is' },
    { ...TOM, phoneLaw: 'ulaw', way: 'transcoded by Asterisk' },
  ] as const)(
    'is what $extension sent in $law, $way, to a phone with $phoneLaw',
    async ({ extension, law, phoneLaw, speaker, greeting: words }) => {
      const { lab } = agent;
      const phone = await lab.phone('softphone1', { codec: phoneLaw });
      const capture = await RtpCapture.start({ ports: phone.rtpPorts });
      const call = await phone.dial(extension);
      const view = lab.view(call, extension, 'softphone1');
      const told = await greeting(call);
      await call.hangUp();
      const recording = await lab.recording(view);
      await capture.stop();

      // The packets: one stream, none lost, none twice, no hole but what the machine's stalls have left.
      const streams = toPhone(capture, phone);
      expect(streams).toHaveLength(1);
      const [stream] = streams as [RtpStream];
      expect(stream).toMatchObject({ lost: 0, duplicates: 0 });
      const rebuilt = rebuildSound(stream);
      if (!rebuilt) throw new Error('no sound in the stream');
      expect(rebuilt.codec.name).toBe(phoneLaw);
      const talking = stream.packets.filter(({ at }) => at >= told.startedAt && at <= told.endedAt);
      const leftOut = framesLeftOut(talking, await lab.record(view));

      // Sample by sample: nothing missing (a gap), nothing added (an overlap), nothing else (a click).
      const sent = withoutSilentEnds(sentIn(recording));
      expect(sent.length).toBeGreaterThan(8 * 2000);
      const expected = law === phoneLaw ? sent : decodeG711(phoneLaw, encodeG711(phoneLaw, sent));
      const place = align(rebuilt.samples, expected);
      expect(place).toBeGreaterThanOrEqual(0);
      const heard = rebuilt.samples.subarray(place, place + expected.length);
      expect(heard.length).toBe(expected.length);
      let differing = 0;
      expected.forEach((sample, i) => {
        if (sample !== heard[i]) differing += 1;
      });
      const gainDb = levelDbov(heard) - levelDbov(sent);
      expect(differing).toBeLessThanOrEqual(160 * leftOut);
      expect(Math.abs(gainDb)).toBeLessThan(1);

      // The voice's own noise is another each time, so the synthesis is compared by spectrum and level.
      const fresh = withoutSilentEnds(await agent.speak(words, speaker, law));
      const { correlation } = findSpeech(rebuilt.samples, fresh);
      const voiceDb = levelDbov(heard) - levelDbov(fresh);
      expect(correlation).toBeGreaterThan(SAME_WORDS);
      expect(Math.abs(heard.length - fresh.length)).toBeLessThanOrEqual(160 * (1 + leftOut));
      expect(Math.abs(voiceDb)).toBeLessThan(1);
      report(
        `${extension} ${law} → ${phoneLaw}: ${expected.length} samples, ${differing} differ; level ` +
          `${gainDb.toFixed(2)} dB against what was sent, ${voiceDb.toFixed(2)} dB and likeness ` +
          `${correlation.toFixed(3)} against a new synthesis`,
      );
    },
  );
});
