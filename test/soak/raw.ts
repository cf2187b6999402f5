/** The raw data of a soak, as it lies in its folder: everything that the table is computed from. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../lab/user-error.ts';
import type { SeenCall } from './callers.ts';
import type { DoneFault } from './faults.ts';
import type { SoakPlan } from './plan.ts';
import type { HeldState } from './state.ts';

/** What was read once in a while. */
export interface SoakSample {
  /** Wall clock. */
  readonly at: number;
  /** Measured calls that were over. */
  readonly calls: number;
  /** Of the agent's process, bytes. */
  readonly resident: number;
  /** Of its main thread: heap in use and what hangs on it, bytes. */
  readonly heap: number;
  /** Processor time of the agent and of Asterisk since their start, ms. */
  readonly agentMs: number;
  readonly asteriskMs: number;
  /** Share of the machine's processors that was busy since the sample before. */
  readonly busy: number;
}

export interface SoakRaw {
  /** Commit, machine, command. */
  readonly about: Readonly<Record<string, string | number | boolean>>;
  readonly plan: SoakPlan;
  readonly calls: readonly SeenCall[];
  readonly faults: readonly DoneFault[];
  readonly samples: readonly SoakSample[];
  readonly before: HeldState;
  readonly after: HeldState;
  /** What SIPp and Asterisk complained of. */
  readonly complaints: string;
}

const FILES = ['about', 'plan', 'calls', 'faults', 'samples', 'before', 'after', 'complaints'] as const;

export function writeRaw(folder: string, raw: SoakRaw): void {
  mkdirSync(folder, { recursive: true });
  for (const name of FILES)
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(raw[name], null, 1)}\n`);
}

/** Throws UserError. */
export function readRaw(folder: string): SoakRaw {
  const missing = FILES.filter((name) => !existsSync(join(folder, `${name}.json`)));
  if (missing.length > 0) {
    throw new UserError(
      `${folder} is no folder of a soak that came to its end: ${missing.join(', ')} is missing.`,
    );
  }
  return Object.fromEntries(
    FILES.map((name) => [name, JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as unknown]),
  ) as unknown as SoakRaw;
}
