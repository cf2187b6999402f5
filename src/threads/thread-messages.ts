/** What a supervisor and its thread say to each other; what the two are for is in `command`, `report`, `about`. */
export type ToThread<Command> =
  /** Shows that the thread's event loop turns: it writes `count` into `beats` (one Int32), nothing else. */
  | { readonly kind: 'beat'; readonly beats: SharedArrayBuffer; readonly count: number }
  /** With a `request`: it is answered. */
  | { readonly kind: 'command'; readonly command: Command; readonly request?: number }
  /** There is no work: garbage is looked for. `all`: as `collectAllGarbage` does. */
  | { readonly kind: 'collect'; readonly all: boolean }
  | { readonly kind: 'stop' };

export type FromThread<Report, About> =
  /** The first word of a thread that can work. */
  | { readonly kind: 'ready'; readonly about: About }
  /** The first and last word of one that can't. */
  | { readonly kind: 'unable'; readonly error: Said }
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'answer'; readonly request: number; readonly answer: unknown }
  | { readonly kind: 'refused'; readonly request: number; readonly error: Said };

/** An error as it crosses threads. */
export interface Said {
  /** Of the system (`EADDRINUSE`) or the program (`STT_UNAVAILABLE`), if it has one. */
  readonly code?: string;
  readonly message: string;
}
