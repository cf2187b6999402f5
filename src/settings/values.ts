import { isIP } from 'node:net';
import { z } from 'zod';
import { SAMPLE_RATES_HZ } from '../media/audio.ts';

/*
 * The kinds of values that stand in the configuration. Numbers and switches may come as text, because that is
 * what environment variables are.
 */

/** A section of keys; others than these are mistakes. */
export const section = z.strictObject;
export const oneOf = z.enum;
/** Texts by names that the user chooses. */
export const textsByName = z.record(z.string(), z.string().trim().min(1));

export const text = z.string().trim().min(1);

export function whole(min: number, max: number) {
  return z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d+$/.test(value.trim()) ? Number(value) : value),
    z.custom<number>(
      (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
      // Not aborting: what else is wrong with the section is told as well.
      { error: `a whole number from ${min} to ${max}`, abort: false },
    ),
  );
}

export function decimal(min: number, max: number) {
  return z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value),
    z.custom<number>((value) => typeof value === 'number' && value >= min && value <= max, {
      error: `a number from ${min} to ${max}`,
      abort: false,
    }),
  );
}

/** The same, or one word that stands for none of them. */
export function decimalOr<Word extends string>(word: Word, min: number, max: number) {
  return z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value),
    z.custom<number | Word>(
      (value) => value === word || (typeof value === 'number' && value >= min && value <= max),
      { error: `a number from ${min} to ${max}, or ${word}`, abort: false },
    ),
  );
}

export const toggle = z.preprocess(
  (value) => (value === 'true' ? true : value === 'false' ? false : value),
  z.boolean(),
);

export const ipAddress = text.refine(
  (value) => isIP(value) !== 0,
  'an IP address (names are not resolved here)',
);

export const advertisedAddress = text.refine(
  (value) => value === 'auto' || isIP(value) !== 0,
  'auto, or an IP address (names are not resolved here)',
);

export const identifier = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/, 'letters, digits, - and _ (32 at most), a letter first');

export const serverUrl = text.refine((value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}, 'an http or https address without user name and password, such as http://127.0.0.1:8088');

/** Where an API is: what its client appends makes the whole address. `noQuery`: what is said of one that has a query. */
export function apiUrl(
  appended: string,
  noQuery = 'an address without a query: what follows the path is put there',
) {
  return serverUrl
    .refine((value) => !/[?#]/.test(value), noQuery)
    .refine(
      (value) => !URL.canParse(value) || !/[${}<>\\]/.test(value),
      'the whole address: a part of it stands for something else',
    )
    .refine(
      (value) => !value.replace(/\/+$/, '').endsWith(appended),
      `the address without ${appended}, which is appended to it`,
    );
}

export const audioFormat = z.strictObject({
  encoding: z.enum(['pcm_s16', 'pcm_f32', 'ulaw', 'alaw']),
  sampleRateHz: z.preprocess(
    (value) => (typeof value === 'string' ? Number(value) : value),
    z.literal([...SAMPLE_RATES_HZ]),
  ),
});
