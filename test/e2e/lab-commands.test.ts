/** What people type: make demo, make lab and make call, each as a process of its own. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEMO_CALLS, recordingOf } from '../../lab/demo-calls.ts';
import { PROJECT } from '../../lab/paths.ts';
import { freePorts } from '../../lab/ports.ts';
import type { Secrets } from '../../lab/secrets.ts';
import { Softphone } from '../../lab/softphone.ts';
import { en } from '../../src/dialog/language/en.ts';
import { readWav } from '../../src/media/wav.ts';
import { LabPlace } from '../support/lab-process.ts';
import { report } from '../support/running-agent.ts';

let place: LabPlace;

beforeEach(() => {
  place = new LabPlace();
});
afterEach(async () => {
  await place.close();
});

describe('make demo', () => {
  // A question that isn't understood is asked again: on a busy machine that takes its time.
  it(
    'starts soon, has both conversations, shows and keeps them, and leaves nothing else',
    { timeout: 240_000 },
    async () => {
      const demo = place.run(['lab/demo.ts']);
      const [, seconds] = await demo.printed(/Two softphones call 510001 and 510002 after ([\d.]+) s/);
      report(`make demo: ready after ${seconds ?? ''} s (aim 15 s)`);
      expect(Number(seconds)).toBeLessThan(30);
      const had = demo.belongings();
      expect(await demo.ended, demo.stdout + demo.stderr).toBe(0);

      const [, folder = ''] = await demo.printed(/transcripts and the agent's log: (\S+)\/\n/);
      for (const { extension, turns } of DEMO_CALLS) {
        const rows = demo.stdout.split('\n').filter((line) => line.startsWith(`${extension}  `));
        expect(rows).toHaveLength(turns.length);
        for (const row of rows) expect(row).toMatch(/( +\d+){6}$/);
        expect(demo.stdout).toMatch(
          new RegExp(`${extension}: answered after [\\d.]+ ms, .* packets \\d+ sent, \\d+ received`),
        );
        const said = readFileSync(join(PROJECT, folder, `${extension}.txt`), 'utf8');
        expect(said.match(/ {2}caller {2}\w/g)?.length).toBeGreaterThanOrEqual(turns.length);
        expect(said.match(/ {2}agent {3}\w/g)?.length).toBeGreaterThan(turns.length);
        const { channels, rateHz } = readWav(readFileSync(join(PROJECT, folder, `${extension}.wav`)));
        expect([channels.length, rateHz]).toEqual([2, 8000]);
      }
      expect(demo.stdout).toMatch(
        /^call +caller said +STT ms +LLM ms +TTS ms +send ms +total ms +heard after ms$/m,
      );
      expect(demo.stdout.trimEnd()).toMatch(/Both calls were answered, understood and replied to\.$/);
      await place.expectNoneLeft(had);
      place.expectSwept();
    },
  );

  it('says in one sentence that a port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const demo = place.run(['lab/demo.ts'], { HTTP_PORT: String(port) });
    expect(await demo.ended).toBe(1);
    other.close();
    expect(demo.stderr.trim()).toBe(
      `Port ${port}/tcp on 127.0.0.1 is in use by another program: stop that, or choose another with HTTP_PORT=….`,
    );
  });
});

describe('make lab', () => {
  it('takes calls by make call, listens on this machine alone, and says goodbye when it is told to stop', async () => {
    const logs = ['agent.log', 'asterisk/messages.log'].map((name) => join(place.labFolder, 'log', name));
    mkdirSync(join(place.labFolder, 'log/asterisk'), { recursive: true });
    for (const log of logs) writeFileSync(log, 'what was said yesterday\n');
    const [sipPort, httpPort] = [await freePorts('udp'), await freePorts('tcp')];
    const ports = { SIP_PORT: String(sipPort), HTTP_PORT: String(httpPort) };
    const lab = place.run(['lab/lab.ts'], ports);
    await lab.printed(/Ctrl-C ends it\. Calls:\n/);
    expect(lab.stdout).toContain(`server    127.0.0.1:${sipPort}`);
    for (const log of logs) expect(readFileSync(log, 'utf8')).toMatch(/^(?!what was said)./);

    const second = place.run(['lab/lab.ts']);
    expect(await second.ended).toBe(1);
    expect(second.stderr.trim()).toMatch(
      /^A lab is running already \(process \d+\): stop it, or use it with "make call"\.$/,
    );

    const question = recordingOf('kay', 'd-hours').path;
    const heard = join(place.folder, 'heard.wav');
    const call = place.run(['lab/call.ts'], { EXT: '510001', SAY: question, RECORD: heard, JSON: '1' });
    // An HD telephone calls the other agent at the same time.
    const wide = join(place.folder, 'wide.wav');
    const hdSound = { SAY: recordingOf('ked-wideband', 'g-hours').path, RECORD: wide, CODEC: 'g722' };
    const hdCall = place.run(['lab/call.ts'], { EXT: '510002', JSON: '1', ...hdSound });
    await lab.printed(/510001 {2}answered/);
    // Somebody else calls the same number meanwhile, and is still there when the lab is told to stop.
    const secrets = JSON.parse(readFileSync(join(place.labFolder, 'secrets.json'), 'utf8')) as Secrets;
    const phone = await Softphone.start({
      server: { host: '127.0.0.1', sipPort },
      account: 'softphone2',
      password: secrets.softphone2,
    });
    try {
      const other = await phone.dial('510001');
      const had = lab.belongings();
      const elsewhere = had.sockets.filter(({ address }) => address !== '127.0.0.1');
      // Asterisk's resolver asks name servers from one socket for each IP version; they take no call.
      expect(
        elsewhere.filter(({ program, protocol }) => program !== 'asterisk' || protocol !== 'udp'),
      ).toEqual([]);
      expect(elsewhere.length).toBeLessThanOrEqual(2);

      expect(await call.ended, call.stderr).toBe(0);
      const number: unknown = expect.any(Number);
      const result = JSON.parse(call.stdout) as { transcript: { who: string; text: string }[] };
      expect(result).toMatchObject({
        extension: '510001',
        answered: true,
        setUpMs: number,
        firstPacketMs: number,
        greetingMs: number,
        packets: { sent: number, received: number, lost: 0 },
        endedBy: 'caller hung up',
        exchanges: [
          { name: question, heardReply: true, heardAs: expect.any(String) as string, responseMs: number },
        ],
        latencies: [{ turn: 1, sttMs: number, llmMs: number, ttsMs: number, totalMs: number }],
        recording: heard,
      });
      // Of this call, not of the other one, whose caller says nothing. How well it is understood is tested elsewhere.
      const transcript = result.transcript.map(({ who, text }) => `${who}: ${text}`).join('\n');
      expect(transcript).toMatch(/^agent: Riverside Dental Clinic.*\ncaller: .+\nagent: .+/);
      expect(readWav(readFileSync(heard))).toMatchObject({ rateHz: 8000, channels: [{}, {}] });
      expect(await hdCall.ended, hdCall.stderr).toBe(0);
      expect(JSON.parse(hdCall.stdout)).toMatchObject({
        extension: '510002',
        answered: true,
        packets: { sent: number, received: number, lost: 0 },
        exchanges: [{ heardReply: true, heardAs: expect.any(String) as string }],
      });
      expect(readWav(readFileSync(wide))).toMatchObject({ rateHz: 16_000, channels: [{}, {}] });

      lab.interrupt();
      expect(await other.ended).toBe('other side hung up');
      expect(await lab.ended).toBe(130);
      expect(lab.stdout).toContain(en.phrases.draining);
      await place.expectNoneLeft(had);
      place.expectSwept();
    } finally {
      await phone.stop();
    }
  });
});

describe('make call', () => {
  it('says in one sentence that no lab is running, and that it knows no containers', async () => {
    const calls = [place.run(['lab/call.ts']), place.run(['lab/call.ts'], { LAB: 'docker' })];
    expect(await Promise.all(calls.map(({ ended }) => ended))).toEqual([1, 1]);
    expect(calls.map(({ stderr }) => stderr.trim())).toEqual([
      'No lab is running: start it in another terminal with "make lab".',
      'make call knows the lab without containers only: leave LAB=docker out.',
    ]);
  });
});
