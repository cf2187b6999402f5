/** The cloud of a soak, as its run sees it: where it is, and what can be done to it. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { forkApart } from './fork-apart.ts';

export const CLOUD_SERVERS = ['groq', 'cartesia'] as const;
export type CloudServer = (typeof CLOUD_SERVERS)[number];

export interface CloudCommand {
  readonly type: 'down' | 'up';
  readonly server: CloudServer;
}

export type CloudTold =
  | { readonly type: 'ready'; readonly environment: Readonly<Record<string, string>> }
  /** The command, of which there is one at a time. */
  | { readonly type: 'done' };

export class SoakCloud {
  /** What an agent needs in its environment to go there. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #child: ChildProcess;
  #commands: Promise<unknown> = Promise.resolve();

  private constructor(child: ChildProcess, environment: Readonly<Record<string, string>>) {
    this.#child = child;
    this.environment = environment;
  }

  static async start(): Promise<SoakCloud> {
    const child = forkApart(new URL('cloud-process.ts', import.meta.url));
    const [told] = (await once(child, 'message')) as [CloudTold];
    return new SoakCloud(child, told.type === 'ready' ? told.environment : {});
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** One after the other, in the order in which they are given. */
  tell(command: CloudCommand): Promise<void> {
    const done = this.#commands.then(async () => {
      const answer = once(this.#child, 'message');
      this.#child.send(command);
      await answer;
    });
    this.#commands = done.catch(() => undefined);
    return done;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }
}
