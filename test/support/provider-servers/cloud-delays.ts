import { seeded } from '../../../src/providers/embedded/random.ts';
import type { Milliseconds } from '../../../src/lib/clock.ts';
import { logNormal, type Delay } from './delays.ts';

/** How quick the cloud is taken to be: medians, all with the same spread. */
export interface CloudAssumptions {
  /** From the caller's last sound to "they have probably finished", counted in sound received. */
  readonly eagerEndMs: Milliseconds;
  /** From the caller's last sound to "they have finished", counted in sound received. */
  readonly turnEndMs: Milliseconds;
  /** Share of the eager ends that are taken back although the caller stays silent. */
  readonly takenBack: number;
  /** From a whole recording to its text (Whisper). */
  readonly transcriptMs: Milliseconds;
  readonly firstTokenMs: Milliseconds;
  readonly tokensPerSecond: number;
  /** From the first text to the first sound. */
  readonly firstByteMs: Milliseconds;
  /** Of each delay's log-normal distribution; 0: always the median. */
  readonly sigma: number;
  /** The same draws for the same seed. */
  readonly seed: number;
}

export const CLOUD_ASSUMPTIONS: CloudAssumptions = {
  eagerEndMs: 160,
  turnEndMs: 400,
  takenBack: 0.2,
  transcriptMs: 200,
  firstTokenMs: 200,
  tokensPerSecond: 300,
  firstByteMs: 90,
  sigma: 0.25,
  seed: 1,
};

/** What each assumption is called in the environment: `make bench-latency LLM_FIRST_TOKEN_MS=350`. */
export const ASSUMPTION_NAMES: Readonly<Record<keyof CloudAssumptions, string>> = {
  eagerEndMs: 'STT_EAGER_END_MS',
  turnEndMs: 'STT_TURN_END_MS',
  takenBack: 'STT_TAKEN_BACK',
  transcriptMs: 'STT_TRANSCRIPT_MS',
  firstTokenMs: 'LLM_FIRST_TOKEN_MS',
  tokensPerSecond: 'LLM_TOKENS_PER_SECOND',
  firstByteMs: 'TTS_FIRST_BYTE_MS',
  sigma: 'DELAY_SIGMA',
  seed: 'DELAY_SEED',
};

/** The assumptions, some of them overridden by the environment. Throws RangeError on what is no number. */
export function cloudAssumptions(
  environment: Readonly<Record<string, string | undefined>>,
): CloudAssumptions {
  const given = Object.entries(ASSUMPTION_NAMES).flatMap(([key, name]) => {
    const text = environment[name];
    if (text === undefined || text.trim() === '') return [];
    const value = Number(text);
    const most = name === 'STT_TAKEN_BACK' ? 1 : Infinity;
    if (!(value >= 0 && value <= most)) throw new RangeError(`${name}=${text} is no number that it can be`);
    return [[key, value] as const];
  });
  return { ...CLOUD_ASSUMPTIONS, ...Object.fromEntries(given) };
}

/** For whoever reads figures that rest on them. */
export function assumptionLines(assumed: CloudAssumptions): string[] {
  const { eagerEndMs, turnEndMs, takenBack, firstTokenMs, tokensPerSecond, firstByteMs, sigma, seed } =
    assumed;
  return [
    `STT  eager end ${eagerEndMs} ms and turn end ${turnEndMs} ms after the last sound; ` +
      `${Math.round(takenBack * 100)} % of the eager ends are taken back`,
    `LLM  first token ${firstTokenMs} ms, then ${tokensPerSecond} tokens/s`,
    `TTS  first byte ${firstByteMs} ms`,
    `each log-normal with σ ${sigma}, seed ${seed}`,
  ];
}

export interface CloudDelays {
  readonly eagerEnd: Delay;
  readonly turnEnd: Delay;
  readonly takesBack: () => boolean;
  readonly transcription: Delay;
  readonly firstToken: Delay;
  readonly betweenTokens: Delay;
  readonly firstByte: Delay;
}

/** Each delay has a sequence of its own, so that one more draw of one moves no other. */
export function cloudDelays(assumed: CloudAssumptions): CloudDelays {
  const { sigma, seed } = assumed;
  const draw = (medianMs: Milliseconds, index: number): Delay =>
    logNormal(medianMs, sigma, seed * 100 + index);
  const chance = seeded(seed * 100);
  return {
    eagerEnd: draw(assumed.eagerEndMs, 1),
    turnEnd: draw(assumed.turnEndMs, 2),
    takesBack: () => chance() < assumed.takenBack,
    transcription: draw(assumed.transcriptMs, 3),
    firstToken: draw(assumed.firstTokenMs, 4),
    betweenTokens: draw(1000 / assumed.tokensPerSecond, 5),
    firstByte: draw(assumed.firstByteMs, 6),
  };
}
