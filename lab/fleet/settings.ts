import { nonEmpty } from '../settings.ts';
import { UserError } from '../user-error.ts';

/** What is shown of a fleet, in this order. */
export const PARTS = [
  'entry',
  'spread',
  'short-calls',
  'claim-cost',
  'growth',
  'node-killed',
  'node-frozen',
  'node-cut-off',
  'node-stalled',
  'asterisk-killed',
  'database-killed',
  'rolling-drain',
  'limits',
] as const;
export type Part = (typeof PARTS)[number];

export interface FleetSettings {
  /** Fewer calls, less done with them, and nothing judged that a busy machine may change: how fast, and how evenly. */
  readonly short: boolean;
  readonly asterisks: number;
  readonly nodes: number;
  readonly parts: readonly Part[];
  /** Short calls in all. */
  readonly calls: number;
  /** New calls in a second: what two processors set up beside everything else that runs here. */
  readonly rate: number;
  /** Calls at a time for the spread. */
  readonly spread: number;
  /** Calls at a time when something dies. */
  readonly atATime: number;
  /** How long is waited until callers whose node has died are spoken to. */
  readonly watchMs: number;
  /** How long a call waits for what it is there for, before it is ended. */
  readonly holdMs: number;
  /** Nodes that are drained and started anew. */
  readonly drained: number;
}

/** `make fleet CALLS=10000 RATE=20 ONLY=spread,short-calls`; SHORT=1 is what `make test` runs. Throws UserError. */
export function fleetSettings(environment: NodeJS.ProcessEnv = process.env): FleetSettings {
  const short = nonEmpty(environment['SHORT']) !== undefined;
  const only = nonEmpty(environment['ONLY'])?.split(',');
  for (const name of only ?? []) {
    if (!(PARTS as readonly string[]).includes(name))
      throw new UserError(`ONLY=${name} is not known; it can be ${PARTS.join(', ')}.`);
  }
  const number = (name: string, usual: number, most: number): number => {
    const value = Number(nonEmpty(environment[name]) ?? usual);
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    throw new UserError(`${name}=${environment[name]} must be a number from 1 to ${most}.`);
  };
  const usual: readonly Part[] = short ? ['entry', 'spread', 'node-killed', 'rolling-drain'] : PARTS;
  const nodes = number('NODES', 3, 8);
  return {
    short,
    parts: only ? PARTS.filter((part) => only.includes(part)) : usual,
    asterisks: number('ASTERISKS', 2, 8),
    nodes,
    calls: number('CALLS', short ? 30 : 1000, 700_000),
    rate: number('RATE', 8, 1000),
    spread: short ? 12 : 60,
    atATime: short ? 6 : 18,
    watchMs: short ? 30_000 : 12_000,
    holdMs: short ? 75_000 : 20_000,
    drained: short ? 1 : nodes,
  };
}
