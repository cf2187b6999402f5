/** docker/compose.fleet.yaml on a real engine: calls by a softphone through the entry, and what becomes of them when parts die. */
import { join } from 'node:path';
import { AgentEvents, type AgentCall } from './agent-events.ts';
import { PATIENCE, exchange, listen, type Exchange } from './conversation.ts';
import { DEMO_CALLS, recordingOf } from './demo-calls.ts';
import { docker, leftOf, needDocker, type Ran, type Variables } from './docker.ts';
import { expectThat, until, type Checks } from './docker-checks.ts';
import { ON_THIS_MACHINE } from './docker-variables.ts';
import { PROJECT } from './paths.ts';
import { freePorts } from './ports.ts';
import { Softphone, type SoftphoneCall } from './softphone.ts';
import { readSound } from './sound-file.ts';

const NAME = 'ari-voice-agent-fleet-test';
const FILE = join(PROJECT, 'docker/compose.fleet.yaml');
const HOST = '127.0.0.1';
/** Whoever comes by a published port is the network's own first address to the containers. */
const TRUNK = 'sip:172.28.91.1';
const NODES = ['node-a', 'node-b', 'node-c'] as const;
const TAKEN_OVER_MS = 15_000;
const ANSWERED_MS = 10_000;
const [PLAN] = DEMO_CALLS;

/** One after the other; each needs those before it. */
export async function testFleet(checks: Checks, variables: Variables): Promise<void> {
  const fleet = new FleetStack({
    ...variables,
    ...ON_THIS_MACHINE,
    TRUNKS: TRUNK,
    SIP_PORT: String(await freePorts('udp')),
    SIP_TLS_PORT: String(await freePorts('tcp')),
    LOG_FORMAT: 'json',
  });
  try {
    if (!(await checks.that('a fleet comes up, and every container is healthy', () => fleet.up()))) return;
    await checks.that('a call through the entry is answered, understood and replied to', () =>
      withCall(fleet, (test) => test.ask(0)),
    );
    await checks.that('its node is killed: another takes the caller over, who is understood there', () =>
      nodeDies(fleet),
    );
    await checks.that('an Asterisk is killed: new calls go to the other', async () => {
      await fleet.need('kill', 'asterisk-1');
      return withCall(fleet, (test) => test.ask(0));
    });
    await checks.that('the database is killed: a new call is answered as before', async () => {
      await fleet.need('kill', 'database');
      return withCall(fleet, (test) => test.ask(0));
    });
  } finally {
    await checks.that('of the fleet everything is gone afterwards', () => fleet.remove(), true);
  }
}

async function nodeDies(fleet: FleetStack): Promise<string> {
  return withCall(fleet, async (test) => {
    await test.ask(0);
    const its = (await fleet.calls()).find(({ calls }) => calls.some(test.isThis));
    expectThat(its !== undefined, 'no node tells of the call');
    const died = Date.now();
    await fleet.need('kill', its?.node ?? '');
    const spokenTo = await test.call.heard.speech({ after: died + 500, timeoutMs: TAKEN_OVER_MS });
    expectThat(spokenTo, `nothing was heard any more; the call: ${test.call.endReason ?? 'still there'}`);
    const after = ((Date.now() - died) / 1000).toFixed(1);
    await listen(test.call.heard, PATIENCE);
    return `${its?.node ?? ''}; spoken to again ${after} s later; ${await test.ask(1)}`;
  });
}

interface FleetCall {
  readonly call: SoftphoneCall;
  readonly isThis: (one: AgentCall) => boolean;
  /** Asks the demonstration's question of that number; throws unless some node understood and answered it rightly. */
  ask(question: number): Promise<string>;
}

async function withCall(fleet: FleetStack, use: (test: FleetCall) => Promise<string>): Promise<string> {
  if (!PLAN) throw new Error('the demonstration has no calls');
  const { extension, voice, turns } = PLAN;
  // The entry lets everybody in who comes from the trunk's address: there is no password.
  const phone = await Softphone.start({
    server: { host: HOST, sipPort: Number(fleet.variables['SIP_PORT']) },
    account: 'caller',
    password: 'none',
  });
  try {
    const call = await phone.dial(extension);
    const greeting = await listen(call.heard, PATIENCE, call.answeredAt);
    expectThat(greeting !== undefined, 'it was answered, but nothing was heard');
    const isThis = (one: AgentCall): boolean =>
      one.dialled === extension && (one.events[0]?.at ?? 0) >= call.startedAt;
    const ask = async (question: number): Promise<string> => {
      const { name, reply } = turns[1 + question] ?? { name: '', reply: /^/ };
      const { path, text } = recordingOf(voice, name);
      const say = (): Promise<Exchange> => exchange(call, { name, sound: readSound(path) }, PATIENCE);
      const said = async (): Promise<string[]> =>
        (await fleet.calls())
          .flatMap(({ calls }) => calls.filter(isThis))
          .flatMap(({ events }) => events.map(({ event }) => event))
          .flatMap((event) => (event.type === 'agent-said' ? [event.text] : []));
      const isAnswered = (): Promise<void> =>
        until(`the right answer to "${text}"`, ANSWERED_MS, async () =>
          (await said()).some((words) => reply.test(words)),
        );
      let asked = await say();
      // As people do when they weren't understood.
      await isAnswered().catch(async () => {
        asked = await say();
        await isAnswered();
      });
      return `"${text}" was answered after ${asked.responseMs?.toFixed(0) ?? '–'} ms`;
    };
    const told = await use({ call, isThis, ask });
    await call.hangUp();
    return told;
  } finally {
    await phone.stop();
  }
}

class FleetStack {
  readonly variables: Variables;

  constructor(variables: Variables) {
    this.variables = variables;
  }

  async up(): Promise<string> {
    const begun = Date.now();
    await this.need('build', '--quiet', 'entry');
    const { status, all } = await this.compose(
      'up',
      '--detach',
      '--wait',
      '--no-build',
      '--wait-timeout',
      '180',
    );
    const [, ill] = new RegExp(`${NAME}-(\\S+)-1 (?:is unhealthy|exited)`).exec(all) ?? [];
    const itsLog = ill === undefined ? '' : (await this.compose('logs', '--tail', '12', ill)).all;
    expectThat(status === 0, `${all}\n${itsLog}`);
    // set-up-… have ended: what runs is the entry, the database, two Asterisks, three nodes and their watchdogs.
    const names = (await this.need('ps', '--format', '{{.Service}}')).trim().split('\n');
    expectThat(names.length === 10, `there are ${names.sort().join(', ')}`);
    return `${names.length} containers after ${Math.round((Date.now() - begun) / 1000)} s`;
  }

  /** What each node's log tells of its calls. */
  async calls(): Promise<{ node: (typeof NODES)[number]; calls: AgentCall[] }[]> {
    return Promise.all(
      NODES.map(async (node) => {
        const events = new AgentEvents();
        const { stdout } = await this.compose('logs', '--no-log-prefix', '--no-color', node);
        for (const line of stdout.split('\n')) events.feed(line);
        return { node, calls: [...events.calls.values()] };
      }),
    );
  }

  compose(...args: string[]): Promise<Ran> {
    return docker(this.#args(args), { env: this.variables });
  }

  need(...args: string[]): Promise<string> {
    return needDocker(this.#args(args), { env: this.variables });
  }

  /** Takes everything down, and sees that nothing is left. */
  async remove(): Promise<undefined> {
    await this.need('down', '--volumes', '--remove-orphans', '--timeout', '5');
    await docker(['image', 'rm', `ari-voice-agent/entry:${this.variables['VOICE_AGENT_TAG'] ?? 'latest'}`]);
    const left = await leftOf(NAME);
    expectThat(left === '', `still there: ${left}`);
    return undefined;
  }

  #args(args: readonly string[]): string[] {
    return ['compose', '--project-name', NAME, '--file', FILE, ...args];
  }
}
