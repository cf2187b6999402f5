/**
 * What goes wrong with one request (HTTP) or one connection (WebSocket). A server that is `down()`
 * refuses; one that is asked for https speaks plainly, which is a failed TLS handshake.
 */
export type Fault =
  /** Answers (or refuses the upgrade) with this status. */
  | {
      readonly type: 'status';
      readonly status: number;
      readonly retryAfterS?: number;
      readonly message?: string;
      /** What else stands in its error, such as Groq's `failed_generation`. */
      readonly more?: object;
    }
  /** Takes the request and never answers. */
  | { readonly type: 'stall-before-headers' }
  /** Stops talking after so many tokens, chunks or events; the connection stays open. */
  | { readonly type: 'stall'; readonly after: number }
  /** The connection dies after so many tokens, chunks or events, without a farewell. */
  | { readonly type: 'cut'; readonly after: number }
  /** Sends something that isn't JSON after so many. */
  | { readonly type: 'malformed'; readonly after: number }
  /** Answers properly, and says nothing. */
  | { readonly type: 'empty' }
  /** A model says nothing, because somebody's rules kept it back. */
  | { readonly type: 'filtered' }
  /** A proxy answers with a page of its own. */
  | { readonly type: 'page' }
  /** Says so much, then reports an error in the protocol's own words. */
  | { readonly type: 'error'; readonly after: number; readonly status: number; readonly message: string }
  /** The connection dies after so many audio bytes from the client. */
  | { readonly type: 'cut-after-audio'; readonly bytes: number };

/** Which fault meets which request: asked once for each, in the order of their arrival. */
export interface FaultPlan {
  next(where: string): Fault | undefined;
}

/** The next requests fail so (`undefined`: that one doesn't); all later ones succeed. */
export class FaultQueue implements FaultPlan {
  readonly #always: { readonly where: RegExp; readonly fault: Fault }[] = [];
  readonly #faults: { readonly where: RegExp; readonly fault: Fault | undefined }[] = [];

  /** For the next requests at `where`, one each. */
  push(where: RegExp, ...faults: (Fault | undefined)[]): void {
    for (const fault of faults) this.#faults.push({ where, fault });
  }

  /** From now on, every request at `where` that has no fault of its own, until `clear`. */
  always(where: RegExp, fault: Fault): void {
    this.#always.push({ where, fault });
  }

  /** Nothing fails any more. */
  clear(): void {
    this.#faults.length = 0;
    this.#always.length = 0;
  }

  next(where: string): Fault | undefined {
    const index = this.#faults.findIndex((entry) => entry.where.test(where));
    if (index >= 0) return this.#faults.splice(index, 1)[0]?.fault;
    return this.#always.find((entry) => entry.where.test(where))?.fault;
  }
}

/** Every request that `where` matches fails so. */
export function alwaysFails(fault: Fault, where = /./): FaultPlan {
  return { next: (place) => (where.test(place) ? fault : undefined) };
}
