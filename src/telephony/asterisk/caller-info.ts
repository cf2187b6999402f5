import type { CallInfo } from '../../dialog/contract/call-info.ts';
import type { AriChannel } from './ari-model.ts';
import type { ObjectIds } from './object-ids.ts';
import { isDialled } from './placed-call.ts';

/**
 * What is known of a caller when the channel comes into the app: `Stasis(app,<dialled>[,in|out[,<number>]])`. Without
 * arguments the extension that the channel is at counts as dialled. `number`: who was called, where Asterisk doesn't know.
 * Who is still being called hasn't called us, whatever the arguments say.
 */
export function callInfoOf(
  server: string,
  channel: AriChannel,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): CallInfo {
  const [dialled = '', direction, number = ''] = args;
  const { caller } = channel;
  return {
    key: { server, channel: channel.id },
    direction: direction === 'out' || isDialled(channel) ? 'out' : 'in',
    dialled: dialled === '' ? channel.dialplan.exten : dialled,
    caller: { number: number || caller.number, name: caller.name },
    variables,
  };
}

/**
 * The arguments of a caller that was found waiting in `Stasis(app,…)`; undefined when the channel isn't
 * in that app. Asterisk gives an application's arguments as one text, as they stand in the dialplan.
 */
export function stasisArgsOf(channel: AriChannel, app: string): string[] | undefined {
  if (channel.dialplan.appName !== 'Stasis') return undefined;
  const [name, ...args] = channel.dialplan.appData.split(',').map((part) => part.trim());
  return name === app ? args : undefined;
}

/** Callers, ours not counted, who are in the app. */
export function callersIn(
  channels: readonly AriChannel[],
  app: string,
  ids: Pick<ObjectIds, 'ownedByApp'>,
): readonly AriChannel[] {
  return channels.filter((channel) => stasisArgsOf(channel, app) && !ids.ownedByApp(channel.id));
}
