/** A whole fleet: Asterisks, nodes, Kamailio and PostgreSQL, each on a machine of its own (./network.ts), and callers. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { writeFleetConfig } from '../../docker/agent/fleet-config.ts';
import { PostgresServer } from '../../test/support/postgres.ts';
import {
  startEmulatedCloud,
  type EmulatedCloud,
} from '../../test/support/provider-servers/emulated-cloud.ts';
import { testVoice } from '../../test/support/provider-servers/test-voice.ts';
import { LabAgent } from '../agent.ts';
import { NativeAsterisk } from '../asterisk.ts';
import { Kamailio } from '../kamailio.ts';
import { PROJECT } from '../paths.ts';
import { Sipp, type SippCall, type SippOptions } from '../sipp.ts';
import { UserError } from '../user-error.ts';
import { Ears } from './ears.ts';
import { FleetNetwork, HERE, NETWORK, type Host } from './network.ts';

export interface FleetOptions {
  readonly asterisks: number;
  readonly nodes: number;
  /** For logs and data. */
  readonly folder: string;
  /** SIP over TLS at the entry as well. */
  readonly tls?: boolean;
  /** It runs beside other tests: no node refuses a call because its machine is late. */
  readonly short: boolean;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export const EXTENSION = '510001';
/** Made by Debian's package. */
const POSTGRES_HOME = '/var/lib/postgresql';
/** What a node says of a caller whom another has had, just before that call begins here. */
const GOES_ON = 'another run has left goes on';
/** For what a first call has a node load. */
const WARM_MS = 4000;
/** How long a node may let its calls end by themselves. */
const DRAIN_MS = 60_000;

export class Fleet {
  readonly network: FleetNetwork;
  readonly entry: Host;
  readonly asterisks: FleetAsterisk[] = [];
  readonly nodes: FleetNode[] = [];
  readonly folder: string;
  readonly short: boolean;
  readonly #callers: Host;
  readonly #closing: (() => Promise<unknown>)[] = [];
  readonly #signal: AbortSignal;
  #kamailio: Kamailio | undefined;
  #database: PostgresServer | undefined;
  #databaseUrl = '';
  #callsMade = 0;
  #firstPort = 20_000;

  private constructor({ folder, signal, asterisks, nodes, short }: FleetOptions) {
    this.folder = folder;
    this.short = short;
    this.#signal = signal;
    this.network = new FleetNetwork(join(folder, 'network'));
    this.entry = this.network.host('entry');
    this.#callers = this.network.host('callers');
    for (let index = 1; index <= asterisks; index += 1)
      this.asterisks.push(
        new FleetAsterisk(this.network.host(`asterisk${index}`), this.entry.address, folder, signal),
      );
    for (let index = 0; index < nodes; index += 1)
      this.nodes.push(new FleetNode(this.network.host(`node-${'abcdefgh'.charAt(index)}`), this));
  }

  static async start(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(options);
    try {
      await fleet.#start(options);
      return fleet;
    } catch (error) {
      await fleet.stop();
      throw error;
    }
  }

  async #start({ say, tls = false }: FleetOptions): Promise<void> {
    const begun = Date.now();
    // The database's folder must be where its user may go; this one vanishes with the namespaces.
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=1777', 'tmpfs', POSTGRES_HOME]);
    process.env['TMPDIR'] = POSTGRES_HOME;
    const database = await PostgresServer.start({
      ...place(this.network.host('database')),
      clients: NETWORK,
    });
    this.#database = database;
    this.#closing.push(() => database.stop());
    this.#databaseUrl = await database.database();
    say(`PostgreSQL is ready after ${((Date.now() - begun) / 1000).toFixed(1)} s`);
    await Promise.all(this.asterisks.map((one) => one.start()));
    this.#closing.push(() => Promise.all(this.asterisks.map((one) => one.stop())));
    const kamailio = await Kamailio.start({
      at: this.entry,
      asterisks: this.asterisks.map(({ host }) => host.address),
      trunks: [`sip:${this.#callers.address}`],
      tls,
      logFile: join(this.folder, 'kamailio.log'),
      folder: join(this.folder, 'kamailio'),
    });
    this.#kamailio = kamailio;
    this.#closing.push(() => kamailio.stop());
    const cloud = await cheapCloud();
    this.#closing.push(() => cloud.close());
    const configFolder = writeConfig(join(this.folder, 'config'), this.asterisks, this.short);
    for (const node of this.nodes) node.configure(configFolder, { ...cloud.environment, ...this.#shared() });
    this.#closing.push(() => Promise.all(this.nodes.map((node) => node.kill())));
    await Promise.all(this.nodes.map((node) => node.start()));
    if (!this.short) await this.warmUp();
    const parts = `${this.asterisks.length} Asterisks, ${this.nodes.length} nodes, Kamailio and PostgreSQL`;
    say(`${parts} are ready after ${((Date.now() - begun) / 1000).toFixed(1)} s`);
  }

  #shared(): Record<string, string> {
    const [{ asterisk } = { asterisk: undefined }] = this.asterisks;
    return {
      ARI_PASSWORD: asterisk?.secrets.ari ?? '',
      VOICE_AGENT_DATABASE: this.#databaseUrl,
      VOICE_AGENT_TRANSCRIPTS: 'true',
      VOICE_AGENT_RECORDINGS: 'false',
      VOICE_AGENT_MAX_CALLS: '60',
      VOICE_AGENT_DRAIN_MS: String(DRAIN_MS),
      NODE_OPTIONS: `--import=${import.meta.resolve('../../test/support/block-main-thread.ts')}`,
    };
  }

  get signal(): AbortSignal {
    return this.#signal;
  }

  get kamailio(): Kamailio {
    if (!this.#kamailio) throw new Error('Kamailio was not started');
    return this.#kamailio;
  }

  get database(): PostgresServer {
    if (!this.#database) throw new Error('PostgreSQL was not started');
    return this.#database;
  }

  get databaseUrl(): string {
    return this.#databaseUrl;
  }

  node(name: string): FleetNode {
    const node = this.nodes.find((one) => one.name === name);
    if (!node) throw new Error(`There is no node ${name}`);
    return node;
  }

  /**
   * `count` callers through Kamailio, each with a number of their own; `listening`: to what they hear, too. `ear` is the caller's
   * place in the list.
   */
  async call(
    options: { readonly count: number; readonly listening?: boolean } & Pick<
      SippOptions,
      'rate' | 'holdMs' | 'atATime' | 'askAnew' | 'transport' | 'from'
    > & { readonly extension?: string },
  ): Promise<FleetCalls> {
    const { count, listening = false, ...more } = options;
    const first = 200_000 + this.#callsMade;
    this.#callsMade += count;
    const listeners = listening ? count : 1;
    const firstPort = this.#firstPort;
    this.#firstPort = 20_000 + ((firstPort - 20_000 + 2 * listeners) % 40_000);
    const port = 6000 + (this.#callsMade % 4000);
    const ears = await Ears.open(HERE, firstPort, listeners);
    const callers = Array.from({ length: count }, (_, index) => ({
      number: String(first + index),
      port: ears.port(listening ? index : 0),
    }));
    const sipp = await Sipp.start({
      extension: EXTENSION,
      ...more,
      at: this.#callers,
      server: this.entry.address,
      callers,
      port,
      mediaAddress: HERE,
      ...(more.transport === 'tls' && { certificates: join(this.folder, 'kamailio/tls') }),
      folder: join(this.folder, `sipp-${first}`),
    });
    return new FleetCalls(
      this,
      callers.map(({ number }) => number),
      sipp,
      ears,
    );
  }

  /** Calls that have come to a node so far. */
  get callsBegun(): number {
    return this.nodes.reduce((sum, { begun }) => sum + begun, 0);
  }

  /** Some calls, and what a node loads only when its first call begins: that keeps its main thread for a while. */
  async warmUp(): Promise<void> {
    const calls = await this.call({ count: 4 * this.nodes.length, rate: 4, holdMs: 500 });
    await calls.sipp.finished();
    await calls.stop();
    await this.quiet();
    await new Promise((resolve) => setTimeout(resolve, WARM_MS));
  }

  /** Resolves when no node has a call, and all know that of each other. */
  async quiet(): Promise<void> {
    await until(() => this.nodes.every(({ running }) => running === 0), 10_000, this.#signal);
    // Two of their heartbeats.
    await new Promise((resolve) => setTimeout(resolve, 700));
  }

  /** Which nodes have claimed the call of which caller: not those that took it over. */
  claimersOf(numbers: readonly string[]): Map<string, FleetNode[]> {
    const result = new Map<string, FleetNode[]>(numbers.map((number) => [number, []]));
    for (const node of this.nodes)
      for (const number of node.callers.keys())
        if (!node.tookOver.has(number)) result.get(number)?.push(node);
    return result;
  }

  async stop(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close();
  }
}

/** Calls that are going on. */
export class FleetCalls {
  readonly numbers: readonly string[];
  readonly sipp: Sipp;
  readonly ears: Ears;
  readonly #fleet: Fleet;
  #endedAt: number | undefined;

  constructor(fleet: Fleet, numbers: readonly string[], sipp: Sipp, ears: Ears) {
    this.#fleet = fleet;
    this.numbers = numbers;
    this.sipp = sipp;
    this.ears = ears;
  }

  /** All callers are hung up, at their Asterisks: they needn't wait for the end of their time. */
  async end(): Promise<void> {
    this.#endedAt ??= Date.now();
    await Promise.all(this.#fleet.asterisks.map((one) => one.hangUpAll()));
  }

  /** Resolves when all calls have ended. Whoever was hung up by `end` has come to their end. */
  async finished(): Promise<SippCall[]> {
    const calls = await this.sipp.finished();
    const since = this.#endedAt ?? Infinity;
    return calls.map((call) =>
      call.end === 'callee' && (call.endedAt ?? 0) >= since ? { ...call, end: 'caller' } : call,
    );
  }

  /** Waits until each caller has been spoken to. False when that takes longer. */
  async allSpokenTo(timeoutMs: number): Promise<boolean> {
    return until(
      () => this.numbers.every((_, index) => this.ears.of(index).spokenTo),
      timeoutMs,
      this.#fleet.signal,
    );
  }

  /** Whether any node has had that caller's call. */
  cameToAgent(number: string): boolean {
    return this.#fleet.nodes.some((node) => node.callers.has(number));
  }

  /** The callers that `node` has at present. */
  at(node: FleetNode): number[] {
    return this.numbers.flatMap((number, index) => (node.callers.get(number) === 'running' ? [index] : []));
  }

  async stop(): Promise<void> {
    this.ears.close();
    await this.sipp.stop();
  }
}

export class FleetAsterisk {
  readonly host: Host;
  readonly #entry: string;
  readonly #folder: string;
  readonly #signal: AbortSignal;
  #asterisk: NativeAsterisk | undefined;

  constructor(host: Host, entry: string, folder: string, signal: AbortSignal) {
    this.host = host;
    this.#entry = entry;
    this.#folder = folder;
    this.#signal = signal;
  }

  get asterisk(): NativeAsterisk {
    if (!this.#asterisk) throw new Error(`${this.host.name} is not running`);
    return this.#asterisk;
  }

  async start(): Promise<void> {
    this.#asterisk = await NativeAsterisk.start({
      at: this.host,
      sipProxy: `${this.#entry}:5060`,
      logFolder: join(this.#folder, this.host.name),
      signal: this.#signal,
    });
  }

  /** Everybody who calls. */
  async hangUpAll(): Promise<void> {
    const callers = (await this.asterisk.channels()).filter(({ name }) => name.startsWith('PJSIP/'));
    // Who has just hung up isn't there any more.
    await Promise.allSettled(callers.map(({ id }) => this.asterisk.ari('DELETE', `/channels/${id}`)));
  }

  /** As a machine that loses its power. */
  async kill(): Promise<void> {
    process.kill(this.asterisk.pid, 'SIGKILL');
    await this.asterisk.exited;
    this.#asterisk = undefined;
  }

  async stop(): Promise<void> {
    await this.#asterisk?.stop();
  }
}

/** One process of the agent, on a machine of its own. What it tells is kept over its restarts. */
export class FleetNode {
  readonly host: Host;
  /** Whose calls it has, or had. */
  readonly callers = new Map<string, 'running' | 'ended'>();
  /** How many calls have come to it. */
  begun = 0;
  /** Of these, who had been with another node. */
  readonly tookOver = new Set<string>();
  readonly #fleet: Fleet;
  #configFolder = '';
  #environment: Record<string, string> = {};
  #agent: LabAgent | undefined;
  #starts = 0;

  constructor(host: Host, fleet: Fleet) {
    this.host = host;
    this.#fleet = fleet;
  }

  get name(): string {
    return this.host.name.replace('node-', '');
  }

  get agent(): LabAgent {
    if (!this.#agent) throw new Error(`${this.host.name} is not running`);
    return this.#agent;
  }

  get running(): number {
    return [...this.callers.values()].filter((state) => state === 'running').length;
  }

  configure(configFolder: string, environment: Record<string, string>): void {
    this.#configFolder = configFolder;
    this.#environment = environment;
  }

  async start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#starts += 1;
    const { address, name } = this.host;
    const agent = await LabAgent.start({
      at: this.host,
      dataFolder: join(this.#fleet.folder, `${name}-data`),
      configFolder: this.#configFolder,
      logFile: join(this.#fleet.folder, `${name}-${this.#starts}.log`),
      signal: this.#fleet.signal,
      settled: !this.#fleet.short,
      environment: {
        ...this.#environment,
        VOICE_AGENT_NODE: this.name,
        VOICE_AGENT_INSTANCE: this.name,
        RTP_LISTEN_ADDRESS: address,
        MONITORING_LISTEN_ADDRESS: address,
        MONITORING_LISTEN_PORT: '9464',
        ...more,
      },
    });
    this.#agent = agent;
    const takenOver = new Set<string>();
    agent.onLine(({ msg, call }) => {
      if (call !== undefined && msg?.endsWith(GOES_ON)) takenOver.add(call);
    });
    for (const { caller } of agent.events.calls.values()) this.callers.set(caller, 'running');
    agent.events.on(({ id, caller }, { event }) => {
      if (event.type === 'started') this.begun += 1;
      if (takenOver.has(id)) this.tookOver.add(caller);
      this.callers.set(caller, event.type === 'ended' ? 'ended' : 'running');
    });
  }

  /** Its metrics, by name and labels. */
  async metrics(): Promise<string> {
    const answer = await fetch(`http://${this.host.address}:9464/metrics`, {
      signal: AbortSignal.timeout(5000),
    });
    return answer.text();
  }

  /** How many offers it didn't claim since its start, by why. */
  async declined(): Promise<Map<string, number>> {
    const text = await this.metrics();
    const found = new Map<string, number>();
    for (const [, reason = '', count] of text.matchAll(
      /^voice_agent_offers_declined_total\{[^}]*reason="([^"]+)"[^}]*\} (\d+)/gm,
    ))
      found.set(reason, (found.get(reason) ?? 0) + Number(count));
    return found;
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    const agent = this.#agent;
    if (!agent) return;
    this.#agent = undefined;
    process.kill(agent.pid, 'SIGKILL');
    await agent.exited;
    await agent.stop();
    for (const caller of this.callers.keys()) this.callers.set(caller, 'ended');
  }

  freeze(): void {
    process.kill(this.agent.pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.agent.pid, 'SIGCONT');
  }

  /** Its main thread stands still for a while (BLOCK_MS). Resolves afterwards, with when that was. */
  async stall(): Promise<{ readonly from: number; readonly until: number }> {
    const { agent } = this;
    const blocked = new Promise<{ from: number; until: number }>((resolve) => {
      const off = agent.onLine((line) => {
        if (line.msg !== 'blocked') return;
        off();
        resolve(line as unknown as { from: number; until: number });
      });
    });
    process.kill(agent.pid, 'SIGUSR2');
    return blocked;
  }

  /** SIGTERM: running calls end by themselves. Resolves when it is gone, with its exit status. */
  async drain(): Promise<number | undefined> {
    const { agent } = this;
    await agent.stop();
    this.#agent = undefined;
    return agent.exitCode;
  }
}

/** Waits until `holds`, looking four times in a tenth of a second. False on time-out. Throws when interrupted. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (signal.aborted) throw new UserError('Interrupted.');
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return true;
}

function place({ enter, address }: Host): { enter: readonly string[]; address: string } {
  return { enter, address };
}

/** Groq and Cartesia as the SDKs meet them; what they say is made up, and costs next to nothing. */
function cheapCloud(): Promise<EmulatedCloud> {
  return startEmulatedCloud({
    address: HERE,
    stt: { updates: false, transcribe: () => 'hello' },
    think: () => ({ text: 'Of course.' }),
    tts: { synthesise: testVoice },
  });
}

/** The project's config/ for all nodes, with an agent who says a word and then waits for as long as a caller likes. */
function writeConfig(folder: string, asterisks: readonly FleetAsterisk[], short: boolean): string {
  writeFleetConfig(
    join(PROJECT, 'config'),
    folder,
    asterisks.map(({ host }) => ({ name: host.name, url: `http://${host.address}:8088` })),
  );
  edit(join(folder, 'agents.yaml'), {
    'agents.0.greeting': 'Hello.',
    'agents.0.codec': 'ulaw',
    'agents.0.limits.silenceMs': 60_000,
  });
  if (short)
    edit(join(folder, 'providers.yaml'), {
      'limits.maxEventLoopDelayMs': 60_000,
      'limits.maxMediaLatenessMs': 10_000,
    });
  return folder;
}

/** Sets what stands at these places of a YAML file. */
function edit(path: string, values: Readonly<Record<string, unknown>>): void {
  const document = parseDocument(readFileSync(path, 'utf8'));
  for (const [place, value] of Object.entries(values))
    document.setIn(
      place.split('.').map((key) => (/^\d+$/.test(key) ? Number(key) : key)),
      value,
    );
  writeFileSync(path, document.toString());
}
