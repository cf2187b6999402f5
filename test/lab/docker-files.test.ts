import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { PROJECT } from '../../lab/paths.ts';
import { parsePackages } from '../../lab/root-fs.ts';
import { shippedConfig } from '../support/shipped-config.ts';
import { DEBIAN_PACKAGES } from '../../src/providers/embedded/stt/model-files.ts';

interface Service {
  readonly build?: object;
  readonly image?: string;
  readonly pull_policy?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly logging?: { readonly options: object };
  readonly profiles?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly network_mode?: string;
  readonly stop_grace_period?: string;
  readonly secrets?: readonly string[];
  readonly depends_on?: object;
  readonly extra_hosts?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly cpus?: number;
  readonly cpu_shares?: number;
  readonly restart?: string;
  readonly environment?: Readonly<Record<string, unknown>>;
}

const read = (path: string): string => readFileSync(join(PROJECT, path), 'utf8');
const IMAGES = ['agent', 'asterisk', 'kamailio', 'softphone'] as const;
interface Compose {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
  secrets: Record<string, { file: string }>;
}
const composeFile = (name: string): Compose => parse(read(`docker/${name}`), { merge: true }) as Compose;
const compose = composeFile('compose.yaml');
const fleet = composeFile('compose.fleet.yaml');
const ours = Object.entries(compose.services).filter(([, { build }]) => build !== undefined);

describe.each(IMAGES)('The Dockerfile of the image "%s"', (image) => {
  const text = read(`docker/${image}/Dockerfile`);

  it('has nothing that a linter would object to', () => {
    expect(
      validate(text).map(({ message, range }) => `${range.start.line + 1}: ${JSON.stringify(message)}`),
    ).toEqual([]);
  });

  it('names its bases by arguments only', () => {
    const stages = [...text.matchAll(/^FROM \S+ AS (\S+)/gm)].map(([, name]) => name);
    const bases = [...text.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base ?? '');
    expect(bases.filter((base) => !stages.includes(base) && !/^\$\{\w+_IMAGE\}$/.test(base))).toEqual([]);
  });

  it('copies nothing out of the clone with the modes that it has there, but what root reads while it is built', () => {
    const copies = text
      .slice(text.lastIndexOf('\nFROM '))
      .split('\n')
      .filter((line) => line.startsWith('COPY') && !line.startsWith('COPY --from='));
    expect(copies).toEqual([expect.stringMatching(/ \/usr\/local\/share\/build\/$/)]);
    expect(text).toContain('RUN chmod -R u=rwX,go=rX /files');
  });

  it('does not run as root, and starts its program without a shell', () => {
    expect(text.match(/^USER (.*)$/gm)?.at(-1)).toMatch(/^USER 1000\d:1000\d$/);
    expect(text).toMatch(/^ENTRYPOINT \["\/usr\/bin\/tini", "--", "\/usr\//m);
  });
});

// Published as it is: another port of the machine is VONAGE_PORT. A certificate is the proxy's.
describe.each([
  {
    name: 'vonage',
    port: 8089,
    left: ['VONAGE_LISTEN_PORT'],
    keys: ['VONAGE_PRIVATE_KEY', 'VONAGE_SIGNATURE_SECRET'],
  },
  {
    name: 'console',
    port: 8090,
    left: ['CONSOLE_LISTEN_PORT', 'CONSOLE_TLS_CERTIFICATE', 'CONSOLE_TLS_KEY'],
    keys: ['CONSOLE_OPERATE_TOKEN', 'CONSOLE_VIEW_TOKEN', 'CONSOLE_PHONE_PASSWORD'],
  },
])('docker/compose.$name.yaml', ({ name, port, left, keys }) => {
  const overlay = parse(read(`docker/compose.${name}.yaml`)) as Compose;
  const { environment = {}, ports = [], secrets = [] } = overlay.services['voice-agent'] ?? {};
  const prefix = name.toUpperCase();

  it('passes on what the configuration takes from the environment, keys as files too', () => {
    const variables = new RegExp(`\\$\\{(${prefix}_\\w+)`, 'g');
    const taken = [...read('config/providers.yaml').matchAll(variables)].map(([, one = '']) => one);
    const passed = new Set(Object.keys(environment).map((one) => one.replace(/_FILE$/, '')));
    expect(taken.filter((one) => !passed.has(one))).toEqual(left);
    expect(secrets).toHaveLength(keys.length);
    for (const key of keys) {
      const secret = String(environment[`${key}_FILE`]).slice('/run/secrets/'.length);
      expect(secrets).toContain(secret);
      expect(overlay.secrets[secret]).toEqual({ file: `\${${key}_FILE:-/dev/null}` });
    }
  });

  it('publishes its port on loopback: a proxy there speaks TLS', () => {
    expect(ports).toEqual([`\${${prefix}_BIND:-127.0.0.1}:\${${prefix}_PORT:-${port}}:${port}`]);
  });
});

describe('Asterisk’s image', () => {
  it('isn’t built with any other Asterisk than 22, and keeps the version that it was built with', () => {
    const text = read('docker/asterisk/Dockerfile');
    expect(text).toContain(' && asterisk -V >/usr/local/lib/voice-agent/asterisk-version \\\n');
    expect(text).toContain(" && grep '^Asterisk 22\\.' /usr/local/lib/voice-agent/asterisk-version \\\n");
  });
});

describe('The container images and the native lab', () => {
  it('install what the same lists of packages say', () => {
    expect(parsePackages(read('docker/agent/packages.txt'))).toEqual([...DEBIAN_PACKAGES].sort());
    expect(read('lab/run.sh')).toContain('docker/agent/packages.txt');
    for (const image of IMAGES) {
      expect(read(`docker/${image}/Dockerfile`)).toContain(
        `COPY docker/install-packages.sh docker/${image}/packages.txt`,
      );
    }
    expect(read('docker/asterisk/root-fs.sh')).toContain(
      '"$here/packages.txt" "$here/../kamailio/packages.txt" "$here/../softphone/packages.txt"',
    );
  });
});

describe.each([
  {
    name: 'compose.yaml',
    file: compose,
    // The softphone listens to its own packets.
    more: new Map([['softphone', ['NET_RAW']]]),
    first: /^(asterisk|voice-agent)$/,
  },
  {
    name: 'compose.fleet.yaml',
    file: fleet,
    // It gives its folder to its user, and becomes that.
    more: new Map([['database', ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID']]]),
    first: /^(asterisk-\d|node-\w|entry)$/,
  },
])('docker/$name', ({ name, file, more, first }) => {
  it('confines every service, ours or not, and limits what it can take', () => {
    for (const [name, service] of Object.entries(file.services)) {
      expect(service.read_only, name).toBe(true);
      expect(service.cap_drop, name).toEqual(['ALL']);
      expect(service.mem_limit, name).toBeDefined();
      expect(service.pids_limit, name).toBeGreaterThan(0);
      expect(service.logging?.options, name).toHaveProperty('max-size');
      // What a capability of one file gives, no-new-privileges would forbid.
      const length = more.get(name)?.includes('NET_RAW') ? 0 : 1;
      expect([service.cap_add, service.security_opt?.length], name).toEqual([more.get(name), length]);
    }
  });

  it('starts on a machine with one processor, and puts calls first where there is too little for all', () => {
    for (const [name, { cpus, cpu_shares: shares = 0 }] of Object.entries(file.services)) {
      expect(cpus, name).toBeUndefined();
      expect(shares, name).toBe(first.test(name) ? 2048 : 256);
    }
  });

  it('has no password in it', () => {
    for (const [name, { environment }] of Object.entries(file.services)) {
      for (const [key, value] of Object.entries(environment ?? {})) {
        if (/PASSWORD|KEY|SECRET/.test(key))
          expect(value, `${name} ${key}`).toMatch(/^(\$\{\w+:-\}|\/run\/[a-z/-]+)$/);
      }
    }
  });

  it('takes no variable that a shell or a build server may have set for itself', () => {
    const taken = new Set([...read(`docker/${name}`).matchAll(/\$\{(\w+)/g)].map(([, one]) => one));
    expect(
      ['HOST', 'HOSTNAME', 'BIND', 'TAG', 'VERSION', 'REVISION', 'NAME'].filter((one) => taken.has(one)),
    ).toEqual([]);
  });
});

describe('docker/compose.fleet.yaml', () => {
  const { services, networks } = fleet;
  const named = (pattern: RegExp): [string, Service][] =>
    Object.entries(services).filter(([name]) => pattern.test(name));

  it('has two Asterisks, three nodes with a watchdog each, an entry and a database', () => {
    const long = Object.entries(services).filter(([, { restart }]) => restart === 'unless-stopped');
    expect(long.map(([name]) => name)).toEqual([
      ...['asterisk-1', 'asterisk-2', 'entry', 'database', 'node-a', 'node-b', 'node-c'],
      ...['watchdog-a', 'watchdog-b', 'watchdog-c'],
    ]);
  });

  it('gives each node, and its watchdog, its own name', () => {
    for (const [name, { environment }] of named(/^(node|watchdog)-/)) {
      expect(environment?.['VOICE_AGENT_NODE'], name).toBe(name.at(-1));
      expect(environment?.['VOICE_AGENT_INSTANCE'], name).toBe(name.at(-1));
    }
  });

  it('has the entry and the nodes look for the Asterisks where they are', () => {
    const addresses = named(/^asterisk-/).map(
      ([, { networks: own }]) =>
        (own as Record<string, { ipv4_address?: string }>)['inside']?.ipv4_address ?? '',
    );
    expect(services['entry']?.environment?.['ASTERISKS']).toBe(
      addresses.map((one) => `${one}:5060`).join(' '),
    );
    expect((services['set-up-nodes'] as { entrypoint?: string[] }).entrypoint?.slice(-2)).toEqual(
      addresses.map((one, index) => `asterisk-${index + 1}=http://${one}:8088`),
    );
    const entry = services['entry']?.environment?.['INSIDE_ADDRESS'];
    expect(named(/^set-up-\d/).map(([, { environment }]) => environment?.['SIP_PROXY'])).toEqual([
      `${String(entry)}:5060`,
      `${String(entry)}:5060`,
    ]);
  });

  it('publishes sound of both Asterisks, and of SIP the entry alone', () => {
    const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
      ports.map(
        (port) =>
          `${name} ${port.replace(/^\$\{VOICE_AGENT_BIND:-\$\{VOICE_AGENT_HOST:-127\.0\.0\.1\}\}:/, '')}`,
      ),
    );
    expect(published).toEqual([
      'asterisk-1 10000-10039:10000-10039/udp',
      'asterisk-2 10040-10079:10040-10079/udp',
      'entry ${SIP_PORT:-5060}:${SIP_PORT:-5060}/udp',
      'entry ${SIP_PORT:-5060}:${SIP_PORT:-5060}/tcp',
      'entry ${SIP_TLS_PORT:-5061}:${SIP_TLS_PORT:-5061}/tcp',
    ]);
  });

  it('keeps ARI and the database from everybody outside', () => {
    expect([networks['inside']?.internal, networks['state']?.internal]).toEqual([true, true]);
    expect(services['database']?.networks).toEqual(['state']);
  });

  it('hands on what the one agent gets, too', () => {
    const one = Object.keys(compose.services['voice-agent']?.environment ?? {});
    const node = Object.keys(services['node-a']?.environment ?? {});
    expect(one.filter((name) => !node.includes(name))).toEqual(['ARI_URL']);
    expect(services['node-a']?.secrets).toEqual(compose.services['voice-agent']?.secrets);
  });

  it('leaves calls of a node that stops the time that it gives them', () => {
    const seconds = (text = ''): number => Number(/:-(\d+)s?\}$/.exec(text)?.[1]);
    const drainMs = seconds(String(services['node-a']?.environment?.['VOICE_AGENT_DRAIN_MS']));
    expect(seconds(services['node-a']?.stop_grace_period)).toBeGreaterThanOrEqual(drainMs / 1000 + 20);
  });
});

describe('docker/compose.yaml', () => {
  it('builds our images and never fetches them: in a registry they would be somebody else’s', () => {
    const mine = Object.entries(compose.services).filter(([, { image }]) =>
      image?.startsWith('ari-voice-agent/'),
    );
    expect(Object.fromEntries(mine.map(([name, { pull_policy: policy }]) => [name, policy]))).toEqual({
      'set-up': 'never',
      asterisk: 'build',
      'voice-agent': 'build',
      watchdog: 'never',
      softphone: 'build',
    });
    // Two services that build one image make it anew for each other.
    expect(ours.map(([name]) => name)).toEqual(['asterisk', 'voice-agent', 'softphone']);
  });

  it('publishes on loopback unless told otherwise, and nothing but SIP and a small range for sound', () => {
    const published = Object.values(compose.services).flatMap(({ ports, profiles }) =>
      profiles ? [] : (ports ?? []),
    );
    expect(published).toEqual([
      '${VOICE_AGENT_BIND:-${VOICE_AGENT_HOST:-127.0.0.1}}:${SIP_PORT:-5060}:5060/udp',
      expect.stringMatching(
        /^\$\{VOICE_AGENT_BIND:-\$\{VOICE_AGENT_HOST:-127\.0\.0\.1\}\}:\$\{RTP_START:-10000\}-\$\{RTP_END:-10039\}:.*\/udp$/,
      ),
    ]);
    const others = Object.values(compose.services).flatMap(({ ports, profiles }) =>
      profiles ? (ports ?? []) : [],
    );
    for (const port of others) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('starts Asterisk anew when what set-up writes for it has changed', () => {
    const { 'set-up': setUp, asterisk } = compose.services;
    expect(Object.keys(setUp?.environment ?? {})).toContain('VOICE_AGENT_HOST');
    expect(asterisk?.environment).toMatchObject(setUp?.environment ?? {});
  });

  it('takes as many calls as the published ports are enough for, and has some left to say that all lines are busy', () => {
    const text = read('docker/compose.yaml');
    const byDefault = (name: string): number => Number(new RegExp(`\\{${name}:-(\\d+)\\}`).exec(text)?.[1]);
    const ports = byDefault('RTP_END') - byDefault('RTP_START') + 1;
    expect(4 * (byDefault('VOICE_AGENT_MAX_CALLS') + 2)).toBe(ports);
    expect(read('config/providers.yaml')).toMatch(/^ {2}maxCalls: \$\{VOICE_AGENT_MAX_CALLS:-\d+\}$/m);
  });

  it('puts each container only into the networks that it needs', () => {
    const names = (networks: Service['networks']) =>
      (Array.isArray(networks) ? networks : Object.keys(networks ?? {})) as string[];
    const members = Object.fromEntries(
      Object.keys(compose.networks).map((network) => [
        network,
        Object.entries(compose.services)
          .filter(([, { networks }]) => names(networks).includes(network))
          .map(([service]) => service),
      ]),
    );
    expect(members).toEqual({
      inside: ['asterisk', 'voice-agent', 'watchdog', 'softphone'],
      phones: ['asterisk'],
      outside: ['voice-agent', 'local-llm', 'local-llm-model'],
      monitoring: ['voice-agent', 'prometheus', 'grafana'],
    });
    // ARI and RTP are in clear text there.
    expect(compose.networks['inside']?.internal).toBe(true);
    expect(compose.services['set-up']?.network_mode).toBe('none');
  });

  it('lets Asterisk keep nothing that grows, or that phones would miss for long after a restart', () => {
    const { asterisk } = compose.services;
    expect(asterisk?.tmpfs?.filter((mount) => mount.startsWith('/var/log'))).toEqual([]);
    expect(read('docker/asterisk/Dockerfile')).toContain('ln -sf /dev/null /var/log/asterisk/messages.log');
    // Registrations are in /var/lib/asterisk.
    expect(asterisk?.tmpfs?.some((mount) => mount.startsWith('/var/lib/asterisk:'))).toBe(true);
    const seconds = Number(/^maximum_expiration = (\d+)/m.exec(read('asterisk-conf/pjsip.conf'))?.[1]);
    expect(seconds).toBeLessThanOrEqual(120);
  });

  it('lets the agent wait for the model beside it, and reach a server on this machine', () => {
    const agent = compose.services['voice-agent'];
    expect(agent?.depends_on).toMatchObject({
      'local-llm-model': { condition: 'service_completed_successfully', required: false },
    });
    expect(agent?.extra_hosts).toEqual(['host.docker.internal:host-gateway']);
  });

  it('gives keys as secrets, from files of the machine; none is an empty file, which the agent takes for no key', () => {
    const { environment = {}, secrets = [] } = compose.services['voice-agent'] ?? {};
    const files = Object.entries(environment).filter(([, value]) =>
      String(value).startsWith('/run/secrets/'),
    );
    expect(files.map(([, value]) => value)).toEqual(secrets.map((name) => `/run/secrets/${name}`));
    for (const [name, value] of files) {
      expect(compose.secrets[String(value).slice('/run/secrets/'.length)]).toEqual({
        file: `\${${name}:-/dev/null}`,
      });
      expect(environment[name.replace(/_FILE$/, '')], name).toBeDefined();
    }
    const none = shippedConfig(Object.fromEntries(files.map(([name]) => [name, '/dev/null'])));
    expect(none.providers.default).toMatchObject({
      llm: { names: ['receptionist'] },
      tts: { names: ['flite'] },
    });
    expect(none.providers.settings['groq']).not.toHaveProperty('apiKey');
  });

  it('leaves running calls the time that the configuration gives them, and their goodbye', () => {
    const grace = /^\$\{VOICE_AGENT_STOP_GRACE:-(\d+)s\}$/.exec(
      compose.services['voice-agent']?.stop_grace_period ?? '',
    );
    const seconds = shippedConfig().limits.drainMs / 1000 + 20;
    expect(Number(grace?.[1])).toBeGreaterThanOrEqual(seconds);
  });
});
