/**
 * `make bench-latency`: how long a caller waits for the agent's answer, measured on the wire, with a cloud whose
 * delays are assumptions (settings, printed). Run it on a quiet machine; it takes about seven minutes.
 * `JSON=1` prints the result alone. `CALLS=6 TURNS=240` are those at a time, and all of them. `VARIANTS=early,f32`
 * chooses what is compared (latency-variants.ts).
 */
import { cpus, loadavg } from 'node:os';
import { assumptionsGiven } from '../../lab/providers.ts';
import { runMain } from '../../lab/run-main.ts';
import { nonEmpty } from '../../lab/settings.ts';
import { UserError } from '../../lab/user-error.ts';
import { assumptionLines } from '../support/provider-servers/cloud-delays.ts';
import { measureCalls } from './latency-calls.ts';
import { AIMS, begunTooEarly, figures, show, showBeside, type Variant } from './latency-report.ts';
import { splitTurns } from './latency-split.ts';
import { VARIANTS, type ComparedConfig } from './latency-variants.ts';

await runMain(async (signal) => {
  const json = nonEmpty(process.env['JSON']) !== undefined && process.env['JSON'] !== '0';
  const say = (line: string): void => {
    if (!json) process.stdout.write(`${line}\n`);
  };
  const assumed = assumptionsGiven();
  const wanted = variantsWanted();
  const calls = whole('CALLS', 6);
  const turnsPerCall = Math.ceil(whole('TURNS', 240) / calls);

  say(`The cloud is emulated on this machine; ${cpus().length} processors, load ${loadText()}. Assumed:`);
  for (const line of assumptionLines(assumed)) say(`  ${line}`);
  say("  The recogniser's delays are counted in the sound that it has received, in whole packets of 20 ms.");
  say('  It sends no turn.update while the caller speaks: words before the end of a turn are not measured.');
  const variants: Variant[] = [];
  for (const [index, { name, edits }] of wanted.entries()) {
    if (signal.aborted) return;
    say(`\n${name}:`);
    const measured = await measureCalls({ assumed, calls, turnsPerCall, edits, say });
    const variant = { name, aimed: index === 0, load: loadText(), ...splitTurns(measured) };
    variants.push(variant);
    // At once: what is measured after it may fail.
    show(variant, say);
  }
  if (json) {
    const results = variants.map((variant) => ({ ...figures(variant), each: variant.turns }));
    process.stdout.write(`${JSON.stringify({ assumed, calls, aims: AIMS, variants: results }, null, 2)}\n`);
  } else if (variants.length > 1) showBeside(variants, say);
  if (begunTooEarly(variants)) process.exitCode = 1;
});

function variantsWanted(): ComparedConfig[] {
  const names = (nonEmpty(process.env['VARIANTS']) ?? 'early,certain').split(',');
  return names.map((name) => {
    const variant = VARIANTS[name];
    if (variant) return variant;
    throw new UserError(`VARIANTS=${name} is not known; there are ${Object.keys(VARIANTS).join(', ')}.`);
  });
}

function loadText(): string {
  return loadavg()[0]?.toFixed(1) ?? '?';
}

function whole(name: string, otherwise: number): number {
  const text = nonEmpty(process.env[name]);
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new UserError(`${name}=${text ?? ''} must be a whole number of at least 1.`);
}
