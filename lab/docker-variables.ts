/** What docker/compose.yaml is told by make: its own words (HOST=, BIND=), the environment, and docker/.env below both. */
import { existsSync, readFileSync } from 'node:fs';
import { BlockList, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Variables } from './docker.ts';
import { PROJECT } from './paths.ts';
import { labSettings, nonEmpty } from './settings.ts';
import { UserError } from './user-error.ts';

/** Everything as this machine alone sees it, whatever else is said: for stacks of our own beside the user's. */
export const ON_THIS_MACHINE: Variables = { VOICE_AGENT_HOST: '127.0.0.1', VOICE_AGENT_BIND: '' };

export interface Published {
  readonly variables: Variables;
  /** What somebody should know who may have meant another thing. */
  readonly notice?: string;
}

/** RFC 1918, and what a machine gives itself. */
const PRIVATE = new BlockList();
for (const [net, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const) {
  PRIVATE.addSubnet(net, bits);
}

/**
 * HOST is what phones are told. On a machine that has this address the ports are published there and nowhere else;
 * behind a router that has it, on all addresses of this machine, or on `bind`. Throws UserError.
 */
export function publishedOn(
  host: string | undefined,
  bind: string | undefined,
  own: readonly string[],
): Published {
  if (bind !== undefined && !isIPv4(bind)) throw new UserError(`BIND=${bind} is no IPv4 address.`);
  const bound = bind === undefined ? {} : { VOICE_AGENT_BIND: bind };
  if (host === undefined) return { variables: bound };
  if (!isIPv4(host) || host === '0.0.0.0') {
    throw new UserError(
      `HOST=${host} is no IPv4 address: phones are told it as the place to send their sound to. ` +
        '(Some shells set HOST by themselves: "make up HOST=" leaves it out.)',
    );
  }
  const variables = { VOICE_AGENT_HOST: host, ...bound };
  if (bind !== undefined || own.includes(host) || host.startsWith('127.')) return { variables };
  if (PRIVATE.check(host)) {
    const ours = own.filter((address) => isIPv4(address) && !address.startsWith('127.'));
    throw new UserError(
      `HOST=${host} is a private address, and none of this machine's (${ours.join(', ') || 'it has none'}). ` +
        'If a router has it that forwards the ports to this machine, say BIND=0.0.0.0, too, or BIND=<the address that it forwards to>.',
    );
  }
  return {
    variables: { ...variables, VOICE_AGENT_BIND: '0.0.0.0' },
    notice:
      `${host} is no address of this machine: it is taken for that of a router which forwards the ports to it. ` +
      'They are published on all addresses of this machine; BIND=<one of them> publishes on that one only.',
  };
}

/** What compose reads, too: the environment, and docker/.env for what isn't set there. */
export function composeEnvironment(
  environment: NodeJS.ProcessEnv = process.env,
  file = join(PROJECT, 'docker/.env'),
): NodeJS.ProcessEnv {
  return { ...(existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}), ...environment };
}

/** The variables of docker/compose.yaml that make sets or has a say in. Throws UserError. */
export function composeVariables(
  environment: NodeJS.ProcessEnv = composeEnvironment(),
  own: readonly string[] = ownAddresses(),
): Published {
  const { host = nonEmpty(environment['VOICE_AGENT_HOST']), sipPort } = labSettings(environment);
  const bind = nonEmpty(environment['BIND']) ?? nonEmpty(environment['VOICE_AGENT_BIND']);
  const { variables, ...notice } = publishedOn(host, bind, own);
  return {
    variables: {
      ...variables,
      ...(sipPort !== undefined && { SIP_PORT: String(sipPort) }),
      // Who tries it out wants to read what was understood.
      VOICE_AGENT_TRANSCRIPTS: environment['VOICE_AGENT_TRANSCRIPTS'] ?? 'true',
    },
    ...notice,
  };
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}
