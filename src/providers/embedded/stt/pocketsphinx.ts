import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import koffi from 'koffi';
import { messageOf } from '../../../lib/errors.ts';
import { inNativeCode } from '../../../threads/native-code.ts';
import { findModel, notInstalled, type ModelFiles } from './model-files.ts';

/**
 * CMU pocketsphinx 0.8 (5prealpha) as Debian 12 ships it, bound by koffi. Every call blocks the
 * thread that makes it, so it belongs in a worker. The 5.x API of later Debians differs.
 */

const MULTIARCH: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
  arm: 'arm-linux-gnueabihf',
  riscv64: 'riscv64-linux-gnu',
  ppc64: 'powerpc64le-linux-gnu',
  s390x: 's390x-linux-gnu',
};
const LIBRARY = 'libpocketsphinx.so.3';
const BASE_LIBRARY = 'libsphinxbase.so.3';

export interface PocketsphinxOptions {
  /** `libpocketsphinx.so.3`; by default where Debian installs it, else wherever the loader finds it. */
  readonly libraryPath?: string;
  /** Folder with `en-us/` and `cmudict-en-us.dict`, as the package `pocketsphinx-en-us` installs it. */
  readonly modelPath?: string;
}

/** Address of something in the library's memory. */
export type Pointer = bigint;

/** The C functions that are used, by their own names. */
export interface PocketsphinxApi {
  err_set_logfp(file: null): void;
  ps_args(): Pointer;
  fe_get_args(): Pointer;
  cmd_ln_parse_r(
    into: null,
    definitions: Pointer,
    count: number,
    args: string[],
    strict: number,
  ): Pointer | null;
  cmd_ln_free_r(config: Pointer): number;
  ps_init(config: Pointer): Pointer | null;
  ps_free(decoder: Pointer): number;
  ps_mllr_read(file: string): Pointer | null;
  ps_update_mllr(decoder: Pointer, mllr: Pointer): Pointer | null;
  ps_start_utt(decoder: Pointer): number;
  ps_process_cep(decoder: Pointer, rows: Pointer, frames: number, noSearch: number, full: number): number;
  ps_end_utt(decoder: Pointer): number;
  ps_get_hyp(decoder: Pointer, score: [number]): string | null;
  ps_get_prob(decoder: Pointer): number;
  ps_seg_iter(decoder: Pointer, score: null): Pointer | null;
  ps_seg_next(segment: Pointer): Pointer | null;
  ps_seg_word(segment: Pointer): string;
  ps_seg_prob(segment: Pointer, acoustic: null, language: null, backOff: null): number;
  ps_seg_frames(segment: Pointer, from: [number], to: [number]): void;
  ps_get_logmath(decoder: Pointer): Pointer;
  logmath_log_to_ln(logmath: Pointer, value: number): number;
  fe_init_auto_r(config: Pointer): Pointer | null;
  fe_start_utt(frontEnd: Pointer): number;
  fe_process_frames(
    frontEnd: Pointer,
    samples: Pointer,
    count: Pointer,
    rows: Pointer,
    frames: Pointer,
    index: null,
  ): number;
  fe_end_utt(frontEnd: Pointer, row: Pointer, frames: Pointer): number;
  fe_free(frontEnd: Pointer): number;
  /** The C library's: gives freed memory back to the system. */
  malloc_trim(keep: number): number;
}

export interface Pocketsphinx {
  readonly model: ModelFiles;
  readonly api: PocketsphinxApi;
}

/** Loads the library and finds the model. Throws STT_UNAVAILABLE that names what to install. */
export function loadPocketsphinx(options: PocketsphinxOptions = {}): Pocketsphinx {
  const model = findModel(options.modelPath);
  const api = inNativeCode(() => bind(options.libraryPath));
  api.err_set_logfp(null); // per thread; what goes wrong shows in return values
  return { model, api };
}

function bind(libraryPath: string | undefined): PocketsphinxApi {
  const errors: string[] = [];
  const folder = MULTIARCH[process.arch];
  const places = libraryPath
    ? [libraryPath]
    : [...(folder ? [join('/usr/lib', folder, LIBRARY)] : []), join('/usr/local/lib', LIBRARY), LIBRARY];
  for (const place of places) {
    const isPath = place.includes('/');
    if (isPath && !existsSync(place)) {
      errors.push(`no ${place}`);
      continue;
    }
    const beside = join(dirname(place), BASE_LIBRARY);
    try {
      return declare(koffi.load(place), koffi.load(isPath && existsSync(beside) ? beside : BASE_LIBRARY));
    } catch (error) {
      errors.push(messageOf(error));
    }
  }
  throw notInstalled(`the pocketsphinx library can't be loaded (${errors.join('; ')})`);
}

type Library = ReturnType<typeof koffi.load>;

function declare(lib: Library, base: Library): PocketsphinxApi {
  const functions: Record<keyof PocketsphinxApi, (...args: unknown[]) => unknown> = {
    err_set_logfp: base.func('void err_set_logfp(void *file)'),
    ps_args: lib.func('void *ps_args()'),
    fe_get_args: base.func('void *fe_get_args()'),
    cmd_ln_parse_r: base.func(
      'void *cmd_ln_parse_r(void *into, void *definitions, int32_t count, const char **args, int32_t strict)',
    ),
    cmd_ln_free_r: base.func('int cmd_ln_free_r(void *config)'),
    ps_init: lib.func('void *ps_init(void *config)'),
    ps_free: lib.func('int ps_free(void *decoder)'),
    ps_mllr_read: lib.func('void *ps_mllr_read(const char *file)'),
    ps_update_mllr: lib.func('void *ps_update_mllr(void *decoder, void *mllr)'),
    ps_start_utt: lib.func('int ps_start_utt(void *decoder)'),
    ps_process_cep: lib.func(
      'int ps_process_cep(void *decoder, void *rows, int frames, int noSearch, int full)',
    ),
    ps_end_utt: lib.func('int ps_end_utt(void *decoder)'),
    ps_get_hyp: lib.func('const char *ps_get_hyp(void *decoder, _Out_ int32_t *score)'),
    ps_get_prob: lib.func('int32_t ps_get_prob(void *decoder)'),
    ps_seg_iter: lib.func('void *ps_seg_iter(void *decoder, int32_t *score)'),
    ps_seg_next: lib.func('void *ps_seg_next(void *segment)'),
    ps_seg_word: lib.func('const char *ps_seg_word(void *segment)'),
    ps_seg_prob: lib.func(
      'int32_t ps_seg_prob(void *segment, void *acoustic, void *language, void *backOff)',
    ),
    ps_seg_frames: lib.func('void ps_seg_frames(void *segment, _Out_ int *from, _Out_ int *to)'),
    ps_get_logmath: lib.func('void *ps_get_logmath(void *decoder)'),
    logmath_log_to_ln: base.func('double logmath_log_to_ln(void *logmath, int value)'),
    fe_init_auto_r: base.func('void *fe_init_auto_r(void *config)'),
    fe_start_utt: base.func('int fe_start_utt(void *frontEnd)'),
    fe_process_frames: base.func(
      'int fe_process_frames(void *frontEnd, void *samples, void *count, void *rows, void *frames, void *index)',
    ),
    fe_end_utt: base.func('int fe_end_utt(void *frontEnd, void *row, void *frames)'),
    fe_free: base.func('int fe_free(void *frontEnd)'),
    malloc_trim: base.func('int malloc_trim(size_t keep)'),
  };
  const guarded = Object.entries(functions).map(([name, call]) => [
    name,
    (...args: unknown[]) => inNativeCode(() => call(...args)),
  ]);
  return Object.fromEntries(guarded) as PocketsphinxApi;
}
