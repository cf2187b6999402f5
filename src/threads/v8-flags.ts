/**
 * V8's flags, which count for the whole process, set as soon as this is loaded: before anything else in main.ts. Kept
 * compiled code is that of its flags (compiled-code.ts). Set by one thread while others begin, each start found some of it and compiled the
 * rest anew, with the types to be stripped.
 */
import { setFlagsFromString } from 'node:v8';

// Node strips each thread's types in WebAssembly. After 1,000 calls of a JavaScript function from there, V8 replaces the
// wrapper around it, and sometimes dies as it frees the old code (Node 24.21: two of about 1,200 threads' starts on a busy
// machine; the core: Runtime_TierUpWasmToJSWrapper … NativeModule::FreeCode). With this budget it replaces none in threads.
setFlagsFromString('--wasm-wrapper-tiering-budget=2147483647');

// A collection of the media thread's young garbage must not wait for helper threads, which stand in the
// queue of ordinary threads: on a loaded machine that took up to 57 ms instead of 1 (measured). For other threads
// these make next to no difference.
setFlagsFromString('--no-parallel-scavenge');
setFlagsFromString('--no-concurrent-array-buffer-sweeping');

// For collect-garbage.ts.
setFlagsFromString('--expose-gc');

// Garbage is looked for when a heap is larger by 30 % than what was alive the last time, where V8 lets it grow to several times that. What calls leave
// behind made the main thread's heap 100 to 190 MB within minutes of 50 at a time, half of which stayed when they were over; now it is 70 to 85, for
// the same processor time, and the whole program has 425 MB instead of 460 to 550.
setFlagsFromString('--heap-growing-percent=30');
