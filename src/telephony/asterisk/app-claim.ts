import { randomBytes } from 'node:crypto';
import type { Milliseconds } from '../../lib/clock.ts';
import { AriError } from './ari-error.ts';
import type { AriApplication } from './ari-model.ts';
import type { AriRest } from './ari-rest.ts';
import { openEventSocket } from './event-socket.ts';
import { objectIds, type ObjectIds } from './object-ids.ts';
import type { StasisAppOptions, StasisServer, StasisSettings } from './stasis-options.ts';

/** Between two looks at a name whose consumer may be just leaving. */
const CLAIM_PAUSE_MS = 100;

/**
 * Makes sure that the app's name can be registered. Throws ARI_APP_TAKEN when somebody has it and it
 * isn't to be taken over; a program that is just ending is waited for.
 */
export async function claimName(
  { server, log, clock, takeOver = false }: Pick<StasisAppOptions, 'server' | 'log' | 'clock' | 'takeOver'>,
  { claimMs, requestMs }: Pick<StasisSettings, 'claimMs' | 'requestMs'>,
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

/**
 * Whether a Stasis app's name can be registered. Asterisk lets a second consumer take it over without
 * a word, and doesn't tell whether there is one. But in time it forgets an app that has neither a
 * consumer nor a channel or bridge, so
 *
 * - unknown to Asterisk: free;
 * - known and empty, after Asterisk was made to forget: only a consumer keeps it, so somebody has it;
 * - known, with objects of this instance: what an earlier run left behind when it died;
 * - known, with objects of another instance of this app: that one has it;
 * - known, with other channels only: callers who wait for a consumer that died.
 */
type NameState = 'free' | 'left-behind' | 'taken';

export function nameStateOf(application: AriApplication | undefined, ids: ObjectIds): NameState {
  if (!application) return 'free';
  const objects = [...application.channels, ...application.bridges];
  if (objects.length === 0) return 'taken';
  if (objects.some((id) => ids.owns(id))) return 'left-behind';
  return objects.some((id) => ids.ownedByApp(id)) ? 'taken' : 'left-behind';
}
