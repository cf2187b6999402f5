/** What the edge thread refuses and ignores, in shared memory: written by it, read by the main thread at any time. */
export interface EdgeCountersHandle {
  readonly memory: SharedArrayBuffer;
}

const NAMES = [
  /** Connections with a ticket that never was. */
  'mediaUnknown',
  /** A second connection with the same ticket. */
  'mediaUsed',
  /** After the ticket's time, or the end of its session. */
  'mediaLate',
  /** No good WebSocket handshake, or to another path. */
  'upgradesRefused',
  /** The first message wasn't `websocket:connected`, or came too late. */
  'greetingsWrong',
  /** … of another content type than the NCCO asked for. */
  'ratesWrong',
  /** Text messages that were no JSON object with an event, or lacked what their event has. */
  'messagesMalformed',
  /** Text messages of an event that we don't know. */
  'messagesUnknown',
  /** Messages beyond the rate limits. */
  'messagesTooMany',
  /** Connections ended for an oversized message or a breach of the WebSocket protocol. */
  'protocolErrors',
  /** Connections that broke off: without a closing handshake, or silent, or standing still. */
  'connectionsDropped',
  /** Connections of any kind beyond the most that there may be. */
  'connectionsTooMany',
  /** Requests to a path that isn't ours. */
  'requestsUnknown',
  /** Requests that were no good HTTP, too large, too slow or too many. */
  'requestsRefused',
  /** Requests that the main thread didn't answer in time. */
  'requestsUnanswered',
] as const;

export type EdgeCounterName = (typeof NAMES)[number];
export type EdgeCounts = Readonly<Record<EdgeCounterName, number>>;

export function createEdgeCounters(): EdgeCountersHandle {
  return { memory: new SharedArrayBuffer(NAMES.length * 4) };
}

export class EdgeCounters {
  readonly #cells: Int32Array;

  constructor(handle: EdgeCountersHandle) {
    this.#cells = new Int32Array(handle.memory);
  }

  add(name: EdgeCounterName): void {
    Atomics.add(this.#cells, NAMES.indexOf(name), 1);
  }

  read(): EdgeCounts {
    return Object.fromEntries(
      NAMES.map((name, index) => [name, Atomics.load(this.#cells, index)]),
    ) as EdgeCounts;
  }
}
