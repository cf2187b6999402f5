import type { CodecName } from '../../media/codec.ts';
import { isGone, isOutOfPlace } from './ari-error.ts';
import type { AriChannel } from './ari-model.ts';
import type { AriRest } from './ari-rest.ts';
import type { Farewell } from './call-states.ts';
import { codecOfNativeFormat, NATIVE_FORMAT } from './external-media.ts';
import type { CallOrder } from './placed-call.ts';

/**
 * `1` while the phone has put the call on hold (res_pjsip's `remotely_held`). Other channel technologies
 * can't tell: the request fails.
 */
const ON_HOLD = 'CHANNEL(rtp,hold)';

/** False if that isn't known: talking to a caller on hold is better than silence. Never rejects. */
export async function isOnHold(rest: AriRest, leg: string): Promise<boolean> {
  return (await rest.variable(leg, ON_HOLD).catch(() => undefined)) === '1';
}

/** The codec for `codec: auto`. Not knowing costs a transcoding, not the call. Never rejects. */
export async function codecOfCaller(
  rest: AriRest,
  channel: AriChannel,
  otherwise: CodecName | undefined,
): Promise<CodecName> {
  const known = channel.variables[NATIVE_FORMAT];
  const asked = known ?? (await rest.variable(channel.id, NATIVE_FORMAT).catch(() => undefined));
  return codecOfNativeFormat(asked, otherwise);
}

/** Puts a leg that replaced another into the bridge, where Asterisk hasn't done so. */
export async function bringIn(rest: AriRest, bridgeId: string, leg: string): Promise<void> {
  const bridge = await rest.bridge(bridgeId);
  if (bridge && !bridge.channels.includes(leg)) await rest.addToBridge(bridgeId, [leg]);
}

/** A place in the dialplan. */
interface Place {
  readonly context: string;
  readonly extension: string;
  readonly priority: number;
}

/** Where the caller's first channel would go on: Asterisk doesn't know it for a leg that took its place. */
export function placeAfter({ id: first, dialplan }: AriChannel, leg: string): Place | undefined {
  const { context, exten: extension, priority } = dialplan;
  return leg === first ? undefined : { context, extension, priority: priority + 1 };
}

/** Where somebody we have called goes on: they have no place of their own in the dialplan. */
export function placeOfResult({ resultContext: context }: CallOrder, farewell: Farewell): Place {
  const { VOICE_AGENT_RESULT = '' } = farewell.kind === 'proceed' ? farewell.variables : {};
  return { context, extension: VOICE_AGENT_RESULT, priority: 1 };
}

/** Hangs up, or lets go on in the dialplan at `place` (default: where the leg is). False: the leg had left already. */
export async function letGo(rest: AriRest, leg: string, farewell: Farewell, place?: Place): Promise<boolean> {
  try {
    if (farewell.kind !== 'proceed') return await rest.hangUp(leg);
    const named = Object.entries(farewell.variables).filter(([name]) => /^[A-Za-z_]\w*$/.test(name));
    await Promise.all(named.map(([name, value]) => rest.setVariable(leg, name, value)));
    return await rest.proceed(leg, place);
  } catch (error) {
    if (isGone(error) || isOutOfPlace(error)) return false;
    throw error;
  }
}
