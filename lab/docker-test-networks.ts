/** Phones elsewhere: in the same network of containers, on the LAN, and behind a router. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expectThat } from './docker-checks.ts';
import type { Checks } from './docker-checks.ts';
import type { Stack } from './docker-test-stack.ts';
import { CACHE } from './paths.ts';

const run = promisify(execFile);
const CALLER_LOG = join(CACHE, 'log/docker-caller.log');

/** Addresses of this machine and of a phone on its LAN; of a router there, and of that and a phone on its other side. */
const MACHINE = '10.99.0.1';
const LAN_PHONE = '10.99.0.2';
const ROUTER = '10.99.0.254';
const PUBLIC = '203.0.113.1';
const NEXT_PUBLIC = '203.0.113.3';
const FAR_PHONE = '203.0.113.2';

export async function testNetworks(checks: Checks, stack: Stack, ownNetwork: boolean): Promise<void> {
  await checks.that('the softphone’s container (profile demo) calls both agents', async () => {
    const { status, stdout, all } = await stack.compose(
      '--profile',
      'demo',
      'run',
      '--rm',
      '-T',
      'softphone',
    );
    if (status !== 0) writeFileSync(CALLER_LOG, all, { mode: 0o600 });
    expectThat(status === 0, `${all.trim().split('\n').slice(-6).join(' ')} (all of it: ${CALLER_LOG})`);
    return stdout.trim().split('\n').at(-1);
  });
  // The network is changed for these: not on a machine that isn't ours.
  if (!ownNetwork) return;
  const near = await Machine.start();
  const router = await Machine.start();
  const far = await Machine.start();
  try {
    await near.cable(undefined, ['lan0', MACHINE], ['lan1', LAN_PHONE]);
    await checks.that('HOST=<LAN address>: a phone on the LAN calls an agent', async () => {
      await stack.up({ VOICE_AGENT_HOST: MACHINE });
      return near.call(stack, MACHINE);
    });
    await near.unplug('lan1');
    await router.cable(undefined, ['lan2', MACHINE], ['lan3', ROUTER]);
    await far.cable(router, ['wan0', PUBLIC], ['wan1', FAR_PHONE]);
    await run('ip', ['route', 'add', `${FAR_PHONE}/32`, 'via', ROUTER]);
    await router.forward(PUBLIC, MACHINE);
    await checks.that(
      'HOST=<public address>: a phone on the other side of a router calls an agent',
      async () => {
        await stack.up({ VOICE_AGENT_HOST: PUBLIC, VOICE_AGENT_BIND: '0.0.0.0' });
        return far.call(stack, PUBLIC);
      },
    );
    await checks.that('the router gets another address: phones are told that one', async () => {
      await router.renumber('wan0', PUBLIC, NEXT_PUBLIC);
      await router.forward(NEXT_PUBLIC, MACHINE);
      await far.there('ip', 'route', 'replace', 'default', 'via', NEXT_PUBLIC);
      await stack.up({ VOICE_AGENT_HOST: NEXT_PUBLIC });
      return far.call(stack, NEXT_PUBLIC);
    });
  } finally {
    for (const machine of [near, router, far]) machine.stop();
  }
}

/** Another machine: a network namespace, with cables to this one and to others. */
class Machine {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async start(): Promise<Machine> {
    const command = ['--pdeathsig', 'KILL', 'unshare', '--net', 'sleep', 'infinity'];
    const machine = new Machine(spawn('setpriv', command, { stdio: 'ignore' }));
    // It has its own namespace only when unshare has run.
    const mine = (await run('readlink', ['/proc/self/ns/net'])).stdout;
    for (let tries = 0; tries < 250; tries += 1) {
      if ((await run('readlink', [`/proc/${machine.#pid}/ns/net`])).stdout !== mine) break;
      await sleep(20);
    }
    await machine.there('ip', 'link', 'set', 'lo', 'up');
    return machine;
  }

  /** A cable from `other` (undefined: this machine) to it; the end there is its way to everywhere. */
  async cable(
    other: Machine | undefined,
    [name, address]: readonly [string, string],
    [nameThere, addressThere]: readonly [string, string],
  ): Promise<void> {
    const here = async (...command: [string, ...string[]]): Promise<void> => {
      if (other) await other.there(...command);
      else await run(command[0], command.slice(1));
    };
    await here(
      ...([
        'ip',
        'link',
        'add',
        name,
        'type',
        'veth',
        'peer',
        'name',
        nameThere,
        'netns',
        this.#pid,
      ] as const),
    );
    await here('ip', 'address', 'add', `${address}/24`, 'dev', name);
    await here('ip', 'link', 'set', name, 'up');
    await this.there('ip', 'address', 'add', `${addressThere}/24`, 'dev', nameThere);
    await this.there('ip', 'link', 'set', nameThere, 'up');
    await this.there('ip', 'route', 'add', 'default', 'via', address);
  }

  async renumber(name: string, from: string, to: string): Promise<void> {
    await this.there('ip', 'address', 'delete', `${from}/24`, 'dev', name);
    await this.there('ip', 'address', 'add', `${to}/24`, 'dev', name);
  }

  async unplug(name: string): Promise<void> {
    await this.there('ip', 'link', 'delete', name);
  }

  /** Runs a command on that machine. */
  async there(...command: string[]): Promise<string> {
    return (await run('nsenter', [...this.#prefix, ...command])).stdout;
  }

  /** Makes it a router whose outer address `from` leads to the machine `to`, and back. */
  async forward(from: string, to: string): Promise<void> {
    const { IPTABLES = 'iptables', IPTABLES_LIBRARY: library = '' } = process.env;
    const nat = (...command: string[]): Promise<string> =>
      this.there(
        ...['env', `LD_LIBRARY_PATH=${library}`, `XTABLES_LIBDIR=${library}/xtables`, IPTABLES, 'iptables'],
        ...['-t', 'nat', ...command],
      );
    await this.there('sysctl', '-q', '-w', 'net.ipv4.ip_forward=1');
    await nat('--flush');
    await nat('-A', 'PREROUTING', '-d', from, '-j', 'DNAT', '--to-destination', to);
    await nat('-A', 'POSTROUTING', '-s', to, '-j', 'SNAT', '--to-source', from);
  }

  /** A call from there, at the stack's published ports. */
  async call(stack: Stack, host: string): Promise<string> {
    const passwords = mkdtempSync(join(tmpdir(), 'ari-voice-agent-passwords-'));
    try {
      writeFileSync(join(passwords, 'softphone1'), await stack.password('softphone1'), { mode: 0o600 });
      const child = spawn(
        'nsenter',
        [...this.#prefix, process.execPath, join(import.meta.dirname, 'docker-caller.ts')],
        {
          env: {
            ...process.env,
            SIP_SERVER: `${host}:${stack.sipPort}`,
            PASSWORDS: passwords,
            EXTENSIONS: '510001',
            QUESTIONS: '3',
          },
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      const lines: string[] = [];
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (text: Buffer) => lines.push(text.toString()));
      const status = await new Promise((resolve) => child.once('exit', resolve));
      const said = lines.join('').trim().split('\n');
      expectThat(status === 0, said.slice(-6).join(' '));
      return said.find((line) => line.startsWith('510001: ')) ?? '';
    } finally {
      rmSync(passwords, { recursive: true, force: true });
    }
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }

  get #pid(): string {
    return String(this.#process.pid ?? 0);
  }

  get #prefix(): string[] {
    return [`--net=/proc/${this.#pid}/ns/net`, '--'];
  }
}
