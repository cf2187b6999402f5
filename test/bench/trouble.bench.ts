/**
 * What callers get when a provider fails: make bench-trouble
 * Each fault meets the real adapters in a real call (Asterisk, softphone, agent) against servers that speak the
 * providers' protocols, and goes on in the call after it. Measured on the packets of the caller's phone.
 * `ONLY=tts` or `ONLY=stall,refused` runs the cases with one of these in part or name. About twenty minutes for all.
 */
import { table } from '../../lab/show.ts';
import { runMain } from '../../lab/run-main.ts';
import {
  runTrouble,
  startCalmCloud,
  startTroubled,
  type Got,
  type TroubleRow,
} from '../support/trouble-calls.ts';
import { report } from '../support/running-agent.ts';
import { groupCases, TROUBLE_CASES } from '../support/trouble-cases.ts';

const LIMIT_MS = 2500;

await runMain(async (signal) => {
  const only = (process.env['ONLY'] ?? '').split(',');
  const cases = TROUBLE_CASES.filter(({ part, name }) =>
    only.some((wanted) => part === wanted || name.includes(wanted)),
  );
  const rows: TroubleRow[] = [];
  for (const group of groupCases(cases)) {
    if (signal.aborted) return;
    const cloud = await startCalmCloud();
    try {
      const lab = await startTroubled(cloud, group[0]);
      try {
        for (const one of group) {
          const row = await runTrouble(lab, cloud, one);
          rows.push(row);
          report(line(row));
        }
      } finally {
        await lab.stop();
      }
    } finally {
      await cloud.close();
    }
  }
  const cells = rows
    .toSorted((a, b) => order(a) - order(b))
    .map(({ trouble, first, next }) => [
      trouble.part,
      trouble.name,
      first.responseMs ?? '–',
      first.stayed ? 'yes' : 'NO',
      first.troubles.filter((told) => trouble.part === 'all' || told.startsWith(trouble.part)).join('; '),
      first.heard,
      next.responseMs ?? '–',
    ]);
  report(
    `\n${table(['part', 'fault', 'heard after ms', 'call stays', 'what was done', 'what was heard', 'next call ms'], cells)}`,
  );
  const bad = rows.flatMap(({ first, next }) => [first, next]).filter((got) => !isGood(got));
  report(
    `\n${rows.length} faults, two calls each: ${rows.length * 2 - bad.length} of ${rows.length * 2} heard something within ` +
      `${LIMIT_MS} ms of their last sound and stayed on the line.`,
  );
  if (bad.length > 0) process.exitCode = 1;
});

function order({ trouble }: TroubleRow): number {
  return TROUBLE_CASES.indexOf(trouble);
}

function isGood({ responseMs, stayed }: Got): boolean {
  return stayed && responseMs !== undefined && responseMs <= LIMIT_MS;
}

function line({ trouble, first, next }: TroubleRow): string {
  const { part, name } = trouble;
  return `${part} ${name}: ${first.responseMs ?? '–'} ms, next call ${next.responseMs ?? '–'} ms (${next.troubles.join('; ')}); ${first.troubles.join('; ')}; "${first.heard}"`;
}
