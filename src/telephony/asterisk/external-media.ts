import { isIP } from 'node:net';
import type { RtpEndpoint } from '../../dialog/call-media.ts';
import { VoiceAgentError } from '../../lib/errors.ts';
import type { G711Law } from '../../media/audio.ts';
import type { AriChannel } from './ari-model.ts';

/** The channel function that names the formats the caller's side speaks by itself. */
export const NATIVE_FORMAT = 'CHANNEL(audionativeformat)';

/**
 * The law for `codec: auto`: the first G.711 law among the caller's own formats (`(alaw)`, `(ulaw|alaw)`),
 * so that Asterisk needn't transcode. A caller on anything else is transcoded anyhow, to `otherwise`.
 */
export function lawOfNativeFormat(format: string | undefined, otherwise: G711Law = 'ulaw'): G711Law {
  const law = /\b(ulaw|alaw)\b/.exec(format ?? '')?.[1];
  return law === 'ulaw' || law === 'alaw' ? law : otherwise;
}

/**
 * The endpoint as externalMedia's `external_host`. It must be an IP address: Asterisk resolves a name
 * synchronously, in the middle of the call's set-up.
 */
export function externalHostOf({ address, port }: Pick<RtpEndpoint, 'address' | 'port'>): string {
  const version = isIP(address);
  if (version === 0) {
    const message = `the media gateway must advertise an IP address to Asterisk, not "${address}"`;
    throw new VoiceAgentError('CONFIG_INVALID', message);
  }
  return version === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * Where Asterisk sends RTP from and takes it: what the answer to the creation names. `addressOverride`
 * is for an Asterisk behind NAT or in a container, which names an address that can't be reached from here.
 */
export function peerOf(
  channel: AriChannel,
  addressOverride?: string,
): { readonly address: string; readonly port: number } | undefined {
  const address = addressOverride ?? channel.variables.UNICASTRTP_LOCAL_ADDRESS;
  const port = Number(channel.variables.UNICASTRTP_LOCAL_PORT);
  if (address === undefined || isIP(address) === 0) return undefined;
  if (!Number.isInteger(port) || port < 1 || port > 65535) return undefined;
  return { address, port };
}
