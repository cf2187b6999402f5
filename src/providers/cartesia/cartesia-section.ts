import { SettingsSection } from '../../settings/settings-section.ts';
import {
  apiUrl,
  audioFormat,
  decimal,
  oneOf,
  section,
  text,
  textsByName,
  whole,
} from '../../settings/values.ts';

/** Hearing and speaking. */
export const CARTESIA = new SettingsSection({
  name: 'cartesia',
  owner: 'Cartesia',
  keyVariable: 'CARTESIA_API_KEY',
  schema: section({
    apiKey: text.optional(),
    baseUrl: apiUrl('/tts/websocket').default('https://api.cartesia.ai'),
    connectMs: whole(100, 30_000).default(2_000),
    tts: section({
      model: text.default('sonic-3'),
      /** Katie and Kiefer. */
      voices: textsByName.default({
        slt: 'f786b574-daa5-4673-aa0c-cbe3e8534c02',
        rms: '228fca29-3a0a-435c-8728-5cb483251068',
      }),
      speed: decimal(0.6, 1.5).optional(),
      feeding: oneOf(['sentence', 'token']).default('sentence'),
      figures: oneOf(['voice', 'words']).default('voice'),
      bufferMs: whole(0, 5_000).optional(),
      format: audioFormat.optional(),
      firstAudioMs: whole(100, 30_000).default(1_500),
      chunkMs: whole(100, 30_000).default(1_500),
      sockets: whole(1, 100).default(10),
      repliesPerSocket: whole(1, 100).default(10),
    }).prefault({}),
    stt: section({
      model: text.default('ink-2'),
      socket: oneOf(['turns', 'finalize']).default('turns'),
      startThreshold: decimal(0.5, 0.9).optional(),
      eagerEndThreshold: decimal(0.3, 0.6).optional(),
      endThreshold: decimal(0.05, 0.5).optional(),
      endTimeoutMs: whole(640, 11_200).optional(),
      messageMs: whole(20, 200).default(20),
      transcriptMs: whole(100, 30_000).default(2_000),
    }).prefault({}),
  }),
});
