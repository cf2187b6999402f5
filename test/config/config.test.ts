import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig, type ProviderChoice } from '../../src/config.ts';
import { VoiceAgentError } from '../../src/lib/errors.ts';
import { de } from '../../src/dialog/language/de.ts';
import { en } from '../../src/dialog/language/en.ts';
import { agentTexts } from '../../src/dialog/language/own-phrases.ts';
import { KNOWN_PROVIDERS } from '../../src/app/known-providers.ts';
import { UNTRUSTED } from '../support/provider-servers/untrusted-identity.ts';
import { shippedConfig } from '../support/shipped-config.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
  cpSync('config', folder, { recursive: true });
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function edit(file: 'agents.yaml' | 'providers.yaml', ...changes: [string | RegExp, string][]): void {
  const path = join(folder, file);
  let text = readFileSync(path, 'utf8');
  for (const [from, to] of changes) {
    const changed = text.replace(from, to);
    if (changed === text) throw new Error(`nothing to change: ${String(from)}`);
    text = changed;
  }
  writeFileSync(path, text);
}

function load(env: Readonly<Record<string, string>> = { ARI_PASSWORD: 'secret' }) {
  return loadConfig({ env: { VOICE_AGENT_CONFIG_DIR: folder, ...env }, known: KNOWN_PROVIDERS, cwd: '/' });
}

const namesOf = (choice: ProviderChoice | undefined) =>
  choice && Object.fromEntries(Object.entries(choice).map(([part, { names }]) => [part, names]));
const namesByAgent = (byAgent: Readonly<Record<string, ProviderChoice>>) =>
  Object.fromEntries(Object.entries(byAgent).map(([id, choice]) => [id, namesOf(choice)]));
const reasonsOf = (choice: ProviderChoice) =>
  Object.fromEntries(Object.entries(choice).map(([part, { why }]) => [part, why]));

/** On which line of a file a text stands. */
function lineOf(file: string, text: string): number {
  return readFileSync(join(folder, file), 'utf8').slice(0, -1).split(text)[0]!.split('\n').length;
}

/** The lines of the one error that loading gives, without the folder's name. */
function problems(env?: Readonly<Record<string, string>>): string[] {
  try {
    load(env);
  } catch (error) {
    expect(error).toBeInstanceOf(VoiceAgentError);
    const { code, message } = error as VoiceAgentError;
    expect(code).toBe('CONFIG_INVALID');
    return message
      .split('\n')
      .slice(1)
      .map((line) => line.trim().replace(`${folder}/`, ''));
  }
  return [];
}

describe('the shipped configuration', () => {
  it('is right, and has the two agents', () => {
    const config = shippedConfig();
    expect(
      config.agents.map(({ name, extensions, voice, codec }) => [name, extensions, voice, codec]),
    ).toEqual([
      ['Alice', ['510001'], 'slt', 'auto'],
      ['Tom', ['510002'], 'rms', 'alaw'],
    ]);
    expect(config.asterisk).toMatchObject([
      { name: 'local', url: 'http://127.0.0.1:8088', app: 'voice-agent', password: 'secret' },
    ]);
    expect(namesOf(config.providers.byAgent['alice'])).toEqual({
      vad: ['silero'],
      stt: ['pocketsphinx'],
      llm: ['receptionist'],
      tts: ['flite'],
    });
    expect(config.latencyTargets).toEqual({ totalMs: 700, llmMs: 500, ttsFirstAudioMs: 100 });
  });

  it('keeps nothing of what is said, unless told to', () => {
    expect(shippedConfig().records).toMatchObject({ transcripts: false, recordings: false });
    expect(shippedConfig({ VOICE_AGENT_RECORDINGS: 'true' }).records.recordings).toBe(true);
  });

  it("can't be changed while it is used", () => {
    const config = shippedConfig();
    expect(() => Object.assign(config.agents[0]!.limits, { silenceMs: 1 })).toThrow(TypeError);
  });

  it('has opening hours in minutes, and no entry for days that are closed', () => {
    const hours = shippedConfig().agents[1]!.knowledge.openingHours;
    expect(hours).toHaveLength(6);
    expect(hours?.[0]).toEqual({ day: 'monday', fromMinute: 450, toMinute: 1050 });
  });
});

describe('the environment', () => {
  it('gives tokens that can’t be guessed, and shows none that can', () => {
    const env = { ARI_PASSWORD: 'secret', CONSOLE_ENABLED: 'true' };
    expect(problems({ ...env, CONSOLE_VIEW_TOKEN: 'fifteen letters' })).toEqual([
      expect.stringMatching(
        /console\.viewToken: found a secret \(not shown\), needed: at least 16 characters, /,
      ),
    ]);
    expect(load({ ...env, CONSOLE_VIEW_TOKEN: 'sixteen letters!' }).console.viewToken).toBe(
      'sixteen letters!',
    );
  });

  it('gives addresses, names and passwords', () => {
    const config = load({
      ARI_URL: 'https://pbx.example:8089',
      ARI_USERNAME: 'joe',
      ARI_PASSWORD: '12345',
      ARI_APP: 'second',
      RTP_LISTEN_PORT: '12000',
      VOICE_AGENT_DATA_DIR: 'data',
      LOG_LEVEL: 'debug',
      LOG_FORMAT: 'pretty',
    });
    expect(config.asterisk[0]).toMatchObject({
      url: 'https://pbx.example:8089',
      username: 'joe',
      password: '12345',
      app: 'second',
    });
    expect(config.gateways.rtp.listenPort).toBe(12000);
    expect(config.dataDir).toBe('/data');
    expect(config.log).toEqual({ level: 'debug', format: 'pretty' });
  });

  it('names the database of the records, or a file with its address; nothing else does', () => {
    const ARI_PASSWORD = 'secret';
    const url = 'postgresql://voice:secret@db.example/records';
    const file = join(folder, 'database');
    writeFileSync(file, `${url}\n`);
    expect(load({ ARI_PASSWORD }).databaseUrl).toBeUndefined();
    expect(load({ ARI_PASSWORD, VOICE_AGENT_DATABASE: url }).databaseUrl).toBe(url);
    expect(
      load({ ARI_PASSWORD, VOICE_AGENT_DATABASE: '', VOICE_AGENT_DATABASE_FILE: file }).databaseUrl,
    ).toBe(url);
    expect(() => load({ ARI_PASSWORD, VOICE_AGENT_DATABASE_FILE: join(folder, 'none') })).toThrow(
      /VOICE_AGENT_DATABASE: .*can't be read/,
    );
  });

  it.each(['mysql://voice@db.example/records', 'db.example/records', 'postgresql:records'])(
    'refuses %s as the address of the database',
    (url) => {
      expect(() => load({ ARI_PASSWORD: 'secret', VOICE_AGENT_DATABASE: url })).toThrow(
        /VOICE_AGENT_DATABASE: .*postgresql:\/\//,
      );
    },
  );

  it('says which of the console’s files for TLS can’t be used, and why', () => {
    const file = (name: string, pem: string): string => {
      writeFileSync(join(folder, name), pem);
      return join(folder, name);
    };
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const pem = { type: 'pkcs8', format: 'pem' } as const;
    const key = file('key.pem', privateKey.export(pem).toString());
    const locked = file(
      'locked.pem',
      privateKey.export({ ...pem, cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
    );
    const certificate = file('certificate.pem', UNTRUSTED.cert);
    const told = (cert: string, of: string): string =>
      problems({
        ARI_PASSWORD: 'secret',
        CONSOLE_ENABLED: 'true',
        CONSOLE_OPERATE_TOKEN: 'x'.repeat(40),
        CONSOLE_TLS_CERTIFICATE: cert,
        CONSOLE_TLS_KEY: of,
      }).join('\n');
    expect(told(certificate, file('own.pem', UNTRUSTED.key))).toBe('');
    expect(told(certificate, key)).toMatch(/console\.tls: the key isn’t the one of the certificate/);
    expect(told(key, certificate)).toMatch(
      /tls\.certificate: .*this is a key\n.*tls\.key: .*this is a certificate/,
    );
    expect(told(certificate, locked)).toMatch(/tls\.key: .*without a passphrase/);
    expect(told(join(folder, 'none'), folder)).toMatch(
      /tls\.certificate: .*can be read \(ENOENT.*\n.*tls\.key: .*can be read \(EISDIR/,
    );
    expect(told(file('empty', ''), file('text', 'hello'))).toMatch(
      /a PEM file with a certificate\n.*a PEM file with a private key/,
    );
  });

  it('refuses an address of Asterisk’s with credentials in its query', () => {
    expect(() => load({ ARI_PASSWORD: 'secret', ARI_URL: 'http://127.0.0.1:8088?api_key=a:b' })).toThrow(
      /asterisk\[0\]\.url: .*keys of their own/,
    );
  });

  it('names a file that holds the password', () => {
    const secret = join(folder, 'ari-password');
    writeFileSync(secret, 'from a file\n');
    expect(load({ ARI_PASSWORD_FILE: secret }).asterisk[0]?.password).toBe('from a file');
  });

  it('says what is missing, in one place, and how to give it', () => {
    expect(problems({})).toEqual([
      `providers.yaml:${lineOf('providers.yaml', 'password: ')}  asterisk[0].password: \${ARI_PASSWORD} is not set: set ARI_PASSWORD, or ` +
        'ARI_PASSWORD_FILE to the path of a file that holds it',
    ]);
    expect(problems({ ARI_PASSWORD_FILE: join(folder, 'nowhere') })[0]).toContain("can't be read: ENOENT");
  });

  it('is checked itself', () => {
    expect(problems({ ARI_PASSWORD: 'x', LOG_LEVEL: 'inof' })).toEqual([
      'environment  LOG_LEVEL: found "inof", allowed: trace, debug, info, warn, error, fatal, silent ' +
        '(did you mean "info"?)',
    ]);
  });

  it('refuses an expression that may keep all calls waiting, with what is wrong with it', () => {
    edit('providers.yaml', ['patterns: []', "patterns: ['[A-Z]{2}[0-9]{6}', '(', '(?:[0-9]+[ -]?)+x']"]);
    expect(problems()).toEqual([
      expect.stringMatching(/redact\.patterns\[1\]: .*needed: a regular expression of JavaScript/),
      expect.stringMatching(/redact\.patterns\[2\]: .*needed: a regular expression that is done soon/),
    ]);
  });

  it('says how long calls may go on after SIGTERM', () => {
    expect(load().limits.drainMs).toBe(30_000);
    const env = { ARI_PASSWORD: 'x', VOICE_AGENT_DRAIN_MS: '1000' };
    expect(load(env).limits.drainMs).toBe(1000);
    expect(problems({ ...env, VOICE_AGENT_DRAIN_MS: 'soon' })).toEqual([
      expect.stringContaining('limits.drainMs: found "soon", needed: a whole number'),
    ]);
  });

  it('leaves a key away where its variable is empty and has no default', () => {
    expect(load().gateways.rtp.advertisedAddress).toBeUndefined();
    expect(
      load({ ARI_PASSWORD: 'x', RTP_ADVERTISED_ADDRESS: '10.0.0.7' }).gateways.rtp.advertisedAddress,
    ).toBe('10.0.0.7');
  });

  it('names a node of a fleet, which has a Stasis application of its own', () => {
    const ARI_PASSWORD = 'secret';
    expect(load({ ARI_PASSWORD }).asterisk[0]?.app).toBe('voice-agent');
    const { asterisk, fleet } = load({
      ARI_PASSWORD,
      VOICE_AGENT_NODE: 'a-1',
      VOICE_AGENT_FLEET_MAX_CALLS: '90',
    });
    expect(asterisk[0]?.app).toBe('voice-agent.a-1');
    expect(fleet).toEqual({ node: 'a-1', maxCalls: 90 });
    expect(() => load({ ARI_PASSWORD, VOICE_AGENT_NODE: 'a_1' })).toThrow(
      /fleet\.node.*letters, digits and -/,
    );
  });
});

describe('providers chosen by themselves', () => {
  const KEYS = { ARI_PASSWORD: 'secret', GROQ_API_KEY: 'gsk_1', CARTESIA_API_KEY: 'sk_car_1' };
  const EMBEDDED = { vad: ['silero'], stt: ['pocketsphinx'], llm: ['receptionist'], tts: ['flite'] };
  const CLOUD = {
    vad: ['silero'],
    stt: ['cartesia', 'groq-whisper', 'pocketsphinx'],
    llm: ['groq', 'receptionist'],
    tts: ['cartesia', 'flite'],
  };

  it('are the embedded ones without keys, and it is said why', () => {
    const { providers } = load();
    expect(namesOf(providers.default)).toEqual(EMBEDDED);
    expect(reasonsOf(providers.default)).toEqual({
      vad: undefined,
      stt: "no key of Cartesia's or Groq's is set",
      llm: "no key of Groq's is set",
      tts: "no key of Cartesia's is set",
    });
  });

  it('are the cloud’s with both keys, one of them from a file, and the embedded ones behind them', () => {
    writeFileSync(join(folder, 'key'), 'sk_car_2\n');
    const { providers } = load({ ...KEYS, CARTESIA_API_KEY: '', CARTESIA_API_KEY_FILE: join(folder, 'key') });
    expect(namesByAgent(providers.byAgent)).toEqual({ alice: CLOUD, tom: CLOUD });
    expect(providers.settings).toMatchObject({ groq: { apiKey: 'gsk_1' }, cartesia: { apiKey: 'sk_car_2' } });
    expect(reasonsOf(providers.default)).toMatchObject({
      stt: "Cartesia's key is set, and Groq's key is set",
      llm: "Groq's key is set",
      tts: "Cartesia's key is set",
    });
  });

  it('are half of them with one key', () => {
    expect(namesOf(load({ ...KEYS, CARTESIA_API_KEY: '' }).providers.default)).toEqual({
      ...EMBEDDED,
      stt: ['groq-whisper', 'pocketsphinx'],
      llm: CLOUD.llm,
    });
    expect(namesOf(load({ ...KEYS, GROQ_API_KEY: '' }).providers.default)).toEqual({
      ...CLOUD,
      stt: ['cartesia', 'pocketsphinx'],
      llm: ['receptionist'],
    });
  });

  it('know the language of their agent', () => {
    edit('agents.yaml', [/language: en(?=\n    codec: alaw)/, 'language: de']);
    const { byAgent } = load(KEYS).providers;
    expect(namesOf(byAgent['alice'])).toEqual(CLOUD);
    expect(namesOf(byAgent['tom'])).toEqual({
      vad: ['silero'],
      stt: ['groq-whisper'],
      llm: ['groq'],
      tts: ['cartesia'],
    });
    expect(byAgent['tom']?.tts.why).toContain("flite can't take its place");
    expect(byAgent['tom']?.tts.why).toContain('knows only: en');
    expect(byAgent['alice']?.tts.why).toBe("Cartesia's key is set");
  });

  it('leave providers that are chosen by name as they are', () => {
    edit('providers.yaml', ['agents: {}', 'agents: { tom: { tts: flite } }']);
    expect(namesByAgent(load({ ...KEYS, VOICE_AGENT_LLM: 'receptionist' }).providers.byAgent)).toEqual({
      alice: { ...CLOUD, llm: ['receptionist'] },
      tom: { ...CLOUD, llm: ['receptionist'], tts: ['flite'] },
    });
  });

  it('can be a list, and of each on it is checked what the agents need', () => {
    edit('providers.yaml', ['agents: {}', 'agents: { tom: { tts: [cartesia, flite], llm: [groq] } }']);
    const env = { ...KEYS, VOICE_AGENT_TTS: 'flite, cartesia' };
    const { byAgent } = load(env).providers;
    expect(byAgent['alice']?.tts.names).toEqual(['flite', 'cartesia']);
    expect(namesOf(byAgent['tom'])).toMatchObject({ tts: ['cartesia', 'flite'], llm: ['groq'] });
    edit('agents.yaml', ['voice: rms', 'voice: 11111111-2222-4333-8444-555555555555']);
    expect(problems(env)).toEqual([]);
    edit('providers.yaml', ['tts: [cartesia, flite]', 'tts: [flite, cartesia]']);
    expect(problems(env)).toEqual([expect.stringContaining('agents[1].voice: found "11111111-2222')]);
    expect(problems({ ...env, CARTESIA_API_KEY: '' }).join()).toContain('cartesia needs a key');
    expect(problems({ ...KEYS, VOICE_AGENT_LLM: 'auto,groq' }).join()).toContain('auto stands alone');
    expect(problems({ ...KEYS, VOICE_AGENT_LLM: 'groq,groq' }).join()).toContain(
      'each provider stands there once',
    );
    expect(problems({ ...KEYS, VOICE_AGENT_LLM: 'groq,recep' }).join()).toContain('found "recep", allowed');
  });

  it('may take over in a voice of their own', () => {
    edit('agents.yaml', ['voice: rms', 'voice: 11111111-2222-4333-8444-555555555555']);
    expect(load(KEYS).providers.byAgent['tom']?.tts.names).toEqual(['cartesia', 'flite']);
  });

  it('take addresses and settings from the environment', () => {
    const { groq, cartesia } = load({ ...KEYS, GROQ_BASE_URL: 'http://127.0.0.1:1' }).providers.settings;
    expect(groq).toMatchObject({ baseUrl: 'http://127.0.0.1:1', maxTokens: 400, temperature: 0.4 });
    expect(cartesia).toMatchObject({ tts: { feeding: 'sentence', model: 'sonic-3' } });
  });

  it('never shows a secret, under whatever key it was put', () => {
    const long = `sk-${'0123456789'.repeat(8)}"quoted"`;
    edit(
      'providers.yaml',
      [/codec: .*/, 'codec: ${ARI_PASSWORD}'],
      [/listenPort: .*/, 'listenPort: ${GROQ_API_KEY}'],
    );
    const told = problems({ ARI_PASSWORD: 'hunter2-and-more', GROQ_API_KEY: long }).join('\n');
    expect(told).toMatch(/codec: .*not shown/);
    expect(told).toMatch(/listenPort: .*not shown/);
    expect(told).not.toContain('hunter2');
    expect(told).not.toContain('0123456789');
  });

  it('may be asked for only with a key, and it is never shown', () => {
    edit('providers.yaml', ['apiKey: ${GROQ_API_KEY:-}', 'apiKey: gsk_in_plain_sight']);
    expect(problems({ ARI_PASSWORD: 'x', VOICE_AGENT_TTS: 'cartesia' })).toEqual([
      expect.stringMatching(/providers.default.tts: cartesia needs a key: set CARTESIA_API_KEY/),
      expect.stringMatching(
        /providers.groq.apiKey: secrets come from the environment only: write \$\{GROQ_API_KEY\}/,
      ),
    ]);
    expect(problems().join()).not.toContain('plain_sight');
  });

  it('speak with the voices that are named, or by their identifiers', () => {
    edit('agents.yaml', ['voice: rms', 'voice: 11111111-2222-4333-8444-555555555555']);
    expect(problems(KEYS)).toEqual([]);
    edit('agents.yaml', ['voice: 11111111-2222-4333-8444-555555555555', 'voice: katie']);
    expect(problems(KEYS)).toEqual([
      expect.stringContaining(
        'agents[1].voice: found "katie", voices of cartesia: slt, rms, a voice\'s identifier',
      ),
    ]);
  });
});

describe("a provider's section", () => {
  const address = (section: string, baseUrl: string, more = ''): string[] => {
    edit('providers.yaml', [
      new RegExp(`^  ${section}:\n(    .*\n| {4}#.*\n)*`, 'm'),
      `  ${section}: { baseUrl: '${baseUrl}'${more} }\n`,
    ]);
    return problems();
  };

  it.each([
    ['http://127.0.0.1:11434/v1'],
    ['https://generativelanguage.googleapis.com/v1beta/openai/'],
    ['https://x.openai.azure.com/openai/v1'],
    ['https://proxy.example'],
  ])('takes the address %s of an OpenAI-compatible server as it is', (baseUrl) => {
    expect(address('openaiCompatible', baseUrl)).toEqual([]);
    expect(load().providers.settings['openaiCompatible']).toMatchObject({ baseUrl });
  });

  it.each([
    ['openaiCompatible', 'https://x.example/v1/chat/completions', 'without /chat/completions'],
    ['openaiCompatible', 'https://x.example/v1?api-version=1', 'an address without a query'],
    ['groq', 'http://127.0.0.1:11434/v1', "Groq's address, with or without /openai/v1"],
    ['groq', 'https://gemini.example/v1beta/openai/', "Groq's address, with or without /openai/v1"],
    ['groq', 'https://x.openai.azure.com/openai', "Groq's address, with or without /openai/v1"],
    ['openaiCompatible', 'https://x.openai.azure.com/', 'the whole address, such as'],
    ['openaiCompatible', 'https://x.openai.azure.com/openai', 'the whole address, such as'],
    ['openaiCompatible', 'https://x.openai.azure.com/openai/deployments', 'the whole address, such as'],
    [
      'openaiCompatible',
      'https://x.openai.azure.com/openai/v1?api-version=preview',
      'the version of the API belongs in apiVersion',
    ],
    ['openaiCompatible', 'https://generativelanguage.googleapis.com/v1beta', '…/v1beta/openai'],
    ['openaiCompatible', 'https://generativelanguage.googleapis.com', '…/v1beta/openai'],
    ['openaiCompatible', 'http://127.0.0.1:1234/v1/chat', 'to which /chat/completions is appended'],
    ['openaiCompatible', 'http://$HOST/v1', 'stands for something else'],
    ['openaiCompatible', 'https://x.example/{deployment}/v1', 'stands for something else'],
    [
      'openaiCompatible',
      'http://127.0.0.1:11434/api/chat',
      'the address to which /chat/completions is appended',
    ],
    [
      'openaiCompatible',
      'http://127.0.0.1:8080/completion',
      'the address to which /chat/completions is appended',
    ],
    ['cartesia', 'https://api.cartesia.ai/tts/websocket/', 'without /tts/websocket'],
  ])('%s refuses the address %s, which would be joined wrongly', (section, baseUrl, says) => {
    const [line, ...others] = address(section, baseUrl);
    expect(others).toEqual([]);
    expect(line).toContain(`providers.${section}.baseUrl: found "${baseUrl}", needed: `);
    expect(line).toContain(says);
  });

  it('wants the version of the API for a deployment at Azure, whatever else is wrong there', () => {
    const deployment = 'https://x.openai.azure.com/openai/deployments/agent';
    expect(address('openaiCompatible', deployment, ', maxTokens: many, modell: x')).toEqual([
      expect.stringContaining('providers.openaiCompatible.maxTokens: found "many"'),
      expect.stringContaining(
        'providers.openaiCompatible.modell: there is no such key (did you mean "model"?)',
      ),
      expect.stringContaining('providers.openaiCompatible.apiVersion: nothing stands there, needed: the API'),
    ]);
  });

  it('may have the version of the API', () => {
    const deployment = 'https://x.openai.azure.com/openai/deployments/agent';
    expect(address('openaiCompatible', deployment, ", apiVersion: '2024-10-21'")).toEqual([]);
  });

  it('is a mistake if no provider has that name', () => {
    edit('providers.yaml', ['  cartesia:\n', '  cartesian:\n']);
    expect(problems()[0]).toContain('providers.cartesian: there is no such key (did you mean "cartesia"?)');
  });
});

describe('a wrong configuration', () => {
  it('is one error with every problem: its file, its line, what it found and what is allowed', () => {
    edit(
      'agents.yaml',
      ['codec: auto', 'codec: ulow'],
      ['endpointingMs: 500', 'endpointingMs: 6'],
      ['voice: rms', 'voice: rmz'],
      ["extensions: ['510002']", "extensions: ['510001']"],
      ['wednesday: 08:00-20:00', 'wednesday: 8-20'],
      ['toothache: T UW TH EY K', 'toothache: T UU TH'],
      ['greeting: Northgate', 'greting: Northgate'],
    );
    edit(
      'providers.yaml',
      ['workers: 1', 'workers: many'],
      ['stt: ${VOICE_AGENT_STT:-auto}', 'stt: pocketspinx'],
      ['totalMs: 700', 'totalMs: -1'],
    );
    const lines = problems();
    const expected: [string, string][] = [
      [
        'agents.yaml',
        'agents[0].codec: found "ulow", allowed: ulaw, alaw, g722, auto (did you mean "ulaw"?)',
      ],
      ['agents.yaml', 'agents[0].limits.endpointingMs: found 6, needed: a whole number from 200 to 5000'],
      ['agents.yaml', 'agents[1].voice: found "rmz", voices of flite: slt, rms (did you mean "rms"?)'],
      [
        'agents.yaml',
        'agents[1].extensions[0]: found "510001", which stands at agents[0].extensions[0], line ',
      ],
      [
        'agents.yaml',
        'agents[0].knowledge.openingHours.wednesday: found "8-20", needed: such as 08:00-18:00',
      ],
      [
        'agents.yaml',
        'agents[0].knowledge.pronunciations.toothache: found "T UU TH", needed: ARPAbet phones',
      ],
      ['agents.yaml', 'agents[1].greeting: nothing stands there, needed: text'],
      [
        'agents.yaml',
        'agents[1].greting: there is no such key (did you mean "greeting"?); allowed: id, extensions',
      ],
      ['providers.yaml', 'gateways.rtp.workers: found "many", needed: a whole number from 1 to 64'],
      [
        'providers.yaml',
        'providers.default.stt: found "pocketspinx", allowed: auto, pocketsphinx, cartesia, groq-whisper (did you mean',
      ],
      ['providers.yaml', 'latencyTargets.totalMs: found -1, needed: a whole number from 1 to 60000'],
    ];
    for (const [file, text] of expected) {
      const line = lines.find((candidate) => candidate.includes(text));
      expect(line, `${text}\nin\n${lines.join('\n')}`).toBeDefined();
      const number = Number(/^[a-z]+\.yaml:(\d+) /.exec(line ?? '')?.[1]);
      const source = readFileSync(join(folder, file), 'utf8').split('\n');
      const key = /(?:greeting|([A-Za-z]+))(?:\[\d\])?: (?:found|there)/.exec(text)?.[1];
      if (key) expect(source[number - 1]).toContain(key);
    }
    expect(lines).toHaveLength(expected.length);
  });

  it('names lines in the order of the file', () => {
    edit('agents.yaml', ['codec: alaw', 'codec: x'], ['codec: auto', 'codec: x']);
    const numbers = problems().map((line) => Number(/:(\d+) /.exec(line)?.[1]));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  it('never has a password in it, nor prints one', () => {
    edit('providers.yaml', ['password: ${ARI_PASSWORD}', 'password: hunter2']);
    const [line] = problems();
    expect(line).toContain('secrets come from the environment only');
    expect(line).not.toContain('hunter2');
  });

  it('refuses a password with a default, and credentials in an address', () => {
    edit(
      'providers.yaml',
      ['${ARI_PASSWORD}', '${ARI_PASSWORD:-asterisk}'],
      ['${ARI_URL:-http://127.0.0.1:8088}', 'http://joe:pw@127.0.0.1:8088'],
    );
    expect(problems()).toHaveLength(2);
  });

  it('refuses a language that a chosen provider does not know, for each of them', () => {
    edit('agents.yaml', ["voice: slt # a woman's voice\n    language: en", 'voice: slt\n    language: de']);
    const place = `agents.yaml:${lineOf('agents.yaml', 'language: de')}  agents[0].language`;
    expect(problems()).toEqual([
      `${place}: found "de", but pocketsphinx (stt) knows only: en`,
      `${place}: found "de", but receptionist (llm) knows only: en`,
      `${place}: found "de", but flite (tts) knows only: en`,
    ]);
  });

  it('refuses providers for an agent that is not there', () => {
    edit('providers.yaml', ['agents: {}', 'agents: { alise: { llm: receptionist } }']);
    expect(problems()).toEqual([
      `providers.yaml:${lineOf('providers.yaml', 'alise')}  providers.agents.alise: agents.yaml has no agent of this id (did you mean "alice"?); ` +
        'it has: alice, tom',
    ]);
  });

  it('refuses two departments on one digit, and two names for one server', () => {
    edit('agents.yaml', ["name: billing\n          digit: '2'", "name: billing\n          digit: '1'"]);
    expect(problems()[0]).toContain('agents[0].knowledge.departments[1].digit: found "1", which stands at');
  });

  it('takes a time zone by any of its names, and no other text', () => {
    const zone = 'timeZone: Europe/London';
    for (const name of ['UTC', 'Asia/Kolkata', 'Asia/Calcutta', 'US/Eastern', 'America/Argentina/Ushuaia']) {
      edit('agents.yaml', [zone, `timeZone: ${name}`]);
      expect(problems()).toEqual([]);
      edit('agents.yaml', [`timeZone: ${name}`, zone]);
    }
    edit('agents.yaml', [zone, 'timeZone: Europe/Londn']);
    expect(problems()).toEqual([expect.stringContaining('an IANA time zone, such as Europe/London')]);
  });

  it('refuses to listen on every address without naming one that Asterisk can send to', () => {
    expect(problems({ ARI_PASSWORD: 'x', RTP_LISTEN_ADDRESS: '0.0.0.0' })[0]).toContain('advertisedAddress');
    expect(
      problems({ ARI_PASSWORD: 'x', RTP_LISTEN_ADDRESS: '0.0.0.0', RTP_ADVERTISED_ADDRESS: '10.0.0.7' }),
    ).toEqual([]);
    expect(
      problems({ ARI_PASSWORD: 'x', RTP_LISTEN_ADDRESS: '0.0.0.0', RTP_ADVERTISED_ADDRESS: 'auto' }),
    ).toEqual([]);
    expect(problems({ ARI_PASSWORD: 'x', RTP_ADVERTISED_ADDRESS: 'my-host' })[0]).toContain('an IP address');
  });

  it('refuses one token for those who may act and those who may only look on', () => {
    const token = 'a'.repeat(16);
    const env = { ARI_PASSWORD: 'x', CONSOLE_OPERATE_TOKEN: token };
    const told = problems({ ...env, CONSOLE_VIEW_TOKEN: token });
    expect(told).toEqual([expect.stringContaining('console.viewToken: is the operateToken')]);
    expect(told.join()).not.toContain(token);
    expect(problems({ ...env, CONSOLE_VIEW_TOKEN: 'b'.repeat(16) })).toEqual([]);
  });

  it('says that two of its ports are one, where both are open', () => {
    const token = 'a'.repeat(16);
    const env = { ARI_PASSWORD: 'x', MONITORING_LISTEN_PORT: '8090', CONSOLE_OPERATE_TOKEN: token };
    const on = { ...env, CONSOLE_ENABLED: 'true' };
    const line = lineOf('providers.yaml', '${CONSOLE_LISTEN_PORT');
    expect(problems(on)).toEqual([
      `providers.yaml:${line}  console.listenPort: found 8090, which monitoring.listenPort has already`,
    ]);
    expect(problems({ ...on, MONITORING_LISTEN_ADDRESS: '0.0.0.0' })).toHaveLength(1);
    for (const fine of [
      env,
      { ...on, MONITORING_ENABLED: 'false' },
      { ...on, MONITORING_LISTEN_ADDRESS: '192.0.2.1' },
      { ...on, MONITORING_LISTEN_PORT: '0', CONSOLE_LISTEN_PORT: '0' },
    ])
      expect(problems(fine)).toEqual([]);
    expect(
      problems({ ARI_PASSWORD: 'x', VOICE_AGENT_CALL_TOKEN: token, VOICE_AGENT_CALL_PORT: '9464' }),
    ).toEqual([
      expect.stringContaining('outgoing.listenPort: found 9464, which monitoring.listenPort has already'),
    ]);
  });

  it.each(['sales, marketing', '"sales"', '$sales', 'a\\b'])(
    'refuses a department called %s, where Asterisk would hang up',
    (name) => {
      edit('agents.yaml', ['- name: parts', `- name: '${name}'`]);
      expect(problems()).toEqual([expect.stringContaining('departments[1].name: found')]);
    },
  );

  it('takes departments in any script', () => {
    edit('agents.yaml', ['- name: parts', '- name: Ärzte & Büro (受付)']);
    expect(problems()).toEqual([]);
  });

  it('says that extensions want quotes', () => {
    edit('agents.yaml', ["['510001']", '[510001]']);
    expect(problems()).toEqual([
      `agents.yaml:${lineOf('agents.yaml', '510001]')}  agents[0].extensions[0]: found 510001, needed: text ` +
        "(write it in quotes: '510001')",
    ]);
  });

  it.each([
    ['0510001', '0510001'],
    ['+49301234', '+49301234'],
    ['1e5', '1e5'],
  ])('suggests %s as it stands there, not as the number that YAML makes of it', (written, quoted) => {
    edit('agents.yaml', ["['510001']", `[${written}]`]);
    expect(problems()).toEqual([
      expect.stringContaining(`found ${written}, needed: text (write it in quotes: '${quoted}')`),
    ]);
  });

  it('takes keys as they stand there, and not for numbers', () => {
    edit('agents.yaml', [
      'pronunciations: {}',
      'pronunciations: { 007: D AH B, +49: P L AH S, 1.10: T EH N }',
    ]);
    expect(Object.keys(load().agents[1]!.knowledge.pronunciations)).toEqual(['007', '+49', '1.10']);
    edit('agents.yaml', ['+49: P L AH S', '+49: 7']);
    expect(problems()).toEqual([
      expect.stringMatching(
        /^agents\.yaml:\d+ {2}agents\[1\]\.knowledge\.pronunciations\.\+49: found 7, needed: text/,
      ),
    ]);
  });

  it.each([
    ['Latin-1', 'Grüß dich', 'latin1', true],
    ['UTF-16', 'Tim', 'utf16le', false],
  ] as const)('says that a file in %s isn’t UTF-8', (_, name, encoding, nameHasLine) => {
    edit('agents.yaml', ['    name: Tom', `    name: ${name}`]);
    const path = join(folder, 'agents.yaml');
    const line = nameHasLine ? lineOf('agents.yaml', name) : 1;
    const text = readFileSync(path, 'utf8').replaceAll('─', '-');
    writeFileSync(path, text, encoding);
    expect(problems()).toEqual([
      `agents.yaml:${line}  isn't text in UTF-8: have the editor save it as that (“Encoding”)`,
    ]);
  });

  it('takes a mark of the order of bytes, as editors of Windows write it', () => {
    edit('agents.yaml', [/^/, '\uFEFF']);
    expect(problems()).toEqual([]);
  });

  it('says where the YAML itself is wrong, and what else is', () => {
    edit('agents.yaml', ['    name: Tom', '    name: [Tom']);
    edit('providers.yaml', ['maxCalls: ${VOICE_AGENT_MAX_CALLS:-50}', 'maxCalls: 0']);
    const lines = problems();
    expect(lines.some((line) => /^agents\.yaml:\d+ {2}isn't valid YAML/.test(line))).toBe(true);
    expect(lines.some((line) => line.includes('limits.maxCalls: found 0'))).toBe(true);
  });

  it.each([
    ['a colon in a text', '    name: Tom', '    name: Tom: the garage', 'needs quotes around it'],
    ['a tab', '    name: Tom', '\t\tname: Tom', 'indent with spaces'],
    ['a key twice', '    name: Tom', '    name: Tom\n    name: Tim', 'this key stands there twice'],
    ['a quote that isn’t closed', '    name: Tom', "    name: 'Tom", 'is missing'],
    ['a text that begins with @', '    name: Tom', '    name: @Tom', 'needs quotes around it'],
    ['a quote within quotes', '    name: Tom', "    name: 'Tom's'", 'write a quote within it twice'],
    ['a no-break space', '    name: Tom', '\u00a0   name: Tom', 'indent with plain ones'],
    ['a text that begins with *', '    name: Tom', '    name: *Tom* here', 'begins with \\* needs quotes'],
    ['a text that begins with {', '    name: Tom', '    name: {Tom} here', 'begins with { needs quotes'],
    ['a text that begins with [', '    name: Tom', '    name: [Tom] here', 'begins with \\[ needs quotes'],
    ['a text that begins with >', '    name: Tom', '    name: >Tom', 'begins with > needs quotes'],
    ['a text that begins with -', '    name: Tom', '    name: - Tom', 'begins with - needs quotes'],
    ['a list that isn’t closed', '    name: Tom', '    name: [Tom', 'a bracket or a comma is missing'],
    ['no space behind a colon', '    name: Tom', '    name:Tom', 'no colon and space behind its key'],
    ['a line too far to the left', '    name: Tom', '   name: Tom', 'isn’t indented as those around it'],
    ['a line too far to the right', '    name: Tom', '      name: Tom', 'isn’t indented as those around it'],
    ['a text that goes on at the left', '    name: Tom', '    name: Tom\nTim', 'without being indented'],
    ['a second document', '    name: Tom', '    name: Tom\n---', 'leave it out'],
  ])('says what to do about %s', (_, before, after, remedy) => {
    edit('agents.yaml', [before, after]);
    expect(problems().join('\n')).toMatch(new RegExp(`agents\\.yaml:\\d+ {2}isn't valid YAML: .*${remedy}`));
  });

  it.each([
    ['&Co', 'a text that begins with & needs quotes around it'],
    ['!Tom', 'a text that begins with ! needs quotes around it'],
    ['*Tom', 'a text that begins with * needs quotes around it'],
    ['#1 Tom', 'a text that begins with # needs quotes around it'],
    ['${TOM', '${TOM is no variable'],
    ['${TOM-x}', '${TOM-x} is no variable'],
    ['${ TOM }', '${ TOM } is no variable'],
    ['${TOM:x}', '${TOM:x} is no variable'],
  ])('says that of %s as a name something would be lost', (name, remedy) => {
    edit('agents.yaml', ['    name: Tom', `    name: ${name}`]);
    const [line, ...others] = problems();
    expect(line).toMatch(/^agents\.yaml:\d+ {2}agents\[1\]\.name: /);
    expect(line).toContain(remedy);
    expect(others).toEqual([]);
  });

  it('takes anchors that are used, and a comment behind an empty key', () => {
    edit('agents.yaml', ['    name: Tom', '    name: &tom Tom']);
    edit('agents.yaml', [/^    greeting: .*Tom.*$/m, '    greeting: *tom\n    afterwards: # the usual']);
    expect(problems()).toEqual([]);
  });

  it('says nothing else of a file that isn’t YAML: what it lacks isn’t known', () => {
    edit('providers.yaml', ['asterisk:\n', 'asterisk:\n  - [\n']);
    expect(problems()).toEqual([expect.stringMatching(/^providers\.yaml:\d+ {2}isn't valid YAML/)]);
  });

  it('says which file is missing', () => {
    rmSync(join(folder, 'agents.yaml'));
    expect(problems()).toHaveLength(1);
    expect(problems()[0]).toMatch(/^agents\.yaml {2}can't be read: ENOENT/);
  });

  it('says that an empty file lacks its keys', () => {
    writeFileSync(join(folder, 'agents.yaml'), '# nothing\n');
    expect(problems()).toEqual(['agents.yaml  agents: nothing stands there, needed: a list']);
  });
});

describe('the end-of-turn model', () => {
  const MODEL = { VOICE_AGENT_END_OF_TURN_MODEL: 'smart-turn.onnx' };
  const line = () => `providers.yaml:${lineOf('providers.yaml', 'model: ${VOICE_AGENT_END')}`;

  it('is none in the shipped configuration', () => {
    expect(load().providers.endOfTurn).toEqual({});
  });

  it('is a file, seen from where the program is started', () => {
    writeFileSync(join(folder, 'smart-turn.onnx'), '');
    const env = { ARI_PASSWORD: 'secret', VOICE_AGENT_CONFIG_DIR: folder, ...MODEL };
    expect(loadConfig({ env, known: KNOWN_PROVIDERS, cwd: folder }).providers.endOfTurn).toEqual({
      model: join(folder, 'smart-turn.onnx'),
    });
  });

  it('is told of where it is missing, or no file', () => {
    const key = 'providers.endOfTurn.model';
    expect(problems({ ARI_PASSWORD: 'secret', ...MODEL })).toEqual([
      `${line()}  ${key}: found "smart-turn.onnx", needed: a file that can be read (ENOENT: no such file or directory, stat '/smart-turn.onnx')`,
    ]);
    expect(problems({ ARI_PASSWORD: 'secret', VOICE_AGENT_END_OF_TURN_MODEL: '/' })).toEqual([
      `${line()}  ${key}: found "/", needed: a file that can be read (/ is none)`,
    ]);
  });
});

describe('whatever stands in the files', () => {
  it('gives a configuration or one CONFIG_INVALID, never another error', () => {
    const name = fc.constantFrom(
      'agents',
      'knowledge',
      'limits',
      'services',
      'id',
      'voice',
      'x',
      'asterisk',
      '0',
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.oneof(
          fc.string(),
          fc.integer(),
          fc.boolean(),
          fc.constant(null),
          fc.constantFrom('${A}', '*a', '{'),
        ),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(name, tie('tree'), { maxKeys: 4 }),
      ),
    }));
    const file = fc.oneof(
      fc.string(),
      tree.map((value) => stringify(value)),
    );
    fc.assert(
      fc.property(file, file, (agents, providers) => {
        writeFileSync(join(folder, 'agents.yaml'), agents);
        writeFileSync(join(folder, 'providers.yaml'), providers);
        expect(problems().length).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
  });

  it('may even contain itself', () => {
    writeFileSync(join(folder, 'agents.yaml'), 'agents: &a\n  - knowledge: *a\n');
    expect(problems().length).toBeGreaterThan(0);
  });
});

describe('stock phrases', () => {
  it('are said in the words that an agent is given, and else as its language says them', () => {
    edit('agents.yaml', ['    name: Alice\n', '    name: Alice\n    phrases:\n      stillThere: Hello?\n']);
    const { agents, announcements } = load();
    expect(agentTexts(agents[0]!, announcements)).toMatchObject({
      stillThere: 'Hello?',
      goodbye: en.phrases.goodbye,
      apology: announcements.trouble,
    });
    expect(agentTexts({ language: 'de-AT' }, announcements).apology).toBe(de.phrases.apology);
    const own = { language: 'en', phrases: { apology: 'Oh dear.' } };
    expect(agentTexts(own, announcements).apology).toBe('Oh dear.');
  });

  it('default to those of the language for announcements as well', () => {
    edit('agents.yaml', [/ {2}unknownExtension: .*\n {2}busy: .*\n {2}trouble: .*\n/, '']);
    const { unknownExtension, busy, apology } = en.phrases;
    expect(load().announcements).toMatchObject({ unknownExtension, busy, trouble: apology });
  });

  it('must all be given for a language without data, and the error lists the missing ones', () => {
    edit(
      'agents.yaml',
      ['    language: en\n', '    language: fi\n'],
      ['    name: Alice\n', '    name: Alice\n    phrases:\n      stillThere: Oletteko vielä siellä?\n'],
    );
    const missing =
      'silenceGoodbye, oneMoment, welcomeBack, sayAgain, apology, notReached, maxCall, draining, goodbye';
    expect(problems()).toContainEqual(
      `agents.yaml:${lineOf('agents.yaml', 'phrases:')}  agents[0].phrases: nothing stands there for ${missing}; only en, de, fr, es, it, pt, nl, pl, hi, ja, zh, th have phrases of their own, "fi" has none`,
    );
  });

  it('missing for the announcements are listed by the keys that announcements have', () => {
    edit('agents.yaml', [/ {2}language: en\n {2}unknownExtension: .*\n/, '  language: fi\n']);
    expect(problems().join('\n')).toContain('announcements: nothing stands there for unknownExtension; only');
  });

  it('with an unknown key are an error that suggests the right one', () => {
    edit('agents.yaml', ['    name: Alice\n', '    name: Alice\n    phrases:\n      stilThere: Hello?\n']);
    expect(problems().join('\n')).toContain(
      'agents[0].phrases.stilThere: there is no such key (did you mean "stillThere"?)',
    );
  });
});
