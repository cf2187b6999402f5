/**
 * `make test-docker`: builds the images, brings the stack up on a real Docker engine, places calls, kills and
 * restarts its containers in mid-call, and takes everything down again. Where no engine answers it starts one of its
 * own (Debian, root); where no registry answers it makes base images. One line for each check. ONLY=fleet: nothing but
 * docker/compose.fleet.yaml.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { engineTrouble } from './docker.ts';
import { baseImages } from './docker-bases.ts';
import { Checks } from './docker-checks.ts';
import { OwnEngine } from './docker-engine.ts';
import { testCalls } from './docker-test-calls.ts';
import { testDeaths } from './docker-test-deaths.ts';
import { testFiles } from './docker-test-files.ts';
import { testFleet } from './docker-test-fleet.ts';
import { testImages } from './docker-test-images.ts';
import { testModel } from './docker-test-model.ts';
import { testNetworks } from './docker-test-networks.ts';
import { Stack } from './docker-test-stack.ts';
import { ensureRootFs } from './root-fs.ts';
import { runMain } from './run-main.ts';
import { nonEmpty } from './settings.ts';
import { UserError } from './user-error.ts';

/** Set for the run inside an engine of our own: what is done to the network there touches nothing else. */
const INSIDE = 'VOICE_AGENT_OWN_ENGINE';

await runMain(async (signal) => {
  const trouble = await engineTrouble();
  if (trouble === undefined) {
    await test(signal);
    return;
  }
  if (process.getuid?.() !== 0) {
    throw new UserError(
      `Docker can't be used here: ${trouble}. Start Docker, or run this as root: it then starts an engine of its own.`,
    );
  }
  console.log(`Docker can't be used here (${trouble}): an engine of our own is started`);
  const engine = await OwnEngine.start(console.log, signal);
  try {
    const [file, ...args] = [...engine.inside, process.execPath, import.meta.filename];
    const child = spawn(file, args, {
      env: { ...process.env, ...engine.env, [INSIDE]: '1' },
      stdio: 'inherit',
      detached: true,
    });
    signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
    const [code] = (await once(child, 'exit')) as [number | null];
    process.exitCode = code ?? 1;
  } finally {
    await engine.stop();
  }
});

async function test(signal: AbortSignal): Promise<void> {
  const only = nonEmpty(process.env['ONLY']);
  if (only !== undefined && only !== 'fleet') throw new UserError(`ONLY=${only}? There is "fleet".`);
  const checks = new Checks(signal);
  const bases = await baseImages(console.log);
  await ensureRootFs(console.log, signal);
  const stack = await Stack.create({
    ...bases.variables,
    LOG_FORMAT: 'json',
    VOICE_AGENT_TRANSCRIPTS: 'true',
  });
  try {
    if (only === 'fleet') {
      await checks.that('the images are built', async () => {
        await stack.build();
        return undefined;
      });
      await testFleet(checks, stack.variables);
      return;
    }
    await testFiles(checks, stack);
    await testImages(checks, stack, bases.standIns);
    if (await checks.that('the stack comes up, and every container is healthy', () => stack.up())) {
      await testCalls(checks, stack);
      await testDeaths(checks, stack);
      await testModel(checks, stack);
      await testNetworks(checks, stack, process.env[INSIDE] === '1');
    }
    await testFleet(checks, stack.variables);
  } finally {
    await checks.that(
      'everything is gone afterwards: containers, networks, volumes, images',
      () => stack.remove(),
      true,
    );
    console.log(`\n${checks.summary}`);
    if (checks.failed > 0) process.exitCode = 1;
  }
}
