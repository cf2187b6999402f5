/** A real Asterisk with the real agent (src/main.ts) at it, and phones that call: for end-to-end tests. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabAgent, type AgentOptions } from '../../lab/agent.ts';
import type { AgentCall } from '../../lab/agent-events.ts';
import { NativeAsterisk } from '../../lab/asterisk.ts';
import { writeEditedConfig } from '../../lab/edited-config.ts';
import { labFolder } from '../../lab/paths.ts';
import { freePorts } from '../../lab/ports.ts';
import { runFolder } from '../../lab/run-folders.ts';
import { PHONE_NUMBERS } from '../../lab/secrets.ts';
import { Softphone, type SoftphoneCall, type SoftphoneOptions } from '../../lab/softphone.ts';
import type { CallRecord } from '../../src/dialog/call/call-record.ts';
import type { CallEvent } from '../../src/dialog/contract/call-events.ts';
import { socketsOf } from './processes.ts';
import { recordingPath, recordsIn } from './records.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

export interface RunningAgentOptions {
  /** Texts that are replaced in config/providers.yaml and config/agents.yaml: [old, new]. */
  readonly edits?: readonly (readonly [string, string])[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The agent reaches ARI through a wire that can be cut: `ariProxy`. */
  readonly ariProxy?: boolean;
  /** Default: a file, and a folder, that go with the run. */
  readonly logFile?: string;
  readonly dataFolder?: string;
}

/** Where nothing is slow but a busy machine, a filler would only be taken for the answer. It goes before other edits. */
export const WITHOUT_FILLERS = ['    limits:\n', '    limits:\n      fillerMs: 10000\n'] as const;

export type Account = keyof typeof PHONE_NUMBERS;
/** How long after its call a record may be written. */
const RECORD_MS = 5000;

export class RunningAgent {
  readonly asterisk: NativeAsterisk;
  /** The agent's one RTP port: all its calls' packets come from and go to it. */
  readonly rtpPort: number;
  readonly folder: string;
  readonly ariProxy: TcpProxy | undefined;
  readonly #phones: Softphone[] = [];
  readonly #options: AgentOptions;
  #agent: LabAgent;

  private constructor(
    asterisk: NativeAsterisk,
    agent: LabAgent,
    options: AgentOptions,
    rtpPort: number,
    folder: string,
    ariProxy: TcpProxy | undefined,
  ) {
    this.asterisk = asterisk;
    this.#agent = agent;
    this.#options = options;
    this.rtpPort = rtpPort;
    this.folder = folder;
    this.ariProxy = ariProxy;
  }

  static async start(options: RunningAgentOptions = {}): Promise<RunningAgent> {
    const folder = runFolder(labFolder(), 'e2e');
    let asterisk: NativeAsterisk | undefined;
    let ariProxy: TcpProxy | undefined;
    try {
      asterisk = await NativeAsterisk.start();
      if (options.ariProxy === true) ariProxy = await startTcpProxy(asterisk.httpPort);
      const { ariUrl, ariUser, secrets } = asterisk;
      const rtpPort = await freePorts('udp');
      const agentOptions: AgentOptions = {
        asterisk: {
          ariUrl: ariProxy ? `http://127.0.0.1:${ariProxy.port}` : ariUrl,
          ...{ ariUser, secrets },
        },
        dataFolder: options.dataFolder ?? join(folder, 'data'),
        configFolder: writeEditedConfig(join(folder, 'config'), options.edits ?? []),
        logFile: options.logFile ?? join(folder, 'agent.log'),
        environment: {
          VOICE_AGENT_TRANSCRIPTS: 'true',
          VOICE_AGENT_RECORDINGS: 'true',
          RTP_LISTEN_PORT: String(rtpPort),
          ...options.environment,
        },
      };
      const agent = await LabAgent.start({ ...agentOptions, settled: true });
      return new RunningAgent(asterisk, agent, agentOptions, rtpPort, folder, ariProxy);
    } catch (error) {
      await ariProxy?.close();
      await asterisk?.stop();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get agent(): LabAgent {
    return this.#agent;
  }

  /** What the agent's process, and one beside it, is started with. */
  get environment(): NodeJS.ProcessEnv {
    const { ariUrl, ariUser, secrets } = this.#options.asterisk ?? this.asterisk;
    const { configFolder, dataFolder, environment } = this.#options;
    return {
      ...process.env,
      ...environment,
      ARI_URL: ariUrl,
      ARI_USERNAME: ariUser,
      ARI_PASSWORD: secrets.ari,
      VOICE_AGENT_CONFIG_DIR: configFolder,
      VOICE_AGENT_DATA_DIR: dataFolder,
      LOG_FORMAT: 'json',
    };
  }

  async killAgent(): Promise<void> {
    process.kill(this.#agent.pid, 'SIGKILL');
    await this.#agent.exited;
    await this.#agent.stop();
  }

  /** Starts another in its place, as a supervisor does. Returns when it was started (wall clock). */
  async restartAgent(): Promise<number> {
    const environment = {
      ...this.#options.environment,
      MONITORING_LISTEN_PORT: new URL(this.#agent.monitoringUrl).port,
    };
    const at = Date.now();
    this.#agent = await LabAgent.start({ ...this.#options, environment });
    return at;
  }

  /** A phone that stays until `stopPhones` or `stop`. */
  async phone(account: Account, options: Partial<SoftphoneOptions> = {}): Promise<Softphone> {
    const { asterisk } = this;
    const password = asterisk.secrets[account];
    const phone = await Softphone.start({ server: asterisk, account, password, ...options });
    this.#phones.push(phone);
    return phone;
  }

  /** What the agent tells of a call: that of `account` to `dialled` since the call began. */
  view(call: SoftphoneCall, dialled: string, account: Account): CallView {
    return new CallView(this.agent, () =>
      this.agent.events.find(dialled, PHONE_NUMBERS[account], call.startedAt),
    );
  }

  /** The stored record of a call; waits until both the call and its record have ended. */
  async record(view: CallView): Promise<CallRecord> {
    await view.event('ended');
    const deadline = Date.now() + RECORD_MS;
    for (;;) {
      const record = (await recordsIn(this.#dataFolder)).find(({ call }) => call === view.id);
      if (record?.ended) return record;
      if (Date.now() > deadline) throw new Error(`There is no record of ${view.id} that has ended`);
      await sleep(200);
    }
  }

  /** The stereo recording of a call: caller left, agent right. */
  async recording(view: CallView): Promise<Uint8Array> {
    return readFileSync(recordingPath(this.#dataFolder, await this.record(view)));
  }

  /** Channels and bridges that Asterisk has, and sockets that the agent has. */
  async inUse(): Promise<{ channels: string[]; bridges: string[]; sockets: string[] }> {
    const [channels, bridges] = await Promise.all([this.asterisk.channels(), this.asterisk.bridges()]);
    return {
      channels: channels.map(({ name }) => name),
      bridges: bridges.map(({ id }) => id),
      sockets: socketsOf(this.agent.pid).map(
        ({ protocol, address, port }) => `${protocol} ${address}:${port}`,
      ),
    };
  }

  async stopPhones(): Promise<void> {
    await Promise.all(this.#phones.splice(0).map((phone) => phone.stop()));
  }

  async stop(): Promise<void> {
    await this.stopPhones();
    await this.agent.stop();
    await this.ariProxy?.close();
    await this.asterisk.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #dataFolder(): string {
    return this.#options.dataFolder;
  }
}

/** One call in the words of the agent. */
export class CallView {
  readonly #agent: LabAgent;
  readonly find: () => AgentCall | undefined;

  constructor(agent: LabAgent, find: () => AgentCall | undefined) {
    this.#agent = agent;
    this.find = find;
  }

  get events(): CallEvent[] {
    return this.find()?.events.map(({ event }) => event) ?? [];
  }

  get id(): string {
    return this.find()?.id ?? '(a call that the agent never saw)';
  }

  of<T extends CallEvent['type']>(type: T): Extract<CallEvent, { type: T }>[] {
    return this.events.filter((event) => event.type === type) as Extract<CallEvent, { type: T }>[];
  }

  /** The first event of a type for which `holds`; waits for it, and throws when it doesn't come. */
  async event<T extends CallEvent['type']>(
    type: T,
    holds: (event: Extract<CallEvent, { type: T }>) => boolean = () => true,
    timeoutMs = 30_000,
  ): Promise<Extract<CallEvent, { type: T }>> {
    await this.#agent.events.until(() => this.of(type).some(holds), timeoutMs);
    const event = this.of(type).find(holds);
    if (!event) {
      const seen = this.events.map((one) => JSON.stringify(one)).join('\n');
      throw new Error(`The agent told of no such "${type}" within ${timeoutMs} ms, but of:\n${seen}`);
    }
    return event;
  }
}

/** Waits until the far side has been heard for so long: the middle of a sentence, say. */
export async function heardFor(call: SoftphoneCall, ms: number, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  const heardMs = (): number => (call.heard.lastVoicedAt ?? 0) - (call.heard.firstSpeechAt ?? 0);
  while (heardMs() < ms) {
    const after = call.heard.lastVoicedAt ?? call.answeredAt ?? 0;
    if (!(await call.heard.speech({ timeoutMs: deadline - Date.now(), after }))) {
      throw new Error(`Heard for ${heardMs()} ms only, not for ${ms} ms`);
    }
  }
}

/** A measured figure, for who reads the test's output. */
export function report(line: string): void {
  process.stdout.write(`${line}\n`);
}
