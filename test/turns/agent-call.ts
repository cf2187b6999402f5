/** All that the replay knows of the dialogue: it opens a call as telephony does, and listens to its events. */
import { Desk } from '../../src/dialog/call/call-desk.ts';
import { LatencyTracker } from '../../src/dialog/call/latency-tracker.ts';
import {
  DEFAULT_LIMITS,
  type AgentLimits,
  type AgentProfile,
} from '../../src/dialog/contract/agent-profile.ts';
import type { CallEvent } from '../../src/dialog/contract/call-events.ts';
import type { VadEvent } from '../../src/dialog/contract/speech.ts';
import type {
  CallDesk,
  MediaSession,
  SpeechToText,
  VoiceActivityDetector,
} from '../../src/dialog/contract/ports.ts';
import { endpointingByWords, type EndpointingPolicy } from '../../src/dialog/turn/endpointing-policy.ts';
import { languageOf } from '../../src/dialog/language/known-languages.ts';
import {
  pausingForWords,
  stoppingAtOnce,
  type InterruptionPolicy,
} from '../../src/dialog/turn/interruption-policy.ts';
import { PhraseCache } from '../../src/dialog/reply/prepared-phrases.ts';
import { toolTable } from '../../src/dialog/reply/agent-tools.ts';
import type { TurnSettings } from '../../src/dialog/turn/turn-states.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { Scope } from '../../src/lib/scope.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { agentProfile } from '../support/scripted-call.ts';
import { callInfo, ScriptedLine } from '../support/scripted-line.ts';
import { AgentModel, AgentVoice } from './agent-parts.ts';
import { SHORT_ANSWER, type Case } from './cases.ts';
import { VOICES, type Half } from './voices.ts';

/** A row of the report: how turns are taken. */
export interface Variant {
  readonly name: string;
  readonly limits?: Partial<AgentLimits>;
  readonly patience?: AgentProfile['patience'];
  readonly settings?: Partial<TurnSettings>;
  /** The recogniser says itself when a turn ends. */
  readonly findsTurns?: boolean;
  /** Events of the detector that are kept from the dialogue. */
  readonly deafTo?: VadEvent['type'];
  /** Model and voice answer at once: what is left of a response is turn-taking. */
  readonly instantly?: boolean;
}

const english = languageOf('en');

/** The same pause after whatever was said. */
const byTimeAlone: EndpointingPolicy = { pauseAfter: (_turn, ordinaryMs) => ordinaryMs };

/** Whatever was asked, however it was said, and however the caller pauses. */
const byWordsAlone: EndpointingPolicy = {
  pauseAfter: ({ text }, ordinaryMs) => endpointingByWords(english).pauseAfter({ text }, ordinaryMs),
};

/** "I have a question" is a sentence like others. */
const withoutAnnouncements = endpointingByWords({ ...english, announced: [] });

/** What the caller calls for is waited for no longer than what they say later. */
const withoutPurpose: EndpointingPolicy = {
  pauseAfter: (turn, ordinaryMs) =>
    endpointingByWords(english).pauseAfter({ ...turn, first: false }, ordinaryMs),
};

/** Of each sound, this isn't known. */
function without(...unknown: readonly ('pitched' | 'weakerDb' | 'laughs')[]): InterruptionPolicy {
  const policy = pausingForWords(english);
  const nothing = Object.fromEntries(unknown.map((key) => [key, undefined]));
  return { ...policy, judge: (sound) => policy.judge({ ...sound, ...nothing }) };
}

/** What follows a word of which the recogniser isn't sure is not waited for. */
const withoutWaiting: InterruptionPolicy = {
  ...pausingForWords(english),
  judge: (sound) => pausingForWords(english).judge({ ...sound, waited: true }),
};

/** The rows. A rule that is built later, and each of its parts left out, is a line here. */
export const VARIANTS: readonly Variant[] = [
  { name: 'today' },
  { name: 'today (recogniser finds turns)', findsTurns: true },
  { name: 'patience: quick', patience: 'quick' },
  { name: 'patience: relaxed', patience: 'relaxed' },
  { name: 'without loudness', settings: { interruption: without('weakerDb') } },
  { name: 'without pitch', settings: { interruption: without('pitched') } },
  { name: 'without laughs', settings: { interruption: without('laughs') } },
  { name: 'without waiting', settings: { interruption: withoutWaiting } },
  { name: 'sounds by words alone', settings: { interruption: without('pitched', 'weakerDb', 'laughs') } },
  { name: 'stops at once', settings: { interruption: stoppingAtOnce(english) } },
  { name: 'without announcements', settings: { endpointing: withoutAnnouncements } },
  { name: 'without purposes', settings: { endpointing: withoutPurpose } },
  { name: 'without rises', deafTo: 'level-rises' },
  { name: 'pause by words alone', settings: { endpointing: byWordsAlone } },
  { name: 'pause by time alone', settings: { endpointing: byTimeAlone } },
];

/** What a row's calls are held with, as the report tells it. */
export function inForce({
  limits,
  settings,
  patience = 'normal',
  findsTurns = false,
}: Variant): Readonly<Record<string, string | number>> {
  const { endpointingMs, eagerPauseMs, bargeInMs } = { ...DEFAULT_LIMITS, ...limits };
  return {
    patience,
    endpointingMs,
    eagerPauseMs,
    bargeInMs,
    recogniser: findsTurns ? 'finds turns' : 'is asked',
    changed: Object.keys(settings ?? {}).join(' ') || 'nothing',
  };
}

/** What the agent says beside its replies. */
export const PHRASES: readonly string[] = Object.values(languageOf('en').phrases);

export interface RunningCall {
  readonly line: ScriptedLine;
  readonly events: readonly CallEvent[];
  readonly over: Promise<void>;
}

export interface CallToStart {
  readonly test: Case;
  readonly variant: Variant;
  readonly clock: ManualClock;
  readonly media: MediaSession;
  readonly vad: VoiceActivityDetector;
  readonly stt: SpeechToText;
}

/** Answers a call of `test` with these parts; nothing has been said yet. */
export async function startCall({ clock, media, ...agent }: CallToStart): Promise<RunningCall> {
  const { desk, events } = await openDesk({ clock, ...agent });
  const line = new ScriptedLine(clock, callInfo());
  const admission = desk.admit(line.info);
  if (admission.kind !== 'accept') throw new Error('the desk refuses the call');
  return { line, events, over: admission.run(line, media) };
}

/** Where one call of `test` can be answered; and what it tells of itself. */
export async function openDesk({
  test,
  variant,
  clock,
  vad,
  stt,
}: Omit<CallToStart, 'media' | 'clock'> & { readonly clock: Clock }): Promise<{
  desk: CallDesk;
  events: readonly CallEvent[];
  /** Resolves with the call's last event. */
  ended: Promise<unknown>;
}> {
  const profile = agentProfile({
    id: test.half,
    greeting: test.greeting,
    patience: variant.patience ?? 'normal',
    limits: { ...DEFAULT_LIMITS, ...variant.limits },
    knowledge: { ...agentProfile().knowledge, departments: [], takesMessages: false },
  });
  const voice = new AgentVoice(clock, test, variant.instantly ?? false);
  const llm = new AgentModel(clock, test, SHORT_ANSWER, variant.instantly ?? false);
  const events: CallEvent[] = [];
  const ended = Promise.withResolvers<undefined>();
  const agent = {
    profile,
    parts: { vad: variant.deafTo ? deafened(vad, variant.deafTo) : vad, stt, llm, tts: voice },
    tools: toolTable([]),
    expected: [],
    ...(variant.settings && { settings: variant.settings }),
  };
  const desk = new Desk({
    agents: [agent],
    announcer: agent,
    maxCalls: 1,
    whenFull: 'continue',
    phrases: await phrasesOf(test.half, test.greeting),
    clock,
    tracker: new LatencyTracker(),
    observe: (event) => {
      events.push(event);
      if (event.type === 'ended') ended.resolve(undefined);
    },
    scope: new Scope(test.id),
  });
  return { desk, events, ended: ended.promise };
}

/** The same detector, of whose events these are kept back. */
function deafened(vad: VoiceActivityDetector, deafTo: VadEvent['type']): VoiceActivityDetector {
  return {
    name: vad.name,
    rates: vad.rates,
    open: (request) =>
      vad.open({
        ...request,
        onEvent: (event) => {
          if (event.type !== deafTo) request.onEvent(event);
        },
      }),
    close: () => vad.close(),
  };
}

const prepared = new Map<string, Promise<PhraseCache>>();

function phrasesOf(half: Half, greeting: string): Promise<PhraseCache> {
  const key = `${half} ${greeting}`;
  const before = prepared.get(key) ?? preparePhrases(half, greeting);
  prepared.set(key, before);
  return before;
}

async function preparePhrases(half: Half, greeting: string): Promise<PhraseCache> {
  const phrases = new PhraseCache();
  await phrases.prepare(
    {
      owner: half,
      texts: { greeting, ...languageOf('en').phrases },
      tts: new AgentVoice(new ManualClock(), { id: 'phrases', half }, true),
      voice: VOICES[half].agent.name,
      language: 'en',
      formats: [{ encoding: 'ulaw', rateHz: 8000 }],
    },
    new AbortController().signal,
    (phrase, error) => {
      throw new Error(`${phrase}: ${String(error)}`);
    },
  );
  return phrases;
}
