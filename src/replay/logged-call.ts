import type { CallRecord } from '../dialog/call/call-record.ts';
import type { TurnLogSettings, TurnStep } from '../dialog/contract/call-events.ts';
import type { Milliseconds } from '../lib/clock.ts';
import { FRAME_MS, type SampleRateHz } from '../media/audio.ts';
import { readWav } from '../media/wav.ts';

/** A call as its record and its recording tell it. Instants are milliseconds after the call began. */
export interface LoggedCall {
  readonly name: string;
  readonly settings: TurnLogSettings;
  readonly steps: readonly TurnStep[];
  /** Missing: there is no recording; what the detector heard is taken from the log. */
  readonly sound?: CallSound | undefined;
  /** Turns whose words were taken out. */
  readonly masked: readonly number[];
}

/** Both sides of a call on one timeline, that of the frames in the log. */
export interface CallSound {
  readonly rateHz: SampleRateHz;
  readonly caller: Int16Array;
  readonly agent: Int16Array;
}

/** Why a call can't be replayed. */
export class NoReplay extends Error {}

/** `recording`: the bytes of its WAV file. Throws NoReplay, and AUDIO_FORMAT_INVALID. */
export function loggedCall(record: CallRecord, recording: Uint8Array | undefined): LoggedCall {
  const { turnLog: parts = [] } = record;
  const settings = parts.find((part) => part.settings !== undefined)?.settings;
  const steps = parts.flatMap((part) => part.steps);
  if (!settings || steps.length === 0) {
    throw new NoReplay(
      `${record.call} has no log of its turns: it was held by an earlier version, or nobody was listened to`,
    );
  }
  const masked = parts.filter((part) => part.masked === true).map((part) => part.turn);
  return { name: record.call, settings, steps, masked, sound: recording && soundOf(recording) };
}

function soundOf(bytes: Uint8Array): CallSound {
  const { channels, rateHz } = readWav(bytes);
  const [caller, agent] = channels.map((side) => (side.encoding === 'pcm_s16' ? side.samples : undefined));
  if (!caller || !agent) {
    throw new NoReplay('the recording must be one of the agent’s own: 16 bit, caller left and agent right');
  }
  return { rateHz, caller, agent };
}

/** What the machine was told; `details` are as they were written. */
export type Told = Extract<TurnStep, { readonly told: string }>;
/** What it decided. */
export type Did = Extract<TurnStep, { readonly did: string }>;

export function isTold(step: TurnStep): step is Told {
  return 'told' in step;
}

export function isDid(step: TurnStep): step is Did {
  return 'did' in step;
}

export function numberIn(step: TurnStep, name: string): number | undefined {
  const value = step[name];
  return typeof value === 'number' ? value : undefined;
}

/** When the first frame of the recording was heard; undefined: the log doesn't tell, for nobody has said anything. */
export function frameZeroAt(steps: readonly TurnStep[]): Milliseconds | undefined {
  const zeros = steps
    .filter(isTold)
    .flatMap((step) => {
      const [frame, at] = [numberIn(step, 'frame'), numberIn(step, 'since') ?? numberIn(step, 'lastAt')];
      return frame === undefined || at === undefined ? [] : [at - frame * FRAME_MS];
    })
    .toSorted((a, b) => a - b);
  return zeros[Math.floor(zeros.length / 2)];
}
