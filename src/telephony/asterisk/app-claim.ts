import { randomBytes } from 'node:crypto';
import type { Milliseconds } from '../../lib/clock.ts';
import { nameStateOf, type NameState } from './app-name.ts';
import { AriError } from './ari-error.ts';
import type { AriRest } from './ari-rest.ts';
import { openEventSocket } from './event-socket.ts';
import { objectIds } from './object-ids.ts';
import type { StasisAppOptions, StasisServer, StasisSettings } from './stasis-options.ts';

/** Between two looks at a name whose consumer may be just leaving. */
const CLAIM_PAUSE_MS = 100;

/**
 * Makes sure that the app's name can be registered. Throws ARI_APP_TAKEN when somebody has it and it
 * isn't to be taken over; a program that is just ending is waited for.
 */
export async function claimName(
  { server, log, clock, takeOver = false }: StasisAppOptions,
  { claimMs, requestMs }: StasisSettings,
  rest: AriRest,
): Promise<void> {
  const about = { server: server.name, app: server.app };
  const giveUpAt = clock.now() + (takeOver ? 0 : claimMs);
  let state = await lookAtName(server, rest, requestMs);
  while (state === 'taken' && clock.now() < giveUpAt) {
    await clock.sleep(CLAIM_PAUSE_MS);
    state = await lookAtName(server, rest, requestMs);
  }
  if (state === 'left-behind')
    log.warn(about, 'an earlier run left this Stasis app behind; taking it up again');
  if (state !== 'taken') return;
  const message = `another program is registered as the Stasis app "${server.app}" at Asterisk "${server.name}"; stop it, or give this one an app name of its own`;
  if (!takeOver) throw new AriError('ARI_APP_TAKEN', message);
  log.warn(about, message);
}

export async function lookAtName(
  server: StasisServer,
  rest: AriRest,
  timeoutMs: Milliseconds,
): Promise<NameState> {
  const ids = objectIds(server.app, server.instance);
  const known = await rest.application(server.app);
  if (!known || known.channels.length + known.bridges.length > 0) return nameStateOf(known, ids);
  await makeAsteriskForget(server, timeoutMs);
  return nameStateOf(await rest.application(server.app), ids);
}

/**
 * Asterisk forgets an app without a consumer not when its last channel leaves, but when any app is
 * registered or unregistered (seen with 22.10: one that died in mid-call stayed, empty, until then). So
 * a name of no meaning comes and goes. That it fails is no matter: then the name counts as taken.
 */
function makeAsteriskForget(server: StasisServer, timeoutMs: Milliseconds): Promise<void> {
  const socket = openEventSocket(server, `${server.app}-look-${randomBytes(4).toString('hex')}`, timeoutMs);
  return new Promise((resolve) => {
    socket.on('open', () => {
      // By now Asterisk has registered it and swept its list. Nothing is to be said on this socket.
      socket.terminate();
    });
    socket.on('error', () => {
      resolve();
    });
    socket.on('close', () => {
      resolve();
    });
  });
}
