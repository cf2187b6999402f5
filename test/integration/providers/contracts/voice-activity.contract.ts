import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VadEvent } from '../../../../src/dialog/contract/speech.ts';
import type { VoiceActivityDetector } from '../../../../src/dialog/contract/ports.ts';
import type { FlushLine } from '../../../../src/media/flush-line.ts';

export interface VoiceActivityCall {
  readonly line: FlushLine;
  readonly events: VadEvent[];
  /** The caller talks for so long, and is silent for a second then. */
  talk(ms: number): Promise<void>;
  silence(ms: number): Promise<void>;
  close(): void;
}

export interface VoiceActivityHarness {
  readonly vad: VoiceActivityDetector;
  call(): Promise<VoiceActivityCall>;
  close(): Promise<void>;
}

/** Longer than any detector needs, on a slow machine. */
const PATIENCE = { timeout: 10_000, interval: 5 };

/** What is true of every detector of voice activity. */
export function describeVoiceActivity(name: string, makeHarness: () => Promise<VoiceActivityHarness>): void {
  describe(`${name} as a detector of voice activity`, () => {
    let harness: VoiceActivityHarness;
    beforeEach(async () => {
      harness = await makeHarness();
    }, 60_000);
    afterEach(async () => {
      await harness.close();
    });
    const types = ({ events }: VoiceActivityCall): string[] => events.map(({ type }) => type);
    const heard = async (call: VoiceActivityCall, stops = 1): Promise<void> => {
      await expect
        .poll(() => types(call).filter((type) => type === 'speech-stop').length, PATIENCE)
        .toBeGreaterThanOrEqual(stops);
    };

    it('reports when the caller begins and stops speaking, by frame and instant', async () => {
      const call = await harness.call();
      await call.silence(500);
      await call.talk(1500);
      await heard(call);
      const [start, stop] = [call.events[0], call.events.at(-1)];
      expect(start?.type).toBe('speech-start');
      expect(stop?.type).toBe('speech-stop');
      expect((start?.frame ?? 0) * 20).toBeGreaterThanOrEqual(440);
      expect((start?.frame ?? 0) * 20).toBeLessThanOrEqual(800);
      expect((stop?.frame ?? 0) * 20).toBeGreaterThanOrEqual(1600);
      expect((stop?.frame ?? 0) * 20).toBeLessThanOrEqual(2060);
      const frames = (stop?.frame ?? 0) - (start?.frame ?? 0);
      expect((stop?.at ?? 0) - (start?.at ?? 0)).toBeCloseTo(frames * 20, -2);
    });

    it('reports each time the caller talks, and of none in the silence between', async () => {
      const call = await harness.call();
      await call.silence(500);
      await call.talk(1500);
      await heard(call);
      const before = call.events.length;
      await call.silence(2000);
      await call.talk(1500);
      await heard(
        call,
        1 +
          types(call)
            .slice(0, before)
            .filter((type) => type === 'speech-stop').length,
      );
      const later = call.events.slice(before);
      expect(later[0]?.type).toBe('speech-start');
      expect((later[0]?.frame ?? 0) * 20).toBeGreaterThan(4500);
      for (const [index, event] of call.events.entries()) {
        expect(event.frame).toBeGreaterThanOrEqual(call.events[index - 1]?.frame ?? 0);
      }
    });

    it('stops an armed agent by itself, and reports it', async () => {
      const call = await harness.call();
      const before = call.line.epoch;
      await call.silence(300);
      call.line.arm();
      await call.talk(1500);
      await heard(call);
      expect(types(call).filter((type) => type === 'barge-in')).toHaveLength(1);
      expect(call.line.epoch).toBeGreaterThan(before);
      expect(call.line.armed).toBe(false);
    });

    it('interrupts no agent that is not armed', async () => {
      const call = await harness.call();
      const before = call.line.epoch;
      await call.talk(1500);
      await heard(call);
      expect(types(call)).not.toContain('barge-in');
      expect(call.line.epoch).toBe(before);
    });

    it('keeps calls apart', async () => {
      const [talking, silent] = [await harness.call(), await harness.call()];
      silent.line.arm();
      await Promise.all([talking.talk(1500), silent.silence(2500)]);
      await heard(talking);
      expect(silent.events).toEqual([]);
      expect(silent.line.armed).toBe(true);
    });

    it('reports nothing of a call that is over, and can be closed twice', async () => {
      const [over, other] = [await harness.call(), await harness.call()];
      over.close();
      over.close();
      await Promise.all([over.talk(1500), other.talk(1500)]);
      await heard(other);
      expect(over.events).toEqual([]);
      await harness.vad.close();
      await harness.vad.close();
    });
  });
}
