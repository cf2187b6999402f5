/**
 * Reads a Call Control Object as strictly as the reference is written, and more strictly than Vonage may
 * be: an option that the reference doesn't know is a fault too, for nobody could say what it does.
 * Source: developer.vonage.com/en/voice/voice-api/ncco-reference; headers of 512 bytes at most and the
 * rates: developer.vonage.com/en/voice/voice-api/concepts/websockets; `authorization`: the types of
 * @vonage/voice 1.21 (WebsocketAuthorization).
 */
export interface WebSocketEndpoint {
  readonly type: 'websocket';
  readonly uri: string;
  readonly rateHz: number;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** `vonage`: the handshake carries a JWT like a webhook's; otherwise the header's value itself. */
  readonly authorization:
    { readonly type: 'vonage' } | { readonly type: 'custom'; readonly value: string } | undefined;
}

export type NccoAction =
  | {
      readonly action: 'connect';
      readonly endpoint: WebSocketEndpoint | { readonly type: 'phone' | 'sip'; readonly address: string };
      readonly from: string | undefined;
      readonly synchronous: boolean;
      readonly eventUrl: string | undefined;
      readonly timeoutS: number;
    }
  | { readonly action: 'talk'; readonly text: string; readonly language: string | undefined }
  | { readonly action: 'stream'; readonly url: string }
  | { readonly action: 'wait'; readonly seconds: number }
  | { readonly action: 'record' | 'conversation' | 'input' | 'notify' | 'transfer' };

/** What Vonage writes to the event URL: "Syntax error in NCCO. …" (webhook reference, Errors). */
export class NccoError extends Error {
  constructor(what: string) {
    super(`Syntax error in NCCO. ${what}`);
    this.name = 'NccoError';
  }
}

const HEADERS_MAX_BYTES = 512;
const TALK_MAX_CHARACTERS = 1500;
const RATES = [8000, 16_000, 24_000];
const CONTENT_TYPE = /^audio\/l16;rate=(\d+)$/;
const PHONE_NUMBER = /^[1-9]\d{6,14}$/;

const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  connect: [
    ...['endpoint', 'from', 'randomFromNumber', 'eventType', 'timeout', 'limit', 'machineDetection'],
    ...['advancedMachineDetection', 'eventUrl', 'eventMethod', 'ringbackTone'],
  ],
  talk: ['text', 'bargeIn', 'loop', 'level', 'language', 'style', 'premium'],
  stream: ['streamUrl', 'level', 'bargeIn', 'loop'],
  wait: ['timeout'],
};
const OTHER_ACTIONS = ['record', 'conversation', 'input', 'notify', 'transfer'] as const;
const ENDPOINT_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  websocket: ['type', 'uri', 'content-type', 'headers', 'authorization'],
  phone: ['type', 'number', 'dtmfAnswer', 'onAnswer', 'shaken'],
  sip: ['type', 'uri', 'headers', 'standardHeaders'],
};

/** Throws NccoError. `text` is a webhook's answer, `contentType` its header. */
export function readNcco(text: string, contentType: string | undefined): NccoAction[] {
  // "The NCCO is encoded incorrectly (for example, text/html)": support article 115016024247.
  if (!/^application\/json\b/.test(contentType ?? ''))
    throw new NccoError(`It came as ${contentType ?? 'nothing'}.`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new NccoError('It is not JSON.');
  }
  return checkNcco(parsed);
}

/** Throws NccoError. */
export function checkNcco(value: unknown): NccoAction[] {
  if (!Array.isArray(value)) throw new NccoError('It is not an array.');
  return value.map((one: unknown) => action(asObject(one, 'An action')));
}

function action(value: Record<string, unknown>): NccoAction {
  const name = value['action'];
  for (const other of OTHER_ACTIONS) if (name === other) return { action: other };
  const options = typeof name === 'string' ? OPTIONS[name] : undefined;
  if (!options) throw new NccoError(`Invalid value type or action: ${JSON.stringify(name)}.`);
  onlyKnown(value, ['action', ...options], String(name));
  if (name === 'connect') return connect(value);
  if (name === 'talk') {
    const text = asText(value['text'], 'talk.text');
    if (text.length > TALK_MAX_CHARACTERS) throw new NccoError(`talk.text has ${text.length} characters.`);
    return { action: 'talk', text, language: optionalText(value['language'], 'talk.language') };
  }
  if (name === 'wait') return { action: 'wait', seconds: Number(value['timeout'] ?? 10) };
  const [url] = asTexts(value['streamUrl'], 'stream.streamUrl');
  return { action: 'stream', url };
}

function connect(value: Record<string, unknown>): NccoAction {
  const endpoints = value['endpoint'];
  if (!Array.isArray(endpoints) || endpoints.length !== 1) {
    throw new NccoError('connect.endpoint must be an array of one endpoint.');
  }
  const endpoint = asObject(endpoints[0], 'The endpoint');
  const type = endpoint['type'];
  const known = typeof type === 'string' ? ENDPOINT_OPTIONS[type] : undefined;
  if (!known) throw new NccoError(`Endpoints of type ${JSON.stringify(type)} are not emulated.`);
  onlyKnown(endpoint, known, `the ${String(type)} endpoint`);
  const eventType = optionalText(value['eventType'], 'connect.eventType');
  if (eventType !== undefined && eventType !== 'synchronous')
    throw new NccoError('eventType is not synchronous.');
  const from = optionalText(value['from'], 'connect.from');
  if (from !== undefined && type === 'phone' && !PHONE_NUMBER.test(from)) {
    throw new NccoError(`connect.from is not a number in E.164: ${from}.`);
  }
  const eventUrl =
    value['eventUrl'] === undefined ? undefined : asTexts(value['eventUrl'], 'connect.eventUrl')[0];
  return {
    action: 'connect',
    from,
    eventUrl,
    synchronous: eventType === 'synchronous',
    timeoutS: timeoutOf(value['timeout'] ?? 60),
    endpoint: type === 'websocket' ? webSocket(endpoint) : telephone(endpoint),
  };
}

/** "Must be an integer between 1 and 120." */
function timeoutOf(value: unknown): number {
  const seconds = Number(value);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 120) {
    throw new NccoError(`connect.timeout is ${String(value)}.`);
  }
  return seconds;
}

function telephone(endpoint: Record<string, unknown>): { type: 'phone' | 'sip'; address: string } {
  if (endpoint['type'] === 'sip') return { type: 'sip', address: asText(endpoint['uri'], 'sip.uri') };
  const number = asText(endpoint['number'], 'phone.number');
  if (!PHONE_NUMBER.test(number)) throw new NccoError(`phone.number is not in E.164: ${number}.`);
  return { type: 'phone', address: number };
}

function webSocket(endpoint: Record<string, unknown>): WebSocketEndpoint {
  const uri = asText(endpoint['uri'], 'websocket.uri');
  if (!/^wss?:\/\/[^/]+/.test(uri)) throw new NccoError(`websocket.uri is ${uri}.`);
  const contentType = asText(endpoint['content-type'], 'websocket.content-type');
  const rateHz = Number(CONTENT_TYPE.exec(contentType)?.[1]);
  if (!RATES.includes(rateHz)) throw new NccoError(`websocket.content-type is ${contentType}.`);
  const headers = endpoint['headers'] === undefined ? {} : asObject(endpoint['headers'], 'websocket.headers');
  const bytes = Buffer.byteLength(JSON.stringify(headers));
  if (bytes > HEADERS_MAX_BYTES) throw new NccoError(`websocket.headers have ${bytes} bytes.`);
  for (const own of ['event', 'content-type']) {
    if (own in headers) throw new NccoError(`websocket.headers may not name ${own}.`);
  }
  return { type: 'websocket', uri, rateHz, contentType, headers, authorization: authorization(endpoint) };
}

function authorization(endpoint: Record<string, unknown>): WebSocketEndpoint['authorization'] {
  if (endpoint['authorization'] === undefined) return undefined;
  const given = asObject(endpoint['authorization'], 'websocket.authorization');
  if (given['type'] === 'vonage') return { type: 'vonage' };
  if (given['type'] === 'custom')
    return { type: 'custom', value: asText(given['value'], 'authorization.value') };
  throw new NccoError(`websocket.authorization is of type ${JSON.stringify(given['type'])}.`);
}

function onlyKnown(value: Record<string, unknown>, known: readonly string[], where: string): void {
  const strange = Object.keys(value).filter((key) => !known.includes(key));
  if (strange.length > 0) throw new NccoError(`${where} has no ${strange.join(', ')}.`);
}

function asObject(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new NccoError(`${what} is not an object.`);
  }
  return value as Record<string, unknown>;
}

function asText(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw new NccoError(`${what} is not a text.`);
  return value;
}

function optionalText(value: unknown, what: string): string | undefined {
  return value === undefined ? undefined : asText(value, what);
}

function asTexts(value: unknown, what: string): [string, ...string[]] {
  if (!Array.isArray(value) || value.length === 0) throw new NccoError(`${what} is not an array.`);
  return value.map((one) => asText(one, what)) as [string, ...string[]];
}
