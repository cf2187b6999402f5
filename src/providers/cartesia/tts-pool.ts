import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { FailureDomain } from '../../lib/failure-domain.ts';
import { ProviderFailure } from '../provider-failure.ts';
import { createCartesiaClient, type CartesiaClient, type CartesiaConnection } from './cartesia-client.ts';
import { TtsSocket, type ContextListener } from './tts-socket.ts';

export interface TtsPoolOptions extends CartesiaConnection {
  readonly provider: string;
  /** Replies that one socket carries at a time. */
  readonly contextsPerSocket: number;
  /** Sockets at a time. */
  readonly sockets: number;
  /** A socket that was idle for so long is replaced by a fresh one, before the provider closes it. */
  readonly renewMs: Milliseconds;
  readonly clock: Clock;
  readonly onTrouble: (message: string) => void;
}

/** How often idle sockets are looked at. */
const ROUNDS = 4;

/** Open sockets for replies to come: at least one once it was warmed, more as they are needed. */
export class TtsPool {
  readonly #options: TtsPoolOptions;
  #client: CartesiaClient | undefined;
  readonly #sockets = new Set<TtsSocket>();
  #closed = false;
  #cancelRound: (() => void) | undefined;

  constructor(options: TtsPoolOptions) {
    this.#options = options;
  }

  /** Opens a socket if none is open or being opened. Rejects with a ProviderFailure. */
  async warm(): Promise<void> {
    if (this.#closed) return;
    const [first] = this.#usable();
    await (first ?? this.#open()).ready;
  }

  /** An open socket on which that context has its place. Rejects with a ProviderFailure. */
  async acquire(context: string, listener: ContextListener): Promise<TtsSocket> {
    if (this.#closed) throw this.#failure('refused', 'it is closed');
    const { contextsPerSocket, sockets } = this.#options;
    const usable = this.#usable();
    const byLoad = usable.toSorted((a, b) => Number(b.isOpen) - Number(a.isOpen) || a.contexts - b.contexts);
    const free = byLoad.find((socket) => socket.contexts < contextsPerSocket);
    if (!free && usable.length >= sockets) {
      throw this.#failure(
        'rate-limited',
        `all ${sockets} sockets carry ${contextsPerSocket} replies already`,
      );
    }
    const socket = free ?? this.#open();
    // At once, so that no other reply takes the place while the socket is being opened.
    socket.join(context, listener);
    await socket.ready;
    return socket;
  }

  close(): void {
    this.#closed = true;
    this.#cancelRound?.();
    for (const socket of this.#sockets) socket.close();
  }

  #usable(): TtsSocket[] {
    return [...this.#sockets].filter((socket) => socket.isUsable);
  }

  /** It is for all calls, whichever has asked first. */
  #open(): TtsSocket {
    return FailureDomain.outside(() => this.#openSocket());
  }

  #openSocket(): TtsSocket {
    const { provider, clock, onTrouble } = this.#options;
    this.#client ??= createCartesiaClient(this.#options);
    const socket: TtsSocket = new TtsSocket({
      client: this.#client,
      connection: this.#options,
      provider,
      clock,
      onGone: (failure) => {
        this.#sockets.delete(socket);
        if (this.#closed || !failure) return;
        onTrouble(failure.message);
        this.#replace();
      },
    });
    this.#sockets.add(socket);
    this.#cancelRound ??= this.#nextRound();
    return socket;
  }

  /** There is always one that is open, as far as that is up to us. */
  #replace(): void {
    if (this.#usable().length > 0) return;
    this.#open().ready.catch((error: unknown) => {
      this.#options.onTrouble(messageOf(error));
    });
  }

  #nextRound(): () => void {
    const { clock, renewMs } = this.#options;
    return clock.at(clock.now() + renewMs / ROUNDS, () => {
      this.#renew();
      this.#cancelRound = this.#nextRound();
    });
  }

  /** Idle sockets go; the last one only when its successor is open. */
  #renew(): void {
    const { renewMs } = this.#options;
    const idle = [...this.#sockets].filter(
      (socket) => socket.isOpen && socket.idleMs >= renewMs * (1 - 1 / ROUNDS),
    );
    const needed = this.#usable().length === idle.length;
    const retire = (): void => {
      for (const socket of idle) if (socket.contexts === 0) socket.close();
    };
    if (!needed) retire();
    else if (idle.length > 0) {
      this.#open().ready.then(retire, (error: unknown) => {
        this.#options.onTrouble(messageOf(error));
      });
    }
  }

  #failure(kind: 'refused' | 'rate-limited', message: string): ProviderFailure {
    return new ProviderFailure({ code: 'TTS_FAILED', provider: this.#options.provider, kind, message });
  }
}
