/** Tells why something doesn't work now, in words that hold nothing secret; undefined: it does. */
export type HealthCheck = () => string | undefined;

export interface HealthReport {
  /** Calls can be taken: every check is well that is needed for that. */
  readonly ready: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly reason?: string }[];
  /** Of a fleet: this program's name in it, and all that are known, this one included. */
  readonly node?: string;
  readonly nodes?: readonly NodeHealth[];
}

/** A program of a fleet, as it last told of itself. */
export interface NodeHealth {
  readonly node: string;
  readonly state: 'running' | 'draining';
  readonly calls: number;
  readonly maxCalls: number;
  /** Asterisks that it can't reach, by their names. */
  readonly unreachable: readonly string[];
  /** Since it did. */
  readonly ageMs: number;
}

/**
 * What must be well for calls to be taken, and for what callers are promised. Every part of the program that can fail by itself has its check
 * here: `asterisk:local`, `media`, `stt:pocketsphinx`. They run at each request.
 */
export class HealthChecks {
  readonly #checks = new Map<string, { readonly check: HealthCheck; readonly needed: boolean }>();

  /** Adds a check, or replaces the one of that name. Not `needed`: calls are taken without. Returns how to withdraw it. */
  add(name: string, check: HealthCheck, needed = true): () => void {
    this.#checks.set(name, { check, needed });
    return () => {
      if (this.#checks.get(name)?.check === check) this.#checks.delete(name);
    };
  }

  /** Asks every check, in the order in which they were added. Never throws. */
  report(): HealthReport {
    let ready = true;
    const checks = [...this.#checks].map(([name, { check, needed }]) => {
      const reason = outcomeOf(check);
      ready &&= reason === undefined || !needed;
      return reason === undefined ? { name, ok: true } : { name, ok: false, reason };
    });
    return { ready, checks };
  }
}

function outcomeOf(check: HealthCheck): string | undefined {
  try {
    return check();
  } catch {
    return 'it could not be checked';
  }
}
