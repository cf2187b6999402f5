/** The stack as it stands: how it is confined, and that it takes calls. */
import { expectThat } from './docker-checks.ts';
import type { Checks } from './docker-checks.ts';
import { wholeCall } from './docker-test-phone.ts';
import type { Stack } from './docker-test-stack.ts';

const SERVICES = ['asterisk', 'voice-agent'] as const;
const ALL = [...SERVICES, 'set-up', 'softphone'] as const;

export async function testCalls(checks: Checks, stack: Stack): Promise<void> {
  await checks.that(
    'no container runs as root, can write to its system, or takes what it likes',
    async () => {
      // The softphone's is made for this, and not started.
      await stack.need('--profile', 'demo', 'create', '--no-build', 'softphone');
      for (const service of ALL) await confined(stack, service);
      await stack.need('--profile', 'demo', 'rm', '--force', 'softphone');
      return ALL.join(', ');
    },
  );
  await checks.that('so it is inside: / is mounted read-only, and there are no capabilities', async () => {
    for (const service of SERVICES) {
      const script = 'id -u; grep CapEff /proc/self/status; awk \'$2 == "/" { print $4 }\' /proc/mounts';
      const { stdout } = await stack.exec(service, 'sh', '-c', script);
      const [user = '', capabilities = '', ...mounts] = stdout.trim().split('\n');
      expectThat(/^1000\d$/.test(user), `${service} runs as ${user}`);
      expectThat(/\s0+$/.test(capabilities), `${service}: ${capabilities}`);
      expectThat(
        mounts.length === 1 && /^ro(,|$)/.test(mounts[0] ?? ''),
        `${service}: / is ${mounts.join()}`,
      );
    }
    return undefined;
  });
  await checks.that('only SIP and the ports for sound are published, on loopback', async () => {
    const format =
      '{{range $port, $to := .NetworkSettings.Ports}}{{range $to}}{{.HostIp}}:{{.HostPort}}/{{$port}} {{end}}{{end}}';
    const all = (await Promise.all(SERVICES.map((service) => stack.inspect(service, format))))
      .join(' ')
      .trim()
      .split(/\s+/);
    const others = all.filter((one) => !/^127\.0\.0\.1:\d+\/\d+\/udp$/.test(one));
    expectThat(others.length === 0, `also ${others.join(' ')}`);
    return `${all.length} ports`;
  });
  await checks.that('ARI listens in the network that only the agent shares', async () => {
    const networks = JSON.parse(
      await stack.inspect('asterisk', '{{json .NetworkSettings.Networks}}'),
    ) as Readonly<Record<string, { readonly IPAddress: string }>>;
    const inside = Object.entries(networks).find(([name]) => name.endsWith('_inside'))?.[1].IPAddress;
    const { stdout } = await stack.exec('asterisk', 'asterisk', '-rx', 'http show status');
    const bound = /Bound to (\S+)/.exec(stdout)?.[1];
    expectThat(bound === `${inside}:8088`, `it listens at ${bound}; its address there is ${inside}`);
    return undefined;
  });
  await checks.that('passwords are made, and stand in no container’s settings', async () => {
    const passwords = [await stack.password('softphone1'), await stack.password('softphone2')];
    expectThat(
      new Set(passwords).size === 2 && passwords.every((one) => /^[0-9a-f]{24}$/.test(one)),
      'not as they should be',
    );
    const ari = (await stack.exec('voice-agent', 'cat', '/run/agent-password/ari')).stdout.trim();
    expectThat(/^[0-9a-f]{48}$/.test(ari), 'the agent can’t read its password');
    const settings = (
      await Promise.all(SERVICES.map((service) => stack.inspect(service, '{{json .Config}}')))
    ).join();
    expectThat(![...passwords, ari].some((one) => settings.includes(one)), 'one does');
    const { stdout } = await stack.exec(
      'voice-agent',
      'sh',
      '-c',
      'ls /run/lab-passwords /etc/asterisk 2>/dev/null',
    );
    expectThat(stdout === '', 'the agent can read the phones’ passwords');
    return undefined;
  });
  await checks.that('Asterisk’s log has nothing that one would have to wonder about', async () => {
    const stdout = await stack.need('logs', '--no-log-prefix', '--no-color', 'asterisk');
    expectThat(stdout.includes('Asterisk Ready.'), 'it has no log');
    const kept = await stack.exec('asterisk', 'find', '/var/log/asterisk', '-type', 'f', '-size', '+0');
    expectThat(kept.stdout === '', `there is another one in the container: ${kept.stdout.trim()}`);
    const complaints = stdout.split('\n').filter((line) => /\] (ERROR|WARNING)\[/.test(line));
    expectThat(/\] NOTICE\[/.test(stdout) && complaints.length === 0, complaints.join('; '));
    return undefined;
  });
  await checks.that(
    'calls to both extensions, side by side, are answered, understood and replied to',
    async () => {
      const both = await Promise.all([wholeCall(stack, '510001', 2), wholeCall(stack, '510002', 2)]);
      return both.join('; ');
    },
  );
  await checks.that('/metrics tells of these calls', async () => {
    const get =
      "fetch('http://127.0.0.1:9464/metrics').then((answer) => answer.text()).then((text) => console.log(text))";
    const { stdout } = await stack.exec('voice-agent', 'node', '-e', get);
    const line = /^(voice_agent_calls\S*_total)\{.*\} (\d+)$/m.exec(stdout);
    expectThat(line !== null && Number(line[2]) > 0, stdout.slice(0, 300));
    return line?.[0];
  });
}

/** How the engine was told to confine a container. */
async function confined(stack: Stack, service: (typeof ALL)[number]): Promise<void> {
  const { Config, HostConfig } = JSON.parse(await stack.inspect(service, '{{json .}}')) as Inspected;
  const added = service === 'softphone' ? ['NET_RAW'] : [];
  expectThat(/^1000\d:1000\d$/.test(Config.User), `${service} runs as "${Config.User}"`);
  expectThat(HostConfig.ReadonlyRootfs && !HostConfig.Privileged, `${service} can write to its system`);
  expectThat(HostConfig.CapDrop?.join() === 'ALL', `${service} keeps capabilities`);
  expectThat(
    (HostConfig.CapAdd ?? []).join().replace(/CAP_/g, '') === added.join(),
    `${service} gets capabilities`,
  );
  const { Memory, PidsLimit, LogConfig } = HostConfig;
  expectThat(Memory > 0 && (PidsLimit ?? 0) > 0, `${service} may take all memory, or start what it likes`);
  expectThat('max-size' in LogConfig.Config, `${service} may fill the disk with its log`);
}

/** The part of what the engine tells of a container that is read. */
interface Inspected {
  readonly Config: { readonly User: string };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly Privileged: boolean;
    readonly CapDrop: readonly string[] | null;
    readonly CapAdd: readonly string[] | null;
    readonly Memory: number;
    readonly PidsLimit: number | null;
    readonly LogConfig: { readonly Config: Readonly<Record<string, string>> };
  };
}
