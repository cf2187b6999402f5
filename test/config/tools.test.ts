import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadConfig } from '../../src/config.ts';
import { messageOf } from '../../src/lib/errors.ts';
import { KNOWN_PROVIDERS } from '../../src/app/known-providers.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
  cpSync('config', folder, { recursive: true });
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const ORDER = {
  name: 'order_status',
  description: 'Tells where an order is.',
  parameters: { type: 'object', properties: { order: { type: 'string' } } },
  url: 'https://shop.example/orders/{order}?phone={call.callerNumber}',
  headers: { Authorization: 'Bearer ${SHOP_KEY}' },
};
const BOB = { name: 'Bob', endpoint: 'PJSIP/bob' };

/** The shipped agents, the first of them changed, with own tools. */
function load(agent: object, ...httpTools: object[]) {
  const path = join(folder, 'agents.yaml');
  const file = parse(readFileSync(path, 'utf8')) as { agents: object[] };
  const agents = file.agents.map((one, index) => (index === 0 ? { ...one, ...agent } : one));
  writeFileSync(path, stringify({ ...file, agents, httpTools }));
  const env = { VOICE_AGENT_CONFIG_DIR: folder, ARI_PASSWORD: 'x', SHOP_KEY: 'top{secret}', BAD: 'a\nb' };
  return loadConfig({ env, known: KNOWN_PROVIDERS, cwd: '/' });
}

function problem(agent: object, ...httpTools: object[]): string {
  try {
    load(agent, ...httpTools);
  } catch (error) {
    return messageOf(error);
  }
  return '';
}

describe('what an agent may do', () => {
  it('is what it has a use for, unless its tools are listed', () => {
    const { agents } = load({ transferTargets: [BOB] });
    expect(agents[0]?.tools).toBeUndefined();
    expect(agents[0]?.transferTargets).toEqual([
      { ...BOB, also: [], callerId: 'caller', ringMs: 20_000, whileRinging: 'ringing' },
    ]);
    expect(load({ tools: ['hang_up'] }).agents[0]?.tools).toEqual(['hang_up']);
  });

  it('can only be something that there is', () => {
    const wrong = problem({ tools: ['hangup', 'order_status'] }, ORDER);
    expect(wrong).toContain('wrong in one place');
    expect(wrong).toMatch(/agents\[0\]\.tools\[0\]: found "hangup", allowed: hang_up, .*order_status/);
    expect(wrong).toContain('did you mean "hang_up"?');
    expect(problem({ tools: ['hang_up', 'hang_up'] })).toContain('stands at agents[0].tools[0]');
  });

  it('needs what it works with', () => {
    expect(problem({ tools: ['transfer'] })).toContain(
      'found "transfer", but the agent has no transferTargets',
    );
    const knowledge = { company: 'x', takesMessages: false };
    const wrong = problem({ tools: ['proceed', 'take_message'], knowledge });
    expect(wrong).toContain('the agent has no knowledge.departments');
    expect(wrong).toContain('knowledge.takesMessages is false');
  });
});

describe('a transfer target', () => {
  it('has an endpoint, and a name of its own', () => {
    expect(problem({ transferTargets: [{ name: 'Bob' }] })).toContain('transferTargets[0].endpoint');
    expect(problem({ transferTargets: [{ ...BOB, endpoint: 'bob' }] })).toContain('such as PJSIP/softphone2');
    expect(problem({ transferTargets: [{ ...BOB, endpoint: 'PJSIP/b ob' }] })).not.toBe('');
    expect(problem({ transferTargets: [{ ...BOB, endpoint: 'PJSIP/100&PJSIP/101' }] })).toContain('Local/');
    expect(problem({ transferTargets: [{ ...BOB, endpoint: 'PJSIP/100,20,tT' }] })).toContain('ringMs');
    expect(problem({ transferTargets: [{ ...BOB, endpoint: 'Dial(PJSIP/100)' }] })).not.toBe('');
    expect(problem({ transferTargets: [BOB, { ...BOB, name: 'bob' }] })).toContain('which stands at');
    const endpoints = ['Local/200@from-internal/n', 'SIP/x', '+4930123', 'sip:bob@example.com'];
    for (const endpoint of endpoints) expect(problem({ transferTargets: [{ ...BOB, endpoint }] })).toBe('');
  });
});

describe('a tool of the user’s own', () => {
  it('is read with its secrets from the environment', () => {
    const { httpTools } = load({ tools: ['order_status'] }, ORDER);
    expect(httpTools).toEqual(
      [
        {
          ...ORDER,
          headers: { Authorization: 'Bearer top{secret}' },
          method: 'GET',
          timeoutMs: 3000,
          maxBytes: 65_536,
          maxCharacters: 1000,
        },
      ].map((tool) => ({ ...tool })),
    );
  });

  it('has a name of its own', () => {
    expect(problem({}, ORDER, ORDER)).toContain('found "order_status", which stands at');
    expect(problem({}, { ...ORDER, name: 'hang_up' })).toContain('the name of a built-in tool');
  });

  it('is asked at one address, of which only path and query are open, and for what there is', () => {
    for (const url of ['ftp://x/', 'https://{order}.example/', 'https://u:p@x/', 'nowhere']) {
      expect(problem({}, { ...ORDER, url })).toContain('httpTools[0].url');
    }
    const wrong = problem({}, { ...ORDER, url: 'https://shop.example/{ordr}' });
    expect(wrong).toContain('nothing fills {ordr} (did you mean "order"?); known: call.callerNumber');
  });

  it('has a schema of its arguments that can be used', () => {
    for (const parameters of [
      { type: 'string' },
      { type: 'objekt' },
      { type: 'object', properties: { order: { $ref: '#/nowhere' } } },
      { type: 'object', properties: { order: { type: 'string', pattern: '(' } } },
    ]) {
      expect(problem({}, { ...ORDER, parameters })).toContain('needed: a JSON schema');
    }
  });

  it('never has its secrets printed', () => {
    const plain = problem({}, { ...ORDER, headers: { Authorization: 'Bearer abc' } });
    expect(plain).toContain('secrets come from the environment only');
    expect(plain).not.toContain('abc');
    expect(problem({}, { ...ORDER, headers: { 'X Key': 'hidden' } })).not.toContain('hidden');
  });
});
