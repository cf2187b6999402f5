/**
 * Makes the Debian package: .cache/deb/ari-voice-agent_VERSION_ARCHITECTURE.deb, for this machine's processor or that of
 * DEB_ARCH (amd64, arm64).
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SETTINGS, stage } from './stage.ts';

/** Node.js's names of processors, and Debian's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
const FOLDER = fileURLToPath(new URL('../.cache/deb', import.meta.url));

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const architecture = process.env['DEB_ARCH'] || ARCHITECTURES[process.arch];
const [processor] = Object.entries(ARCHITECTURES).find(([, name]) => name === architecture) ?? [];
if (architecture === undefined || processor === undefined) {
  process.stderr.write(
    `there is no Debian package for ${architecture ?? process.arch}: only amd64 and arm64\n`,
  );
  process.exit(64);
}

const root = join(FOLDER, `root-${architecture}`);
rmSync(root, { recursive: true, force: true });
mkdirSync(join(root, 'DEBIAN'), { recursive: true });
stage(root, processor);
for (const script of ['postinst', 'prerm', 'postrm']) {
  copyFileSync(new URL(`debian/${script}`, import.meta.url), join(root, 'DEBIAN', script));
  chmodSync(join(root, 'DEBIAN', script), 0o755);
}
const settings = ['agents.yaml', 'providers.yaml', 'environment'].map((name) => `/${SETTINGS}/${name}\n`);
writeFileSync(join(root, 'DEBIAN/conffiles'), settings.join(''));
const [kilobytes] = execFileSync('du', ['-sk', '--exclude=DEBIAN', root], { encoding: 'utf8' }).split('\t');
writeFileSync(
  join(root, 'DEBIAN/control'),
  `Package: ari-voice-agent
Version: ${process.env['DEB_VERSION'] || version}
Architecture: ${architecture}
Maintainer: ari-voice-agent <ari-voice-agent@localhost>
Section: comm
Priority: optional
Depends: libc6 (>= 2.28), libstdc++6, passwd
Recommends: libpocketsphinx3, libsphinxbase3, pocketsphinx-en-us
Suggests: asterisk
Installed-Size: ${kilobytes ?? '0'}
Description: voice agent for Asterisk that answers the telephone
 It picks up calls on an Asterisk by ARI, listens, thinks and talks back. It
 brings its own Node.js; the recommended packages are for the embedded
 recogniser, which isn't needed with one of the cloud.
`,
);
const file = join(FOLDER, `ari-voice-agent_${process.env['DEB_VERSION'] || version}_${architecture}.deb`);
execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '-z1', '--build', root, file], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
rmSync(root, { recursive: true });
process.stdout.write(`${file}\n`);
