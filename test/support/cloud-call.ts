/** A call whose model and voice are the cloud's adapters at provider servers, on real RTP, in real time. */
import { standardTools, toolTable, type AgentTool } from '../../src/dialog/reply/agent-tools.ts';
import { AdmittedCall } from '../../src/dialog/call/admitted-call.ts';
import { LatencyTracker } from '../../src/dialog/call/latency-tracker.ts';
import type { AgentProfile } from '../../src/dialog/contract/agent-profile.ts';
import type { CallEvent } from '../../src/dialog/contract/call-events.ts';
import type { LanguageModel, TextToSpeech } from '../../src/dialog/contract/ports.ts';
import { PhraseCache } from '../../src/dialog/reply/prepared-phrases.ts';
import { fillersAfter } from '../../src/dialog/turn/filler-policy.ts';
import { promptsAfter } from '../../src/dialog/turn/prompt-policy.ts';
import { DEFAULT_TURN_SETTINGS } from '../../src/dialog/turn/turn-states.ts';
import { RtpMediaGateway } from '../../src/gateways/rtp-media-gateway.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { Scope } from '../../src/lib/scope.ts';
import type { AudioFormat } from '../../src/media/audio.ts';
import { until } from './leaks.ts';
import { RtpPeer } from './rtp-peer.ts';
import { agentProfile } from './scripted-call.ts';
import { ScriptedLine } from './scripted-line.ts';
import { ScriptedStt, transcriptOf } from './scripted-stt.ts';
import { ScriptedVad } from './scripted-vad.ts';

export interface CloudCallOptions {
  readonly llm: LanguageModel;
  readonly tts: TextToSpeech;
  readonly agent?: Partial<AgentProfile>;
  readonly tools?: readonly AgentTool[];
  /** The synthesiser's format, if not the wire's own. */
  readonly source?: AudioFormat;
}

export interface CloudCall {
  readonly peer: RtpPeer;
  readonly vad: ScriptedVad;
  readonly events: readonly CallEvent[];
  /** The caller has said this, and has finished. */
  asks(text: string): void;
  /** The caller talks into the agent's words, and says this. Resolves when it was recognised. */
  interrupts(words: string): Promise<void>;
  /** Milliseconds of speech that the caller's side has received so far. */
  heardMs(): number;
  of<T extends CallEvent['type']>(type: T): Extract<CallEvent, { type: T }>[];
  close(): Promise<void>;
}

/** Answered, and without a greeting: the caller may ask. */
export async function startCloudCall(options: CloudCallOptions): Promise<CloudCall> {
  const scope = new Scope('test');
  const gateway = await RtpMediaGateway.start();
  const media = await gateway.reserve({ id: 'call', codec: 'ulaw' });
  const peer = await RtpPeer.open();
  peer.aim(media.endpoint);
  media.endpoint.attach(peer);
  const agent = agentProfile(options.agent);
  const [vad, stt] = [new ScriptedVad(systemClock), new ScriptedStt(systemClock, { findsTurns: true })];
  const events: CallEvent[] = [];
  const line = new ScriptedLine(systemClock);
  const messages = { keep: () => Promise.resolve() };
  const session = new AdmittedCall({
    scope,
    info: line.info,
    agent,
    parts: { vad, stt, llm: options.llm, tts: options.tts },
    tools: toolTable([...standardTools({ agent, messages, clock: systemClock }), ...(options.tools ?? [])]),
    // Nothing is prepared.
    phrases: new PhraseCache(),
    expected: [],
    clock: systemClock,
    tracker: new LatencyTracker(),
    observe: (event) => events.push(event),
    settings: {
      ...DEFAULT_TURN_SETTINGS,
      ...agent.limits,
      findsTurns: true,
      // None: only a busy machine would need one.
      fillers: fillersAfter(60_000, 60_000),
      prompts: promptsAfter({ silenceMs: 60_000, silencePrompts: 2 }),
    },
    source: options.source,
  });
  const over = session.run(line, media);
  return {
    peer,
    vad,
    events,
    asks: (text) => {
      stt.streams[0]?.emit({ type: 'turn-end', transcript: transcriptOf(text) });
    },
    async interrupts(words) {
      const recogniser = stt.streams[0]!;
      const asked = recogniser.calls.length;
      vad.streams[0]!.talk(400);
      // It is asked to listen when the agent has paused.
      await until(() => recogniser.calls.length > asked);
      recogniser.emit({ type: 'partial', text: words });
    },
    heardMs: () => 20 * peer.received.filter(({ payload }) => payload.some((byte) => byte !== 0xff)).length,
    of: (type) => events.filter((event) => event.type === type) as never,
    async close() {
      line.tell({ type: 'ended', reason: 'caller-hung-up' });
      await over;
      await scope.close();
      await gateway.close();
      await peer.close();
    },
  };
}
