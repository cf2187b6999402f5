import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { access, constants } from 'node:fs/promises';
import { createServer, Server } from 'node:net';
import type { Config } from '../config.ts';
import { messageOf, VoiceAgentError } from '../lib/errors.ts';
import { makeFolder } from '../lib/make-folder.ts';
import { PORTS, portUnavailable, type PortUse } from '../lib/port-trouble.ts';
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
  const opened = Promise.allSettled(opening);
  const [lacking, ports] = await Promise.all([lackingProviders(config), portsTaken(config)]);
  const wrong = [...rejected(await opened), ...lacking];
  if (wrong.length + ports.length > 0) {
    const also = await unwritable(config.dataDir);
    throw joined(wrong.length > 0 ? [...wrong, ...also, ...ports] : [...ports, ...also]);
  }
  return Promise.all(opening);
}

/** What those lack that are the first on some list: the others only take their places. */
async function lackingProviders({ providers }: Config): Promise<unknown[]> {
  const chosen = Object.values(providers.byAgent).flatMap((choice) =>
    PARTS.flatMap((part) => KNOWN_PROVIDERS[part].filter(({ name }) => name === choice[part].names[0])),
  );
  const checks = [...new Set(chosen)].map(async (provider) => provider.checkMachine?.());
  return rejected(await Promise.allSettled(checks));
}

function rejected(results: readonly PromiseSettledResult<unknown>[]): unknown[] {
  return results.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
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

/** A port that the program is going to listen on. */
interface Port {
  readonly protocol: 'tcp' | 'udp';
  readonly host: string;
  readonly port: number;
  readonly use: PortUse;
}

/** Those of them that are taken; the one for health and metrics is opened already. */
async function portsTaken(config: Config): Promise<VoiceAgentError[]> {
  const told = await Promise.all(portsOf(config).map(trouble));
  return told.flat();
}

function portsOf({ gateways: { rtp, vonage }, asterisk, console: page, outgoing }: Config): Port[] {
  const workers = asterisk.length === 0 ? 0 : rtp.workers;
  const ports: Port[] = Array.from({ length: workers }, (_, worker) => ({
    protocol: 'udp',
    host: rtp.listenAddress,
    port: rtp.listenPort === 0 ? 0 : rtp.listenPort + worker,
    use: PORTS.rtp,
  }));
  const web = (use: PortUse, one: { readonly listenAddress: string; readonly listenPort: number }): void => {
    ports.push({ protocol: 'tcp', host: one.listenAddress, port: one.listenPort, use });
  };
  if (vonage.enabled) web(PORTS.vonage, vonage);
  if (page.enabled) web(PORTS.console, page);
  if (outgoing.token !== undefined) web(PORTS.outgoing, outgoing);
  // Also where the system chooses the port: the address may be none of this machine's.
  return ports;
}

/** Opens it, and closes it again. */
async function trouble({ protocol, host, port, use }: Port): Promise<VoiceAgentError[]> {
  const socket = protocol === 'tcp' ? createServer() : createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    if (socket instanceof Server) socket.listen({ host, port, exclusive: true });
    else socket.bind(port, host);
    await once(socket, 'listening');
    return [];
  } catch (error) {
    return [portUnavailable(use, host, port, error as NodeJS.ErrnoException)];
  } finally {
    socket.close();
  }
}
