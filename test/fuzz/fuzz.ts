/** `make fuzz`: feeds what comes from outside with changed forms of what real parts send, until something is wrong. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz-thread.ts';
import { isTarget, TARGETS, type TargetName } from './targets.ts';

/** Of one seed: then it says how far it is. */
const RUNS = 200;
const FOLDER = '.cache/fuzz';

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    seed: { type: 'string' },
    session: { type: 'string' },
    seconds: { type: 'string' },
  },
});
const names = Object.keys(TARGETS) as TargetName[];
const asked = values.target ? values.target.split(',') : names;
const unknown = asked.find((name) => !isTarget(name));
if (unknown !== undefined) {
  process.stderr.write(`There is no target "${unknown}"; there are: ${names.join(', ')}\n`);
  process.exit(2);
}
const seed = values.seed ? Number(values.seed) : Date.now() % 1_000_000_000;
const seconds = values.seconds ? Number(values.seconds) : undefined;
const session = values.session ? readFileSync(values.session, 'utf8') : undefined;
if (!Number.isInteger(seed)) {
  process.stderr.write('SEED must be a whole number\n');
  process.exit(2);
}

const found = await Promise.all(
  asked.filter(isTarget).map(async (target) => {
    process.stdout.write(
      `${target}: ${session === undefined ? `from seed ${seed} on` : (values.session ?? '')}\n`,
    );
    const order =
      session === undefined
        ? { seed, runs: RUNS, ...(seconds !== undefined && { ms: seconds * 1000 }) }
        : { seed, session };
    const { sessions, finding } = await fuzz(target, order, (sessions, seed) => {
      process.stdout.write(`${target}: ${sessions} sessions, seed ${seed}: nothing\n`);
    });
    if (!finding) {
      process.stdout.write(`${target}: nothing in ${sessions} sessions\n`);
      return false;
    }
    mkdirSync(FOLDER, { recursive: true });
    const file = `${FOLDER}/${target}-${seed}-${sessions}.json`;
    writeFileSync(file, finding.session);
    process.stdout.write(`${target}: FOUND after ${sessions} sessions\n${finding.error}\n`);
    process.stdout.write(`once more: make fuzz TARGET=${target} SESSION=${file}\n`);
    return true;
  }),
);
process.exit(found.some(Boolean) ? 1 : 0);
