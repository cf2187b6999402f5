/** Callers who pause, and go on before it is known what they have said so far. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordingOf } from '../../lab/demo-calls.ts';
import { readSound } from '../../lab/sound-file.ts';
import { ALICE, useRunningAgent } from '../support/agent-under-test.ts';
import { startEmulatedCloud, type EmulatedCloud } from '../support/provider-servers/emulated-cloud.ts';

const RATE_HZ = 8000;
const QUESTION = readSound(recordingOf('ked', 'd-hours-saturday').path);
/** Before the last word. */
const PAUSE_AT_MS = 1060;
/** Longer than a reply waits to be prepared, shorter than what ends a turn. */
const PAUSE_MS = 300;
/** The answer to the beginning comes while the rest is being said. */
const TRANSCRIPT_MS = 400;
const BEGINNING = 'are you open on';
const WHOLE = 'are you open on saturday';

describe('A caller who hesitates, heard by Whisper at Groq', () => {
  let cloud: EmulatedCloud;
  beforeAll(async () => {
    cloud = await startEmulatedCloud({
      assumed: { sigma: 0, transcriptMs: TRANSCRIPT_MS },
      // Nobody has to be waited for who recognises it.
      stt: {
        transcribe: ({ samples, rateHz }) =>
          1000 * samples.length > rateHz * (PAUSE_AT_MS + PAUSE_MS) ? WHOLE : BEGINNING,
      },
    });
  });
  afterAll(() => cloud.close());
  const agent = useRunningAgent(() => ({
    environment: { ...cloud.environment, VOICE_AGENT_STT: 'groq-whisper' },
  }));

  it('is understood to the end', async () => {
    const { call, view } = await agent.greeted(ALICE);
    const samples = (ms: number): number => (ms * RATE_HZ) / 1000;
    const at = samples(PAUSE_AT_MS);
    const pause = new Int16Array(samples(PAUSE_MS));
    await call.say(Int16Array.from([...QUESTION.subarray(0, at), ...pause, ...QUESTION.subarray(at)]));
    expect(await view.event('caller-said')).toMatchObject({
      text: WHOLE,
      understood: true,
    });
    await call.hangUp();
    await view.event('ended');
  });
});
