import { counterCells, createCounters, type CountersHandle, SharedCounters } from '../shared-counters.ts';

/** Where each counter of what the edge thread refuses and ignores lies in `EdgeCounters.cells`. */
export const EDGE = counterCells([
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
]);

export type EdgeCounterName = keyof typeof EDGE;
export type EdgeCounts = Readonly<Record<EdgeCounterName, number>>;

export function createEdgeCounters(): CountersHandle {
  return createCounters(EDGE);
}

/** Written by the edge thread, read by the main thread. */
export class EdgeCounters extends SharedCounters<EdgeCounterName> {
  constructor(handle: CountersHandle) {
    super(EDGE, handle);
  }
}
