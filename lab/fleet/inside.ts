/** The part of `make fleet` that runs in the namespaces (../fleet.ts). Its argument is the run's folder. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runMain } from '../run-main.ts';
import { UserError } from '../user-error.ts';
import { Fleet } from './fleet.ts';
import { PART_RUNS } from './parts.ts';
import { FleetReport } from './report.ts';
import { fleetSettings } from './settings.ts';

await runMain(async (signal) => {
  const settings = fleetSettings();
  const [, , folder] = process.argv;
  if (folder === undefined) throw new UserError('This is a part of make fleet.');
  const report = new FleetReport(console.log, { times: !settings.short });
  const begun = Date.now();
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new UserError('Interrupted.'));
    });
  });
  interrupted.catch(() => undefined);
  const fleet = await Fleet.start({
    asterisks: settings.asterisks,
    nodes: settings.nodes,
    folder,
    short: settings.short,
    tls: true,
    say: console.log,
    signal,
  });
  try {
    for (const part of settings.parts) {
      const at = Date.now();
      await Promise.race([PART_RUNS[part]({ fleet, settings, report, signal }), interrupted]);
      console.log(`  ${part} took ${((Date.now() - at) / 1000).toFixed(1)} s`);
    }
  } finally {
    const { findings, data, passed } = report;
    writeFileSync(join(folder, 'fleet.json'), JSON.stringify({ passed, settings, findings, data }, null, 1));
    await fleet.stop();
  }
  console.log(`\n${report.table()}\n${((Date.now() - begun) / 1000).toFixed(0)} s`);
  if (!report.passed) process.exitCode = 1;
});
// Whatever an interrupted part still waits for.
process.exit();
