/**
 * Silero VAD v5 in AssemblyScript, TypeScript's words for WebAssembly: judges one window of 32 ms of up to LANES calls. After a change
 * `npm run network` compiles it into network.wasm, which stands beside it and is what is loaded.
 *
 * A window's spectrum is taken in four frames; four convolutions over their magnitudes leave one frame of 128 values; an LSTM of 128
 * cells, which remembers the call, takes it in; a sum of what its cells say is the probability. A convolution is a matrix
 * like all the rest, for the three frames that it sees lie one behind the other.
 */

/** Four lanes share the reading of the weights; beyond eight nothing more is saved. */
export const LANES: i32 = 8;

const FRAMES: i32 = 4;
const CELLS: i32 = 128;
const FLOAT: usize = 4;
const NO_FLOOR: f32 = -f32.MAX_VALUE;

/** Samples of the window of which a frame's spectrum is made, from frame to frame, and of a lane: context, window, mirrored end. */
let filter: i32 = 0;
let hop: i32 = 0;
let samples: i32 = 0;
/** Frequencies, and the same in whole steps of `multiply`. */
let bins: i32 = 0;
let width: i32 = 0;

/** Every layer's, in the order of their use: see `multiply`. */
export let weights: usize = 0;
/** Floats of them. */
export let weightCount: i32 = 0;
export let input: usize = 0;
/** Bytes from one lane to the next in `input`. */
export let inputStride: usize = 0;
/** For each lane what the convolutions made of the window, what the cells said last, and what they remember. */
export let state: usize = 0;
export const stateStride: usize = <usize>(3 * CELLS) * FLOAT;
export let probability: usize = 0;
let spectrum: usize = 0;
let magnitudes: usize = 0;
let first: usize = 0;
let second: usize = 0;
let third: usize = 0;
let gates: usize = 0;

/** Makes room for windows of so many samples: 256 at 8 kHz, 512 at 16. To be called once. */
export function setUp(window: i32): void {
  filter = window / 2;
  hop = filter / 2;
  samples = window + filter / 2;
  bins = hop + 1;
  width = (bins + 7) & ~7;

  weightCount =
    matrixSize(filter, 2 * width) +
    matrixSize(3 * bins, CELLS) +
    matrixSize(3 * CELLS, 64) +
    matrixSize(2 * 64, 64) +
    matrixSize(64, CELLS) +
    matrixSize(2 * CELLS, 4 * CELLS) +
    matrixSize(CELLS, 1);
  weights = floats(weightCount);
  input = floats(LANES * samples);
  inputStride = <usize>samples * FLOAT;
  state = floats(LANES * 3 * CELLS);
  probability = floats(LANES);
  spectrum = floats(FRAMES * 2 * width);
  // A frame of zeros before and after, as convolutions at the window's ends want it.
  magnitudes = floats((1 + FRAMES + 1) * bins);
  first = floats(LANES * (1 + FRAMES) * CELLS);
  second = floats(LANES * 2 * 64);
  third = floats(LANES * 64);
  gates = floats(LANES * 4 * CELLS);
}

function matrixSize(inputs: i32, outputs: i32): i32 {
  return (inputs + 1) * outputs;
}

/** Zeros, with a few more behind them, since a frame of `bins` magnitudes is written in whole vectors. */
function floats(count: i32): usize {
  const size = <usize>(count + 8) * FLOAT;
  const at = heap.alloc(size);
  memory.fill(at, 0, size);
  return at;
}

/** Judges what lies in `input` of the first `lanes` lanes, from what lies in their `state`. */
export function run(lanes: i32): void {
  const ofSpectrum = weights;
  const ofFirst = ofSpectrum + <usize>matrixSize(filter, 2 * width) * FLOAT;
  let next = ofFirst;
  for (let lane = 0; lane < lanes; lane++) {
    const from = input + <usize>lane * inputStride;
    mirrorEnd(from);
    multiply(ofSpectrum, filter, 2 * width, NO_FLOOR, FRAMES, from, hop, spectrum, 2 * width);
    for (let frame = 0; frame < FRAMES; frame++) measure(frame);
    const into = first + <usize>((lane * (1 + FRAMES) + 1) * CELLS) * FLOAT;
    next = multiply(ofFirst, 3 * bins, CELLS, 0, FRAMES, magnitudes, bins, into, CELLS);
  }
  const ofSecond = next;
  for (let frame = 0; frame < 2; frame++) {
    const from = first + <usize>(2 * frame * CELLS) * FLOAT;
    const into = second + <usize>(frame * 64) * FLOAT;
    next = multiply(ofSecond, 3 * CELLS, 64, 0, lanes, from, (1 + FRAMES) * CELLS, into, 2 * 64);
  }
  next = multiply(next, 2 * 64, 64, 0, lanes, second, 2 * 64, third, 64);
  next = multiply(next, 64, CELLS, 0, lanes, third, 64, state, 3 * CELLS);
  next = multiply(next, 2 * CELLS, 4 * CELLS, NO_FLOOR, lanes, state, 3 * CELLS, gates, 4 * CELLS);
  for (let lane = 0; lane < lanes; lane++) {
    const cells = state + <usize>lane * stateStride + <usize>CELLS * FLOAT;
    remember(gates + <usize>(lane * 4 * CELLS) * FLOAT, cells);
    store<f32>(probability + <usize>lane * FLOAT, sum(next, cells));
  }
}

/**
 * A fully connected layer: for each row of `inputs` floats `outputs` of them (a multiple of 8), none below `floor`. The weights lie in
 * blocks of eight outputs: their biases, then for each input the eight it is multiplied with. Strides are in floats.
 * Returns where the next layer's weights begin.
 */
function multiply(
  matrix: usize,
  inputs: i32,
  outputs: i32,
  floor: f32,
  rows: i32,
  from: usize,
  fromStride: i32,
  into: usize,
  intoStride: i32,
): usize {
  const least = f32x4.splat(floor);
  const step = <usize>fromStride * FLOAT;
  const intoStep = <usize>intoStride * FLOAT;
  for (let output = 0; output < outputs; output += 8) {
    const bias0 = v128.load(matrix);
    const bias1 = v128.load(matrix, 16);
    const begin = matrix + 32;
    const end = begin + <usize>inputs * 32;
    let x = from;
    let y = into + <usize>output * FLOAT;
    let row = 0;
    for (; row + 4 <= rows; row += 4) {
      let a0 = bias0;
      let a1 = bias1;
      let b0 = bias0;
      let b1 = bias1;
      let c0 = bias0;
      let c1 = bias1;
      let d0 = bias0;
      let d1 = bias1;
      let xa = x;
      let xb = xa + step;
      let xc = xb + step;
      let xd = xc + step;
      for (let w = begin; w < end; w += 32) {
        const w0 = v128.load(w);
        const w1 = v128.load(w, 16);
        const a = v128.load32_splat(xa);
        const b = v128.load32_splat(xb);
        const c = v128.load32_splat(xc);
        const d = v128.load32_splat(xd);
        a0 = f32x4.relaxed_madd(w0, a, a0);
        a1 = f32x4.relaxed_madd(w1, a, a1);
        b0 = f32x4.relaxed_madd(w0, b, b0);
        b1 = f32x4.relaxed_madd(w1, b, b1);
        c0 = f32x4.relaxed_madd(w0, c, c0);
        c1 = f32x4.relaxed_madd(w1, c, c1);
        d0 = f32x4.relaxed_madd(w0, d, d0);
        d1 = f32x4.relaxed_madd(w1, d, d1);
        xa += FLOAT;
        xb += FLOAT;
        xc += FLOAT;
        xd += FLOAT;
      }
      y = put(y, intoStep, least, a0, a1);
      y = put(y, intoStep, least, b0, b1);
      y = put(y, intoStep, least, c0, c1);
      y = put(y, intoStep, least, d0, d1);
      x += step * 4;
    }
    for (; row < rows; row++) {
      // Two inputs at a time, so that a sum needn't wait for the one before.
      let a0 = bias0;
      let a1 = bias1;
      let b0 = f32x4.splat(0);
      let b1 = b0;
      let c0 = b0;
      let c1 = b0;
      let d0 = b0;
      let d1 = b0;
      let at = x;
      let w = begin;
      for (; w + 128 <= end; w += 128) {
        const a = v128.load32_splat(at);
        const b = v128.load32_splat(at, 4);
        const c = v128.load32_splat(at, 8);
        const d = v128.load32_splat(at, 12);
        a0 = f32x4.relaxed_madd(v128.load(w), a, a0);
        a1 = f32x4.relaxed_madd(v128.load(w, 16), a, a1);
        b0 = f32x4.relaxed_madd(v128.load(w, 32), b, b0);
        b1 = f32x4.relaxed_madd(v128.load(w, 48), b, b1);
        c0 = f32x4.relaxed_madd(v128.load(w, 64), c, c0);
        c1 = f32x4.relaxed_madd(v128.load(w, 80), c, c1);
        d0 = f32x4.relaxed_madd(v128.load(w, 96), d, d0);
        d1 = f32x4.relaxed_madd(v128.load(w, 112), d, d1);
        at += 4 * FLOAT;
      }
      for (; w < end; w += 32) {
        const a = v128.load32_splat(at);
        a0 = f32x4.relaxed_madd(v128.load(w), a, a0);
        a1 = f32x4.relaxed_madd(v128.load(w, 16), a, a1);
        at += FLOAT;
      }
      a0 = f32x4.add(f32x4.add(a0, b0), f32x4.add(c0, d0));
      a1 = f32x4.add(f32x4.add(a1, b1), f32x4.add(c1, d1));
      y = put(y, intoStep, least, a0, a1);
      x += step;
    }
    matrix = end;
  }
  return matrix;
}

function put(at: usize, step: usize, least: v128, low: v128, high: v128): usize {
  v128.store(at, f32x4.max(low, least));
  v128.store(at, f32x4.max(high, least), 16);
  return at + step;
}

/** Behind the window comes its end once more, backwards. */
function mirrorEnd(lane: usize): void {
  const pad = filter / 4;
  const last = lane + <usize>(samples - pad - 1) * FLOAT;
  for (let index = 1; index <= pad; index++) {
    const away = <usize>index * FLOAT;
    store<f32>(last + away, load<f32>(last - away));
  }
}

/** The magnitudes of a frame's spectrum. */
function measure(frame: i32): void {
  let real = spectrum + <usize>(frame * 2 * width) * FLOAT;
  let imaginary = real + <usize>width * FLOAT;
  const end = imaginary;
  let into = magnitudes + <usize>((1 + frame) * bins) * FLOAT;
  for (; real < end; real += 16, imaginary += 16, into += 16) {
    const a = v128.load(real);
    const b = v128.load(imaginary);
    v128.store(into, f32x4.sqrt(f32x4.add(f32x4.mul(a, a), f32x4.mul(b, b))));
  }
}

/** The LSTM's cells take in what the gates (input, forget, cell, output) let through. */
function remember(gate: usize, cells: usize): void {
  const end = cells + <usize>CELLS * FLOAT;
  for (; cells < end; cells += 16, gate += 16) {
    const taken = f32x4.mul(sigmoid(v128.load(gate)), tanh(v128.load(gate, 2 * 512)));
    const kept = f32x4.mul(sigmoid(v128.load(gate, 512)), v128.load(cells, 512));
    const memory = f32x4.add(taken, kept);
    v128.store(cells, memory, 512);
    v128.store(cells, f32x4.mul(sigmoid(v128.load(gate, 3 * 512)), tanh(memory)));
  }
}

/** The probability, of what the cells say above zero: a bias, then each one's weight. */
function sum(matrix: usize, cells: usize): f32 {
  let total = f32x4.splat(0);
  for (let cell = 0; cell < CELLS; cell += 4) {
    const at = <usize>cell * FLOAT;
    const said = f32x4.max(v128.load(cells + at), f32x4.splat(0));
    total = f32x4.add(total, f32x4.mul(said, v128.load(matrix + at, FLOAT)));
  }
  const lanes = f32x4.extract_lane(total, 0) + f32x4.extract_lane(total, 1);
  const others = f32x4.extract_lane(total, 2) + f32x4.extract_lane(total, 3);
  return f32x4.extract_lane(sigmoid(f32x4.splat(load<f32>(matrix) + lanes + others)), 0);
}

function tanh(x: v128): v128 {
  const one = f32x4.splat(1);
  const twice = f32x4.splat(2);
  return f32x4.sub(f32x4.mul(twice, sigmoid(f32x4.mul(twice, x))), one);
}

function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))));
}

/** To 2 parts in 10 million: a power of two, and the Taylor series of 2^x for what is left. */
function exp(x: v128): v128 {
  const bounded = f32x4.min(f32x4.max(x, f32x4.splat(-87)), f32x4.splat(87));
  const power = f32x4.mul(bounded, f32x4.splat(1.442695041));
  const whole = f32x4.nearest(power);
  const rest = f32x4.sub(power, whole);
  let series = f32x4.splat(0.000154035304);
  series = f32x4.relaxed_madd(series, rest, f32x4.splat(0.00133335581));
  series = f32x4.relaxed_madd(series, rest, f32x4.splat(0.00961812911));
  series = f32x4.relaxed_madd(series, rest, f32x4.splat(0.0555041087));
  series = f32x4.relaxed_madd(series, rest, f32x4.splat(0.240226507));
  series = f32x4.relaxed_madd(series, rest, f32x4.splat(0.693147181));
  series = f32x4.relaxed_madd(series, rest, f32x4.splat(1));
  const exponent = i32x4.add(i32x4.trunc_sat_f32x4_s(whole), i32x4.splat(127));
  return f32x4.mul(series, i32x4.shl(exponent, 23));
}
