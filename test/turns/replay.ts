import type { Milliseconds } from '../../src/lib/clock.ts';
import { FRAME_MS } from '../../src/media/audio.ts';
import { decodeG711, encodeG711 } from '../../src/media/g711.ts';
import { StepwiseDetector } from '../../src/replay/stepwise-detector.ts';
import { InMemoryMediaGateway } from '../support/in-memory-media-gateway.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { PHRASES, startCall, type CallToStart, type RunningCall, type Variant } from './agent-call.ts';
import { placeOf, sentenceOf, type Place } from './agent-parts.ts';
import { CallerSide } from './caller-side.ts';
import type { Case } from './cases.ts';
import { Hearing, ModelRecogniser } from './hearing.ts';
import type { AgentSpan, CallLog } from './call-log.ts';
import { toInt16 } from './sound.ts';

/** A call is over when all was said and the agent has been silent for so long; or at the latest after LIMIT_MS. */
export const QUIET_MS = 2500;
export const LIMIT_MS = 45_000;

/** Both sides of a call as they were heard on the wire, 8 kHz. */
export interface CallSound {
  readonly caller: Int16Array;
  readonly agent: Int16Array;
}

interface ReplayOptions {
  /** Gets the sound of it. */
  readonly listen?: (sound: CallSound) => void;
  /** Who takes the call (default: the dialogue). */
  readonly start?: (call: CallToStart) => Promise<RunningCall>;
}

/** Runs one case on a fake clock, from the answer to the end. */
export async function replay(test: Case, variant: Variant, options: ReplayOptions = {}): Promise<CallLog> {
  const { listen, start = startCall } = options;
  const detector = StepwiseDetector.load();
  const clock = new ManualClock();
  const gateway = new InMemoryMediaGateway({ clock });
  const media = await gateway.reserve({ id: test.id, codec: 'ulaw' });
  const startedAt = clock.now();
  const hearing = new Hearing(test.id);
  const recogniser = new ModelRecogniser(clock, hearing, test.id, variant.findsTurns ?? false);
  const caller = await CallerSide.prepare(test, hearing);
  const sentences = await Promise.all(
    test.answer.map(async (text) => ({ text, ms: (await sentenceOf(text, test.half)).soundMs })),
  );
  const wire = new Wire();
  const parts: { caller: Int16Array[]; agent: Int16Array[] } = { caller: [], agent: [] };
  const far = gateway.farEnd(test.id);
  far.hear(({ frame, payload }) => {
    const place = payload && placeOf(payload);
    wire.put(frame, payload !== undefined, place);
    const agent = payload ? decodeG711('ulaw', payload) : new Int16Array(160);
    const said = toInt16(caller.frame(frame, agent, place, wire));
    const samples = decodeG711('ulaw', encodeG711('ulaw', said));
    far.say({ encoding: 'pcm_s16', rateHz: 8000, samples });
    if (listen) {
      parts.agent.push(agent);
      parts.caller.push(samples);
    }
  });

  const call = await start({ test, variant, clock, media, vad: detector, stt: recogniser });
  const is = { over: false };
  void call.over.then(() => (is.over = true));
  for (let at = 0; at < LIMIT_MS && !is.over; at = clock.now() - startedAt) {
    if (at >= test.leastMs && caller.finishedFor(at) >= QUIET_MS && wire.quietFor(at) >= QUIET_MS) break;
    await clock.advance(FRAME_MS);
    detector.step();
    recogniser.step(clock.now() - startedAt);
    await settle();
  }
  const lengthMs = clock.now() - startedAt;
  const byItself = is.over;
  if (!byItself) call.line.tell({ type: 'ended', reason: 'caller-hung-up' });
  await clock.until(() => is.over);
  await gateway.close();
  listen?.({
    caller: Int16Array.from(parts.caller.flatMap((part) => [...part])),
    agent: Int16Array.from(parts.agent.flatMap((part) => [...part])),
  });
  return {
    ...describe(test, variant),
    lengthMs,
    answer: sentences,
    caller: caller.log,
    agent: wire.spans,
    phrases: PHRASES,
    ...told(call, startedAt, byItself),
  };
}

export function describe(
  test: Case,
  variant: Variant,
): Pick<CallLog, 'id' | 'half' | 'class' | 'kind' | 'variant'> {
  return { id: test.id, half: test.half, class: test.class, kind: test.kind, variant: variant.name };
}

/** What the call told of itself. */
export function told(
  { events }: Pick<RunningCall, 'events'>,
  start: Milliseconds,
  ended: boolean,
): Pick<CallLog, 'turns' | 'ended'> {
  const turns = events.flatMap((event) =>
    event.type === 'caller-said'
      ? [{ text: event.text, understood: event.understood, at: event.at - start }]
      : [],
  );
  const end = events.find((event) => event.type === 'ended');
  return { turns, ended: ended && end ? { reason: end.reason, at: end.at - start } : undefined };
}

/** What the agent's side of the line carries, frame by frame. */
export class Wire {
  readonly spans: { from: Milliseconds; to: Milliseconds; said: AgentSpan['said'][number][] }[] = [];

  put(frame: number, sounds: boolean, place: Place | undefined): void {
    if (!sounds) return;
    const at = frame * FRAME_MS;
    let span = this.spans.at(-1);
    if (span?.to !== at) this.spans.push((span = { from: at, to: at, said: [] }));
    span.to = at + FRAME_MS;
    if (!place) return;
    const last = span.said.at(-1);
    if (last?.text === place.text && last.to <= place.ms) last.to = place.ms + FRAME_MS;
    else span.said.push({ text: place.text, from: place.ms, to: place.ms + FRAME_MS });
  }

  /** How long ago the agent was last heard; since the call began if it never was. */
  quietFor(at: Milliseconds): Milliseconds {
    return at - (this.spans.at(-1)?.to ?? 0);
  }
}
