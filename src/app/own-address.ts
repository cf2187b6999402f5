import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { messageOf, VoiceAgentError } from '../lib/errors.ts';

/** Any port but 0: nothing is sent there. */
const DISCARD_PORT = 9;

/**
 * The address of this machine from which `host` is reached, and so the one at which `host` reaches us. No
 * packet is sent. Throws ARI_UNREACHABLE when the name isn't known or no route leads there.
 */
export async function ownAddressTowards(host: string): Promise<string> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    const connected = once(socket, 'connect');
    socket.connect(DISCARD_PORT, host.replace(/^\[|\]$/g, ''));
    await connected;
    return socket.address().address;
  } catch (error) {
    throw new VoiceAgentError(
      'ARI_UNREACHABLE',
      `our own address towards Asterisk (${host}) can't be found: ${messageOf(error)}`,
      { cause: error },
    );
  } finally {
    socket.close();
  }
}
