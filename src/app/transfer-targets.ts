import type { Config } from '../config.ts';
import { canCall } from '../telephony/vonage/ncco.ts';

/**
 * Transfer targets of agents with a Vonage number that one of their telephonies can't call: each transfer to
 * them would fail there. Texts for the log at start.
 */
export function uncallableTargets({ agents, asterisk, gateways }: Config): string[] {
  const { enabled, numbers } = gateways.vonage;
  if (!enabled) return [];
  const named = new Set(Object.values(numbers));
  const onVonage = agents.filter(({ id, extensions }) => [id, ...extensions].some((name) => named.has(name)));
  return onVonage.flatMap(({ id, transferTargets }) =>
    transferTargets.flatMap(({ name, endpoint }) => {
      const text = (where: string): string =>
        `${where} can't call ${endpoint}: callers of "${id}" can't be put through to "${name}" there`;
      if (!canCall(endpoint)) return [text('Vonage')];
      return asterisk.length > 0 && !endpoint.includes('/') ? [text('Asterisk')] : [];
    }),
  );
}
