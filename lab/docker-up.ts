/**
 * `make up`: Asterisk and the agent in containers, left running; says how to register a softphone. With `--follow`
 * (`make lab LAB=docker`) it shows their log, and Ctrl-C ends them.
 */
import { compose, docker, dockerHere, needDocker, needEngine } from './docker.ts';
import type { Variables } from './docker.ts';
import { buildImages } from './docker-images.ts';
import { composeVariables } from './docker-variables.ts';
import { runMain } from './run-main.ts';
import { refuseInContainers } from './settings.ts';
import { UserError } from './user-error.ts';

/** Starts the containers and waits until calls can be taken, or `signal` aborts. Throws UserError. */
export async function bringUp(env: Variables, signal?: AbortSignal): Promise<void> {
  const status = await dockerHere(compose('up', '--detach', '--wait', '--no-build'), {
    env,
    ...(signal && { signal }),
  });
  if (status === 0 || signal?.aborted) return;
  const { all } = await docker(compose('logs', '--no-color', '--tail', '8'), { env });
  throw new UserError(
    `The containers did not get ready. If a port is in use, choose another (SIP_PORT=, RTP_START= and RTP_END=).\n${all}`,
  );
}

type Account = 'softphone1' | 'softphone2';

async function phonePassword(account: Account): Promise<string> {
  return (await needDocker(compose('exec', '-T', 'asterisk', 'cat', `/run/lab-passwords/${account}`))).trim();
}

export function howTo(env: Variables, passwords: Readonly<Record<Account, string>>): string {
  const host = env['VOICE_AGENT_HOST'] ?? '127.0.0.1';
  const local = host === '127.0.0.1';
  return `
Register a softphone${local ? ' on this machine' : ''} (SIP over UDP):

    server    ${host}:${env['SIP_PORT'] ?? '5060'}
    user      softphone1                    (or softphone2)
    password  ${passwords.softphone1}      (or ${passwords.softphone2})

and dial 510001 or 510002. Or 600 for an echo, 605 for music.
${local ? 'Phones on the LAN: make up HOST=<the address of this machine there>.\n' : ''}
make logs shows what happens, make down ends it.`;
}

if (process.argv[1] === import.meta.filename) {
  await runMain(async (signal) => {
    refuseInContainers();
    const follow = process.argv.includes('--follow');
    await needEngine('leave LAB=docker out: make lab needs no containers');
    const { variables: env, notice } = composeVariables();
    const interrupted = (): boolean => signal.aborted;
    if (notice !== undefined) console.log(`${notice}\n`);
    try {
      await buildImages(env, { signal });
      if (interrupted()) return;
      await bringUp(env, signal);
      if (interrupted()) return;
      const softphone1 = await phonePassword('softphone1');
      console.log(howTo(env, { softphone1, softphone2: await phonePassword('softphone2') }));
      if (follow)
        await dockerHere(compose('logs', '--follow', '--no-log-prefix', '--tail', '0', 'voice-agent'), {
          env,
          signal,
        });
    } finally {
      if (follow) await dockerHere(compose('down'), { env });
    }
  });
}
