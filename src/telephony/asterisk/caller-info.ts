import type { CallInfo } from '../../dialog/contract/call-info.ts';
import type { AriApplication, AriChannel } from './ari-model.ts';
import type { ObjectIds } from './object-ids.ts';
import { isDialled } from './placed-call.ts';

/**
 * What is known of a caller when the channel comes into the app: `Stasis(app,<dialled>[,in|out[,<number>]])`. Without
 * arguments the extension that the channel is at counts as dialled. `number`: who was called, where Asterisk doesn't know.
 * Somebody who is still being called hasn't called us, whatever the arguments say.
 */
export function callInfoOf(
  server: string,
  channel: AriChannel,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): CallInfo {
  const [dialled, direction, number] = args;
  const { caller } = channel;
  return {
    key: { server, channel: channel.id },
    direction: direction === 'out' || isDialled(channel) ? 'out' : 'in',
    dialled: dialled || channel.dialplan.exten,
    caller: { number: number || caller.number, name: caller.name },
    variables,
  };
}

/**
 * The arguments of `Stasis(app,…)` or `StasisBroadcast(timeout,expression,…)` in the dialplan, for a caller whose
 * `StasisStart` nobody has seen. Asterisk gives an application's arguments as one text, as they stand there.
 */
export function stasisArgsOf({ dialplan: { appName, appData } }: AriChannel): string[] {
  const parts = appData.split(',').map((part) => part.trim());
  if (appName === 'Stasis') return parts.slice(1);
  // Its expression may have commas in it; the arguments have none, but colons between them.
  if (appName === 'StasisBroadcast') return parts.slice(2, 3).flatMap((args) => args.split(':'));
  return [];
}

/**
 * Callers, ours not counted, who are in the app. By what Asterisk keeps of the app, and not by the dialplan: there stands
 * `StasisBroadcast` for an app that isn't named, and the app of before for a channel that was moved.
 */
export function callersIn(
  channels: readonly AriChannel[],
  application: AriApplication | undefined,
  ids: Pick<ObjectIds, 'ownedByApp'>,
): readonly AriChannel[] {
  const members = new Set(application?.channels);
  return channels.filter(({ id }) => members.has(id) && !ids.ownedByApp(id));
}
