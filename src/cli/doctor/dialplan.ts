import { once } from 'node:events';
import { systemClock } from '../../lib/clock.ts';
import { parseAriMessage } from '../../telephony/asterisk/ari-model.ts';
import { AriRest } from '../../telephony/asterisk/ari-rest.ts';
import { openEventSocket } from '../../telephony/asterisk/event-socket.ts';
import { ARI_MS, DOCTOR, type Server } from './asterisk.ts';
import type { Tell } from './finding.ts';

/** How long a call may take from the beginning of its context to Stasis(). */
const DIALPLAN_MS = 3000;
const LOOK_MS = 20;

/**
 * Whether calls to these extensions come into `Stasis()` for the agent: each is called by a Local channel. Where no agent is
 * connected, its place is taken for that moment; other callers who come meanwhile go on in the dialplan.
 */
export async function lookAtDialplan(
  server: Server,
  extensions: readonly string[],
  context: string,
  tell: Tell,
): Promise<void> {
  const rest = await AriRest.open(server, ARI_MS);
  const isConnected = (await rest.application(server.app)) !== undefined;
  const sockets = [DOCTOR, ...(isConnected ? [] : [server.app])].map((app) =>
    openEventSocket(server, app, ARI_MS),
  );
  const came = new Map<string, readonly string[]>();
  const ours = new Set<string>();
  for (const socket of sockets)
    socket.on('message', (data: Buffer) => {
      const message = parseAriMessage(data.toString('utf8'));
      if (message.kind !== 'event' || message.event.type !== 'StasisStart') return;
      const { channel, args } = message.event;
      if (ours.has(channel.id)) came.set(channel.id, args);
      else void rest.proceed(channel.id).catch(() => false);
    });
  try {
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    if (isConnected) tell({ state: 'ok', text: `a program is connected as "${server.app}"` });
    else
      tell({
        state: 'warning',
        text: `no agent is connected as "${server.app}": callers go on in the dialplan`,
        remedy:
          'start it: voice-agent start, or systemctl start ari-voice-agent; if that was just done, ask again when “voice-agent health” says ready',
      });
    for (const extension of extensions) {
      const place = `${extension} in the context "${context}"`;
      const args = await dial(rest, server.app, extension, context, { came, ours });
      if (args?.[0] === extension)
        tell({ state: 'ok', text: `${place} leads to Stasis(${server.app},${extension})` });
      else if (args)
        tell({
          state: 'bad',
          text: `${place} leads to Stasis(${[server.app, ...args].join(',')}), which doesn't say what was dialled`,
          remedy: `write Stasis(${server.app},\${EXTEN}) there, then: asterisk -rx "dialplan reload"`,
        });
      else
        tell({
          state: 'warning',
          text: `${place} doesn’t lead to Stasis(${server.app},…)`,
          remedy:
            `name your context by --context; else include extensions_voice_agent.conf in extensions.conf ` +
            `(FreePBX: extensions_custom.conf), with a line in [voice-agent] for numbers that aren’t 51XXXX: ` +
            `exten => ${extension},1,Goto(voice-agent-call,${extension},1); then: asterisk -rx "dialplan reload"`,
        });
    }
  } finally {
    for (const socket of sockets) socket.close();
    rest.close();
  }
}

/** The arguments with which the call came into `app`; undefined: it didn't. */
async function dial(
  rest: AriRest,
  app: string,
  extension: string,
  context: string,
  { came, ours }: { readonly came: ReadonlyMap<string, readonly string[]>; readonly ours: Set<string> },
): Promise<readonly string[] | undefined> {
  const channelId = `${DOCTOR}-${process.pid}-${extension}`;
  const otherChannelId = `${channelId}-dialplan`;
  ours.add(channelId).add(otherChannelId);
  try {
    await rest.originate({
      channelId,
      otherChannelId,
      endpoint: `Local/${extension}@${context}`,
      app: DOCTOR,
      callerId: '"voice-agent doctor" <0>',
      timeout: 5,
    });
    const deadline = systemClock.now() + DIALPLAN_MS;
    while (systemClock.now() < deadline) {
      const args = came.get(otherChannelId);
      if (args) return args;
      const channel = (await rest.channels()).find(({ id }) => id === otherChannelId);
      if (channel?.dialplan.appName === 'Stasis') {
        const [to, ...rest] = channel.dialplan.appData.split(',');
        if (to === app) return rest;
      }
      await systemClock.sleep(LOOK_MS);
    }
    return undefined;
  } catch {
    // There is no such extension.
    return undefined;
  } finally {
    for (const id of [channelId, otherChannelId]) await rest.hangUp(id).catch(() => false);
  }
}
