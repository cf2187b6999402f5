/** Far more callers than the agent may take, or than its media thread bears: it serves those whom it has, and tells the others. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { AgentUnderTest, ALICE, TOM } from '../support/agent-under-test.ts';
import { Exposition } from '../support/prometheus-text.ts';
import { report } from '../support/running-agent.ts';
import { Sipp, type SippTold } from '../soak/sipp.ts';

const LIMIT = 5;
const CALLS = 300;
const PER_SECOND = 40;
/** Much longer than the words for those who are refused (6 s): else both sides hang up at once, which SIPp complains of. */
const TALK_MS = 9000;
/** How soon is a question of the machine. */
const ANSWER_MS = 60_000;

const agent = new AgentUnderTest();
beforeAll(() =>
  agent.start({
    // Who waits for the others isn't asked whether they are still there.
    edits: [
      ['silenceMs: 7000', 'silenceMs: 60000'],
      // Other tests, beside this one, are no reason to refuse somebody.
      ['whenFull: announce #', 'maxEventLoopDelayMs: 60000\n  whenFull: announce #'],
    ],
    environment: {
      VOICE_AGENT_MAX_CALLS: String(LIMIT),
      VOICE_AGENT_RECORDINGS: 'false',
      NODE_OPTIONS: `--import=${import.meta.resolve('../support/busy-media-thread.ts')}`,
    },
  }),
);
afterAll(() => agent.stop());

it('Whoever calls while packets leave late is told so; who talks already is served, and so is who calls later', async () => {
  const { lab } = agent;
  const first = await agent.greeted(ALICE);
  const toggleWork = (): boolean => process.kill(lab.agent.pid, 'SIGUSR2');
  const lateness = async (): Promise<number> => {
    const metrics = new Exposition(await (await fetch(`${lab.agent.monitoringUrl}/metrics`)).text());
    return metrics.value('voice_agent_media_send_lateness_recent_seconds') ?? NaN;
  };
  toggleWork();
  await expect.poll(lateness, { timeout: 20_000 }).toBeGreaterThan(0.05);
  const second = await agent.dial(TOM);
  expect((await second.view.event('ended')).reason).toBe('media-late');
  expect(second.call.heard.firstSpeechAt).toBeDefined();
  toggleWork();
  await expect.poll(lateness, { timeout: 20_000 }).toBeLessThan(0.02);
  const third = await agent.greeted(TOM);
  await third.call.hangUp();
  expect((await agent.ask(first, 'd-hours')).replyText).toMatch(/from eight to/);
  await first.call.hangUp();
  await agent.expectAtRest();
});

it('Of 300 callers, 40 a second, five are served at a time and all others are told so: none is lost', async () => {
  const { lab } = agent;
  const { asterisk, events } = { asterisk: lab.asterisk, events: lab.agent.events };
  // They listen all at one port, and say nothing.
  const sound = createSocket('udp4');
  sound.bind(0, asterisk.host);
  await once(sound, 'listening');
  onTestFinished(() => {
    sound.close();
  });

  events.calls.clear();
  const told: SippTold[] = [];
  const sipp = await Sipp.start({
    folder: join(lab.folder, 'sipp'),
    server: asterisk,
    account: 'softphone1',
    password: asterisk.secrets.softphone1,
    calls: Array.from({ length: CALLS }, (_, call) => ({
      ...{ call, extension: '510001', talkMs: TALK_MS, rtpPort: sound.address().port },
    })),
    ...{ atOnce: CALLS, perSecond: PER_SECOND, answerMs: ANSWER_MS },
    onTold: (one) => told.push(one),
  });
  onTestFinished(() => sipp.stop());
  const { complaints } = await sipp.ended;
  const count = (what: SippTold['what']): number => told.filter((one) => one.what === what).length;
  const calledAt = new Map(told.flatMap(({ what, call, at }) => (what === 'called' ? [[call, at]] : [])));
  const waits = told
    .flatMap(({ what, call, at }) => (what === 'answered' ? [at - (calledAt.get(call) ?? at)] : []))
    .sort((a, b) => a - b);
  report(
    `${count('answered')} of ${CALLS} answered, half of them within ${waits[CALLS / 2] ?? NaN} ms, the last after ` +
      `${waits.at(-1) ?? NaN} ms; ${count('hung-up')} served to their end, ${count('left')} told that all are busy`,
  );
  // It tells of what is sent again, too, as on a busy machine.
  expect(complaints).not.toMatch(/aborting|unexpected|discarding/i);
  expect(count('answered')).toBe(CALLS);
  // Who is served hangs up; who is refused is hung up on, when everything has been said.
  expect(count('hung-up')).toBeGreaterThanOrEqual(LIMIT);
  expect(count('hung-up') + count('left')).toBe(CALLS);

  const reasons = (): string[] =>
    [...events.calls.values()].flatMap((call) =>
      call.events.flatMap(({ event }) => (event.type === 'ended' ? [event.reason] : [])),
    );
  await events.until(() => reasons().length === CALLS, 10_000);
  const tally = Object.groupBy(reasons(), (reason) => reason);
  report(
    Object.entries(tally)
      .map(([reason, calls]) => `${calls?.length ?? 0} ${reason}`)
      .join(', '),
  );
  expect(reasons()).toHaveLength(CALLS);
  // On a busy machine some are told the same because packets leave late, and some go on in the dialplan.
  const asExpected = new Set(['busy', 'media-late', 'set-up-took-too-long', 'caller-hung-up']);
  expect(Object.keys(tally).filter((reason) => !asExpected.has(reason))).toEqual([]);
  await agent.expectAtRest();
});
