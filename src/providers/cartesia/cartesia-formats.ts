import type { AudioEncoding, AudioFormat } from '../../media/audio.ts';

/** What Cartesia calls our encodings, in both directions. */
export const CARTESIA_ENCODING = {
  ulaw: 'pcm_mulaw',
  alaw: 'pcm_alaw',
  pcm_s16: 'pcm_s16le',
  pcm_f32: 'pcm_f32le',
} as const satisfies Record<AudioEncoding, string>;

/** What it can speak in. Those of a telephone line first: nothing is converted then. */
export const CARTESIA_FORMATS: readonly AudioFormat[] = [
  { encoding: 'ulaw', rateHz: 8000 },
  { encoding: 'alaw', rateHz: 8000 },
  ...([8000, 16000, 22050, 24000, 44100, 48000] as const).flatMap((rateHz): AudioFormat[] => [
    { encoding: 'pcm_s16', rateHz },
    { encoding: 'pcm_f32', rateHz },
  ]),
];

/** How a voice is identified: a UUID. */
export const CARTESIA_VOICE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Both sockets: docs.cartesia.ai/api-reference/stt/turns/websocket, and the SDK's parameters. */
export const CARTESIA_STT_LANGUAGES = ['en'] as const;

/** SupportedLanguage of @cartesia/cartesia-js, src/resources/voices.ts. */
export const CARTESIA_LANGUAGES = (
  'en fr de es pt zh ja hi it ko nl pl ru sv tr tl bg ro ar cs el fi hr ms sk da ta uk hu no vi bn th he ka id te ' +
  'gu kn ml mr pa'
).split(' ');
