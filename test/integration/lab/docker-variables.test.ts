import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { composeEnvironment, composeVariables, publishedOn } from '../../../lab/docker-variables.ts';
import { PROJECT } from '../../../lab/paths.ts';
import { refuseInContainers } from '../../../lab/settings.ts';

const OWN = ['127.0.0.1', '192.168.1.20', '::1'];

describe('HOST', () => {
  it('left out keeps everything on loopback', () => {
    expect(publishedOn(undefined, undefined, OWN)).toEqual({ variables: {} });
  });

  it('with an address of this machine: nothing is published on any other address', () => {
    expect(publishedOn('192.168.1.20', undefined, OWN)).toEqual({
      variables: { VOICE_AGENT_HOST: '192.168.1.20' },
    });
  });

  it('with the address of a router: phones are told it, and all addresses of this machine are published, with a warning', () => {
    const { variables, notice } = publishedOn('203.0.113.9', undefined, OWN);
    expect(variables).toEqual({ VOICE_AGENT_HOST: '203.0.113.9', VOICE_AGENT_BIND: '0.0.0.0' });
    expect(notice).toMatch(/no address of this machine.*published on all addresses/);
  });

  it.each(['192.168.1.21', '10.0.0.7', '172.31.0.1', '169.254.3.4'])(
    'that is private and nobody’s here (%s) opens nothing, unless BIND says what is meant',
    (host) => {
      expect(() => publishedOn(host, undefined, OWN)).toThrow(
        /private address.*\(192\.168\.1\.20\).*BIND=0\.0\.0\.0/,
      );
      expect(publishedOn(host, '0.0.0.0', OWN)).toEqual({
        variables: { VOICE_AGENT_HOST: host, VOICE_AGENT_BIND: '0.0.0.0' },
      });
    },
  );

  it.each(['myhost', '1.2.3', '999.1.1.1', '0.0.0.0', '::1'])('is an IPv4 address, so not %s', (host) => {
    expect(() => publishedOn(host, undefined, OWN)).toThrow(/no IPv4 address/);
  });
});

describe('What compose is told', () => {
  it('comes from make first, then from the environment', () => {
    const own = [...OWN, '192.168.7.7'];
    const told = (environment: NodeJS.ProcessEnv) => composeVariables(environment, own).variables;
    expect(told({ VOICE_AGENT_HOST: '192.168.7.7' })).toMatchObject({ VOICE_AGENT_HOST: '192.168.7.7' });
    expect(told({ VOICE_AGENT_HOST: '192.168.7.7', HOST: '192.168.1.20' })).toMatchObject({
      VOICE_AGENT_HOST: '192.168.1.20',
    });
    expect(told({ HOST: '', SIP_PORT: '5070' })).toEqual({
      SIP_PORT: '5070',
      VOICE_AGENT_TRANSCRIPTS: 'true',
    });
    expect(told({ VOICE_AGENT_TRANSCRIPTS: '' })).toEqual({ VOICE_AGENT_TRANSCRIPTS: '' });
  });

  it('comes from docker/.env where neither says anything', () => {
    const folder = mkdtempSync(join(tmpdir(), 'docker-variables-'));
    try {
      const file = join(folder, '.env');
      expect(composeEnvironment({ SIP_PORT: '1' }, file)).toEqual({ SIP_PORT: '1' });
      writeFileSync(file, "# ours\nSIP_PORT=5062\nVOICE_AGENT_HOST='192.168.1.20'\n");
      expect(composeEnvironment({ SIP_PORT: '1' }, file)).toEqual({
        SIP_PORT: '1',
        VOICE_AGENT_HOST: '192.168.1.20',
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('make LAB=docker', () => {
  it('refuses what only the lab without containers can do', () => {
    expect(() => {
      refuseInContainers({ HTTP_PORT: '8090' });
    }).toThrow(/HTTP_PORT= is for the lab without containers/);
    expect(() => {
      refuseInContainers({ PROVIDERS: 'emulated' });
    }).toThrow(/PROVIDERS=emulated is for the lab without containers/);
    refuseInContainers({ HTTP_PORT: '', PROVIDERS: 'cloud' });
  });
});

describe('docker/asterisk/set-up.sh', () => {
  const setUp = (host: string) =>
    spawnSync('sh', [join(PROJECT, 'docker/asterisk/set-up.sh')], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], VOICE_AGENT_HOST: host },
    });

  it.each([
    ...['myhost', '1.2.3', '999.1.1.1', '1.2.3.4.5', '0.0.0.0', '1..2.3', '.1.2.3', '1.2.3.4.', '1.2.3.04'],
    ...['1.2.3.256', '1.2.3.99999999999999999999', '192.168.1.1; ls', '*'],
  ])('doesn’t take "%s" for an address', (host) => {
    const { status, stderr } = setUp(host);
    expect(status).toBe(1);
    expect(stderr).toBe(
      `VOICE_AGENT_HOST=${host} is no IPv4 address: phones are told it as the place to send their sound to.\n`,
    );
  });
});
