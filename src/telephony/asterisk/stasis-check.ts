import { claimName } from './app-claim.ts';
import { AriRest, checkSound } from './ari-rest.ts';
import { DEFAULT_STASIS_SETTINGS, type StasisAppOptions } from './stasis-options.ts';

/** Makes sure beforehand that `startStasisApp` will find all as it needs it. Rejects as that does. */
export async function checkStasisServer(
  options: Pick<StasisAppOptions, 'server' | 'log' | 'clock'>,
): Promise<void> {
  const rest = await AriRest.open(options.server, DEFAULT_STASIS_SETTINGS.requestMs);
  try {
    await checkSound(options.server, DEFAULT_STASIS_SETTINGS.requestMs);
    await claimName(options, DEFAULT_STASIS_SETTINGS, rest);
  } finally {
    rest.close();
  }
}
