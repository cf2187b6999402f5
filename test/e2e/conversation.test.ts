/** Conversations with the agent as a caller hears them: questions, answers, interruptions, pauses. */
import { describe, expect, it } from 'vitest';
import { PATIENCE, exchange } from '../../lab/conversation.ts';
import { recordingOf } from '../../lab/demo-calls.ts';
import type { SoftphoneCall } from '../../lab/softphone.ts';
import { readSound } from '../../lab/sound-file.ts';
import type { G711Law } from '../../src/media/audio.ts';
import { sentencesOf, type AgentVoice } from '../support/agent-voice.ts';
import { heardFor, report, useRunningAgent, type RunningAgent } from '../support/running-agent.ts';
import { findSpeech } from '../support/sound-likeness.ts';

/** The right words reach 0.98 and more, other words of the same voice stay below 0.6 (measured). */
const SAME_WORDS = 0.85;
const OTHER_WORDS = 0.75;

const GREETING = 'Riverside Dental Clinic, this is Alice. How can I help you?';
const TOM_GREETING = 'Northgate Garage, Tom speaking. What can I do for you?';
const ALICE = {
  extension: '510001',
  account: 'softphone1',
  law: 'ulaw',
  speaker: 'slt',
  question: 'd-hours-saturday',
  answer: /Saturday/,
} as const;
const TOM = {
  extension: '510002',
  account: 'softphone2',
  law: 'alaw',
  speaker: 'rms',
  question: 'g-hours-saturday',
  answer: /Saturday/,
} as const;

/** A recording of the test caller "ked". */
function question(name: string) {
  return { name, sound: readSound(recordingOf('ked', name).path) };
}

describe('A conversation with the agent', () => {
  let lab: RunningAgent;
  let voice: AgentVoice;

  // A caller on hold would soon be asked whether he is there, if he were listened to.
  useRunningAgent({ edits: [['silenceMs: 7000', 'silenceMs: 3000']] }, (startedLab, startedVoice) => {
    [lab, voice] = [startedLab, startedVoice];
  });

  function greeting(call: SoftphoneCall) {
    return call.heard.utterance({ timeoutMs: 20_000, after: call.answeredAt ?? 0 });
  }

  /** Calls, asks one question, and gives the words of the answer and its sound. */
  async function ask(who: typeof ALICE | typeof TOM, law: G711Law) {
    const phone = await lab.phone(who.account, { law });
    const call = await phone.dial(who.extension);
    const view = lab.view(call, who.extension, who.account);
    await greeting(call);
    const { events } = lab.agent;
    const asked = await exchange(call, question(who.question), PATIENCE, { events, find: view.find });
    const sound = call.heard.samples(asked.said?.endedAt ?? 0, Date.now());
    const latency = view.of('latency').at(-1)?.marks;
    await call.hangUp();
    const said = view.of('agent-said').filter(({ turn }) => turn > 0);
    const text = said.map((one) => one.text).join(' ');
    return { asked, text, sound, totalMs: (latency?.firstPacket ?? NaN) - (latency?.speechEnd ?? NaN) };
  }

  it.each(['ulaw', 'alaw'] as const)(
    'is understood and answered at both extensions, beside each other, by phones with %s',
    async (law) => {
      const answers = await Promise.all([ALICE, TOM].map(async (who) => ({ who, ...(await ask(who, law)) })));
      for (const { who, asked, text, sound, totalMs } of answers) {
        expect(asked.understood).toBe(true);
        expect(text).toMatch(who.answer);
        const sentences = sentencesOf(text);
        expect(sentences.length).toBeGreaterThan(0);
        const likenesses: number[] = [];
        for (const sentence of sentences) {
          const spoken = await voice.speak(sentence, who.speaker, who.law);
          likenesses.push(findSpeech(sound, spoken).correlation);
        }
        report(
          `${who.extension} (${law}): "${asked.heardAs ?? ''}" → reply after ${asked.responseMs ?? '–'} ms on the wire, ` +
            `${totalMs.toFixed(0)} ms by the agent; likeness ${likenesses.map((one) => one.toFixed(2)).join(', ')}: ${text}`,
        );
        expect(Math.min(...likenesses)).toBeGreaterThan(SAME_WORDS);
        // Would it notice other words? The same voice, as many words, another sentence.
        for (const other of [
          'We close on Tuesday at nine, and from Monday to Sunday we are open until four.',
          'The entrance is behind the clinic, one minute from the bus stop at the old bridge.',
          GREETING,
        ]) {
          const spoken = await voice.speak(other, who.speaker, who.law);
          const { correlation } = findSpeech(sound, spoken);
          report(`  other words: ${correlation.toFixed(2)}`);
          expect(correlation).toBeLessThan(OTHER_WORDS);
        }
      }
    },
  );

  it('stops when the caller talks, and remembers only what was heard', async () => {
    const phone = await lab.phone('softphone1');
    const call = await phone.dial('510001');
    const view = lab.view(call, '510001', 'softphone1');
    await heardFor(call, 1200);
    const interruption = call.say(question('d-hours-saturday').sound);
    expect(await call.heard.quiet({ timeoutMs: 10_000, quietMs: 500 })).toBe(true);
    const silentAt = call.heard.lastVoicedAt ?? 0;
    const talkingAt = call.said.speechStartedAt ?? 0;
    const said = await interruption;

    const { text, interrupted } = await view.event('agent-said');
    expect(interrupted).toBe(true);
    expect(text.length).toBeLessThan(GREETING.length);
    expect(GREETING.startsWith(text.replace(/[^\w]+$/, ''))).toBe(true);
    report(
      `barge-in: silent ${(silentAt - talkingAt).toFixed(0)} ms after the caller's first voiced packet; "${text}"`,
    );
    expect(silentAt - talkingAt).toBeGreaterThan(0);
    expect(silentAt - talkingAt).toBeLessThan(1500);

    // The interruption itself is the next turn.
    expect(said).not.toBe(false);
    expect((await view.event('caller-said')).understood).toBe(true);
    expect((await view.event('agent-said', ({ turn }) => turn > 0)).text).toMatch(/Saturday/);
    await call.hangUp();
    await view.event('ended');
    await expect.poll(() => lab.hasRecord(view), { timeout: 5000 }).toBe(true);
    const record = lab.record(view);
    expect(record.bargeIns).toHaveLength(1);
    expect(record.said[0]).toMatchObject({ who: 'agent', text, interrupted: true });
  });

  it('rests while the caller has put it on hold, and goes on afterwards', async () => {
    const [phone, other] = [await lab.phone('softphone1'), await lab.phone('softphone2')];
    const call = await phone.dial('510001');
    const view = lab.view(call, '510001', 'softphone1');
    await greeting(call);
    await call.hold();
    await view.event('held');
    const before = view.events.length;

    // How long is long enough? A caller who is only silent, and called later, has been asked by then.
    const silent = await other.dial('510002');
    const asked = lab
      .view(silent, '510002', 'softphone2')
      .event('agent-said', ({ text }) => text !== TOM_GREETING);
    expect((await asked).text).toMatch(/still/);
    await silent.hangUp();
    expect(view.events.slice(before)).toEqual([]);

    await call.unhold();
    await view.event('unheld');
    const { events } = lab.agent;
    const answer = await exchange(call, question('d-hours-saturday'), PATIENCE, { events, find: view.find });
    expect(answer.understood).toBe(true);
    await call.hangUp();
  });
});
