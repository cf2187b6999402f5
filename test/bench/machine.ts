import { cpus, loadavg, release } from 'node:os';

/** What a figure was measured on: told with every one. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  readonly node: string;
  /** How many programs wanted a processor in the last minute. */
  readonly load: number;
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    kernel: release(),
    node: process.version,
    load: loadavg()[0] ?? NaN,
  };
}
