/** `voice-agent doctor` at a real Asterisk, well and ill. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { NativeAsterisk } from '../../../lab/asterisk.ts';
import { doctorCommand } from '../../../src/cli/doctor.ts';
import type { Finding } from '../../../src/cli/doctor/finding.ts';
import type { LoopCall } from '../../../src/app/loop-call.ts';

describe('voice-agent doctor', () => {
  let asterisk: NativeAsterisk;
  beforeAll(async () => {
    asterisk = await NativeAsterisk.start();
  });
  afterAll(() => asterisk.stop());

  async function doctor(environment: Readonly<Record<string, string>> = {}, ...args: readonly string[]) {
    const lines: string[] = [];
    const print = (line: string): void => void lines.push(line);
    const env = { ARI_URL: asterisk.ariUrl, ARI_PASSWORD: asterisk.secrets.ari, ...environment };
    const status = await doctorCommand(['--json', ...args], env, { print, complain: print });
    const { findings, calls } = JSON.parse(lines.join('')) as { findings: Finding[]; calls: LoopCall[] };
    const about = (state: Finding['state']) =>
      findings.filter((one) => one.state === state).map(({ text }) => text);
    return {
      status,
      findings,
      calls,
      ok: about('ok').join('\n'),
      warned: about('warning').join('\n'),
      bad: about('bad'),
    };
  }

  it('finds a well Asterisk well, hears itself through it in each codec, and leaves nothing', async () => {
    const { status, bad, ok, warned, calls } = await doctor();
    expect({ status, bad }).toEqual({ status: 0, bad: [] });
    expect(calls.map(({ codec }) => codec)).toEqual(['ulaw', 'alaw', 'g722']);
    for (const { codec, setUpMs, roundTripMs, lost, rating, packetsSent, packetsReceived } of calls) {
      expect(setUpMs).toBeLessThan(5000);
      expect(roundTripMs).toBeGreaterThan(0);
      expect(roundTripMs).toBeLessThan(400);
      expect(lost).toBeLessThan(0.1);
      expect(packetsReceived).toBeGreaterThan(packetsSent / 2);
      expect(rating?.mos).toBeGreaterThan(codec === 'g722' ? 3 : 3.5);
    }
    expect(ok).toContain('510001 in the context "voice-agent" leads to Stasis(voice-agent,510001)');
    expect(ok).toContain('live_dangerously should be off, which ARI can’t see here');
    expect(warned).toContain('no agent is connected as "voice-agent"');
    expect(await asterisk.channels()).toEqual([]);
    expect(await asterisk.bridges()).toEqual([]);
  });

  it('says who is refused, and what is missing', async () => {
    await asterisk.cli('module load func_env.so');
    expect((await doctor()).ok).toContain('live_dangerously is off');
    const refused = await doctor({ ARI_PASSWORD: 'wrong' });
    expect(refused).toMatchObject({
      status: 1,
      calls: [],
      bad: [expect.stringContaining('refuses the ARI user')] as unknown,
    });
    const away = await doctor({ ARI_URL: 'http://127.0.0.1:1' });
    expect(away).toMatchObject({ status: 1, bad: [expect.stringContaining('ECONNREFUSED')] as unknown });
    expect((await doctor({ ARI_PASSWORD: '' })).status).toBe(78);
    await asterisk.cli('module unload chan_rtp.so');
    try {
      const { status, bad } = await doctor();
      expect(status).toBe(1);
      expect(bad[0]).toContain('chan_rtp.so isn’t loaded');
      expect(bad[1]).toContain('can’t be made');
    } finally {
      await asterisk.cli('module load chan_rtp.so');
    }
  });

  it('says that an Asterisk is too old, and that its clock is another one', async () => {
    // What it says of itself, changed on its way: packages of Asterisk 18 are hard to come by.
    const server = createServer((near) => {
      const far = connect(asterisk.httpPort, '127.0.0.1');
      const earlier = new Date(Date.now() - 300_000).toUTCString();
      far.on('data', (data) => {
        const text = data.toString('latin1').replace(/("version":\s*)"22/, '$1"18');
        near.write(Buffer.from(text.replace(/^Date: .{29}/m, `Date: ${earlier}`), 'latin1'));
      });
      near.pipe(far);
      for (const socket of [near, far]) {
        socket.on('error', () => undefined);
        socket.on('close', () => {
          near.destroy();
          far.destroy();
        });
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { status, bad, warned, findings } = await doctor(
      { ARI_URL: `http://127.0.0.1:${port}` },
      '--no-call',
    );
    expect({ status, bad }).toMatchObject({
      status: 1,
      bad: [expect.stringMatching(/^it is Asterisk 18\..*; 20 or newer is needed$/)] as unknown,
    });
    expect(warned).toMatch(/Asterisk's clock is -?(299|300|301) s apart/);
    expect(findings.filter(({ state, remedy }) => state !== 'ok' && remedy === undefined)).toEqual([]);
  });

  it('names each module that is missing, and each address that is wrong', async () => {
    for (const [module, said] of [
      ['bridge_simple.so', 'bad'],
      ['app_stasis.so', 'bad'],
      ['codec_g722.so', 'warned'],
    ] as const) {
      await asterisk.cli(`module unload ${module}`);
      try {
        const found = await doctor({}, '--no-call');
        expect(found[said].toString(), module).toContain(module);
        expect(found.findings.find(({ text }) => text.includes(module))?.remedy).toContain(`load ${module}`);
      } finally {
        await asterisk.cli(`module load ${module}`);
      }
    }
    const nowhere = await doctor({ ARI_URL: 'http://asterisk.invalid:8088' }, '--no-call');
    expect(nowhere.bad[0]).toContain('asterisk.invalid');
    expect(nowhere.findings.find(({ state }) => state === 'bad')?.remedy).toContain('ARI_URL');
    const web = createHttpServer((_request, response) => response.writeHead(404).end('not found'));
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    onTestFinished(() => void web.close());
    const { port } = web.address() as AddressInfo;
    const another = await doctor({ ARI_URL: `http://127.0.0.1:${port}` }, '--no-call');
    expect(another.findings.find(({ state }) => state === 'bad')?.remedy).toContain('Asterisk');
    const elsewhere = await doctor({ RTP_LISTEN_ADDRESS: '192.0.2.1' });
    expect(elsewhere).toMatchObject({ status: 1, calls: [] });
    expect(elsewhere.bad[0]).toContain('can’t be made');
  });

  it('says that no sound comes where Asterisk sends it elsewhere, and which numbers lead nowhere', async () => {
    // An address of nobody (RFC 5737): as behind a NAT that nobody has told of.
    const { status, bad, warned, findings } = await doctor(
      { RTP_ADVERTISED_ADDRESS: '192.0.2.1' },
      ...['--context', 'tests'],
    );
    expect(status).toBe(1);
    expect(bad[0]).toMatch(
      /^no sound comes through Asterisk in ulaw: of \d+ packets that we sent, none came back$/,
    );
    expect(findings.find(({ state }) => state === 'bad')?.remedy).toContain('ours 192.0.2.1:');
    expect(warned).toContain('510001 in the context "tests" doesn’t lead to Stasis(voice-agent,…)');
    expect(await asterisk.channels()).toEqual([]);
  });

  it('says that its user may only read, that a dialplan hides what was dialled, and that live_dangerously is on', async () => {
    await asterisk.cli('dialplan add extension 510001,1,Stasis(voice-agent,reception) into doctored');
    const hidden = await doctor({}, '--context', 'doctored');
    expect(hidden.bad[0]).toContain('leads to Stasis(voice-agent,reception), which doesn');
    expect(hidden.findings.find(({ state }) => state === 'bad')?.remedy).toContain('${EXTEN}');

    const ari = asterisk.path('/etc/asterisk/site/ari.conf');
    const right = readFileSync(ari, 'utf8');
    writeFileSync(ari, `${right}\nread_only = yes\n`);
    await asterisk.cli('module reload res_ari.so');
    const reads = await doctor();
    expect(reads).toMatchObject({
      status: 1,
      calls: [],
      bad: [expect.stringContaining('only read')] as unknown,
    });
    expect(reads.findings.find(({ state }) => state === 'bad')?.remedy).toContain('read_only = no');
    writeFileSync(ari, right);

    appendFileSync(asterisk.path('/etc/asterisk/asterisk.conf'), '\nlive_dangerously = yes\n');
    await asterisk.cli('core restart now').catch(() => undefined);
    await expect
      .poll(() => asterisk.cli('core waitfullybooted').catch(() => ''), { timeout: 20_000 })
      .toMatch(/booted/);
    await asterisk.cli('module load func_env.so');
    expect((await doctor()).warned).toContain('live_dangerously is on');
  });
});
