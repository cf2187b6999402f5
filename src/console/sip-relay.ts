import { WebSocket } from 'ws';

/** What may wait until the other side is open: a registration. */
const WAITING_MESSAGES = 20;
/** SIP is small: who takes so little is gone. */
const WAITING_BYTES = 1024 * 1024;

/** SIP over WebSocket (RFC 7118) of a page's telephone, on to Asterisk and back, message by message. */
export function relaySip(page: WebSocket, asteriskUrl: string): void {
  const asterisk = new WebSocket(sipUrl(asteriskUrl), 'sip', { perMessageDeflate: false });
  let waiting: string[] = [];
  page.on('message', (data) => {
    const text = (data as Buffer).toString();
    if (asterisk.readyState === WebSocket.OPEN) send(asterisk, text);
    else if (waiting.length < WAITING_MESSAGES) waiting.push(text);
  });
  asterisk.on('open', () => {
    for (const text of waiting) send(asterisk, text);
    waiting = [];
  });
  asterisk.on('message', (data) => {
    if (page.readyState === WebSocket.OPEN) send(page, (data as Buffer).toString());
  });
  page.on('error', () => undefined);
  asterisk.on('error', () => undefined); // `close` follows
  page.on('close', () => {
    asterisk.close();
  });
  asterisk.on('close', () => {
    // 1014, bad gateway (RFC 6455's registry): the page says that Asterisk is away.
    page.close(1014);
  });
}

function send(socket: WebSocket, text: string): void {
  if (socket.bufferedAmount > WAITING_BYTES) socket.terminate();
  else socket.send(text);
}

function sipUrl(asteriskUrl: string): string {
  const url = new URL(asteriskUrl);
  return `${url.protocol === 'https:' ? 'wss' : 'ws'}://${url.host}${url.pathname.replace(/\/+$/, '')}/ws`;
}
