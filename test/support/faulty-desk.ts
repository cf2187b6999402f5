import { promptsAfter } from '../../src/dialog/turn/prompt-policy.ts';
import { standardTools, toolTable, type AgentTool } from '../../src/dialog/reply/agent-tools.ts';
import { announcerProfile, Desk, type CallDeskOptions } from '../../src/dialog/call/call-desk.ts';
import type { CallEvent } from '../../src/dialog/contract/call-events.ts';
import type { CallInfo } from '../../src/dialog/contract/call-info.ts';
import type { LlmEvent, ReplyRequest } from '../../src/dialog/contract/conversation.ts';
import { LatencyTracker } from '../../src/dialog/call/latency-tracker.ts';
import type {
  CallDesk,
  CallLine,
  LanguageModel,
  MediaSession,
  TextToSpeech,
} from '../../src/dialog/contract/ports.ts';
import { PhraseCache } from '../../src/dialog/reply/prepared-phrases.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { FailureDomain } from '../../src/lib/failure-domain.ts';
import { Listeners } from '../../src/lib/listeners.ts';
import { Scope } from '../../src/lib/scope.ts';
import { agentProfile, preparePhrases } from './scripted-call.ts';
import { eventually } from './ari-desk.ts';
import { ScriptedLlm } from './scripted-llm.ts';
import { ScriptedStt } from './scripted-stt.ts';
import { ScriptedTts } from './scripted-tts.ts';
import { ScriptedVad } from './scripted-vad.ts';

/** Where a bug may sit in a call. Each is asked for the faulty call only. */
export interface Faults {
  readonly observe?: (event: CallEvent) => void;
  readonly tap?: NonNullable<CallDeskOptions['tap']>;
  readonly line?: (line: CallLine) => CallLine;
  readonly media?: (media: MediaSession) => MediaSession;
  readonly tracker?: LatencyTracker;
  /** What a tool does, which the model calls when the caller speaks. */
  readonly tool?: AgentTool['run'];
  readonly llm?: (request: ReplyRequest, signal: AbortSignal) => AsyncIterable<LlmEvent>;
  readonly tts?: TextToSpeech['speak'];
  readonly whenAsked?: (info: CallInfo) => void;
}

/** A call of the desk as the test drives it. */
export interface DeskCall {
  readonly events: readonly CallEvent[];
  media: MediaSession | undefined;
  vad: ScriptedVad;
  stt: ScriptedStt;
  /** The caller says something. */
  says(text: string): void;
  has(type: CallEvent['type'], count?: number): Promise<unknown>;
  reason(): string | undefined;
  said(): string[];
}

/**
 * The real desk and its real sessions in real time, with scripted providers: extension 510001 is answered by an agent
 * with the faults, 510002 by one without.
 */
export async function openFaultyDesk(faults: Faults) {
  const clock = systemClock;
  const phrases = new PhraseCache();
  const announcer = announcerProfile('slt', 'en');
  const texts = { greeting: 'Hello.', apology: 'Sorry.', sayAgain: 'Pardon.' };
  const watchers = new Listeners<CallEvent>();
  const calls = new Map<string, DeskCall & { events: CallEvent[] }>();
  const staff = async (extension: string, own: Faults) => {
    const profile = agentProfile({ id: extension, extensions: [extension], greeting: 'Hello.' });
    await preparePhrases(phrases, profile, texts);
    const bug: AgentTool = {
      name: 'bug',
      description: 'Breaks.',
      parameters: { type: 'object', properties: {} },
      run: own.tool ?? (() => Promise.resolve({ result: 'done' })),
    };
    const scripted = new ScriptedLlm(clock, [own.tool ? [{ tool: 'bug' }, 'Of course.'] : ['Of course.']]);
    const llm: LanguageModel = own.llm ? Object.assign(scripted, { reply: own.llm }) : scripted;
    const speaking = new ScriptedTts(clock);
    const tts: TextToSpeech = own.tts ? Object.assign(speaking, { speak: own.tts }) : speaking;
    const vad = new ScriptedVad(clock);
    const stt = new ScriptedStt(clock);
    const messages = { keep: () => Promise.resolve() };
    return {
      vad,
      stt,
      agent: {
        profile,
        parts: { vad, stt, llm, tts },
        tools: toolTable([...standardTools({ agent: profile, messages, clock }), bug]),
        expected: [],
        // Whoever waits for the other call to end isn't asked whether they are there.
        settings: { prompts: promptsAfter({ silenceMs: 600_000, silencePrompts: 2 }) },
      },
    };
  };
  const faulty = await staff('510001', faults);
  const sound = await staff('510002', {});
  watchers.add((event) => {
    if (event.type === 'started') {
      const { vad, stt } = event.info.dialled === '510001' ? faulty : sound;
      const events: CallEvent[] = [];
      calls.set(event.call, {
        events,
        vad,
        stt,
        media: undefined,
        says(text) {
          stt.script.push(text);
          vad.streams.at(-1)?.talk(300);
        },
        has: (type, count = 1) =>
          eventually(
            `${count} ${type} in ${event.call}`,
            () => events.filter((told) => told.type === type).length >= count,
            30_000,
          ),
        reason: () => events.find((told) => told.type === 'ended')?.reason,
        said: () => events.filter((told) => told.type === 'agent-said').map(({ text }) => text),
      });
    }
    calls.get(event.call)?.events.push(event);
  });
  const isFaulty = (call: string): boolean => calls.get(call)?.vad === faulty.vad;
  watchers.add((event) => {
    if (isFaulty(event.call)) faults.observe?.(event);
  });
  const desk = new Desk({
    agents: [faulty.agent, sound.agent],
    announcer: { ...sound.agent, profile: announcer },
    maxCalls: 10,
    whenFull: 'continue',
    phrases,
    clock,
    tracker: faults.tracker ?? new LatencyTracker(),
    observe: (event) => {
      watchers.emit(event);
    },
    scope: new Scope('test'),
    tap: (call, agent, media) =>
      (isFaulty(call) ? faults.tap?.(call, agent, media) : undefined) ?? (() => Promise.resolve()),
  });
  const admit: CallDesk['admit'] = (info) => {
    if (info.dialled === '510001') faults.whenAsked?.(info);
    const admission = desk.admit(info);
    if (admission.kind !== 'accept') return admission;
    return {
      ...admission,
      run: (line, media) => {
        const call = calls.get(`${info.key.server}/${info.key.channel}`);
        if (call) call.media = media;
        const own = info.dialled === '510001' ? faults : {};
        return admission.run(own.line?.(line) ?? line, own.media?.(media) ?? media);
      },
    };
  };
  return {
    desk: { admit },
    size: () => desk.size,
    call: (name: string) => eventually(`call ${name}`, () => calls.get(name)),
    callTo: (extension: string) =>
      eventually(`a call to ${extension}`, () =>
        [...calls.values()].find(
          ({ events: [first] }) => first?.type === 'started' && first.info.dialled === extension,
        ),
      ),
  };
}

/** As a shared thread or socket calls: in no call's context. */
export function fromOutside(action: () => void): void {
  FailureDomain.outside(action);
}

/** The same object, but for some members. */
export function like<T extends object>(original: T, members: Partial<T>): T {
  return new Proxy(original, {
    get(target, name) {
      if (name in members) return members[name as keyof T];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
