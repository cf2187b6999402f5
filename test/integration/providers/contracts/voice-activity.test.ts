import type { VadEvent } from '../../../../src/dialog/contract/speech.ts';
import { createAudioRing } from '../../../../src/media/audio-ring.ts';
import { createFlushLine, FlushLine } from '../../../../src/media/flush-line.ts';
import { createSileroVad } from '../../../../src/providers/embedded/vad/silero-vad.ts';
import { noUnhandledRejections } from '../../../support/leaks.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { RingFeeder } from '../../../support/ring-feeder.ts';
import { ScriptedVad } from '../../../support/scripted-vad.ts';
import { telephoneSpeech } from '../../../support/telephone-speech.ts';
import { describeVoiceActivity } from './voice-activity.contract.ts';

noUnhandledRejections();

describeVoiceActivity('the scripted detector', () => {
  const clock = new ManualClock();
  const vad = new ScriptedVad(clock);
  return Promise.resolve({
    vad,
    async call() {
      const [flushLine, events] = [createFlushLine(), [] as VadEvent[]];
      const onEvent = (event: VadEvent): void => void events.push(event);
      await vad.open({ heard: createAudioRing(8000), flushLine, onEvent });
      const stream = vad.streams.at(-1);
      return {
        line: new FlushLine(flushLine),
        events,
        talk: async (ms: number) => {
          stream?.talk(ms);
          await clock.advance(ms + 1000);
        },
        silence: (ms: number) => clock.advance(ms),
        close: () => stream?.close(),
      };
    },
    close: () => vad.close(),
  });
});

const speech = telephoneSpeech('I would like to make an appointment for tomorrow morning please.');

describeVoiceActivity('Silero', async () => {
  const vad = await createSileroVad();
  const sentence = await speech;
  return {
    vad,
    async call() {
      const [feeder, flushLine, events] = [new RingFeeder(), createFlushLine(), [] as VadEvent[]];
      const onEvent = (event: VadEvent): void => void events.push(event);
      const stream = await vad.open({ heard: feeder.handle, flushLine, onEvent });
      return {
        line: new FlushLine(flushLine),
        events,
        talk: (ms: number) => {
          feeder.write(sentence.subarray(0, 8 * ms));
          feeder.silence(1000);
          return Promise.resolve();
        },
        silence: (ms: number) => {
          feeder.silence(ms);
          return Promise.resolve();
        },
        close: () => {
          stream.close();
        },
      };
    },
    close: () => vad.close(),
  };
});
