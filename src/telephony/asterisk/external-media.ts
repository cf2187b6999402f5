import { isIP } from 'node:net';
import type { RtpEndpoint } from '../../dialog/contract/call-media.ts';
import { VoiceAgentError } from '../../lib/errors.ts';
import { type CodecName, isCodecName } from '../../media/codec.ts';
import type { AriChannel } from './ari-model.ts';

/** The channel function that names the formats the caller's side speaks by itself. */
export const NATIVE_FORMAT = 'CHANNEL(audionativeformat)';

/**
 * The codec for `codec: auto`: the first of ours among the caller's own formats (`(alaw)`, `(g722|ulaw|alaw)`),
 * so that Asterisk needn't transcode. A caller on anything else is transcoded anyhow, to `otherwise`.
 */
export function codecOfNativeFormat(format: string | undefined, otherwise: CodecName = 'ulaw'): CodecName {
  return (format ?? '').match(/\w+/g)?.find(isCodecName) ?? otherwise;
}

/**
 * The endpoint as externalMedia's `external_host` and `format`. The host must be an IP address: Asterisk resolves a
 * name synchronously, in the middle of the call's set-up. The format needs a static payload type: Asterisk numbers
 * the others as it likes, and understands nothing that comes back.
 */
export function externalMediaOf({
  address,
  port,
  codec: format,
}: Omit<RtpEndpoint, 'attach' | 'transport'>): {
  readonly externalHost: string;
  readonly format: CodecName;
} {
  const version = isIP(address);
  if (version === 0) {
    const message = `the media gateway must advertise an IP address to Asterisk, not "${address}"`;
    throw new VoiceAgentError('CONFIG_INVALID', message);
  }
  return { externalHost: version === 6 ? `[${address}]:${port}` : `${address}:${port}`, format };
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
