/** The cloud of a soak: its protocols and its delays, and no cost of its own, so that many calls are possible. */
import { startEmulatedCloud, type EmulatedCloud } from '../support/provider-servers/emulated-cloud.ts';
import { testVoice } from '../support/provider-servers/test-voice.ts';
import type { Speech, Synthesise } from '../support/provider-servers/test-voice.ts';

export function emulatedSoakCloud(): Promise<EmulatedCloud> {
  return startEmulatedCloud({
    stt: { updates: false, transcribe: () => 'When are you open on Saturday?' },
    think: () => ({ text: 'Of course. On Saturday we are open from nine to twelve.' }),
    tts: { synthesise: remembered(testVoice) },
  });
}

/** The same words sound the same, and are made once. */
function remembered(synthesise: Synthesise): Synthesise {
  const known = new Map<string, Speech | Promise<Speech>>();
  return (request) => {
    const key = JSON.stringify(request);
    const speech = known.get(key) ?? synthesise(request);
    known.set(key, speech);
    return speech;
  };
}
