import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAsteriskLog } from '../../lab/asterisk.ts';
import { parsePackages } from '../../lab/root-fs.ts';
import { PHONE_NUMBERS } from '../../lab/secrets.ts';
import { labSettings, refuseContainers, refuseInContainers } from '../../lab/settings.ts';
import { table } from '../../lab/show.ts';
import { readSound, writeSound, writeStereo } from '../../lab/sound-file.ts';

describe('The lab’s files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lab-files-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('hold sound that can be read again, with silence behind it', () => {
    const path = join(folder, 'a.wav');
    writeSound(path, Int16Array.from([1, -2, 32_767]), 1);
    expect([...readSound(path)]).toEqual([1, -2, 32_767, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('hold both sides of a call in one file', () => {
    const path = join(folder, 'b.wav');
    writeStereo(path, new Int16Array(80), new Int16Array(100));
    expect(statSync(path).size).toBe(44 + 400);
    expect(() => readSound(path)).toThrow('must be mono');
  });

  it('may be G.711', () => {
    const path = join(folder, 'c.wav');
    writeSound(path, new Int16Array(0));
    const head = Buffer.alloc(46);
    head.write('RIFF....WAVEfmt ', 'latin1');
    head.writeUInt32LE(16, 16);
    head.writeUInt16LE(7, 20);
    head.writeUInt16LE(1, 22);
    head.writeUInt32LE(8000, 24);
    head.writeUInt16LE(8, 34);
    head.write('data', 36, 'latin1');
    head.writeUInt32LE(2, 40);
    head.set([0xff, 0x80], 44);
    writeFileSync(path, head);
    expect([...readSound(path)]).toEqual([0, 32_124]);
  });

  it('reports files that are missing or no sound in one sentence', () => {
    expect(() => readSound(join(folder, 'none.wav'))).toThrow(`There is no file ${folder}/none.wav.`);
    writeFileSync(join(folder, 'd.wav'), 'hello');
    expect(() => readSound(join(folder, 'd.wav'))).toThrow('is no WAV file');
  });
});

describe('The lab reads', () => {
  it('a list of packages, without comments', () => {
    expect(parsePackages('# all\nb # why\n\n  a\n')).toEqual(['a', 'b']);
  });

  it('the lines of Asterisk’s log', () => {
    const text =
      '[2026-01-02 03:04:05.678] WARNING[82][C-00000005] app_stasis.c: no app\n' +
      'a line without a head\n[2026-01-02 03:04:06.000] NOTICE[1] loader.c: modules\n';
    expect(parseAsteriskLog(text)).toEqual([
      { at: '2026-01-02 03:04:05.678', level: 'WARNING', text: 'app_stasis.c: no app' },
      { at: '2026-01-02 03:04:06.000', level: 'NOTICE', text: 'loader.c: modules' },
    ]);
  });

  it('settings, and refuses the wrong ones in one sentence', () => {
    expect(labSettings({ SIP_PORT: '5062', HOST: '' })).toEqual({
      host: undefined,
      sipPort: 5062,
      httpPort: undefined,
    });
    expect(() => labSettings({ SIP_PORT: '70000' })).toThrow('SIP_PORT=70000 is no port');
    expect(labSettings({ LAB: 'docker', HOST: '192.0.2.7' }).host).toBe('192.0.2.7');
    expect(() => labSettings({ LAB: 'podman' })).toThrow('LAB=podman is not known');
    expect(() => {
      refuseInContainers({ PROVIDERS: 'emulated' });
    }).toThrow('leave LAB=docker out');
    expect(() => {
      refuseContainers('make call', { LAB: 'docker' });
    }).toThrow('make call knows the lab without containers only: leave LAB=docker out.');
    refuseContainers('make call', { LAB: 'native' });
  });

  it('the numbers that its phones call with', () => {
    const accounts = readFileSync('asterisk-conf/pjsip.conf', 'utf8').matchAll(
      /^\[(softphone\d)\].*\n(?:(?!\[).*\n)*?callerid = .*<(\d+)>/gm,
    );
    expect(Object.fromEntries([...accounts].map(([, name, number]) => [name, number]))).toEqual(
      PHONE_NUMBERS,
    );
  });

  it('tables whose numbers stand to the right', () => {
    expect(
      table(
        ['name', 'ms'],
        [
          ['a', 5],
          ['bcdef', undefined],
        ],
      ),
    ).toBe('name   ms\n─────  ──\na       5\nbcdef   –');
  });
});
