import { z } from 'zod';
import { identifier, serverUrl, text, whole } from '../settings/values.ts';

/* What an agent may do in a call, in agents.yaml. */

export const transferTarget = z.strictObject({
  name: text,
  also: z.array(text).default([]),
  endpoint: text
    .regex(
      /^(?:[A-Za-z]\w*\/\S+|sips?:\S+|\+?[0-9]{3,20})$/,
      'an endpoint as in Asterisk’s Dial(), such as PJSIP/softphone2 or Local/200@from-internal',
    )
    .refine(
      (value) => !value.includes('&'),
      'one endpoint: several telephones ring by an extension of the dialplan that dials them, named here as Local/EXTENSION@CONTEXT',
    )
    .refine(
      (value) => !/[,|()]/.test(value),
      'an endpoint alone: what follows it in Dial(), such as how long it rings, has keys of its own (ringMs)',
    ),
  callerId: text.default('caller'),
  ringMs: whole(1_000, 120_000).default(20_000),
  whileRinging: z.enum(['ringing', 'music']).default('ringing'),
  briefing: text.exactOptional(),
});

/** As far as the validator behind it can use it: `if`/`then` and references to elsewhere are not supported. */
const parameters = z.record(z.string(), z.unknown()).superRefine((schema, context) => {
  const problem = schemaProblem(schema);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: `a JSON schema: ${problem}` });
});

function schemaProblem(schema: Record<string, unknown>): string | undefined {
  if (schema.type !== 'object') return 'its type must be object';
  try {
    z.fromJSONSchema(schema);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Only path and query may have placeholders: the model must not choose the host. */
const openAddress = text.refine((value) => {
  const [, origin = ''] = /^(https?:\/\/[^/?#]*)/i.exec(value) ?? [];
  return !/[{}]/.test(origin) && serverUrl.safeParse(value).success;
}, 'an http or https address, whose host is no {place}');

export const httpTool = z.strictObject({
  name: identifier,
  description: text,
  parameters: parameters.default({ type: 'object', properties: {} }),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
  url: openAddress,
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/, 'the name of a header'), text).default({}),
  timeoutMs: whole(100, 30_000).default(3_000),
  maxBytes: whole(1, 1_000_000).default(65_536),
  result: z
    .string()
    .regex(/^(?:\/[^/]*)+$/, 'a JSON pointer, such as /order/status')
    .optional(),
  maxCharacters: whole(1, 20_000).default(1_000),
});
