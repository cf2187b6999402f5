import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { access, constants } from 'node:fs/promises';
import type { Config } from '../config.ts';
import { messageOf, VoiceAgentError } from '../lib/errors.ts';
import { makeFolder } from '../lib/make-folder.ts';
import { portTrouble } from '../lib/port-trouble.ts';
import { PARTS } from '../config/known-providers.ts';
import { KNOWN_PROVIDERS } from './known-providers.ts';

/** Several errors as one, which says all of them, line by line, and has the first one's code. */
export function joined([first, ...more]: readonly unknown[]): unknown {
  if (more.length === 0 || !(first instanceof VoiceAgentError)) return first;
  return new VoiceAgentError(first.code, [first, ...more].map(messageOf).join('\n'), { cause: first });
}

/**
 * What was opened, if all of it was. Else all that is wrong at once, with what the next starts would find: it is mended in
 * one go. Throws also when all is there, but a provider lacks something on this machine, or a port is taken: both would
 * show only behind what takes seconds to load.
 */
export async function orAllThatIsWrong<T extends readonly unknown[] | []>(
  opening: T,
  config: Config,
): Promise<{ -readonly [At in keyof T]: Awaited<T[At]> }> {
  const opened = await Promise.allSettled(opening);
  const wrong = opened.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  wrong.push(...lackingProviders(config));
  const ports = await portsTaken(config);
  if (wrong.length + ports.length > 0) {
    const also = await unwritable(config.dataDir);
    throw joined(wrong.length > 0 ? [...wrong, ...also, ...ports] : [...ports, ...also]);
  }
  return Promise.all(opening);
}

/** What those lack that are the first on some list: the others only take their places. */
function lackingProviders({ providers }: Config): unknown[] {
  const chosen = Object.values(providers.byAgent).flatMap((choice) =>
    PARTS.flatMap((part) => KNOWN_PROVIDERS[part].filter(({ name }) => name === choice[part].names[0])),
  );
  return [...new Set(chosen)].flatMap((provider) => {
    try {
      provider.checkMachine?.();
      return [];
    } catch (error) {
      return [error];
    }
  });
}

/** Why nothing can be kept in a folder, which is made if need be, and what to do. */
async function unwritable(folder: string): Promise<string[]> {
  try {
    await makeFolder(folder);
    // Below it: a file may be there in its place.
    await access(`${folder}/.`, constants.W_OK | constants.X_OK);
    return [];
  } catch (error) {
    const what = `nothing can be kept in the data folder ${folder}: ${messageOf(error)}`;
    return [`${what}; look at its owner and its disk, or choose another (VOICE_AGENT_DATA_DIR)`];
  }
}

async function portsTaken({ gateways, asterisk }: Config): Promise<VoiceAgentError[]> {
  const { listenAddress, listenPort, workers } = gateways.rtp;
  if (asterisk.length === 0 || listenPort === 0) return [];
  const ports = Array.from({ length: workers }, (_, worker) => listenPort + worker);
  const told = await Promise.all(ports.map((port) => taken(listenAddress, port)));
  return told.flat();
}

async function taken(address: string, port: number): Promise<VoiceAgentError[]> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    await once(socket.bind(port, address), 'listening');
    return [];
  } catch (error) {
    const trouble = portTrouble(error as NodeJS.ErrnoException, 'gateways.rtp.listenPort (RTP_LISTEN_PORT)');
    const message = `can't receive RTP on ${address} port ${port}: ${trouble}`;
    return [new VoiceAgentError('MEDIA_PORT_UNAVAILABLE', message, { cause: error })];
  } finally {
    socket.close();
  }
}
