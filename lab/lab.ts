/** `make lab`: Asterisk and the agent, left running for a softphone of yours. */
import { join } from 'node:path';
import { LabAgent } from './agent.ts';
import { NativeAsterisk } from './asterisk.ts';
import { consoleAddress, consoleEnvironment } from './console.ts';
import { DATA, LAB_CACHE, labFolder } from './paths.ts';
import { modelKind, openProviders, type LabProviders } from './providers.ts';
import { runMain } from './run-main.ts';
import { announceLab, refuseSecondLab } from './running-lab.ts';
import { labSettings } from './settings.ts';
import { eventLine } from './show.ts';
import { UserError } from './user-error.ts';

await runMain(async (signal) => {
  const settings = labSettings();
  modelKind();
  refuseSecondLab();
  const begun = Date.now();
  const logFolder = labFolder('log');
  const asterisk = await NativeAsterisk.start({
    sipPort: settings.sipPort ?? 5060,
    httpPort: settings.httpPort ?? 8088,
    logFolder: join(logFolder, 'asterisk'),
    say: console.log,
    signal,
    ...(settings.host !== undefined && { host: settings.host }),
  });
  let agent: LabAgent | undefined;
  let providers: LabProviders | undefined;
  let withdraw = (): void => undefined;
  try {
    const agentLog = join(logFolder, 'agent.log');
    console.log(`Asterisk is ready after ${seconds(begun)} s`);
    providers = await openProviders(console.log);
    agent = await LabAgent.start({
      asterisk,
      dataFolder: DATA,
      logFile: agentLog,
      // Who tries it out on this machine wants to read what was understood, and hear it again.
      environment: {
        ...providers.environment,
        ...(await consoleEnvironment(asterisk)),
        VOICE_AGENT_TRANSCRIPTS: process.env['VOICE_AGENT_TRANSCRIPTS'] ?? 'true',
        VOICE_AGENT_RECORDINGS: process.env['VOICE_AGENT_RECORDINGS'] ?? 'true',
      },
      signal,
    });
    console.log(`The agent is ready after ${seconds(begun)} s`);
    const { host, sipPort, httpPort } = asterisk;
    withdraw = announceLab({ host, sipPort, httpPort, agentLog });
    console.log(howTo(asterisk, agent));
    agent.events.on((call, seen) => {
      const line = eventLine(call, seen);
      if (line !== undefined) console.log(line);
    });
    const ended = await Promise.race([aborted(signal), asterisk.exited.then(() => 'Asterisk'), agent.exited]);
    if (ended !== undefined) throw new UserError(`${ended} has ended by itself. Logs: ${logFolder}`);
    console.log('\nStopping: running calls are ended politely.');
  } finally {
    withdraw();
    await agent?.stop();
    await providers?.stop();
    await asterisk.stop();
  }
});

function howTo(asterisk: NativeAsterisk, agent: LabAgent): string {
  const { host, sipPort, secrets } = asterisk;
  const local = host === '127.0.0.1';
  return `
Open the console, and call from there${local ? '' : ' (the browser asks once about the certificate, which the lab has made)'}:

    ${consoleAddress(agent, asterisk)}

Or register a softphone${local ? ' on this machine' : ''} (SIP over UDP):

    server    ${host}:${sipPort}
    user      softphone1                    (or softphone2)
    password  ${secrets.softphone1}      (or ${secrets.softphone2})

and dial 510001 or 510002. Or 600 for an echo, 605 for music.
${local ? 'Phones on the LAN: make lab HOST=<an address of this machine>.\n' : ''}
Without a softphone, in another terminal:   make call EXT=510001 SAY=question.wav RECORD=heard.wav
ARI: ${asterisk.ariUrl}/ari, user ${asterisk.ariUser}; the passwords stand in ${join(LAB_CACHE, 'secrets.json')}
Ctrl-C ends it. Calls:
`;
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => {
      resolve(undefined);
    });
  });
}

function seconds(begun: number): string {
  return ((Date.now() - begun) / 1000).toFixed(1);
}
