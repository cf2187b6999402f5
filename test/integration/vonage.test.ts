/** The whole program with the Vonage cloud, alone or beside an Asterisk: real providers, real media, and a cloud that speaks the wire. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KNOWN_PROVIDERS } from '../../src/app/known-providers.ts';
import { startApp, type App } from '../../src/app.ts';
import { loadConfig, type Config } from '../../src/config.ts';
import type { CallRecord } from '../../src/dialog/call/call-record.ts';
import { MediaGatewayFactory } from '../../src/gateways/media-gateway-factory.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { freePorts } from '../../lab/ports.ts';
import type { SampleRateHz } from '../../src/media/audio.ts';
import { floatToInt16 } from '../../src/media/pcm.ts';
import { Resampler } from '../../src/media/resampler.ts';
import { eventually } from '../support/ari-desk.ts';
import { AriServer } from '../support/ari-server.ts';
import { noUnhandledRejections } from '../support/leaks.ts';
import { recordsIn } from '../support/records.ts';
import { startVonageCloud, type VonageCloud } from '../support/vonage/cloud.ts';

noUnhandledRejections();

const TO = '442079460000';
const FROM = '447700900000';
const EMBEDDED = {
  VOICE_AGENT_STT: 'pocketsphinx',
  VOICE_AGENT_LLM: 'receptionist',
  VOICE_AGENT_TTS: 'flite',
};

let cloud: VonageCloud;
let dataDir: string;
let port: number;
let lines: { msg: string; level: string }[];
let app: App | undefined;

beforeEach(async () => {
  cloud = await startVonageCloud();
  dataDir = await mkdtemp(join(tmpdir(), 'vonage-app-'));
  port = await freePorts('tcp');
  const url = `http://127.0.0.1:${port}`;
  cloud.link({ answerUrl: `${url}/answer`, eventUrl: `${url}/event`, fallbackUrl: `${url}/fallback` });
  lines = [];
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  await cloud.close();
  await rm(dataDir, { recursive: true });
});

/** As shipped, but for the Asterisk that there isn't. */
function config(env: Readonly<Record<string, string>> = {}): Config {
  const { account, url } = cloud;
  const shipped = loadConfig({
    env: {
      ...EMBEDDED,
      ARI_PASSWORD: 'unused',
      VOICE_AGENT_DATA_DIR: dataDir,
      VOICE_AGENT_TRANSCRIPTS: 'true',
      MONITORING_LISTEN_PORT: '0',
      VONAGE_ENABLED: 'true',
      VONAGE_PUBLIC_URL: `http://127.0.0.1:${port}`,
      VONAGE_LISTEN_PORT: String(port),
      VONAGE_APPLICATION_ID: account.applicationId,
      VONAGE_PRIVATE_KEY: account.privateKey,
      VONAGE_SIGNATURE_SECRET: account.signatureSecret,
      VONAGE_API_URL: url,
      ...env,
    },
    known: KNOWN_PROVIDERS,
  });
  const { gateways } = shipped;
  return {
    ...shipped,
    asterisk: [],
    gateways: { ...gateways, vonage: { ...gateways.vonage, numbers: { [`+${TO}`]: 'alice' } } },
  };
}

async function start(how: Config): Promise<App> {
  const write = (line: string): void => void lines.push(JSON.parse(line) as (typeof lines)[number]);
  app = await startApp(how, createLogger({ level: 'info', format: 'json', write }));
  return app;
}

async function record(): Promise<CallRecord> {
  const first = (await recordsIn(dataDir)).at(-1);
  if (!first) throw new Error('no record');
  return first;
}

function resampled(samples: Int16Array, from: SampleRateHz, to: SampleRateHz): Int16Array {
  const resampler = new Resampler(from, to);
  return floatToInt16(Float32Array.from([...resampler.process(samples), ...resampler.flush()]));
}

/** The share of the power that a way through 8,000 Hz takes away. */
function lostOnATelephone(samples: Int16Array, rateHz: SampleRateHz): number {
  const narrow = throughTelephone(samples, rateHz);
  let lost = 0;
  let all = 0;
  samples.forEach((sample, n) => {
    lost += (sample - (narrow[n] ?? 0)) ** 2;
    all += sample ** 2;
  });
  return lost / all;
}

function throughTelephone(samples: Int16Array, rateHz: SampleRateHz): Int16Array {
  return resampled(resampled(samples, rateHz, 8000), 8000, rateHz);
}

describe('the program with Vonage', () => {
  it('knows both gateways', () => {
    expect(MediaGatewayFactory.list()).toEqual(expect.arrayContaining(['rtp', 'vonage']));
  });

  it.each([16000, 24000] as const)('greets at %i Hz, is hung up on, and keeps a record', async (rateHz) => {
    await start(config({ VONAGE_SAMPLE_RATE_HZ: String(rateHz) }));
    const call = cloud.call({ to: TO, from: FROM });
    const leg = await call.answered;
    expect(leg.rateHz).toBe(rateHz);
    await eventually('the greeting', () => lines.some(({ msg }) => msg.startsWith('greeting heard')));
    await eventually('its sound', () => leg.heard.durationMs > 1500);
    const heard = leg.heard.samples();
    const narrowed = lostOnATelephone(throughTelephone(heard, rateHz), rateHz);
    expect(lostOnATelephone(heard, rateHz)).toBeGreaterThan(3 * narrowed);
    await call.hangUp();
    await eventually('the end', () => lines.some(({ msg }) => msg.startsWith('call ended: ')));
    await app?.close();
    expect(await record()).toMatchObject({ agent: 'alice' });
    expect(call.complaints).toEqual([]);
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('tells callers to call again when it drains', async () => {
    const running = await start(config());
    const drained = running.drain();
    const call = cloud.call({ to: TO, from: FROM });
    await call.ended;
    expect(call.spoken).toEqual([expect.stringContaining('all our lines are busy')]);
    await drained;
  });

  it('takes calls from an Asterisk as well, in the same process', async () => {
    const server = new AriServer();
    await server.start();
    const { asterisk } = loadConfig({
      env: {
        ...EMBEDDED,
        ARI_URL: server.url,
        ARI_USERNAME: server.credentials.username,
        ARI_PASSWORD: server.credentials.password,
      },
      known: KNOWN_PROVIDERS,
    });
    await start({ ...config(), asterisk });
    const greetings = () => lines.filter(({ msg }) => msg.startsWith('greeting heard')).length;
    const [caller, call] = [server.call({ exten: '510002' }), cloud.call({ to: TO, from: FROM })];
    const leg = await call.answered;
    await eventually('both greetings', () => greetings() === 2);
    await eventually('its sound', () => leg.heard.durationMs > 1500);
    // One goes, the other one stays.
    await call.hangUp();
    await eventually('the end', () => lines.some(({ msg }) => msg.startsWith('call ended: ')));
    expect(caller.history).toEqual(['answered']);
    await app?.close();
    // A program that ends sends its callers on.
    expect(caller.history).toEqual(['answered', 'continued']);
    expect(server.bridges.size).toBe(0);
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
    await server.stop();
  });

  it('doesn’t start beside an Asterisk that isn’t there, and says so', async () => {
    const server = new AriServer();
    await server.start();
    const { url } = server;
    await server.stop();
    const { asterisk } = loadConfig({
      env: { ...EMBEDDED, ARI_URL: url, ARI_PASSWORD: 'x' },
      known: KNOWN_PROVIDERS,
    });
    await expect(start({ ...config(), asterisk })).rejects.toMatchObject({ code: 'ARI_UNREACHABLE' });
  });

  it('refuses a configuration in which nothing could ever come in', () => {
    expect(() => config({ VONAGE_PUBLIC_URL: '', VONAGE_SIGNATURE_SECRET: '' })).toThrow(
      /gateways\.vonage\.publicUrl[^]*gateways\.vonage\.signatureSecret/,
    );
  });
});
