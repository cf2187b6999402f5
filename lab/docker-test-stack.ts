import { join } from 'node:path';
import { compose, docker, leftOf, needDocker } from './docker.ts';
import type { Ran, Variables } from './docker.ts';
import { expectThat } from './docker-checks.ts';
import { ContainerLog } from './docker-logs.ts';
import { IMAGES, buildImages, imageName } from './docker-images.ts';
import { ON_THIS_MACHINE } from './docker-variables.ts';
import { CACHE } from './paths.ts';
import { freePorts, freeRtpPorts } from './ports.ts';

const NAME = 'ari-voice-agent-test';
const RTP_PORTS = 40;
export const AGENT_LOG = join(CACHE, 'log/docker-agent.log');

/** The compose stack under test: a project and images of its own, on free ports. */
export class Stack {
  readonly sipPort: number;
  /** Where the agent tells of its calls, from the first start on. */
  log: ContainerLog | undefined;
  #env: Variables;
  readonly #passwords = new Map<string, string>();

  private constructor(env: Variables, sipPort: number) {
    this.#env = env;
    this.sipPort = sipPort;
  }

  static async create(variables: Variables): Promise<Stack> {
    const sipPort = await freePorts('udp');
    const rtp = await freeRtpPorts(RTP_PORTS);
    // The images of this run are its own, too.
    process.env['VOICE_AGENT_TAG'] = 'test';
    return new Stack(
      {
        ...ON_THIS_MACHINE,
        ...{ COMPOSE_PROJECT_NAME: NAME, VOICE_AGENT_TAG: 'test', SIP_PORT: String(sipPort) },
        ...{ RTP_START: String(rtp), RTP_END: String(rtp + RTP_PORTS - 1) },
        ...variables,
      },
      sipPort,
    );
  }

  get variables(): Variables {
    return this.#env;
  }

  get containerLog(): ContainerLog {
    if (!this.log) throw new Error('the stack has not been started');
    return this.log;
  }

  /** The images are built: with the same variables they are found in the cache, wherever compose builds once more. */
  async build(): Promise<void> {
    this.#env = { ...this.#env, ...(await buildImages(this.#env, { quiet: true })) };
  }

  /** Starts it (anew, where variables have changed) and waits until it is ready. */
  async up(changed: Variables = {}): Promise<string> {
    this.#env = { ...this.#env, ...changed };
    const begun = Date.now();
    await this.need('up', '--detach', '--wait', '--no-build', '--wait-timeout', '120');
    this.log ??= new ContainerLog(this.#env, AGENT_LOG);
    return `after ${Math.round((Date.now() - begun) / 1000)} s`;
  }

  compose(...args: string[]): Promise<Ran> {
    return docker(compose(...args), { env: this.#env });
  }

  need(...args: string[]): Promise<string> {
    return needDocker(compose(...args), { env: this.#env });
  }

  /** Runs a command in a service's container. */
  exec(service: string, ...command: string[]): Promise<Ran> {
    return this.compose('exec', '-T', service, ...command);
  }

  async inspect(service: string, format: string): Promise<string> {
    const id = (await this.need('--profile', '*', 'ps', '--all', '--quiet', service)).trim();
    return (await needDocker(['inspect', '--format', format, id])).trim();
  }

  async password(account: string): Promise<string> {
    let password = this.#passwords.get(account);
    if (password === undefined) {
      password = (await this.need('exec', '-T', 'asterisk', 'cat', `/run/lab-passwords/${account}`)).trim();
      this.#passwords.set(account, password);
    }
    return password;
  }

  /** Takes everything down, and sees that nothing is left. */
  async remove(): Promise<undefined> {
    this.log?.close();
    await this.need('--profile', '*', 'down', '--volumes', '--remove-orphans', '--timeout', '5');
    await docker(['image', 'rm', ...IMAGES.map(imageName)]);
    const images = await needDocker(['image', 'ls', '--quiet', 'ari-voice-agent/*:test']);
    const names = `${await leftOf(NAME)} ${images.trim()}`.trim();
    expectThat(names === '', `still there: ${names.replace(/\s+/g, ' ')}`);
    return undefined;
  }
}
