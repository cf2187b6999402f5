import { VoiceAgentError } from '../lib/errors.ts';
import type { Audio, AudioEncoding, SampleRateHz } from './audio.ts';
import { SILENCE_BYTE } from './g711.ts';
import { validatePcmFormat } from './pcm.ts';

/** Format tags of RIFF/WAVE (RFC 2361). */
const FORMAT_TAG: Readonly<Record<AudioEncoding, number>> = { pcm_s16: 1, pcm_f32: 3, alaw: 6, ulaw: 7 };
/** WAVE_FORMAT_EXTENSIBLE: the tag proper begins the sub-format's GUID. */
const EXTENSIBLE = 0xfffe;
const BYTES: Readonly<Record<AudioEncoding, number>> = { pcm_s16: 2, pcm_f32: 4, alaw: 1, ulaw: 1 };

/** A WAV file's sound: that of its first channel, and every channel by itself. */
export type WavAudio = Audio & { readonly channels: readonly Audio[] };

/**
 * Reads a WAV file: 16-bit, float, μ-law or A-law, one or two channels, at a rate of ours. A data
 * chunk whose length was never filled in reaches to the end. Throws AUDIO_FORMAT_INVALID.
 */
export function readWav(bytes: Uint8Array): WavAudio {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 12 || tagAt(view, 0) !== 'RIFF' || tagAt(view, 8) !== 'WAVE') {
    throw invalid('no RIFF/WAVE header');
  }
  let format: { encoding: AudioEncoding; rateHz: number; channels: number } | undefined;
  for (let at = 12; at + 8 <= bytes.length;) {
    const tag = tagAt(view, at);
    const length = view.getUint32(at + 4, true);
    const from = at + 8;
    if (tag === 'fmt ') format = readFormat(view, from, length);
    if (tag === 'data') {
      if (!format) throw invalid('the data stand before their format');
      return deinterleave(bytes.subarray(from, Math.min(from + length, bytes.length)), format);
    }
    at = from + length + (length & 1);
  }
  throw invalid(format ? 'no data chunk' : 'no format chunk');
}

function readFormat(
  view: DataView,
  at: number,
  length: number,
): { encoding: AudioEncoding; rateHz: number; channels: number } {
  if (length < 16 || at + length > view.byteLength) throw invalid('the format chunk is cut short');
  const channels = view.getUint16(at + 2, true);
  const rateHz = view.getUint32(at + 4, true);
  const bits = view.getUint16(at + 14, true);
  const first = view.getUint16(at, true);
  const tag = first === EXTENSIBLE && length >= 26 ? view.getUint16(at + 24, true) : first;
  const encoding = (Object.keys(FORMAT_TAG) as AudioEncoding[]).find(
    (known) => FORMAT_TAG[known] === tag && BYTES[known] * 8 === bits,
  );
  if (!encoding)
    throw invalid(`format ${tag} with ${bits} bits; known are 16-bit, 32-bit float, μ-law, A-law`);
  if (channels !== 1 && channels !== 2) throw invalid(`${channels} channels; one or two are taken`);
  return { encoding, rateHz, channels };
}

function deinterleave(
  data: Uint8Array,
  format: { encoding: AudioEncoding; rateHz: number; channels: number },
): WavAudio {
  const { encoding, rateHz, channels } = format;
  const width = BYTES[encoding];
  const count = Math.floor(data.length / (width * channels));
  const separate = Array.from({ length: channels }, (_, channel) => {
    const own = new Uint8Array(count * width);
    for (let i = 0; i < count; i++) {
      const from = (i * channels + channel) * width;
      for (let b = 0; b < width; b++) own[i * width + b] = data[from + b] as number;
    }
    return validatePcmFormat(own, { encoding, rateHz });
  });
  return { ...(separate[0] as Audio), channels: separate };
}

/** The bytes before the samples. With a `dataBytes` that isn't known yet: 0, and write it anew at the end. */
export function wavHeader(
  format: { readonly encoding: AudioEncoding; readonly rateHz: SampleRateHz },
  channels: 1 | 2,
  dataBytes: number,
): Uint8Array {
  const { encoding, rateHz } = format;
  const width = BYTES[encoding];
  // Formats other than integer PCM have an extension (empty here) and a fact chunk.
  const plain = encoding === 'pcm_s16';
  const formatBytes = plain ? 16 : 18;
  const headerBytes = 12 + 8 + formatBytes + (plain ? 0 : 12) + 8;
  const header = new Uint8Array(headerBytes);
  const view = new DataView(header.buffer);
  putTag(header, 0, 'RIFF');
  view.setUint32(4, headerBytes - 8 + dataBytes + (dataBytes & 1), true);
  putTag(header, 8, 'WAVE');
  putTag(header, 12, 'fmt ');
  view.setUint32(16, formatBytes, true);
  view.setUint16(20, FORMAT_TAG[encoding], true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rateHz, true);
  view.setUint32(28, rateHz * channels * width, true);
  view.setUint16(32, channels * width, true);
  view.setUint16(34, width * 8, true);
  if (!plain) {
    putTag(header, 38, 'fact');
    view.setUint32(42, 4, true);
    view.setUint32(46, dataBytes / (channels * width), true);
  }
  putTag(header, headerBytes - 8, 'data');
  view.setUint32(headerBytes - 4, dataBytes, true);
  return header;
}

/**
 * What the header of a 16-bit WAV file (the first 44 bytes, as `wavHeader` writes them) should be for a file of so many
 * bytes, and the sound's length. Undefined: it is no such header.
 */
export function headerFor(
  first: Uint8Array,
  fileBytes: number,
): { readonly header: Uint8Array; readonly durationMs: number } | undefined {
  const view = new DataView(first.buffer, first.byteOffset, first.length);
  if (first.length < 44 || tagAt(view, 0) !== 'RIFF' || tagAt(view, 36) !== 'data') return undefined;
  const channels = view.getUint16(22, true);
  const rateHz = view.getUint32(24, true);
  const frames = Math.floor((fileBytes - 44) / (2 * channels));
  if (channels !== 1 && channels !== 2) return undefined;
  const header = wavHeader(
    { encoding: 'pcm_s16', rateHz: rateHz as SampleRateHz },
    channels,
    frames * 2 * channels,
  );
  return { header, durationMs: Math.round((frames / rateHz) * 1000) };
}

/**
 * A WAV file of one or two channels (a call: caller left, agent right) of one encoding and rate; the
 * shorter one is filled up with silence. Throws AUDIO_FORMAT_INVALID.
 */
export function writeWav(first: Audio, second?: Audio): Uint8Array {
  const channels = second ? [first, second] : [first];
  const { encoding, rateHz } = first;
  if (second && (second.encoding !== encoding || second.rateHz !== rateHz)) {
    throw invalid(`${encoding} at ${rateHz} Hz beside ${second.encoding} at ${second.rateHz} Hz`);
  }
  const width = BYTES[encoding];
  const parts = channels.map(bytesOf);
  const count = Math.max(...parts.map((part) => part.length / width));
  const dataBytes = count * width * parts.length;
  const header = wavHeader({ encoding, rateHz }, second ? 2 : 1, dataBytes);
  const file = new Uint8Array(header.length + dataBytes + (dataBytes & 1));
  if (encoding === 'ulaw' || encoding === 'alaw') file.fill(SILENCE_BYTE[encoding], header.length);
  file.set(header);
  parts.forEach((part, channel) => {
    for (let i = 0; i * width < part.length; i++) {
      const to = header.length + (i * parts.length + channel) * width;
      for (let b = 0; b < width; b++) file[to + b] = part[i * width + b] as number;
    }
  });
  return file;
}

function bytesOf(audio: Audio): Uint8Array {
  if ('bytes' in audio) return audio.bytes;
  const { buffer, byteOffset, byteLength } = audio.samples;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function tagAt(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
}

function putTag(into: Uint8Array, at: number, tag: string): void {
  for (let i = 0; i < tag.length; i++) into[at + i] = tag.charCodeAt(i);
}

function invalid(what: string): VoiceAgentError {
  return new VoiceAgentError('AUDIO_FORMAT_INVALID', `the WAV file can't be used: ${what}`);
}
