/**
 * Call control objects: what Vonage shall do with a call
 * (https://developer.vonage.com/en/voice/voice-api/ncco-reference).
 */

export type Ncco = readonly Readonly<Record<string, unknown>>[];

export interface MediaConnection {
  readonly url: string;
  readonly rateHz: number;
  /** Where Vonage tells that the connection failed or dropped, and is told what to do then. */
  readonly eventUrl: string;
  /** The called number, in digits. */
  readonly from: string;
  /** Come back beside `websocket:connected`, and in events of the connection. */
  readonly headers: Readonly<Record<string, string>>;
}

/** All headers of a WebSocket endpoint together, as JSON. */
const HEADERS_MAX_BYTES = 512;
const TALK_MAX_CHARACTERS = 1500;
/** Vonage lets a telephone ring for 1 … 120 s. */
const TIMEOUT_MAX_S = 120;

/** Connects the call to a WebSocket of ours, and asks us when that fails or ends unexpectedly. */
export function connectMedia({ url, rateHz, eventUrl, from, headers }: MediaConnection): Ncco {
  return [
    {
      action: 'connect',
      eventType: 'synchronous',
      eventUrl: [eventUrl],
      ...(isNumber(from) ? { from } : {}),
      endpoint: [
        {
          type: 'websocket',
          uri: url,
          'content-type': `audio/l16;rate=${rateHz}`,
          headers: withinLimit(headers),
        },
      ],
    },
  ];
}

export interface Placement {
  /** A telephone number or a SIP address. */
  readonly to: string;
  readonly eventUrl: string;
  readonly from: string;
  readonly ringMs?: number;
  readonly ringbackToneUrl?: string | undefined;
}

/** Connects the call to somebody else. Undefined: `to` is neither a telephone number nor a SIP address. */
export function connectTelephone(place: Placement): Ncco | undefined {
  const endpoint = endpointOf(place.to);
  if (endpoint === undefined) return undefined;
  const { eventUrl, from, ringMs, ringbackToneUrl } = place;
  return [
    {
      action: 'connect',
      eventType: 'synchronous',
      eventUrl: [eventUrl],
      ...(isNumber(from) ? { from } : {}),
      ...(ringMs === undefined
        ? {}
        : { timeout: Math.min(TIMEOUT_MAX_S, Math.max(1, Math.round(ringMs / 1000))) }),
      // Telephones have the tone of their own network.
      ...(ringbackToneUrl === undefined || endpoint['type'] !== 'sip'
        ? {}
        : { ringbackTone: ringbackToneUrl }),
      endpoint: [endpoint],
    },
  ];
}

/** Says a text in a voice of Vonage's, after which the call is over. */
export function talk(text: string, language: string): Ncco {
  return [{ action: 'talk', text: text.slice(0, TALK_MAX_CHARACTERS), language: talkLanguage(language) }];
}

export function isNumber(text: string): boolean {
  return /^[1-9]\d{6,14}$/.test(text);
}

/** `+44 20 7946-0000` as Vonage writes it: 442079460000. */
export function digitsOf(number: string): string {
  return number.replace(/[\s().-]/g, '').replace(/^(\+|00)/, '');
}

/** True for what `connectTelephone` can call. */
export function canCall(to: string): boolean {
  return endpointOf(to) !== undefined;
}

function endpointOf(to: string): Record<string, unknown> | undefined {
  if (/^sips?:[^\s@]+@[^\s@]+$/i.test(to)) return { type: 'sip', uri: to };
  const number = digitsOf(to);
  return isNumber(number) ? { type: 'phone', number } : undefined;
}

/** `en` → `en-US`, as `talk` wants it. */
function talkLanguage(language: string): string {
  try {
    const { language: name, region } = new Intl.Locale(language.replace('_', '-')).maximize();
    return `${name}-${region ?? 'US'}`;
  } catch {
    return 'en-US';
  }
}

/** The headers that fit, in their order: too many would cost the call. */
function withinLimit(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const wider = { ...kept, [name]: value };
    if (Buffer.byteLength(JSON.stringify(wider)) <= HEADERS_MAX_BYTES) kept[name] = value;
  }
  return kept;
}
