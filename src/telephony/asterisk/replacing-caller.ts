import type { Party } from '../../dialog/contract/call-info.ts';
import { messageOf } from '../../lib/errors.ts';
import type { AriChannel } from './ari-model.ts';
import type { StasisParts } from './stasis-options.ts';

/**
 * Who is in another bridge after an attended transfer comes through a Local channel of Asterisk's own, of which one half is
 * in ours (its bridge.c, attended_transfer_bridge; seen with 22.10: the second).
 */
const BRIDGED = /^(Local\/_attended@.*;)([12])$/;

/** Until that half has come into the other bridge: a matter of milliseconds. */
const TRIES = 20;
const BETWEEN_MS = 50;

/** Who they are whose channel a transfer by telephone has put in a caller's place; at once, where it is theirs. Never rejects. */
export function callerBehind(
  by: AriChannel,
  parts: Pick<StasisParts, 'rest' | 'clock' | 'log'>,
): Party | Promise<Party> {
  const [, local, half] = BRIDGED.exec(by.name) ?? [];
  return local === undefined ? callerOf(by) : behindLocal(by, local, half, parts);
}

async function behindLocal(
  by: AriChannel,
  local: string,
  half: string | undefined,
  { rest, clock, log }: Pick<StasisParts, 'rest' | 'clock' | 'log'>,
): Promise<Party> {
  const otherHalf = `${local}${half === '1' ? '2' : '1'}`;
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      const [channels, bridges] = await Promise.all([rest.channels(), rest.bridges()]);
      const other = channels.find(({ name }) => name === otherHalf);
      const bridge = other && bridges.find((one) => one.channels.includes(other.id));
      const them = channels.find(({ id }) => id !== other?.id && bridge?.channels.includes(id));
      if (them) return callerOf(them);
      await clock.sleep(BETWEEN_MS);
    }
  } catch (error) {
    log.warn({ channel: by.id, error: messageOf(error) }, 'who is there after a transfer can’t be found out');
  }
  return {};
}

/** A channel that was called has no number of its own, but the one that was dialled for it. */
function callerOf({ caller: { name, number }, dialplan }: AriChannel): Party {
  return { name, number: number ?? (dialplan.exten || undefined) };
}
