import WebSocket from 'ws';
import type { Milliseconds } from '../../lib/clock.ts';
import { ariBase } from './ari-client.ts';
import { basicAuthorization, type AriServer } from './ari-http.ts';

/** The longest event is a channel's with all its variables: a few kB. */
const LONGEST_EVENT_BYTES = 4 * 1024 * 1024;

/** Registers `app` by opening its event socket. The credentials travel in a header. */
export function openEventSocket(server: AriServer, app: string, connectTimeoutMs: Milliseconds): WebSocket {
  const base = ariBase(server).replace(/^http/, 'ws');
  return new WebSocket(`${base}/ari/events?app=${encodeURIComponent(app)}&subscribeAll=false`, {
    headers: { authorization: basicAuthorization(server) },
    handshakeTimeout: connectTimeoutMs,
    maxPayload: LONGEST_EVENT_BYTES,
    perMessageDeflate: false,
  });
}
