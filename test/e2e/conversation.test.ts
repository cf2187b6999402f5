/** Conversations with the agent as a caller hears them: questions, answers, interruptions, pauses. */
import { describe, expect, it } from 'vitest';
import type { SoftphoneCall } from '../../lab/softphone.ts';
import type { G711Law } from '../../src/media/audio.ts';
import { sentencesOf } from '../support/agent-voice.ts';
import { ALICE, SAME_WORDS, TOM, useRunningAgent } from '../support/agent-under-test.ts';
import { recordsIn } from '../support/records.ts';
import { replayCommand } from '../../src/cli/replay.ts';
import type { Compared, Decision } from '../../src/replay/decisions.ts';
import { heardFor, report } from '../support/running-agent.ts';
import { findSpeech } from '../support/sound-likeness.ts';
import { readSound } from '../../lab/sound-file.ts';
import { recordingOf } from '../../lab/demo-calls.ts';

/** How soon the agent is silent after the caller's first voiced packet: 240 ms of speech are an interruption. */
const SILENT_MS = 600;
/** Between two words the agent is silent by itself: then it needn't be silenced, and has stopped before. */
const BREATH_MS = 400;
/** Other words of the same voice stay below it. */
const OTHER_WORDS = 0.75;
/** Both are asked whether they are open on Saturday. */
const QUESTION = { [ALICE.extension]: 'd-hours-saturday', [TOM.extension]: 'g-hours-saturday' } as const;
const ANSWER = /Saturday/;

describe('A conversation with the agent', () => {
  // A caller on hold would soon be asked whether they are there, if the agent listened to them.
  const agent = useRunningAgent({
    edits: [['silenceMs: 7000', 'silenceMs: 3000']],
    environment: { NODE_OPTIONS: `--import=${import.meta.resolve('../support/block-main-thread.ts')}` },
  });

  /** Talks into the greeting when that has been heard for so long, and waits until the agent is silent. */
  async function interrupts(call: SoftphoneCall, afterMs: number, meanwhile: () => void = () => undefined) {
    await heardFor(call, afterMs);
    meanwhile();
    const interruption = call.say(readSound(recordingOf('ked', QUESTION[ALICE.extension]).path));
    expect(await call.heard.quiet({ timeoutMs: 10_000, quietMs: 500 })).toBe(true);
    const silentAt = call.heard.lastVoicedAt ?? 0;
    const silentMs = silentAt - (call.said.speechStartedAt ?? 0);
    return { said: await interruption, silentAt, silentMs };
  }

  /** Calls, asks one question, and gives the words of the answer and its sound. */
  async function ask(who: typeof ALICE | typeof TOM, codec: G711Law) {
    const { call, view } = await agent.greeted(who, { codec });
    const asked = await agent.ask({ call, view }, QUESTION[who.extension]);
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
        expect(text).toMatch(ANSWER);
        const sentences = sentencesOf(text);
        expect(sentences.length).toBeGreaterThan(0);
        const likenesses: number[] = [];
        for (const sentence of sentences) {
          const spoken = await agent.speak(sentence, who.speaker, who.law);
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
          ALICE.greeting,
        ]) {
          const spoken = await agent.speak(other, who.speaker, who.law);
          const { correlation } = findSpeech(sound, spoken);
          report(`  other words: ${correlation.toFixed(2)}`);
          expect(correlation).toBeLessThan(OTHER_WORDS);
        }
      }
    },
  );

  it('stops when the caller talks, and remembers only what was heard', async () => {
    const { call, view } = await agent.dial(ALICE);
    const { said, silentMs } = await interrupts(call, 1200);

    const { text, interrupted } = await view.event('agent-said');
    expect(interrupted).toBe(true);
    expect(text.length).toBeLessThan(ALICE.greeting.length);
    expect(ALICE.greeting.startsWith(text.replace(/[^\w]+$/, ''))).toBe(true);
    report(`barge-in: silent ${silentMs.toFixed(0)} ms after the caller's first voiced packet; "${text}"`);
    expect(silentMs).toBeGreaterThan(-BREATH_MS);
    expect(silentMs).toBeLessThan(SILENT_MS);

    // The interruption itself is the next turn.
    expect(said).not.toBe(false);
    expect((await view.event('caller-said')).understood).toBe(true);
    expect((await view.event('agent-said', ({ turn }) => turn > 0)).text).toMatch(ANSWER);
    await call.hangUp();
    const record = await agent.lab.record(view);
    expect(record.bargeIns).toHaveLength(1);
    expect(record.said[0]).toMatchObject({ who: 'agent', text, interrupted: true });
  });

  it('stops as soon when nothing else in the agent can move', async () => {
    const { lab } = agent;
    const { call, view } = await agent.dial(ALICE);
    const blocked = new Promise<{ from: number; until: number }>((resolve) => {
      lab.agent.onLine((line) => {
        if (line.msg === 'blocked') resolve(line as unknown as { from: number; until: number });
      });
    });
    // Its first sentence goes on for two seconds more.
    const { silentAt, silentMs } = await interrupts(call, 300, () => process.kill(lab.agent.pid, 'SIGUSR2'));
    const { from, until } = await blocked;
    report(
      `barge-in: silent after ${silentMs.toFixed(0)} ms, the main thread blocked for ${until - from} ms`,
    );
    expect(silentMs).toBeLessThan(SILENT_MS);
    expect(silentAt - silentMs).toBeGreaterThan(from);
    expect(silentAt).toBeLessThan(until);
    expect((await view.event('agent-said')).interrupted).toBe(true);
    await call.hangUp();
  });

  it('rests while the caller has put it on hold, and goes on afterwards', async () => {
    const { call, view } = await agent.greeted(ALICE);
    await call.hold();
    await view.event('held');
    const before = view.events.length;

    // How long is long enough? A caller who is only silent, and called later, has been asked by then.
    const silent = await agent.dial(TOM);
    const asked = await silent.view.event('agent-said', ({ text }) => text !== TOM.greeting);
    expect(asked.text).toMatch(/still/);
    await silent.call.hangUp();
    expect(view.events.slice(before)).toEqual([]);

    await call.unhold();
    await view.event('unheld');
    const answer = await agent.ask({ call, view }, QUESTION[ALICE.extension]);
    expect(answer.understood).toBe(true);
    await call.hangUp();
  });

  // The last: by then there are calls with questions, interruptions, a hold and silence.
  it('decides again as it did when its calls are replayed', async () => {
    const folder = agent.lab.environment['VOICE_AGENT_DATA_DIR'] ?? '';
    const records = await recordsIn(folder);
    expect(records.length).toBeGreaterThanOrEqual(8);
    const asBefore = new Map<string, readonly Decision[]>();
    for (const { call } of records) {
      const lines: string[] = [];
      const print = (line: string): void => void lines.push(line);
      await replayCommand([call, '--json', '--data', folder], { print, complain: print });
      const { compared } = JSON.parse(lines.join('\n')) as { compared: readonly Compared[] };
      // What was decided is the same; when, lies in this machine as well.
      if (compared.every(({ was, is }) => was && is))
        asBefore.set(
          call,
          compared.flatMap(({ is }) => is ?? []),
        );
    }
    // In one of them the main thread was blocked: that it was decided late then, is found out.
    report(`replayed: ${asBefore.size} of ${records.length} calls are decided as they were`);
    expect(asBefore.size).toBeGreaterThanOrEqual(5);
    const kinds = new Set([...asBefore.values()].flat().map(({ what }) => what));
    for (const kind of ['turn ends', 'pause', 'judgement', 'yield', 'says', 'leaves']) {
      expect(kinds).toContain(kind);
    }
  });
});
