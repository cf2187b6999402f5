/** One agent at one Asterisk for all tests of a suite, and what its callers do in most of them. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { PATIENCE, exchange, type Exchange } from '../../lab/conversation.ts';
import { recordingOf } from '../../lab/demo-calls.ts';
import type { SoftphoneCall, SoftphoneOptions } from '../../lab/softphone.ts';
import { readSound } from '../../lab/sound-file.ts';
import type { Utterance } from '../../lab/speech-watch.ts';
import type { G711Law } from '../../src/media/audio.ts';
import { openAgentVoice, type AgentVoice } from './agent-voice.ts';
import { Complaints } from './complaints.ts';
import {
  report,
  RunningAgent,
  WITHOUT_FILLERS,
  type Account,
  type CallView,
  type RunningAgentOptions,
} from './running-agent.ts';
import { findSpeech } from './sound-likeness.ts';

/** The agents of config/agents.yaml, and the phone that calls them if nobody says otherwise. */
export const ALICE = {
  extension: '510001',
  account: 'softphone1',
  law: 'ulaw',
  speaker: 'slt',
  greeting: 'Riverside Dental Clinic, this is Alice. How can I help you?',
} as const;
export const TOM = {
  extension: '510002',
  account: 'softphone2',
  law: 'alaw',
  speaker: 'rms',
  greeting: 'Northgate Garage, Tom speaking. What can I do for you?',
} as const;

/** The right words reach 0.98 and more, other words of the same voice stay below 0.6 (measured). */
export const SAME_WORDS = 0.85;

/** A call, and what the agent tells of it. */
export interface ViewedCall {
  readonly call: SoftphoneCall;
  readonly view: CallView;
}

export class AgentUnderTest {
  #lab: RunningAgent | undefined;
  #voice: Promise<AgentVoice> | undefined;
  #atRest: Awaited<ReturnType<RunningAgent['inUse']>> | undefined;
  #complaints: Complaints | undefined;

  get lab(): RunningAgent {
    if (!this.#lab) throw new Error('The agent has not been started');
    return this.#lab;
  }

  async start(options: RunningAgentOptions): Promise<void> {
    const edits = [WITHOUT_FILLERS, ...(options.edits ?? [])];
    this.#lab = await RunningAgent.start({ ...options, edits });
    this.#atRest = await this.#lab.inUse();
    this.#complaints = new Complaints(this.#lab.asterisk);
  }

  async stop(): Promise<void> {
    await this.#lab?.stop();
    await (await this.#voice)?.close();
  }

  /** A phone calls one of the agents, which answers. */
  async dial(
    { extension, account: usual }: { readonly extension: string; readonly account: Account },
    { account = usual, ...options }: Partial<SoftphoneOptions> & { readonly account?: Account } = {},
  ): Promise<ViewedCall> {
    const phone = await this.lab.phone(account, options);
    const call = await phone.dial(extension);
    return { call, view: this.lab.view(call, extension, account) };
  }

  /** The same, and the greeting has been heard to its end. */
  async greeted(...args: Parameters<AgentUnderTest['dial']>): Promise<ViewedCall> {
    const viewed = await this.dial(...args);
    await greeting(viewed.call);
    return viewed;
  }

  /** Says a recording of the test caller "ked", again if need be, and waits for the reply. */
  ask({ call, view }: ViewedCall, name: string): Promise<Exchange> {
    const question = { name, sound: readSound(recordingOf('ked', name).path) };
    return exchange(call, question, PATIENCE, { events: this.lab.agent.events, find: view.find });
  }

  /** These words, spoken by the embedded voice anew. */
  async speak(text: string, speaker: string, law: G711Law): Promise<Int16Array> {
    this.#voice ??= openAgentVoice();
    return (await this.#voice).speak(text, speaker, law);
  }

  /** How much what was heard since the answer sounds like these words. */
  async likeness(
    call: SoftphoneCall,
    text: string,
    { speaker, law }: { readonly speaker: string; readonly law: G711Law } = ALICE,
  ): Promise<number> {
    const { correlation } = findSpeech(call.recording().heard, await this.speak(text, speaker, law));
    report(`likeness ${correlation.toFixed(2)}: ${text}`);
    return correlation;
  }

  /** Everything is as it was before the first test: what Asterisk and the agent hold. And nothing was complained of. */
  async expectAtRest(): Promise<void> {
    await this.lab.stopPhones();
    const gone = { channels: [], bridges: [], sockets: [] };
    const expected = this.lab.agent.exitCode === undefined ? this.#atRest : gone;
    await expect.poll(() => this.lab.inUse(), { timeout: 10_000 }).toEqual(expected);
    this.#complaints?.expectNone();
  }
}

/** What is said first, to its end. */
export async function greeting(call: SoftphoneCall): Promise<Utterance> {
  const heard = await call.heard.utterance({ timeoutMs: 20_000, after: call.answeredAt ?? 0 });
  if (!heard) throw new Error('There was no greeting');
  return heard;
}

/** Starts the agent, without fillers, before the suite's tests, and looks after each of them that everything is at rest. */
export function useRunningAgent(
  options: RunningAgentOptions | (() => RunningAgentOptions) = {},
): AgentUnderTest {
  const agent = new AgentUnderTest();
  beforeAll(() => agent.start(typeof options === 'function' ? options() : options));
  afterAll(() => agent.stop());
  afterEach(() => agent.expectAtRest());
  return agent;
}
