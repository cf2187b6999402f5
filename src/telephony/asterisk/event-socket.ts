import type { ClientRequest, IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import type { Milliseconds } from '../../lib/clock.ts';
import { ariBase } from './ari-client.ts';
import { AriError } from './ari-error.ts';
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

/** Why an event socket isn't to be had, by the answer that came in its place. Ends the request. */
export function refusedSocket(
  server: AriServer,
  request: ClientRequest,
  response: IncomingMessage,
): AriError {
  const { statusCode: status } = response;
  response.resume();
  request.destroy();
  const refused = `Asterisk "${server.name}" gives no events: ${ariBase(server)}/ari/events answers ${String(status)} where a WebSocket is asked for`;
  if (status === 401) return new AriError('ARI_UNAUTHORIZED', refused, status);
  const remedy =
    status === 404
      ? 'its module res_ari_events.so has to be loaded (modules.conf)'
      : 'a proxy in between has to pass WebSockets on, with the headers Connection and Upgrade; or name its own address (ARI_URL)';
  return new AriError('ARI_REQUEST_FAILED', `${refused}; ${remedy}`, status);
}
