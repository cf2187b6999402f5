/** The event stream of an Asterisk: through call control, with an emulated Asterisk behind it. */
import { systemClock } from '../../../src/lib/clock.ts';
import { startStasisApp } from '../../../src/telephony/asterisk/stasis-app.ts';
import { createTestDesk, createTestLog, eventually } from '../../support/ari-desk.ts';
import { createTestGateway } from '../../support/ari-media-gateway.ts';
import { AriServer } from '../../support/ari-server.ts';
import { must, readCorpus, textOf, type FuzzTarget } from '../target.ts';

const SETTINGS = {
  sweepPauseMs: 20,
  joinPauseMs: 2,
  letGoCheckMs: 30,
  requestMs: 1000,
  setUpMs: 500,
  enterMs: 300,
  closeMs: 500,
  standByMs: 20,
};

export async function openAriEvents(): Promise<FuzzTarget> {
  const server = new AriServer();
  await server.start();
  const [gateway, desk, log] = [createTestGateway(), createTestDesk(), createTestLog()];
  const app = await startStasisApp({
    server: { name: 'pbx', url: server.url, ...server.credentials, app: 'voice-agent', instance: 'a' },
    desk,
    gateway,
    clock: systemClock,
    log,
    settings: SETTINGS,
  });
  const atRest = (): boolean =>
    app.stats().unfinished === 0 && gateway.open() === 0 && server.bridges.size === 0;
  return {
    corpus: readCorpus('ari'),
    async run(session) {
      await eventually('the stream is there', () => server.apps.length > 0);
      const caller = server.call({ silently: true });
      for (const frame of session) {
        server.sendRaw('voice-agent', textOf(frame).replaceAll('CALLER', caller.id));
        await new Promise((resolve) => setImmediate(resolve));
      }
      // The end of this call is no matter of the events: they may have lost it.
      for (const call of desk.calls) call.finish();
      server.hangUp(caller.id);
      await eventually('nothing is left of it', atRest, 8000);
      must(!log.text().includes('an event failed'), `no event breaks anything: ${log.text()}`);
      for (const kept of [
        desk.calls,
        desk.asked,
        desk.abandoned,
        server.requests,
        gateway.sessions,
        log.lines,
      ])
        kept.length = 0;
    },
    async close() {
      await app.close();
      await gateway.close();
      await server.stop();
    },
  };
}
