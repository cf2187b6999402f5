import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig, type Config } from '../../src/config.ts';
import { KNOWN_PROVIDERS } from '../../src/app/known-providers.ts';

const RIGHT = {
  VONAGE_ENABLED: 'true',
  VONAGE_PUBLIC_URL: 'https://agent.example/vonage',
  VONAGE_APPLICATION_ID: '3d1a8f90-0000-0000-0000-000000000000',
  VONAGE_SIGNATURE_SECRET: 'secret',
};
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
  cpSync('config', folder, { recursive: true });
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function load(env: Readonly<Record<string, string>> = RIGHT): Config {
  const all = { VOICE_AGENT_CONFIG_DIR: folder, ARI_PASSWORD: 'x', ...env };
  return loadConfig({ env: all, known: KNOWN_PROVIDERS, cwd: '/' });
}

function edit(from: string | RegExp, to: string): void {
  const path = join(folder, 'providers.yaml');
  const text = readFileSync(path, 'utf8');
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`nothing to change: ${String(from)}`);
  writeFileSync(path, changed);
}

const WHOLE_ASTERISK = /^asterisk:\n(?:(?: .*|)\n)+/m;

describe('the configuration of the Vonage gateway', () => {
  it('is off as shipped', () => {
    expect(load({}).gateways.vonage).toMatchObject({ enabled: false, sampleRateHz: 16000, numbers: {} });
  });

  it('comes from the environment', () => {
    expect(load({ ...RIGHT, VONAGE_SAMPLE_RATE_HZ: '24000' }).gateways.vonage).toMatchObject({
      enabled: true,
      publicUrl: 'https://agent.example/vonage',
      sampleRateHz: 24000,
      signatureSecret: 'secret',
      apiUrl: 'https://api.nexmo.com',
    });
  });

  it('may stand alone, without an Asterisk', () => {
    edit(WHOLE_ASTERISK, 'asterisk: []\n\n');
    expect(load().asterisk).toEqual([]);
    expect(() => load({})).toThrow(/asterisk: no server is named and gateways\.vonage is not enabled/);
  });

  it('reports everything that is missing at once', () => {
    expect(() => load({ VONAGE_ENABLED: 'true', VONAGE_PRIVATE_KEY: 'pem' })).toThrow(
      /vonage\.publicUrl: needed[^]*vonage\.applicationId: needed with privateKey[^]*vonage\.signatureSecret: needed/,
    );
  });

  it('takes unsigned webhooks only if that is said', () => {
    const unsigned = { ...RIGHT, VONAGE_SIGNATURE_SECRET: '' };
    expect(() => load(unsigned)).toThrow(/allowUnsigned: true permits/);
    expect(load({ ...unsigned, VONAGE_ALLOW_UNSIGNED: 'true' }).gateways.vonage.allowUnsigned).toBe(true);
  });

  it('wants TLS in front of it, but for this machine itself', () => {
    const at = (url: string): Config => load({ ...RIGHT, VONAGE_PUBLIC_URL: url });
    expect(() => at('http://agent.example')).toThrow(/needed: https/);
    expect(at('http://127.0.0.1:8089').gateways.vonage.publicUrl).toBe('http://127.0.0.1:8089');
  });

  it('knows the agents that numbers stand for, by extension and by id', () => {
    edit('numbers: {}', "numbers: { '442079460000': '510001', '+15550001111': tom }");
    expect(load().gateways.vonage.numbers).toEqual({ '442079460000': '510001', '+15550001111': 'tom' });
    edit("'510001', '+15550001111': tom", "alise, 'office': tom");
    expect(() => load()).toThrow(
      /numbers\.442079460000: found "alise", needed: an extension or an id of agents\.yaml \(did you mean "alice"\?\)[^]*numbers\.office: the key must be a telephone number/,
    );
  });

  it('knows what can be called for a department', () => {
    edit('departments: {}', "departments: { billing: '+442079460001', parts: PJSIP/parts }");
    expect(() => load()).toThrow(/departments\.parts: found "PJSIP\/parts", needed: a telephone number/);
  });

  it('keeps its secrets out of the file', () => {
    edit('signatureSecret: ${VONAGE_SIGNATURE_SECRET:-}', 'signatureSecret: hunter2');
    expect(() => load()).toThrow(/write \$\{VONAGE_SIGNATURE_SECRET\}/);
    expect(() => load()).not.toThrow(/hunter2/);
  });
});
