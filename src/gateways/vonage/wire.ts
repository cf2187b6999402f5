/**
 * What the Voice API of Vonage and a WebSocket server say to each other, as its guide has it
 * (https://developer.vonage.com/en/voice/voice-api/concepts/websockets).
 *
 * Vonage connects, and its first message is text: `{"event":"websocket:connected","content-type":
 * "audio/l16;rate=16000", …}` with the headers of the NCCO's endpoint beside it. From then on binary
 * messages are audio in both directions: linear 16 bits, little-endian, one channel, exactly 20 ms each (a
 * message of another size ends the connection at Vonage's side). Text messages are JSON: `websocket:dtmf`,
 * `websocket:cleared` and `websocket:notify` from Vonage, `clear` and `notify` to it.
 */
import { fieldsOf, isObject } from '../../lib/fields.ts';
import { FRAME_MS } from '../../media/audio.ts';

/** Content types that the `connect` action of an NCCO takes for a WebSocket. */
export const VONAGE_RATES_HZ = [8000, 16000, 24000] as const;
export type VonageRateHz = (typeof VONAGE_RATES_HZ)[number];

export function contentTypeOf(rateHz: VonageRateHz): string {
  return `audio/l16;rate=${rateHz}`;
}

/** Bytes of one binary message: 320, 640 or 960. */
export function frameBytesOf(rateHz: VonageRateHz): number {
  return ((rateHz * FRAME_MS) / 1000) * 2;
}

/** The rate that a content type names; undefined: it isn't linear 16-bit audio. */
export function rateOfContentType(contentType: string): number | undefined {
  const rate = /^audio\/l16\s*;\s*rate=(\d{1,6})$/i.exec(contentType.trim())?.[1];
  return rate === undefined ? undefined : Number(rate);
}

/** A text message of Vonage's. `malformed`: no JSON object with an event; `unknown`: an event we don't know. */
export type VonageMessage =
  /** `call`: what the NCCO's headers call it; empty: they don't. */
  | { readonly type: 'connected'; readonly contentType: string; readonly call: string }
  | { readonly type: 'dtmf'; readonly digit: string }
  | { readonly type: 'cleared' }
  | { readonly type: 'notify'; readonly marker: number }
  | { readonly type: 'unknown' }
  | { readonly type: 'malformed' };

/** The header by which an NCCO names the call to the media gateway; its value is the session's id. */
const CALL_HEADER = 'call_uuid';

const MALFORMED: VonageMessage = { type: 'malformed' };

export function parseVonageMessage(text: string): VonageMessage {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return MALFORMED;
  }
  if (!isObject(message)) return MALFORMED;
  switch (message['event']) {
    case 'websocket:connected': {
      const contentType = message['content-type'];
      if (typeof contentType !== 'string') return MALFORMED;
      const call = message[CALL_HEADER];
      return { type: 'connected', contentType, call: typeof call === 'string' ? call : '' };
    }
    case 'websocket:dtmf': {
      const { digit } = message;
      // One event for each key: `{"event":"websocket:dtmf","digit":"5","duration":260}`.
      return typeof digit === 'string' && /^[0-9*#A-D]$/.test(digit) ? { type: 'dtmf', digit } : MALFORMED;
    }
    case 'websocket:cleared':
      return { type: 'cleared' };
    case 'websocket:notify': {
      const { marker } = fieldsOf(message['payload']);
      return typeof marker === 'number' ? { type: 'notify', marker } : MALFORMED;
    }
    default:
      return typeof message['event'] === 'string' ? { type: 'unknown' } : MALFORMED;
  }
}

/** Empties Vonage's buffer at once; it answers `websocket:cleared`. */
export const CLEAR_COMMAND = '{"action":"clear"}';

/** Comes back as `websocket:notify` with the same payload when all that was sent before it has been played. */
export function notifyCommand(marker: number): string {
  return `{"action":"notify","payload":{"marker":${marker}}}`;
}
