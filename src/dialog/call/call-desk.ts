import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { FailureDomain } from '../../lib/failure-domain.ts';
import type { Scope } from '../../lib/scope.ts';
import type { AudioFormat } from '../../media/audio.ts';
import type { ToolTable } from '../reply/agent-tools.ts';
import {
  fullness,
  isWithheld,
  refusalFor,
  type AdmissionLimits,
  type Load,
  type Refusal,
} from './admission-policy.ts';
import { AdmittedCall, callName } from './admitted-call.ts';
import type { AgentParts } from './call-in-hand.ts';
import type { LatencyTracker } from './latency-tracker.ts';
import { NO_MEDIA } from '../contract/call-media.ts';
import type { Admission, CallDesk, MediaSession } from '../contract/ports.ts';
import { DEFAULT_LIMITS, type AgentProfile } from '../contract/agent-profile.ts';
import type { CallEvent, CallObserver } from '../contract/call-events.ts';
import type { CallInfo } from '../contract/call-info.ts';
import type { Message } from '../contract/conversation.ts';
import type { PhraseCache } from '../reply/prepared-phrases.ts';
import {
  DEFAULT_TURN_SETTINGS,
  policiesFor,
  type Ending,
  type HelloSettings,
  type TurnSettings,
} from '../turn/turn-states.ts';

/** An agent with everything that it works with. */
export interface StaffedAgent {
  readonly profile: AgentProfile;
  readonly parts: AgentParts;
  readonly tools: ToolTable;
  /** Sentences and words that the recogniser should expect. */
  readonly expected: readonly string[];
  /** The synthesiser's format that is wanted, if not the wire's own. */
  readonly source?: AudioFormat | undefined;
  /** Beyond what the agent's limits say. */
  readonly settings?: Partial<TurnSettings>;
}

export interface CallDeskOptions extends AdmissionLimits {
  readonly agents: readonly StaffedAgent[];
  /** Speaks the refusals; its phrases are kept under its profile's id. */
  readonly announcer: StaffedAgent;
  /** How late the main thread comes to its work at present. Undefined: never. */
  readonly eventLoopDelayMs?: (() => Milliseconds) | undefined;
  /** What the caller gets who is refused: "all lines are busy", or the dialplan. */
  readonly whenFull: 'announce' | 'continue';
  readonly phrases: PhraseCache;
  readonly clock: Clock;
  readonly tracker: LatencyTracker;
  readonly observe: CallObserver;
  readonly scope: Scope;
  /**
   * What was said with a caller whose call an earlier run of the program has left when it died (nothing, if that isn't
   * known any more): it goes on where it was. Undefined: it is a new call.
   */
  readonly earlier?: (info: CallInfo) => readonly Message[] | undefined;
  /** Listens in on a call's media (a recording). Called when it runs; what it returns, when it is over. */
  readonly tap?: (call: string, agent: string, media: MediaSession) => () => Promise<void>;
}

const MINUTE_MS: Milliseconds = 60_000;

/** What would become of a call if it came now. */
export interface Outlook {
  /** Why it wouldn't be taken; undefined: it would. */
  readonly refusal: Refusal | 'draining' | 'unknown-extension' | undefined;
  /** As `fullness`. */
  readonly fullness: number;
}

interface RunningCall {
  readonly info: CallInfo;
  readonly over: Promise<void>;
  /** Undefined: it is being set up. */
  media?: MediaSession;
}

/** Decides which agent answers a call, and keeps the calls that are running. */
export class Desk implements CallDesk {
  readonly #options: CallDeskOptions;
  readonly #byExtension = new Map<string, StaffedAgent>();
  readonly #calls = new Map<AdmittedCall, RunningCall>();
  readonly #announcements = new Set<AdmittedCall>();
  /** Instants at which calls were taken in the last minute, in order; no more than are needed to judge. */
  readonly #taken: Milliseconds[] = [];
  #draining = false;

  constructor(options: CallDeskOptions) {
    this.#options = options;
    for (const agent of options.agents) {
      for (const extension of agent.profile.extensions) this.#byExtension.set(extension, agent);
    }
  }

  /** Calls that are being set up or are running, announcements included. */
  get size(): number {
    return this.#calls.size;
  }

  admit(info: CallInfo): Admission {
    if (this.#draining) return this.#sendOn(info, 'draining');
    const agent = this.#byExtension.get(info.dialled);
    if (!agent) {
      return this.#announce(info, {
        reason: 'unknown-extension',
        phrase: 'unknownExtension',
        way: 'hang-up',
      });
    }
    const earlier = this.#options.earlier?.(info);
    const refusal = this.#refusalFor(info, earlier !== undefined);
    if (!refusal) return this.#accept(info, agent, undefined, earlier);
    // We don't call people to tell them that all lines are busy.
    if (this.#options.whenFull === 'continue' || info.direction === 'out') return this.#sendOn(info, refusal);
    return this.#announce(info, { reason: refusal, phrase: 'busy', way: 'hang-up' }, refusal);
  }

  /** Before anybody has the call; nothing is changed by it. `expected`: calls that are certain to come besides. */
  outlook(info: CallInfo, expected = 0): Outlook {
    const load = this.#loadFor(info, false, expected);
    const refusal = refusalFor(load, this.#options);
    const unknown = this.#byExtension.has(info.dialled) ? undefined : ('unknown-extension' as const);
    return {
      refusal: this.#draining ? 'draining' : (unknown ?? refusal),
      fullness: fullness(load, this.#options),
    };
  }

  #refusalFor(info: CallInfo, goesOn: boolean): Refusal | undefined {
    const { callsPerMinute = 0, clock } = this.#options;
    const refusal = refusalFor(this.#loadFor(info, goesOn), this.#options);
    if (!refusal) this.#taken.push(clock.now());
    if (this.#taken.length > callsPerMinute) this.#taken.shift();
    return refusal;
  }

  #loadFor(info: CallInfo, goesOn: boolean, expected = 0): Load {
    const { clock, eventLoopDelayMs } = this.#options;
    const [calls, announcements, taken] = [this.#calls, this.#announcements, this.#taken];
    const now = clock.now();
    while (taken[0] !== undefined && taken[0] <= now - MINUTE_MS) taken.shift();
    return {
      calls: calls.size - announcements.size + expected,
      get callsOfCaller() {
        const others = [...calls].filter(([call]) => !announcements.has(call));
        return others.filter(([, other]) => isFromSameCaller(other.info, info)).length;
      },
      callsInLastMinute: taken.length + expected,
      eventLoopDelayMs: eventLoopDelayMs?.() ?? 0,
      get mediaLatenessMs() {
        return Math.max(0, ...[...calls.values()].map(({ media }) => media?.stats().sendLatenessMs ?? 0));
      },
      goesOn,
    };
  }

  /** A call that is being set up or is running, by its name: for who looks on, and may act on it. */
  find(name: string): AdmittedCall | undefined {
    return [...this.#calls.keys()].find((call) => call.name === name);
  }

  /**
   * Takes no more calls and ends those that there are: after `finishAfterMs` (default at once) politely,
   * after `limitMs` without another word. Resolves when the last one is over.
   */
  async drain(limitMs: Milliseconds, finishAfterMs: Milliseconds = 0): Promise<void> {
    this.#draining = true;
    const { clock } = this.#options;
    const all = (): Promise<unknown> => Promise.all([...this.#calls.values()].map(({ over }) => over));
    const patience = new AbortController();
    const within = async (duration: Milliseconds): Promise<void> => {
      await Promise.race([all(), clock.sleep(duration, patience.signal)]);
    };
    const ending: Ending = { reason: 'draining', phrase: 'draining', way: 'hang-up' };
    if (finishAfterMs > 0) await within(Math.min(finishAfterMs, limitMs));
    for (const call of this.#calls.keys()) call.finish(ending);
    await within(Math.max(0, limitMs - finishAfterMs));
    for (const call of this.#calls.keys()) call.finish({ reason: 'draining', way: 'hang-up' }, true);
    await all();
    patience.abort();
  }

  /** A caller who comes back from the dialplan may arrive before their last visit is finished: then it is `server/channel#2`. */
  #nameOf(info: CallInfo): string {
    const name = callName(info);
    const taken = new Set([...this.#calls.keys()].map((call) => call.name));
    if (!taken.has(name)) return name;
    let visit = 2;
    while (taken.has(`${name}#${visit}`)) visit += 1;
    return `${name}#${visit}`;
  }

  #announce(info: CallInfo, announcement: Ending, refusal: Refusal = 'busy'): Admission {
    // Even refusals cost a line: as many at a time as calls, and the rest go on at once.
    if (this.#announcements.size >= this.#options.maxCalls) return this.#sendOn(info, refusal);
    return this.#accept(info, this.#options.announcer, announcement);
  }

  /** On in the dialplan, without an answer. That is a call, too: it begins and ends here. */
  #sendOn(info: CallInfo, reason: Refusal | 'draining'): Admission {
    const { announcer, clock } = this.#options;
    const variables =
      reason === 'busy' || reason === 'draining'
        ? { VOICE_AGENT_RESULT: reason }
        : { VOICE_AGENT_RESULT: 'busy', VOICE_AGENT_REASON: reason };
    const { id } = (this.#byExtension.get(info.dialled) ?? announcer).profile;
    const about = { call: this.#nameOf(info), at: clock.now() };
    this.#tell({ ...about, type: 'started', info, agent: id });
    this.#tell({ ...about, type: 'ended', reason, variables, media: NO_MEDIA });
    return { kind: 'proceed', variables };
  }

  #tell(event: CallEvent): void {
    // An observer that throws must not keep a caller from going on.
    FailureDomain.attempt(() => {
      this.#options.observe(event);
    });
  }

  #accept(
    info: CallInfo,
    agent: StaffedAgent,
    announcement: Ending | undefined,
    earlier?: readonly Message[],
  ): Admission {
    const { profile } = agent;
    const call = this.#open(info, agent, announcement, earlier);
    const over = Promise.withResolvers<undefined>();
    const running: RunningCall = { info, over: over.promise };
    this.#calls.set(call, running);
    if (announcement) this.#announcements.add(call);
    const done = (): void => {
      this.#calls.delete(call);
      this.#announcements.delete(call);
      over.resolve(undefined);
    };
    return {
      kind: 'accept',
      codec: profile.codec,
      run: async (line, media) => {
        running.media = media;
        try {
          const run = call.run(line, media);
          const untap = announcement ? undefined : this.#tapInto(call, profile, media);
          try {
            await run;
          } finally {
            await untap?.();
          }
        } finally {
          done();
        }
      },
      abandoned: (reason) => {
        try {
          call.abandon(reason);
        } finally {
          done();
        }
      },
    };
  }

  #open(
    info: CallInfo,
    agent: StaffedAgent,
    announcement: Ending | undefined,
    earlier: readonly Message[] | undefined,
  ): AdmittedCall {
    const { phrases, clock, tracker, observe, scope } = this.#options;
    const { profile, parts, tools, expected, source } = agent;
    const name = this.#nameOf(info);
    const settings = settingsOf(agent, info);
    return new AdmittedCall({
      ...{ scope, name, info, parts, tools, phrases, expected, clock, tracker, observe, source },
      agent: profile,
      settings: earlier ? { ...settings, firstWords: 'sayAgain' } : settings,
      announcement,
      earlier,
    });
  }

  /** Returns how to end it. Neither throws: what does is the call's failure. */
  #tapInto({ name }: AdmittedCall, { id }: AgentProfile, media: MediaSession): () => Promise<void> {
    let untap: (() => Promise<void>) | undefined;
    FailureDomain.attempt(() => {
      untap = this.#options.tap?.(name, id, media);
    });
    return async () => {
      try {
        await untap?.();
      } catch (error) {
        FailureDomain.report(error);
      }
    };
  }
}

/**
 * `longestMs`: a hello of a company takes up to 3 s, and a voicemail's first sentence 4 s and more (Asterisk's AMD() draws
 * the line at 1.5 s, which takes companies for machines).
 */
const HELLO: HelloSettings = { waitMs: 1500, pauseMs: 600, longestMs: 4000 };

/** Whether both calls are from the same caller. A caller who comes back from the dialplan has made only one call. */
function isFromSameCaller(one: CallInfo, other: CallInfo): boolean {
  const { number } = one.caller;
  if (one.key.channel === other.key.channel || number !== other.caller.number) return false;
  return one.direction === 'in' && other.direction === 'in' && !isWithheld(number);
}

function settingsOf({ profile, parts, settings }: StaffedAgent, { direction }: CallInfo): TurnSettings {
  const { limits, knowledge, whenFailing, greetingInterruptible } = profile;
  return {
    ...DEFAULT_TURN_SETTINGS,
    ...policiesFor(profile),
    ...limits,
    menuKeys: knowledge.departments.map(({ digit = '' }) => digit).join(''),
    earlyStart: limits.eagerPauseMs > 0,
    ...troubleSettings(whenFailing),
    ...settings,
    greetingInterruptible,
    hello: direction === 'out' ? HELLO : undefined,
    findsTurns: parts.stt.findsTurns,
    judgesEnds: parts.endOfTurn !== undefined,
  };
}

/** When replies fail again and again. `keep-trying` is about replies: a caller who can't be heard at all goes on in the dialplan. */
function troubleSettings(whenFailing: AgentProfile['whenFailing']): Partial<TurnSettings> {
  switch (whenFailing) {
    case 'continue':
      return { givenUp: 'proceed' };
    case 'hang-up':
      return { givenUp: 'hang-up' };
    case 'keep-trying':
      return { givenUp: 'proceed', failureLimit: undefined };
  }
}

/** The profile of whoever speaks the refusals. */
export function announcerProfile(voice: string, language: string): AgentProfile {
  return {
    id: 'announcements',
    extensions: [],
    name: 'announcements',
    greeting: '',
    instructions: '',
    voice,
    language,
    codec: 'auto',
    afterwards: 'hang-up',
    whenFailing: 'hang-up',
    // Announcements wait for nobody.
    patience: 'normal',
    filler: 'tone',
    greetingInterruptible: true,
    limits: { ...DEFAULT_LIMITS, eagerPauseMs: 0, silencePrompts: 0, maxCallMs: 60_000 },
    transferTargets: [],
    knowledge: {
      company: '',
      services: [],
      questions: [],
      departments: [],
      takesMessages: false,
      pronunciations: {},
    },
  };
}
