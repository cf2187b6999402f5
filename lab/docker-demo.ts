/** `make demo LAB=docker`: the demonstration with Asterisk, the agent and both softphones in containers. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { compose, docker, dockerHere, needDocker, needEngine } from './docker.ts';
import type { Ran, Variables } from './docker.ts';
import { buildImages } from './docker-images.ts';
import { bringUp } from './docker-up.ts';
import { ON_THIS_MACHINE } from './docker-variables.ts';
import { refuseInContainers } from './settings.ts';
import { runMain } from './run-main.ts';
import { UserError } from './user-error.ts';
import { PROJECT } from './paths.ts';
import { freePorts, freeRtpPorts } from './ports.ts';

/** Beside a stack that runs already: its own containers, networks and volumes. */
const NAME = 'ari-voice-agent-demo';
const PHONE = `${NAME}-softphone-1`;

await runMain(async (signal) => {
  refuseInContainers();
  await needEngine('leave LAB=docker out: make demo needs no containers');
  await buildImages({}, { signal });
  const interrupted = (): boolean => signal.aborted;
  if (interrupted()) return;
  const rtp = await freeRtpPorts(40);
  const env: Variables = {
    ...ON_THIS_MACHINE,
    COMPOSE_PROJECT_NAME: NAME,
    SIP_PORT: String(await freePorts('udp')),
    RTP_START: String(rtp),
    RTP_END: String(rtp + 39),
    VOICE_AGENT_TRANSCRIPTS: 'true',
  };
  const folder = join(PROJECT, 'var/demo', new Date().toISOString().slice(0, 19).replace(/:/g, '-'));
  let status = 1;
  const down = (): Promise<Ran> =>
    docker(compose('--profile', 'demo', 'down', '--volumes', '--remove-orphans', '--timeout', '2'), { env });
  // What a killed run has left.
  await down();
  try {
    await bringUp(env, signal);
    if (interrupted()) return;
    await needDocker(compose('--profile', 'demo', 'create', '--no-build', 'softphone'), { env });
    status = await dockerHere(['start', '--attach', PHONE], { env, signal });
    mkdirSync(folder, { recursive: true });
    const kept = await docker(['cp', `${PHONE}:/recordings/.`, folder], { env });
    if (kept.status !== 0) console.log(`The recordings could not be taken out: ${kept.all.trim()}`);
    else console.log(`Recordings (caller left, agent right): ${folder}/`);
    if (status !== 0 && !interrupted()) {
      const { stdout } = await docker(
        compose('logs', '--no-color', '--tail', '20', 'asterisk', 'voice-agent'),
        { env },
      );
      console.log(stdout);
    }
  } finally {
    await down();
  }
  if (status !== 0 && !interrupted()) throw new UserError('The demonstration in containers failed.');
});
