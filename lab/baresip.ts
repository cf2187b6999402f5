/**
 * baresip, a real SIP softphone without a sound card: its process, and its control connection (module
 * ctrl_tcp: JSON in netstrings, https://cr.yp.to/proto/netstrings.txt).
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { endContained } from './contained.ts';
import { asToolSees, spawnTool } from './tool.ts';

export interface BaresipOptions {
  /** Its folder, seen by it as `asToolSees` says. */
  readonly folder: string;
  /** Lines of its configuration and of its accounts file. */
  readonly config: readonly string[];
  readonly accounts: readonly string[];
  readonly controlPort: number;
}

/** What it tells of itself: `CALL_ESTABLISHED`, `REGISTER_FAIL`, …; `param` says more. */
export interface BaresipEvent {
  readonly type: string;
  readonly class: string;
  readonly param?: string;
  readonly id?: string;
  readonly peeruri?: string;
  readonly direction?: 'incoming' | 'outgoing';
}

interface Response {
  readonly response: true;
  readonly ok: boolean;
  readonly data: string;
  readonly token?: string;
}

const CONNECT_MS = 10_000;
const COMMAND_MS = 5000;

export class Baresip {
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #listeners = new Set<(event: BaresipEvent) => void>();
  readonly #answers = new Map<string, (response: Response) => void>();
  readonly #said: string[];
  #tokens = 0;
  #stopping: Promise<void> | undefined;

  private constructor(child: ChildProcess, socket: Socket, said: string[]) {
    this.#child = child;
    this.#socket = socket;
    this.#said = said;
    const reader = new NetstringReader();
    socket.on('data', (bytes: Buffer) => {
      for (const message of reader.push(bytes)) this.#take(message);
    });
    socket.on('error', () => undefined);
  }

  static async start(options: BaresipOptions): Promise<Baresip> {
    writeFileSync(join(options.folder, 'config'), `${options.config.join('\n')}\n`, { mode: 0o600 });
    writeFileSync(join(options.folder, 'accounts'), `${options.accounts.join('\n')}\n`, { mode: 0o600 });
    writeFileSync(join(options.folder, 'contacts'), '');
    const { folder } = options;
    const child = await spawnTool(['baresip', '-4', '-f', asToolSees(folder)], { folder });
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface(stream).on('line', (line) => {
        said.push(line);
        if (said.length > 400) said.shift();
      });
    }
    try {
      return new Baresip(child, await connectTo(options.controlPort, child), said);
    } catch (error) {
      await endContained(child);
      throw new Error(`baresip didn't start: ${said.slice(-8).join(' | ')}`, { cause: error });
    }
  }

  on(listener: (event: BaresipEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One of its long commands (`dial`, `hangup`, `ausrc` …). Returns what it prints; throws if it fails. */
  async command(name: string, params?: string): Promise<string> {
    this.#tokens += 1;
    const token = String(this.#tokens);
    const answer = new Promise<Response>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#answers.delete(token);
        reject(new Error(`baresip doesn't answer to "${name}": ${this.#said.slice(-4).join(' | ')}`));
      }, COMMAND_MS);
      this.#answers.set(token, (response) => {
        clearTimeout(timer);
        this.#answers.delete(token);
        resolve(response);
      });
    });
    this.#socket.write(netstring(JSON.stringify({ command: name, ...(params && { params }), token })));
    const response = await answer;
    if (!response.ok) throw new Error(`baresip: ${name} ${params ?? ''}: ${response.data}`);
    return response.data;
  }

  /** Its last lines, for a look at what went wrong. */
  get said(): readonly string[] {
    return this.#said;
  }

  /** Hangs up, unregisters and ends. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= endContained(this.#child, {
      ask: () => {
        this.#socket.write(netstring(JSON.stringify({ command: 'quit' })));
      },
    }).then(() => {
      this.#socket.destroy();
    });
    return this.#stopping;
  }

  #take(text: string): void {
    const message = JSON.parse(text) as Response | ({ event: true } & BaresipEvent);
    if ('response' in message) this.#answers.get(message.token ?? '')?.(message);
    else if ('event' in message) for (const listener of [...this.#listeners]) listener(message);
  }
}

async function connectTo(port: number, child: ChildProcess): Promise<Socket> {
  const deadline = Date.now() + CONNECT_MS;
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1' });
    try {
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      socket.destroy();
      if (child.exitCode !== null || Date.now() > deadline) throw error;
      await sleep(15);
    }
  }
}

export function netstring(text: string): string {
  return `${Buffer.byteLength(text)}:${text},`;
}

/** Cuts a stream of netstrings apart. Throws when it isn't one. */
export class NetstringReader {
  #rest: Buffer = Buffer.alloc(0);

  push(bytes: Uint8Array): string[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const messages: string[] = [];
    for (;;) {
      const colon = this.#rest.indexOf(0x3a);
      if (colon < 0) return messages;
      const length = Number(this.#rest.toString('latin1', 0, colon));
      if (!Number.isInteger(length)) throw new Error('Not a netstring');
      const end = colon + 1 + length;
      if (this.#rest.length <= end) return messages;
      messages.push(this.#rest.toString('utf8', colon + 1, end));
      this.#rest = this.#rest.subarray(end + 1);
    }
  }
}
