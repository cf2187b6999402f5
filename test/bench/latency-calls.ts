/** Calls at a time through a real Asterisk to the agent, whose cloud is emulated; and all that was seen of them. */
import { seeded } from '../../src/providers/embedded/random.ts';
import { callerAudio } from '../support/caller-audio.ts';
import type { CloudAssumptions } from '../support/provider-servers/cloud-delays.ts';
import { startEmulatedCloud } from '../support/provider-servers/emulated-cloud.ts';
import type { ServerEvent } from '../support/provider-servers/server-events.ts';
import { testVoice } from '../support/provider-servers/test-voice.ts';
import { RunningAgent } from '../support/running-agent.ts';
import type { RtpSeen } from '../../lab/capture.ts';
import type { SoftphoneCall } from '../../lab/softphone.ts';
import type { CallEvent } from '../../src/dialog/contract/call-events.ts';
import { monotonicNow, type Milliseconds } from '../../src/lib/clock.ts';

export interface MeasuredCall {
  /** Both directions at the caller's telephone, as the kernel saw them pass; wall clock. */
  readonly said: readonly RtpSeen[];
  readonly heard: readonly RtpSeen[];
  /** The agent's own account; monotonic clock. */
  readonly events: readonly CallEvent[];
}

export interface Measured {
  readonly calls: readonly MeasuredCall[];
  readonly servers: readonly ServerEvent[];
  /** What is to be added to a monotonic instant to get the wall clock's. */
  readonly wallOffset: Milliseconds;
}

export interface CallsOptions {
  readonly assumed: CloudAssumptions;
  readonly calls: number;
  readonly turnsPerCall: number;
  /** Texts that are replaced in the configuration. */
  readonly edits: readonly (readonly [string, string])[];
  readonly say: (line: string) => void;
}

/**
 * Questions of about a second (lab/callers) whose end is beyond dispute: after a final "s" that lies below −45 dBov
 * the energy of the wire and the detector differ by 100 ms, and the detector is right.
 */
const QUESTIONS = [
  'd-where',
  'd-street',
  'd-hours-saturday',
  'd-price-checkup',
  'd-hours-weekend',
  'd-cleaning',
];
const VOICES = ['ked', 'kay', 'ned', 'eve'];
/** From one question's beginning to the next: longer than the question, the wait and the answer together. */
const PERIOD_MS = 4200;
/** The periods differ by up to this, so that questions and packets have no common beat. */
const PERIOD_SPREAD_MS = 300;
const GREETING_MS = 2500;

export async function measureCalls(options: CallsOptions): Promise<Measured> {
  const { assumed, calls, turnsPerCall, edits, say } = options;
  const servers: ServerEvent[] = [];
  const cloud = await startEmulatedCloud({
    assumed,
    observe: (event) => servers.push(event),
    stt: {
      updates: false,
      transcribe: ({ turn }) => questionOf(turn),
    },
    think: ({ messages }) => {
      const question = messages.findLast(({ role }) => role === 'user')?.content ?? '';
      return { text: `Of course. ${question.replace(/^question/, 'Number')}.` };
    },
    tts: { synthesise: testVoice },
  });
  try {
    const lab = await RunningAgent.start({
      environment: { ...cloud.environment, VOICE_AGENT_RECORDINGS: 'false', LOG_LEVEL: 'info' },
      edits: [
        // Short, and ended by the caller.
        ['greeting: Riverside Dental Clinic, this is Alice. How can I help you?', 'greeting: Hello.'],
        ['silenceMs: 7000', 'silenceMs: 60000'],
        ...edits,
      ],
    });
    try {
      const running: { call: SoftphoneCall; events: () => CallEvent[] }[] = [];
      const spoken: Promise<unknown>[] = [];
      for (let index = 0; index < calls; index += 1) {
        const phone = await lab.phone('softphone1', { codec: 'ulaw' });
        const call = await phone.dial('510001');
        // Found by its time: the next one is dialled after it.
        const view = lab.view(call, '510001', 'softphone1');
        await view.event('answered');
        const agentCall = view.find();
        running.push({ call, events: () => agentCall?.events.map(({ event }) => event) ?? [] });
        spoken.push(call.say(questions(index, turnsPerCall)));
      }
      say(
        `${calls} calls, ${turnsPerCall} questions each: ${((turnsPerCall * PERIOD_MS) / 1000).toFixed(0)} s`,
      );
      await Promise.all(spoken);
      const measured = running.map(({ call, events }): MeasuredCall => ({
        said: call.said.packets,
        heard: call.heard.packets,
        events: events(),
      }));
      // Whoever takes a provider's place speaks without its account.
      for (const { events } of measured) {
        for (const event of events) if (event.type === 'trouble') say(`trouble: ${event.message}`);
      }
      return { calls: measured, servers, wallOffset: wallOffset() };
    } finally {
      await lab.stop();
    }
  } finally {
    await cloud.close();
  }
}

/**
 * What is understood in a turn: its own name, so that everybody's account of it can be found. In letters, because
 * somebody who dictates numbers is given more time.
 */
export function questionOf(turn: string): string {
  return `question${turn.replace(/\D+/g, ' ').replace(/\d/g, (digit) => 'bcdfghjklm'.charAt(Number(digit)))}`;
}

/** All that one caller will say, with the pauses between it. */
function questions(caller: number, count: number): Int16Array {
  const random = seeded(1000 + caller);
  const starts = Array.from({ length: count }, (_, index) => {
    const ms = GREETING_MS + index * (PERIOD_MS + PERIOD_SPREAD_MS / 2) + random() * PERIOD_SPREAD_MS;
    return Math.round(8 * ms);
  });
  const sound = new Int16Array((starts.at(-1) ?? 0) + 8 * PERIOD_MS);
  for (const [index, start] of starts.entries()) {
    const name = QUESTIONS[(caller + index) % QUESTIONS.length] ?? '';
    sound.set(callerAudio(VOICES[caller % VOICES.length] ?? '', name), start);
  }
  return sound;
}

/**
 * Both clocks are read at the moment at which the wall clock's millisecond changes. Whoever is held up between
 * the two gets too little, never too much.
 */
function wallOffset(): Milliseconds {
  let offset = -Infinity;
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const before = Date.now();
    let wall = before;
    while (wall === before) wall = Date.now();
    offset = Math.max(offset, wall - monotonicNow());
  }
  return offset;
}
