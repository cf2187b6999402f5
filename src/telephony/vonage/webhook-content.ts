import { isObject, type Fields } from '../../lib/fields.ts';
import type { HttpRequest } from '../../lib/http-exchange.ts';
import { digitsOf } from './ncco.ts';

/*
 * What the webhooks say, as far as it matters here
 * (https://developer.vonage.com/en/voice/voice-api/webhook-reference). By GET everything is text.
 */

/** Somebody calls a number of ours. */
export interface AnswerWebhook {
  readonly uuid: string;
  /** The called number, in digits. */
  readonly to: string;
  readonly conversation: string | undefined;
  /** A number, or the name of a user of the Client SDK. */
  readonly from: string | undefined;
  /** Base of the API that knows the call. */
  readonly regionUrl: string | undefined;
  /** `SipHeader_X-…`, where the call came by SIP. */
  readonly sipHeaders: Readonly<Record<string, string>>;
}

/** Something happened to a leg: the caller's, the WebSocket's, or one that was called. */
export interface EventWebhook {
  readonly uuid: string | undefined;
  readonly conversation: string | undefined;
  /** `ringing`, `answered`, `completed`, …; errors and transfers have none. */
  readonly status: string | undefined;
  readonly to: string | undefined;
  /** The conversation that the leg was moved to. */
  readonly movedTo: string | undefined;
  /** The call that the leg belongs to, if our NCCO named it. */
  readonly call: string | undefined;
  /** Why something went wrong. */
  readonly reason: string | undefined;
}

/** Leg ids are UUIDs, or 32 digits of one. */
const LEG_ID = /^[\w-]{8,64}$/;
const TEXT_MAX = 256;
const SIP_HEADERS_MAX = 20;

/** The fields of a webhook, whichever way it came; undefined: they can't be read. */
export function fieldsOf({ method, query, body }: HttpRequest): Fields | undefined {
  if (method === 'GET') return Object.fromEntries(new URLSearchParams(query));
  try {
    const json: unknown = JSON.parse(body);
    return isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined: it lacks what a call must have. */
export function answerOf(fields: Fields): AnswerWebhook | undefined {
  const uuid = textOf(fields['uuid']);
  const to = digitsOf(textOf(fields['to']) ?? '');
  if (uuid === undefined || !LEG_ID.test(uuid) || to === '') return undefined;
  const sipHeaders = Object.entries(fields)
    .filter(([name, value]) => /^SipHeader_[\w-]{1,64}$/.test(name) && typeof value === 'string')
    .slice(0, SIP_HEADERS_MAX)
    .map(([name, value]) => [name, textOf(value) ?? ''] as const);
  return {
    uuid,
    to,
    conversation: textOf(fields['conversation_uuid']),
    from: textOf(fields['from']) ?? textOf(fields['from_user']),
    regionUrl: textOf(fields['region_url']),
    sipHeaders: Object.fromEntries(sipHeaders),
  };
}

export function eventOf(fields: Fields): EventWebhook {
  const { headers } = fields;
  const call = isObject(headers) ? headers['call_uuid'] : undefined;
  return {
    uuid: textOf(fields['uuid']),
    conversation: textOf(fields['conversation_uuid']) ?? textOf(fields['conversation_uuid_from']),
    status: textOf(fields['status']),
    to: textOf(fields['to']),
    movedTo: textOf(fields['conversation_uuid_to']),
    call: textOf(call),
    reason: textOf(fields['reason']) ?? textOf(fields['detail']),
  };
}

/** What the fallback webhook stands in for. */
export function originalTypeOf(fields: Fields): string | undefined {
  let original: unknown = fields['original_request'];
  if (typeof original === 'string') {
    try {
      original = JSON.parse(original);
    } catch {
      return undefined;
    }
  }
  return isObject(original) ? textOf(original['type']) : undefined;
}

/** Undefined for what is no text, or an empty one. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, TEXT_MAX) : undefined;
}
