import type { Config } from '../config.ts';
import { systemClock } from '../lib/clock.ts';
import { messageOf, VoiceAgentError } from '../lib/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { checkStasisServer } from '../telephony/asterisk/stasis-check.ts';

/** Rejects with what is wrong outside of the program, as far as a moment tells it; what the providers load takes seconds. */
export async function checkBeforehand(config: Config, log: Logger): Promise<void> {
  await allWell(config.asterisk.map((server) => checkStasisServer({ server, log, clock: systemClock })));
}

/** Throws what is wrong, and if that is more than one thing, all of it in one error. */
async function allWell(checks: readonly Promise<void>[]): Promise<void> {
  const settled = await Promise.allSettled(checks);
  const wrong = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  const [first] = wrong;
  if (wrong.length < 2 || !(first instanceof VoiceAgentError)) {
    if (wrong.length > 0) throw first;
    return;
  }
  throw new VoiceAgentError(first.code, wrong.map(messageOf).join('\n'), { cause: first });
}
