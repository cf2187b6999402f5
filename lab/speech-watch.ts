/** Quieter than this isn't speech: prompts lie at −20 to −30 dBov, a telephone line's noise below −50. */
const SPEECH_DBOV = -45;
/** Consecutive voiced packets that are speech; one alone may be a click. */
const SPEECH_PACKETS = 3;

/** From when to when something was said, wall clock. */
export interface Utterance {
  readonly startedAt: number;
  readonly endedAt: number;
}

interface Wait {
  check: () => void;
}

/** When somebody speaks in one direction of a call, by the energy of its 20 ms packets. Wall clock. */
export class SpeechWatch {
  /** Instant of the first packet with sound in it, and of the last. */
  firstAt: number | undefined;
  lastAt: number | undefined;
  /** Instant of the last packet that was speech by its energy. */
  lastVoicedAt: number | undefined;
  /** Instant at which the first stretch of speech began. */
  firstSpeechAt: number | undefined;
  /** Instant at which the latest stretch of speech began. */
  speechStartedAt: number | undefined;
  #voicedInARow = 0;
  #rowStartedAt = 0;
  readonly #waits = new Set<Wait>();

  /** A packet with sound in it has gone by. */
  protected hear(at: number, levelDbov: number): void {
    this.firstAt ??= at;
    this.lastAt = at;
    if (levelDbov > SPEECH_DBOV) {
      this.#voicedInARow += 1;
      if (this.#voicedInARow === 1) this.#rowStartedAt = at;
      if (this.#voicedInARow >= SPEECH_PACKETS) {
        if (this.lastVoicedAt === undefined || at - this.lastVoicedAt > 500) {
          this.speechStartedAt = this.#rowStartedAt;
          this.firstSpeechAt ??= this.#rowStartedAt;
        }
        this.lastVoicedAt = at;
      }
    } else {
      this.#voicedInARow = 0;
    }
    this.close();
  }

  /** Resolves when speech begins (or goes on) after `after`; false when it doesn't within `timeoutMs`. */
  async speech(options: { timeoutMs: number; after?: number; signal?: AbortSignal }): Promise<boolean> {
    const after = options.after ?? Date.now();
    return this.#wait(options.timeoutMs, options.signal, () => (this.lastVoicedAt ?? 0) > after);
  }

  /**
   * Resolves when nobody has spoken for `quietMs` (also when nobody ever did, counted from now);
   * false when it doesn't become quiet within `timeoutMs`.
   */
  async quiet(options: { quietMs?: number; timeoutMs: number; signal?: AbortSignal }): Promise<boolean> {
    const quietMs = options.quietMs ?? 700;
    const begun = Date.now();
    const quietAt = (): number => Math.max(this.lastVoicedAt ?? begun, 0) + quietMs;
    return this.#wait(options.timeoutMs, options.signal, () => Date.now() >= quietAt(), quietAt);
  }

  /** What is said next: waits for it to begin after `after`, and to end. Undefined: it didn't in time. */
  async utterance(options: {
    timeoutMs: number;
    quietMs?: number;
    after?: number;
    signal?: AbortSignal;
  }): Promise<Utterance | undefined> {
    const deadline = Date.now() + options.timeoutMs;
    if (!(await this.speech(options))) return undefined;
    const startedAt = this.speechStartedAt ?? 0;
    const timeoutMs = deadline - Date.now();
    if (!(await this.quiet({ ...options, timeoutMs }))) return undefined;
    return { startedAt, endedAt: this.lastVoicedAt ?? 0 };
  }

  /** Whoever waits looks again: nothing comes any more. */
  close(): void {
    for (const wait of [...this.#waits]) wait.check();
  }

  #wait(
    timeoutMs: number,
    signal: AbortSignal | undefined,
    holds: () => boolean,
    nextLook?: () => number,
  ): Promise<boolean> {
    return new Promise((resolve) => {
      let look: NodeJS.Timeout | undefined;
      const end = (result: boolean): void => {
        clearTimeout(deadline);
        clearTimeout(look);
        signal?.removeEventListener('abort', onAbort);
        this.#waits.delete(wait);
        resolve(result);
      };
      const onAbort = (): void => {
        end(false);
      };
      const check = (): void => {
        if (holds()) end(true);
        else if (nextLook) {
          clearTimeout(look);
          look = setTimeout(check, Math.max(1, nextLook() - Date.now()));
        }
      };
      const wait: Wait = { check };
      const deadline = setTimeout(() => {
        end(false);
      }, timeoutMs);
      this.#waits.add(wait);
      if (signal?.aborted) end(false);
      else {
        signal?.addEventListener('abort', onAbort, { once: true });
        check();
      }
    });
  }
}
