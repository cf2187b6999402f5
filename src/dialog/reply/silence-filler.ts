import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { sampleCount, type Audio } from '../../media/audio.ts';
import { fillerTone } from '../../media/filler-tone.ts';
import type { SpokenUtterance } from './utterance.ts';

/**
 * When a reply falls silent in the middle, as while a tool takes its time: adds a tone after each silence, until more
 * words follow.
 */
export class SilenceFiller {
  readonly #clock: Clock;
  readonly #afterMs: Milliseconds;
  readonly #utterance: Pick<SpokenUtterance, 'insert'>;
  /** Until then the caller hears something. */
  #soundUntil: Milliseconds;
  #cancel: () => void = () => undefined;
  #state: 'watching' | { readonly restsSince: Milliseconds } | 'stopped' = 'watching';

  /** From now on, behind what there is of the utterance. */
  constructor(clock: Clock, afterMs: Milliseconds, utterance: Pick<SpokenUtterance, 'insert'>) {
    this.#clock = clock;
    this.#afterMs = afterMs;
    this.#utterance = utterance;
    this.#soundUntil = clock.now();
    this.#wait();
  }

  /** Sound is on its way to the caller, behind what there is. */
  sounds(audio: Audio): void {
    const from = Math.max(this.#soundUntil, this.#clock.now());
    this.#soundUntil = from + (sampleCount(audio) * 1000) / audio.rateHz;
  }

  stop(): void {
    this.#state = 'stopped';
    this.#cancel();
  }

  /** The sound is paused: silence is what is wanted. */
  rest(): void {
    if (this.#state !== 'watching') return;
    this.#state = { restsSince: this.#clock.now() };
    this.#cancel();
  }

  /** The sound goes on, `againMs` of it being heard a second time. */
  goOn(againMs: Milliseconds): void {
    if (typeof this.#state === 'string') return;
    const { restsSince } = this.#state;
    this.#state = 'watching';
    this.#soundUntil = Math.max(this.#soundUntil, restsSince) + (this.#clock.now() - restsSince) + againMs;
    this.#wait();
  }

  #wait(): void {
    this.#cancel = this.#clock.at(this.#soundUntil + this.#afterMs, () => {
      if (this.#clock.now() >= this.#soundUntil + this.#afterMs) {
        const tone = fillerTone();
        this.sounds(tone);
        void this.#utterance.insert(tone);
      }
      this.#wait();
    });
  }
}
