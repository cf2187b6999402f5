import { table } from '../show.ts';

export interface Finding {
  readonly part: string;
  readonly what: string;
  readonly measured: string;
  /** What it must be; missing: it is only told. */
  readonly wanted?: string;
  readonly passed?: boolean;
}

/** What was measured, with a verdict for each line that has something to be measured by. */
export class FleetReport {
  readonly findings: Finding[] = [];
  /** Raw data, by part. */
  readonly data: Record<string, unknown> = {};
  readonly #say: (line: string) => void;
  readonly #times: boolean;

  /** `times`: what depends on how busy the machine is is judged, too. */
  constructor(say: (line: string) => void, { times }: { readonly times: boolean }) {
    this.#say = say;
    this.#times = times;
  }

  tell(part: string, what: string, measured: string): void {
    this.#add({ part, what, measured });
  }

  /** `passed`: whether it is what it must be. */
  judge(part: string, what: string, measured: string, wanted: string, passed: boolean): void {
    this.#add({ part, what, measured, wanted, passed });
  }

  /** Judged where the machine is there for this alone, else told. */
  measure(part: string, what: string, measured: string, wanted: string, passed: boolean): void {
    if (this.#times) this.judge(part, what, measured, wanted, passed);
    else this.tell(part, what, measured);
  }

  #add(finding: Finding): void {
    this.findings.push(finding);
    this.#say(`  ${verdict(finding).padEnd(4)} ${finding.part}: ${finding.what}: ${finding.measured}`);
  }

  get passed(): boolean {
    return this.findings.every(({ passed }) => passed !== false);
  }

  table(): string {
    const rows = this.findings.map((one) => [
      one.part,
      one.what,
      one.measured,
      one.wanted ?? '',
      verdict(one),
    ]);
    return table(['', '', 'measured', 'must be', ''], rows);
  }
}

function verdict({ passed }: Finding): string {
  return passed === undefined ? '' : passed ? 'PASS' : 'FAIL';
}

/** The value below which `share` of the values lie; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

export function ms(value: number): string {
  return Number.isFinite(value) ? `${Math.round(value)} ms` : 'never';
}
