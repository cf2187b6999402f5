import { standardTools, toolTable, type AgentTool } from '../../src/dialog/reply/agent-tools.ts';
import { AdmittedCall } from '../../src/dialog/call/admitted-call.ts';
import { LatencyTracker } from '../../src/dialog/call/latency-tracker.ts';
import { DEFAULT_LIMITS, type AgentProfile } from '../../src/dialog/contract/agent-profile.ts';
import type { CallEvent } from '../../src/dialog/contract/call-events.ts';
import type { CallInfo } from '../../src/dialog/contract/call-info.ts';
import type { Message, TakenMessage } from '../../src/dialog/contract/conversation.ts';
import { languageOf } from '../../src/dialog/language/known-languages.ts';
import { PhraseCache, type PhraseTexts } from '../../src/dialog/reply/prepared-phrases.ts';
import {
  DEFAULT_TURN_SETTINGS,
  policiesFor,
  type Ending,
  type TurnSettings,
} from '../../src/dialog/turn/turn-states.ts';
import { Scope } from '../../src/lib/scope.ts';
import { fillersAfter } from '../../src/dialog/turn/filler-policy.ts';
import { ManualClock, settle } from './manual-clock.ts';
import { callInfo, ScriptedLine } from './scripted-line.ts';
import { ScriptedLlm, type LlmScript } from './scripted-llm.ts';
import { ScriptedMedia } from './scripted-media.ts';
import { ScriptedStt } from './scripted-stt.ts';
import { ScriptedTts } from './scripted-tts.ts';
import { ScriptedVad, type ScriptedVadStream } from './scripted-vad.ts';

export function agentProfile(more: Partial<AgentProfile> = {}): AgentProfile {
  return {
    id: 'alice',
    extensions: ['510001'],
    name: 'Alice',
    greeting: 'Hello, this is Alice.',
    instructions: '',
    voice: 'slt',
    language: 'en',
    codec: 'ulaw',
    afterwards: 'hang-up',
    whenFailing: 'continue',
    patience: 'normal',
    filler: 'words',
    greetingInterruptible: true,
    limits: { ...DEFAULT_LIMITS, eagerPauseMs: 0, silenceMs: 8000 },
    transferTargets: [],
    knowledge: {
      company: 'Riverside',
      services: [],
      questions: [],
      departments: [{ name: 'billing', digit: '3', also: [] }],
      takesMessages: true,
      pronunciations: {},
    },
    ...more,
  };
}

export interface ScriptedCallOptions {
  readonly clock?: ManualClock;
  readonly agent?: AgentProfile;
  readonly info?: CallInfo;
  readonly replies?: LlmScript[];
  readonly settings?: Partial<TurnSettings>;
  readonly findsTurns?: boolean;
  readonly tools?: readonly AgentTool[];
  readonly announcement?: Ending;
  /** Phrases that aren't there: they could not be synthesised at start. */
  readonly unprepared?: boolean;
  readonly tracker?: LatencyTracker;
  readonly scope?: Scope;
  readonly stallMs?: number;
  readonly earlier?: readonly Message[];
  readonly setUp?: (call: ScriptedCall) => void;
}

/** A whole call with scripted parts, under a manual clock. */
export class ScriptedCall {
  readonly clock: ManualClock;
  readonly scope: Scope;
  readonly line: ScriptedLine;
  readonly media: ScriptedMedia;
  readonly vad: ScriptedVad;
  readonly stt: ScriptedStt;
  readonly llm: ScriptedLlm;
  readonly tts: ScriptedTts;
  readonly tracker: LatencyTracker;
  readonly events: CallEvent[] = [];
  readonly messages: TakenMessage[] = [];
  readonly session: AdmittedCall;
  running: Promise<void> = Promise.resolve();

  private constructor(options: ScriptedCallOptions, phrases: PhraseCache) {
    this.clock = options.clock ?? new ManualClock();
    this.scope = options.scope ?? new Scope('test');
    const agent = options.agent ?? agentProfile();
    const info = options.info ?? callInfo();
    this.line = new ScriptedLine(this.clock, info);
    this.media = new ScriptedMedia(this.clock);
    this.vad = new ScriptedVad(this.clock);
    this.stt = new ScriptedStt(this.clock, { findsTurns: options.findsTurns ?? false });
    this.llm = new ScriptedLlm(this.clock, options.replies);
    this.tts = new ScriptedTts(this.clock);
    this.tracker = options.tracker ?? new LatencyTracker();
    const keep = (message: TakenMessage): Promise<void> => {
      this.messages.push(message);
      return Promise.resolve();
    };
    const standard = standardTools({ agent, messages: { keep }, clock: this.clock });
    this.session = new AdmittedCall({
      scope: this.scope,
      info,
      agent,
      parts: { vad: this.vad, stt: this.stt, llm: this.llm, tts: this.tts },
      tools: toolTable([...standard, ...(options.tools ?? [])]),
      phrases,
      expected: [],
      clock: this.clock,
      tracker: this.tracker,
      observe: (event) => this.events.push(event),
      settings: {
        ...DEFAULT_TURN_SETTINGS,
        ...agent.limits,
        ...policiesFor(agent),
        fillers: fillersAfter(2000, 4000),
        findsTurns: this.stt.findsTurns,
        ...options.settings,
      },
      announcement: options.announcement,
      earlier: options.earlier,
      ...(options.stallMs === undefined ? {} : { stallMs: options.stallMs }),
    });
  }

  /** Makes the call: neither line nor media are there yet, and nothing is prepared. */
  static admitted(options: ScriptedCallOptions = {}): ScriptedCall {
    return new ScriptedCall(options, new PhraseCache());
  }

  /** Makes the call and answers it: the greeting begins. */
  static async start(options: ScriptedCallOptions = {}): Promise<ScriptedCall> {
    const agent = options.agent ?? agentProfile();
    const phrases = new PhraseCache();
    await preparePhrases(phrases, agent, undefined, options.unprepared);
    const call = new ScriptedCall(options, phrases);
    options.setUp?.(call);
    call.running = call.session.run(call.line, call.media);
    await settle();
    return call;
  }

  /** Answered and greeted: the caller's turn. */
  static async greeted(options: ScriptedCallOptions = {}): Promise<ScriptedCall> {
    const call = await ScriptedCall.start(options);
    await call.quiet();
    return call;
  }

  get ear(): ScriptedVadStream {
    return this.vad.streams.at(-1)!;
  }

  /** The caller says something; returns when their last frame has arrived. */
  async says(text: string, duration = 1000): Promise<number> {
    this.stt.script.push(text);
    const end = this.ear.talk(duration);
    await this.clock.advance(duration);
    return end;
  }

  /** Waits until the agent speaks (again). */
  async speaking(): Promise<void> {
    await this.clock.until(() => this.media.playing);
    await this.clock.advance(20);
  }

  /** Waits until all has been said. */
  async quiet(): Promise<void> {
    await this.clock.until(
      () => !this.media.playing && this.media.playbacks.every((playback) => playback.settled),
    );
  }

  /** A question and its whole answer. */
  async exchange(text: string): Promise<void> {
    await this.says(text);
    await this.speaking();
    await this.quiet();
  }

  of<T extends CallEvent['type']>(type: T): Extract<CallEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<CallEvent, { type: T }> => event.type === type);
  }

  /** What both sides said, as the record will have it. */
  get conversation(): string[] {
    return this.events.flatMap((event) => {
      if (event.type === 'caller-said') return [`caller: ${event.text}`];
      if (event.type === 'agent-said') return [`agent: ${event.text}${event.interrupted ? ' —' : ''}`];
      return [];
    });
  }

  /** Everything that could have been left open, and wasn't. */
  get leftovers(): Record<string, number> {
    return Object.fromEntries(
      Object.entries({
        vad: this.vad.openStreams,
        stt: this.stt.openStreams,
        llm: this.llm.open,
        tts: this.tts.open,
        line: this.line.listeners,
        media: this.media.listeners,
        calls: this.tracker.calls.length,
        ends: this.of('ended').length - 1,
      }).filter(([, count]) => count !== 0),
    );
  }
}

/** As agents.yaml would configure them. */
export const ANNOUNCEMENTS = {
  unknownExtension: 'Sorry, this number is not in use. Please check the number and dial again. Goodbye.',
  busy: 'Sorry, all our lines are busy. Goodbye.',
  apology: 'I am sorry, I have a technical problem and can not help you any further.',
};

export async function preparePhrases(
  phrases: PhraseCache,
  agent: AgentProfile,
  texts: PhraseTexts = {
    greeting: agent.greeting,
    ...languageOf(agent.language).phrases,
    ...(agent.language === 'en' ? ANNOUNCEMENTS : {}),
  },
  fails = false,
): Promise<void> {
  const instant = new ManualClock();
  const tts = new ScriptedTts(instant, { firstAudioMs: 0 });
  if (fails) tts.fault = { atWord: '', how: new Error('gone') };
  await phrases.prepare(
    {
      owner: agent.id,
      texts,
      tts,
      voice: agent.voice,
      language: agent.language,
      formats: [
        { encoding: 'ulaw', rateHz: 8000 },
        { encoding: 'alaw', rateHz: 8000 },
      ],
    },
    new AbortController().signal,
    (phrase, error) => {
      if (!fails) throw new Error(`${phrase}: ${String(error)}`);
    },
  );
}
