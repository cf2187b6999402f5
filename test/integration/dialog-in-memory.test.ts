import { describe, expect, it } from 'vitest';
import { standardTools, toolTable } from '../../src/dialog/reply/agent-tools.ts';
import { AdmittedCall } from '../../src/dialog/call/admitted-call.ts';
import { LatencyTracker } from '../../src/dialog/call/latency-tracker.ts';
import type { CallEvent } from '../../src/dialog/contract/call-events.ts';
import { PhraseCache } from '../../src/dialog/reply/prepared-phrases.ts';
import { DEFAULT_TURN_SETTINGS, policiesFor } from '../../src/dialog/turn/turn-states.ts';
import { InMemoryMediaGateway } from '../support/in-memory-media-gateway.ts';
import { Scope } from '../../src/lib/scope.ts';
import { createReceptionist } from '../../src/providers/embedded/receptionist/receptionist.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { agentProfile, preparePhrases } from '../support/scripted-call.ts';
import { callInfo, ScriptedLine } from '../support/scripted-line.ts';
import { ScriptedStt } from '../support/scripted-stt.ts';
import { ScriptedTts } from '../support/scripted-tts.ts';
import { ScriptedVad } from '../support/scripted-vad.ts';

/** The session on the real playout of a gateway, with the real receptionist, under a manual clock. */
async function start() {
  const clock = new ManualClock();
  const gateway = new InMemoryMediaGateway({ clock });
  const media = await gateway.reserve({ id: 'call', codec: 'ulaw' });
  let voiced = 0;
  let voicedAt = 0;
  gateway.farEnd('call').hear(({ payload }) => {
    if (!payload) return;
    voiced += 1;
    voicedAt = clock.now();
  });
  const agent = agentProfile({
    knowledge: { ...agentProfile().knowledge, address: 'twelve Mill Lane, next to the old bridge' },
  });
  const phrases = new PhraseCache();
  await preparePhrases(phrases, agent);
  const parts = {
    vad: new ScriptedVad(clock),
    stt: new ScriptedStt(clock),
    llm: createReceptionist({ clock }),
    tts: new ScriptedTts(clock),
  };
  const events: CallEvent[] = [];
  const line = new ScriptedLine(clock, callInfo());
  const session = new AdmittedCall({
    scope: new Scope('test'),
    info: line.info,
    agent,
    parts,
    tools: toolTable(standardTools({ agent, messages: { keep: () => Promise.resolve() }, clock })),
    phrases,
    expected: [],
    clock,
    tracker: new LatencyTracker(),
    observe: (event) => events.push(event),
    settings: { ...DEFAULT_TURN_SETTINGS, ...agent.limits, ...policiesFor(agent) },
  });
  const over = session.run(line, media);
  return {
    clock,
    gateway,
    line,
    over,
    events,
    says: async (text: string, duration = 1000) => {
      parts.stt.script.push(text);
      const end = parts.vad.streams[0]!.talk(duration);
      await clock.advance(duration);
      return end;
    },
    said: () => events.filter((event) => event.type === 'agent-said'),
    voiced: () => voiced,
    voicedAt: () => voicedAt,
  };
}

describe('a call through the in-memory gateway, answered by the receptionist', () => {
  it('greets, answers, falls silent within a packet when interrupted, and says goodbye before it hangs up', async () => {
    const call = await start();
    await call.clock.until(() => call.said().length === 1);
    expect(call.events.find((event) => event.type === 'greeting-started')?.afterAnswerMs).toBeLessThanOrEqual(
      40,
    );

    const asked = await call.says('where are you');
    await call.clock.until(() => call.voicedAt() > asked);
    expect(call.voicedAt() - asked).toBeLessThan(700);
    await call.clock.advance(1500);
    const before = call.clock.now();
    await call.says('okay thank you goodbye');
    // The decision falls 240 ms after the caller has begun; then at most one more packet leaves.
    await call.clock.until(() => call.events.some((event) => event.type === 'barge-in'));
    const quietAt = call.voicedAt();
    const heard = call.said()[1];
    expect(heard).toMatchObject({ interrupted: true });
    expect(heard?.text.length).toBeGreaterThan(5);
    expect(quietAt - before).toBeLessThanOrEqual(280);

    await call.clock.until(() => call.line.done.includes('hang-up'));
    await call.over;
    expect(call.said().at(-1)?.text).toMatch(/bye/i);
    expect(call.events.at(-1)).toMatchObject({ type: 'ended', reason: 'agent-hung-up' });
    const ended = call.events.at(-1);
    expect(ended?.type === 'ended' && ended.media.packetsSent).toBe(call.voiced());
    await call.gateway.close();
  });
});
