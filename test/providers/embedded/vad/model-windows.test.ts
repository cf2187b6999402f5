import { expect, it } from 'vitest';
import { ModelWindows } from '../../../../src/providers/embedded/vad/model-windows.ts';
import { SILERO_CONTEXT, SILERO_WINDOW } from '../../../../src/providers/embedded/vad/silero-model.ts';

const PAST = 3;

it.each([8000, 16000] as const)(
  'gives each window with what was before it, however long it goes on (%i Hz)',
  (rateHz) => {
    const [window, context, frame] = [SILERO_WINDOW[rateHz], SILERO_CONTEXT[rateHz], rateHz / 50];
    const sound = Int16Array.from({ length: 60 * frame }, (_, index) => index + 1);
    const windows = new ModelWindows(rateHz, PAST);
    const heard = (index: number): Float32Array =>
      Float32Array.from(
        { length: context + window },
        (_, at) => (sound[index * window - context + at] ?? 0) / 32768,
      );
    const asked = new Float32Array(context + window);
    let full = 0;
    for (let at = 0; at < sound.length; at += frame) {
      const samples = sound.subarray(at, at + frame);
      for (let taken = 0; taken < frame;) {
        taken += windows.add(samples, taken);
        if (!windows.isFull) continue;
        for (let ago = 0; ago <= PAST; ago++) {
          windows.read(ago, asked);
          expect(asked, `${ago} before window ${full}`).toEqual(heard(full - ago));
        }
        windows.next();
        full += 1;
      }
    }
    expect(full).toBe(Math.floor(sound.length / window));
  },
);

it('knows nothing of what was there before a gap', () => {
  const windows = new ModelWindows(8000, PAST);
  for (let window = 0; window < 10; window++) {
    windows.add(new Int16Array(256).fill(1000), 0);
    windows.next();
  }
  windows.add(new Int16Array(160).fill(1000), 0);
  windows.clear();
  expect(windows.add(new Int16Array(256).fill(-16384), 0)).toBe(256);
  const asked = new Float32Array(288);
  windows.read(0, asked);
  expect(asked).toEqual(new Float32Array(288).fill(-0.5, 32));
  windows.read(1, asked);
  expect(asked).toEqual(new Float32Array(288));
});
