/** The real agent at an emulated Vonage, for end-to-end tests: its calls, its records, what it holds. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { labFolder } from '../../../lab/paths.ts';
import { runFolder } from '../../../lab/run-folders.ts';
import { startVonageLab, type VonageLab, type VonageLabOptions } from '../../../lab/vonage-lab.ts';
import type { CallRecord } from '../../../src/dialog/call/call-record.ts';
import { readWav } from '../../../src/media/wav.ts';
import { recordingPath, recordsIn } from '../records.ts';
import { CallView, WITHOUT_FILLERS } from '../running-agent.ts';
import type { VonageCall } from './call.ts';

/** An agent that asks nobody but itself. */
export const EMBEDDED = {
  VOICE_AGENT_STT: 'pocketsphinx',
  VOICE_AGENT_LLM: 'receptionist',
  VOICE_AGENT_TTS: 'flite',
};

export class RunningVonage {
  readonly lab: VonageLab;
  readonly #folder: string;

  private constructor(lab: VonageLab, folder: string) {
    this.lab = lab;
    this.#folder = folder;
  }

  static async start(options: Omit<VonageLabOptions, 'folder'>): Promise<RunningVonage> {
    const folder = runFolder(labFolder(), 'e2e');
    const edits = [WITHOUT_FILLERS, ...(options.edits ?? [])];
    const environment = {
      VOICE_AGENT_TRANSCRIPTS: 'true',
      VOICE_AGENT_RECORDINGS: 'true',
      ...options.environment,
    };
    try {
      return new RunningVonage(await startVonageLab({ ...options, edits, environment, folder }), folder);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** What the agent tells of a call. */
  view(call: VonageCall): CallView {
    const { events } = this.lab.agent;
    return new CallView(this.lab.agent, () => events.calls.get(`vonage/${call.uuid}`));
  }

  /** The record of a call that has ended; undefined as long as it hasn't. */
  async record(call: VonageCall): Promise<CallRecord | undefined> {
    const records = await recordsIn(this.#dataFolder);
    return records.find((record) => record.ended && record.call.endsWith(call.uuid));
  }

  /** What the agent's recording has of its own voice: the right channel. */
  async recordedVoice(call: VonageCall): Promise<{ samples: Int16Array; rateHz: number }> {
    const record = await this.record(call);
    if (!record) throw new Error(`there is no record of ${call.uuid} that has ended`);
    const right = readWav(readFileSync(recordingPath(this.#dataFolder, record))).channels[1];
    if (right?.encoding !== 'pcm_s16') throw new Error('the recording has no second channel of 16 bits');
    return right;
  }

  /** Sockets and pipes that the agent has, and its memory in bytes. */
  inUse(): { files: number; memory: number } {
    const { pid } = this.lab.agent;
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return {
      files: readdirSync(`/proc/${pid}/fd`).length,
      memory: Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024,
    };
  }

  async stop(): Promise<void> {
    await this.lab.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #dataFolder(): string {
    return join(this.#folder, 'data');
  }
}

/** Without the silence at both ends. */
export function withoutSilentEnds(samples: Int16Array): Int16Array {
  const first = samples.findIndex((sample) => sample !== 0);
  return first < 0
    ? samples.subarray(0, 0)
    : samples.subarray(first, samples.findLastIndex((one) => one !== 0) + 1);
}

/**
 * All that isn't digital silence, in order: what was said. How long nothing was said is another matter: a
 * machine that is too busy for real time makes pauses longer.
 */
export function speechOf(samples: Int16Array): Int16Array {
  return samples.filter((sample) => sample !== 0);
}

/** How much of the power lies above `cutHz`, in dB of all of it: a Goertzel bank in steps of 100 Hz. */
export function levelAbove(samples: Int16Array, rateHz: number, cutHz: number): number {
  const window = rateHz / 100;
  let [above, all] = [0, 0];
  for (let from = 0; from + window <= samples.length; from += window) {
    for (let hz = 100; hz < rateHz / 2; hz += 100) {
      const turn = 2 * Math.cos((2 * Math.PI * hz) / rateHz);
      let [one, two] = [0, 0];
      for (let i = from; i < from + window; i += 1) {
        [one, two] = [(samples[i] as number) + turn * one - two, one];
      }
      const power = one * one + two * two - turn * one * two;
      all += power;
      if (hz > cutHz) above += power;
    }
  }
  return 10 * Math.log10(above / all);
}
