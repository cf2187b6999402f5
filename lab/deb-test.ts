/**
 * `make test-deb`: the Debian package on a bare Debian 12 with systemd: installed, started, called, upgraded during a call,
 * removed, purged, and made there by the README's command. The Asterisk beside it is the lab's. One line for each check. Some
 * six minutes.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SERVICES } from '../packaging/stage.ts';
import { NativeAsterisk } from './asterisk.ts';
import { BareDebian } from './bare-debian.ts';
import { listen, PATIENCE } from './conversation.ts';
import { Checks, expectThat, until } from './docker-checks.ts';
import { CACHE, PROJECT } from './paths.ts';
import { freePorts } from './ports.ts';
import { runMain } from './run-main.ts';
import { Softphone, type SoftphoneCall } from './softphone.ts';

const NEXT = '9.0.0';
const RECOMMENDED = ['libpocketsphinx3', 'libsphinxbase3', 'pocketsphinx-en-us'];
const READY_MS = 60_000;
/** systemd-analyze's, from 0 (shut) to 10 (open). */
const EXPOSURE = 2;

await runMain(async (signal) => {
  const checks = new Checks(signal);
  mkdirSync(CACHE, { recursive: true });
  const packages = mkdtempSync(join(CACHE, 'deb-test-'));
  const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string };
  const running: { stop(): Promise<void> }[] = [];
  try {
    console.log('Making the package, and one of a later version');
    makePackages(packages, version);
    const machine = await BareDebian.boot(packages, console.log);
    running.push(machine);
    const asterisk = await NativeAsterisk.start({ say: console.log, signal });
    running.push(asterisk);
    const phone = await Softphone.start({
      server: asterisk,
      account: 'softphone1',
      password: asterisk.secrets.softphone1,
    });
    running.push(phone);
    await installed(checks, machine, version);
    await called(checks, machine, asterisk, phone);
    await upgraded(checks, machine, phone);
    await removed(checks, machine);
    await madeInClone(checks, machine, packages);
  } finally {
    for (const one of running.reverse()) await one.stop();
    rmSync(packages, { recursive: true, force: true });
  }
  console.log(checks.summary);
  if (checks.failed > 0) process.exitCode = 1;
});

/** `now.deb` and `next.deb`: the same files under a later version. */
function makePackages(folder: string, version: string): void {
  const run = (file: string, ...args: string[]): string =>
    execFileSync(file, args, { cwd: PROJECT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  const now = run(process.execPath, 'packaging/deb.ts');
  run('cp', now, join(folder, 'now.deb'));
  const tree = join(folder, 'tree');
  run('dpkg-deb', '-R', now, tree);
  const control = join(tree, 'DEBIAN/control');
  writeFileSync(control, readFileSync(control, 'utf8').replace(`Version: ${version}`, `Version: ${NEXT}`));
  run('dpkg-deb', '--root-owner-group', '-Zgzip', '-z1', '--build', tree, join(folder, 'next.deb'));
  rmSync(tree, { recursive: true });
}

async function installed(checks: Checks, machine: BareDebian, version: string): Promise<void> {
  await checks.that('the machine has neither Node.js nor what the embedded recogniser needs', async () => {
    const { status } = await machine.run('command -v node || command -v npm || dpkg -s libpocketsphinx3');
    expectThat(status !== 0, 'it has');
    return machine.need('. /etc/os-release; echo "$PRETTY_NAME, systemd $(systemctl is-system-running)"');
  });
  await checks.that('the package is installed by apt alone, without what it only recommends', async () => {
    await machine.need('apt-get update -qq');
    const output = await machine.need('apt-get install -y -qq --no-install-recommends /mnt/now.deb');
    expectThat(/set ARI_PASSWORD in \/etc\/ari-voice-agent\/environment/.test(output), output.slice(-300));
    return undefined;
  });
  await checks.that('it has its own Node.js, and says its version', async () => {
    const said = JSON.parse(await machine.need('voice-agent version --json')) as {
      version: string;
      node: string;
    };
    expectThat(said.version === version, `version ${said.version}`);
    return `${said.version}, Node.js ${said.node}`;
  });
  await checks.that('it waits for its password: not started, and check says so with status 78', async () => {
    const { output: state } = await machine.run('systemctl is-active ari-voice-agent');
    expectThat(state === 'inactive', state);
    const { status, output } = await machine.run('voice-agent check');
    expectThat(status === 78 && output.includes('ARI_PASSWORD'), `${status}: ${output}`);
    return undefined;
  });
  await checks.that('its units are right, and let out little', async () => {
    const units = SERVICES.flatMap((name) => [`${name}.service`, `${name}@a.service`]).join(' ');
    const verified = await machine.need(`systemd-analyze verify ${units}`);
    expectThat(verified === '', verified);
    const levels = await machine.need(
      `for unit in ${units}; do systemd-analyze security --threshold=${EXPOSURE * 10} --no-pager $unit | tail -1; done`,
    );
    return levels.match(/\d\.\d/g)?.join(', ');
  });
  await checks.that('only root and the agent can read passwords, only the agent its data', async () => {
    const modes = await machine.need(
      "stat -c '%a %U:%G %n' /etc/ari-voice-agent/environment /var/lib/ari-voice-agent",
    );
    const wanted = [
      '640 root:voice-agent /etc/ari-voice-agent/environment',
      '700 voice-agent:voice-agent /var/lib/ari-voice-agent',
    ];
    expectThat(modes === wanted.join('\n'), modes);
    return undefined;
  });
}

async function called(
  checks: Checks,
  machine: BareDebian,
  asterisk: NativeAsterisk,
  phone: Softphone,
): Promise<void> {
  await checks.that('without the recommended packages it says what to install', async () => {
    await machine.need(
      `cd /etc/ari-voice-agent && sed -i -e 's|^ARI_URL=.*|ARI_URL=${asterisk.ariUrl}|' ` +
        `-e 's|^ARI_PASSWORD=.*|ARI_PASSWORD=${asterisk.secrets.ari}|' environment`,
    );
    // The machine shares this one's network, where others may have the usual port.
    const port = await freePorts('tcp');
    await machine.need(
      `echo MONITORING_LISTEN_PORT=${port} >> /etc/ari-voice-agent/environment; voice-agent check >/dev/null`,
    );
    const { status, output } = await machine.run('voice-agent doctor --no-call');
    expectThat(status === 1 && RECOMMENDED.every((name) => output.includes(name)), output.slice(-600));
    return undefined;
  });
  await checks.that('with them it starts, and is ready', async () => {
    await machine.need(`apt-get install -y -qq --no-install-recommends ${RECOMMENDED.join(' ')}`);
    await machine.need('systemctl start ari-voice-agent ari-voice-agent-watchdog');
    await ready(machine);
    return machine.need('voice-agent health');
  });
  await checks.that(
    'it runs as its own user; the media thread alone runs in real time (SCHED_FIFO, 1)',
    async () => {
      const threads = await machine.need(
        'pid=$(systemctl show -p MainPID --value ari-voice-agent); stat -c %U /proc/$pid; ' +
          "for task in /proc/$pid/task/*; do set -- $(sed 's/.*) //' $task/stat); echo ${39}; done | sort | uniq -c",
      );
      expectThat(threads.startsWith('voice-agent\n') && /^ *1 1$/m.test(threads), threads);
      return undefined;
    },
  );
  await checks.that('its doctor finds nothing bad', async () => {
    const found = await machine.run('voice-agent doctor --json');
    expectThat(found.status === 0, found.output.slice(-1200));
    return undefined;
  });
  await checks.that('a softphone’s call is answered', async () => {
    const call = await greeted(phone);
    await call.hangUp();
    const { setUpMs, firstSpeechMs } = call.report();
    return `after ${setUpMs ?? 0} ms, first speech ${firstSpeechMs ?? 0} ms later`;
  });
  await checks.that('the records are read as its user, and by nobody else', async () => {
    const calls = JSON.parse(
      await machine.need('sudo -u voice-agent voice-agent calls --json 2>/dev/null'),
    ) as unknown[];
    expectThat(calls.length > 0, 'there is none');
    const { status } = await machine.run('sudo -u nobody voice-agent calls');
    expectThat(status === 1, `nobody: ${status}`);
    return `${calls.length} calls`;
  });
}

async function upgraded(checks: Checks, machine: BareDebian, phone: Softphone): Promise<void> {
  await checks.that('an upgrade lets the running call come to its end, and keeps the settings', async () => {
    await machine.need("sed -i 's/^    name: Alice$/    name: Alicia/' /etc/ari-voice-agent/agents.yaml");
    const call = await greeted(phone);
    const begun = Date.now();
    const upgrade = machine.run('apt-get install -y -qq /mnt/next.deb');
    await sleep(5000);
    expectThat(call.endReason === undefined, `the call had ended: ${call.endReason ?? ''}`);
    await call.ended;
    const callMs = Date.now() - begun;
    const { status, output } = await upgrade;
    expectThat(status === 0, output.slice(-600));
    await ready(machine);
    const readyMs = Date.now() - begun - callMs;
    const now = await machine.need("dpkg-query -W -f '${Version}' ari-voice-agent");
    expectThat(now === NEXT, now);
    await machine.need('grep -q "name: Alicia" /etc/ari-voice-agent/agents.yaml');
    return `${Math.round(callMs / 1000)} s until the call had ended, ${Math.round(readyMs / 1000)} s more until calls were taken`;
  });
  await checks.that('calls are answered again', async () => {
    await (await greeted(phone)).hangUp();
    return undefined;
  });
  await checks.that('a wrong configuration stays down, and says why', async () => {
    await machine.need("sed -i 's/^agents:/agnets:/' /etc/ari-voice-agent/agents.yaml");
    await machine.run('systemctl restart ari-voice-agent');
    await until(
      'the service to have failed',
      READY_MS,
      async () => (await machine.run('systemctl is-active ari-voice-agent')).output === 'failed',
    );
    const shown = await machine.need('systemctl show -p ExecMainStatus -p NRestarts ari-voice-agent');
    expectThat(shown.includes('ExecMainStatus=78') && shown.includes('NRestarts=0'), shown);
    await machine.need('journalctl -u ari-voice-agent | grep -q \'did you mean "agents"\\|agnets\'');
    return undefined;
  });
}

async function removed(checks: Checks, machine: BareDebian): Promise<void> {
  await checks.that('removed, it leaves settings and records', async () => {
    await machine.need('apt-get remove -y -qq ari-voice-agent');
    await machine.need(
      'test -s /etc/ari-voice-agent/agents.yaml -a -s /var/lib/ari-voice-agent/records.sqlite',
    );
    const { output } = await machine.run(
      'systemctl list-units --all --no-legend "ari-voice-agent*"; ls /usr/lib/ari-voice-agent',
    );
    expectThat(!/active|src/.test(output), output);
    return undefined;
  });
  await checks.that('purged, it leaves nothing', async () => {
    await machine.need('apt-get purge -y -qq ari-voice-agent');
    const left = await machine.run(
      "find / -xdev \\( -path /proc -o -path /var/log -o -path /var/lib/apt -o -path /var/cache/apt \\) -prune -o -name '*voice-agent*' -print; getent passwd voice-agent",
    );
    expectThat(left.output === '', left.output);
    return undefined;
  });
}

/** The README's command, with no more than the README asks for: Debian's own Node.js and npm are far too old. */
async function madeInClone(checks: Checks, machine: BareDebian, packages: string): Promise<void> {
  await checks.that('in a clone, with Debian’s own npm, the package is made, and installed', async () => {
    execFileSync('git', ['clone', '--quiet', PROJECT, join(packages, 'clone')]);
    // How npm gets through on this machine holds inside as well.
    const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
    const authority = process.env['NODE_EXTRA_CA_CERTS'];
    if (authority !== undefined && existsSync(authority))
      cpSync(authority, join(packages, 'authority.crt'), { dereference: true });
    await machine.need('apt-get install -y -qq --no-install-recommends nodejs npm make');
    await machine.need(
      `npm config set registry ${registry}; test ! -e /mnt/authority.crt || npm config set cafile /mnt/authority.crt`,
    );
    const begun = Date.now();
    await machine.need(
      'cp -r /mnt/clone /root/clone && cd /root/clone && export NODE_EXTRA_CA_CERTS=/mnt/authority.crt && ' +
        'make deb && apt-get install -y -qq --no-install-recommends ./.cache/deb/ari-voice-agent_*.deb',
    );
    const seconds = Math.round((Date.now() - begun) / 1000);
    const { node } = JSON.parse(await machine.need('voice-agent version --json')) as { node: string };
    const old = await machine.need('node --version; npm --version');
    return `in ${seconds} s, with Node.js ${node}; Debian’s: ${old.replace('\n', ', npm ')}`;
  });
}

async function greeted(phone: Softphone): Promise<SoftphoneCall> {
  const call = phone.ring('510001');
  await call.answered;
  const heard = await listen(call.heard, { ...PATIENCE, tries: 1, replyMs: 15_000 }, call.answeredAt);
  if (heard === undefined) throw new Error('nothing was heard');
  return call;
}

async function ready(machine: BareDebian): Promise<void> {
  await until(
    'calls to be taken',
    READY_MS,
    async () => (await machine.run('voice-agent health')).status === 0,
  );
}
