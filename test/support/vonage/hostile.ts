/**
 * What an unknown client, or a broken Vonage, could send; and what the reference says of it.
 * The judgements here are written from the reference, not from our code.
 */
import fc from 'fast-check';
import { signWebhook, type VonageAccount } from './account.ts';

/** What a text message on the WebSocket is. */
export type TextVerdict = 'dtmf' | 'cleared' | 'malformed' | 'unknown';

const EVENTS = [
  ...['websocket:connected', 'websocket:dtmf', 'websocket:cleared', 'websocket:notify', 'websocket:hangup'],
  ...['websocket:', 'WEBSOCKET:DTMF', '__proto__', 'constructor', ''],
];
const KEYS = [
  ...['event', 'digit', 'duration', 'payload', 'content-type', 'action', 'marker', '__proto__', 'toString'],
];

const digits = fc.oneof(
  fc.constantFrom(...Array.from('0123456789*#')),
  fc.constantFrom('E', '10', '', ' 5', '5\n', '⑤', '٥', null, 5, [], { digit: '5' }),
);
const wellMade: fc.Arbitrary<string> = fc
  .record(
    {
      event: fc.constantFrom(...EVENTS),
      digit: digits,
      duration: fc.oneof(fc.nat(), fc.constantFrom(-1, 1e308, 'long', null)),
      payload: fc.oneof(
        fc.record({ marker: fc.oneof(fc.integer(), fc.double(), fc.string(), fc.constant(null)) }),
        fc.jsonValue({ maxDepth: 3 }),
      ),
      'content-type': fc.oneof(fc.constant('audio/l16;rate=16000'), fc.string()),
    },
    { requiredKeys: ['event'] },
  )
  .map((value) => JSON.stringify(value));
const anyObject = fc
  .dictionary(fc.oneof(fc.constantFrom(...KEYS), fc.string()), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 8 })
  .map((value) => JSON.stringify(value));
const deep = fc.nat({ max: 1500 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth));

/** Text messages, some of them cut or changed in one place. */
export const hostileText: fc.Arbitrary<string> = fc
  .tuple(
    fc.oneof(
      { arbitrary: wellMade, weight: 5 },
      { arbitrary: anyObject, weight: 2 },
      { arbitrary: fc.json({ maxDepth: 5 }), weight: 1 },
      { arbitrary: fc.string({ unit: 'grapheme', maxLength: 800 }), weight: 1 },
      { arbitrary: deep, weight: 1 },
    ),
    fc.option(fc.tuple(fc.nat(), fc.string({ maxLength: 3 })), { freq: 4 }),
  )
  .map(([text, change]) => {
    if (!change) return text;
    const at = change[0] % (text.length + 1);
    return text.slice(0, at) + change[1] + text.slice(at + 1);
  })
  // Longer than any header of an NCCO allows it to be is another matter.
  .filter((text) => Buffer.byteLength(text) <= 4000);

/** What the reference makes of a text message that comes after the first. */
export function verdictOf(text: string): TextVerdict {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'malformed';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'malformed';
  const { event, digit, payload, ['content-type']: contentType } = value as Record<string, unknown>;
  if (typeof event !== 'string') return 'malformed';
  if (event === 'websocket:cleared') return 'cleared';
  if (event === 'websocket:dtmf') {
    return typeof digit === 'string' && /^[0-9*#]$/.test(digit) ? 'dtmf' : 'malformed';
  }
  // An answer to a question of ours has the form of that question; one that was never asked is unknown.
  if (event === 'websocket:notify') return hasMarker(payload) ? 'unknown' : 'malformed';
  if (event === 'websocket:connected') return typeof contentType === 'string' ? 'unknown' : 'malformed';
  return 'unknown';
}

function hasMarker(payload: unknown): boolean {
  if (typeof payload !== 'object' || payload === null) return false;
  return typeof (payload as { marker?: unknown }).marker === 'number';
}

/** Binary messages of any length up to 4,000 bytes, the right one (640) among them. */
export const hostileBinary: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.oneof(fc.constantFrom(0, 1, 319, 320, 639, 640, 641, 960, 1280), fc.nat({ max: 4000 })),
    fc.nat({ max: 0xffff_ffff }),
  )
  .map(([length, seed]) => {
    let state = seed;
    return Uint8Array.from({ length }, () => (state = (state * 1_664_525 + 1_013_904_223) >>> 0) >>> 24);
  });

/** A request to the application's listener, and what must come of it. */
export interface HostileRequest {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  readonly status: readonly number[];
  /** Who counts it as refused: the webhooks (`forged`, …), or the listener; undefined: nobody, it is taken. */
  readonly counted: 'forged' | 'malformed' | 'requestsUnknown' | 'requestsRefused' | undefined;
}

const webhookPath = fc.constantFrom('/answer', '/event', '/fallback');
/** Names that every object has, and others that are no telephone numbers. */
const strangeName = fc.oneof(
  fc.constantFrom('constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf', '__defineGetter__'),
  fc.constantFrom('+442079460000', '510001', 'alice', '\u0000', "';--", '../..'),
);
const anyQuery = fc.array(
  fc.tuple(fc.oneof(fc.constantFrom(...KEYS, 'SipHeader_X-A', 'region_url'), fc.string()), fc.string()),
  { maxLength: 6 },
);
const anyJson = fc.oneof(anyObject, fc.json({ maxDepth: 4 }));

/** Requests that are wrong in one way each. */
export function hostileRequest(account: VonageAccount): fc.Arbitrary<HostileRequest> {
  const post = (
    what: string,
    path: string,
    body: string,
    authorization: string | undefined,
    expected: Pick<HostileRequest, 'status' | 'counted'>,
  ): HostileRequest => {
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (authorization !== undefined) headers['authorization'] = authorization;
    return { what, method: 'POST', path, headers, body, ...expected };
  };
  const get = (
    what: string,
    path: string,
    authorization: string | undefined,
    expected: Pick<HostileRequest, 'status' | 'counted'>,
  ): HostileRequest => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    return { what, method: 'GET', path, headers, body: undefined, ...expected };
  };
  const forged = { status: [401], counted: 'forged' } as const;
  const malformed = { status: [400], counted: 'malformed' } as const;
  const signed = (body: string): string | undefined => signWebhook(account, body);

  return fc.oneof(
    fc
      .tuple(webhookPath, anyJson, fc.constantFrom('none', 'unsigned', 'wrong-secret', 'garbage', 'cut-off'))
      .map(([path, body, kind]) => {
        const authorization = signWebhook(account, body, { kind: kind as 'none' });
        return post(`signature: ${kind}`, path, body, authorization, forged);
      }),
    fc
      .tuple(
        webhookPath,
        anyJson,
        fc.oneof(fc.integer({ min: 500, max: 1e9 }), fc.integer({ min: -1e9, max: -500 })),
      )
      .map(([path, body, iatShiftS]) =>
        post('iat is far away', path, body, signWebhook(account, body, { iatShiftS }), forged),
      ),
    fc
      .tuple(
        webhookPath,
        anyJson,
        fc.constantFrom(
          { iss: 'vonage' },
          { iss: undefined },
          { application_id: 'another' },
          { application_id: undefined },
          { payload_hash: undefined },
          { payload_hash: 7 },
          { jti: undefined },
          { iat: 'now' },
        ),
      )
      .map(([path, body, claims]) =>
        post(`claim ${JSON.stringify(claims)}`, path, body, signWebhook(account, body, { claims }), forged),
      ),
    fc
      .tuple(webhookPath, anyJson)
      .map(([path, body]) => post('the body is another', path, `${body} `.repeat(2), signed(body), forged)),
    fc
      .tuple(webhookPath, fc.oneof(fc.jsonValue({ maxDepth: 0 }), fc.array(fc.jsonValue({ maxDepth: 2 }))))
      .map(([path, value]) => {
        const body = JSON.stringify(value);
        return post('no JSON object', path, body, signed(body), malformed);
      }),
    fc.tuple(webhookPath, fc.string({ unit: 'grapheme', maxLength: 300 })).map(([path, text]) => {
      const body = `{${text}`;
      return post('no JSON', path, body, signed(body), malformed);
    }),
    fc
      .tuple(
        fc.oneof(fc.constant(undefined), fc.constantFrom('', '../../etc/passwd', 'a b', 7, null, ['x'], {})),
        fc.oneof(fc.constant(undefined), fc.constantFrom('', null, 15550100001, [], {})),
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 4 }),
      )
      .map(([uuid, to, more]) => {
        const body = JSON.stringify({ ...more, uuid, to });
        return post('no call', '/answer', body, signed(body), malformed);
      }),
    // Calls of which nothing is wrong but the names.
    fc
      .tuple(strangeName, anyQuery, fc.uuid(), fc.boolean())
      .map(([to, more, uuid, byGet]): HostileRequest => {
        const fields = new URLSearchParams([...more, ['uuid', uuid], ['to', to], ['from', to]]);
        const body = JSON.stringify(Object.fromEntries(fields));
        const taken = { status: [200], counted: undefined } as const;
        if (!byGet) return post('a strange name', '/answer', body, signed(body), taken);
        return get('a strange name', `/answer?${fields.toString()}`, signed(body), taken);
      }),
    fc.tuple(anyQuery, fc.boolean()).map(([query, isSigned]) => {
      const text = new URLSearchParams([...query, ['uuid', '']]).toString();
      const payload = JSON.stringify(Object.fromEntries(new URLSearchParams(text)));
      const expected = isSigned ? malformed : forged;
      return get('any query', `/answer?${text}`, isSigned ? signed(payload) : undefined, expected);
    }),
    anyObject.map((body) =>
      post('any event', '/event', body, signed(body), { status: [200, 204], counted: undefined }),
    ),
    fc
      .tuple(fc.webPath(), anyJson)
      .filter(([path]) => !/^\/(answer|event|fallback|media)/.test(path))
      .map(([path, body]) => {
        const target = path.startsWith('/') ? path : `/${path}`;
        return post('no path of ours', target, body, undefined, {
          status: [404],
          counted: 'requestsUnknown',
        });
      }),
    fc
      .tuple(webhookPath, fc.constantFrom('PUT', 'DELETE', 'PATCH', 'OPTIONS'))
      .map(([path, method]): HostileRequest => ({
        ...{ what: `method ${method}`, method, path, headers: {}, body: undefined },
        ...{ status: [405], counted: 'malformed' },
      })),
    fc
      .tuple(webhookPath, fc.integer({ min: 70_000, max: 200_000 }))
      .map(([path, length]): HostileRequest => ({
        ...{ what: 'too long', method: 'POST', path, headers: {}, body: 'x'.repeat(length) },
        ...{ status: [413], counted: 'requestsRefused' },
      })),
    webhookPath.map((path): HostileRequest => ({
      ...{ what: 'no UTF-8', method: 'POST', path, headers: {}, body: Uint8Array.of(0x22, 0xff, 0xc0, 0x22) },
      ...{ status: [400], counted: 'requestsRefused' },
    })),
  );
}
