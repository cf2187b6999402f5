/** Tells why something can't take calls now, in words that hold nothing secret; undefined: it can. */
export type HealthCheck = () => string | undefined;

export interface HealthReport {
  /** Calls can be taken: every check is well. */
  readonly ready: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly reason?: string }[];
}

/**
 * What must be well for calls to be taken. Every part of the program that can fail by itself has its check
 * here: `asterisk:local`, `media`, `stt:pocketsphinx`. They run at each request.
 */
export class HealthChecks {
  readonly #checks = new Map<string, HealthCheck>();

  /** Adds a check, or replaces the one of that name. Returns how to withdraw it. */
  add(name: string, check: HealthCheck): () => void {
    this.#checks.set(name, check);
    return () => {
      if (this.#checks.get(name) === check) this.#checks.delete(name);
    };
  }

  /** Asks every check, in the order in which they were added. Never throws. */
  report(): HealthReport {
    const checks = [...this.#checks].map(([name, check]) => {
      const reason = outcomeOf(check);
      return reason === undefined ? { name, ok: true } : { name, ok: false, reason };
    });
    return { ready: checks.every(({ ok }) => ok), checks };
  }
}

function outcomeOf(check: HealthCheck): string | undefined {
  try {
    return check();
  } catch {
    return 'it could not be checked';
  }
}
