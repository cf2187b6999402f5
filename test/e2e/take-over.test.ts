/** The agent's process dies in the middle of a call, and another one goes on with it. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { listen, PATIENCE } from '../../lab/conversation.ts';
import { PROJECT } from '../../lab/paths.ts';
import { en } from '../../src/dialog/language/en.ts';
import { AgentUnderTest, ALICE, SAME_WORDS, TOM } from '../support/agent-under-test.ts';
import { recordsIn } from '../support/records.ts';
import { startEmulatedCloud } from '../support/provider-servers/emulated-cloud.ts';
import { report } from '../support/running-agent.ts';

const agent = new AgentUnderTest();
beforeAll(() => agent.start({}));
afterAll(() => agent.stop());

it('A caller whose agent is killed and started again hears of it, and is understood out of what was said before', async () => {
  const { call, view } = await agent.greeted(ALICE, { account: 'softphone1' });
  const asked = await agent.ask({ call, view }, 'd-hours');
  expect(asked.replyText).toMatch(/from eight to/);
  const before = view.id;

  await agent.lab.killAgent();
  const restartedAt = await agent.lab.restartAgent();
  expect(await call.heard.speech({ timeoutMs: 20_000, after: restartedAt })).toBe(true);
  const startedAt = call.heard.speechStartedAt ?? 0;
  report(`spoken to again ${Math.round(startedAt - restartedAt)} ms after the restart`);
  await listen(call.heard, PATIENCE, startedAt - 1);
  expect(await agent.likeness(call, en.phrases.sayAgain)).toBeGreaterThan(SAME_WORDS);
  expect(await agent.likeness(call, ALICE.greeting)).toBeGreaterThan(SAME_WORDS);

  expect(agent.lab.agent.lines.find((line) => line.includes('goes on'))).toMatch(/"messages":3/);
  const after = agent.lab.view(call, ALICE.extension, 'softphone1');
  expect((await agent.ask({ call, view: after }, 'd-price-checkup')).replyText).toMatch(/forty five dollars/);
  expect(after.of('agent-said').map(({ text }) => text)[0]).toBe(en.phrases.sayAgain);
  expect(after.id).toBe(before);

  const { channels, bridges } = await agent.lab.inUse();
  expect({ channels: channels.length, bridges: bridges.length }).toEqual({ channels: 2, bridges: 1 });
  await call.hangUp();
  await nothingLeft();
});

it('A caller whose agent is killed and doesn’t come back goes on in the dialplan, and nothing else is left', async () => {
  const { call } = await agent.greeted(ALICE);
  const watchdog = spawn(process.execPath, ['src/watchdog.ts'], {
    cwd: PROJECT,
    env: agent.lab.environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void watchdog.kill());
  const log = createInterface(watchdog.stdout)[Symbol.asyncIterator]();
  const logged = async (text: string): Promise<void> => {
    for (let line = await log.next(); !line.value?.includes(text); line = await log.next())
      if (line.done) throw new Error(`The watchdog never said "${text}"`);
  };
  await logged('"watching"');
  await agent.lab.killAgent();
  const killedAt = Date.now();
  await logged('goes on in the dialplan');
  const afterMs = Date.now() - killedAt;
  report(`sent on ${afterMs} ms after the agent’s death`);
  expect(afterMs).toBeGreaterThan(7000);
  // The agent's own channels go by themselves, a moment later.
  const contexts = async () => (await agent.lab.asterisk.channels()).map(({ dialplan }) => dialplan.context);
  await expect.poll(contexts, { timeout: 5000 }).toEqual(['voice-agent-result']);
  expect(await call.heard.speech({ timeoutMs: 10_000, after: killedAt + afterMs })).toBe(true);
  await nothingLeft();
});

it('Callers whose agent has its providers in the cloud hear of its death as well, by a phrase that it has prepared', async () => {
  const cloud = await startEmulatedCloud({});
  onTestFinished(() => cloud.close());
  const inCloud = new AgentUnderTest();
  await inCloud.start({ environment: cloud.environment });
  onTestFinished(() => inCloud.stop());
  const callers = await Promise.all([ALICE, TOM].map((who) => inCloud.greeted(who)));
  // Else they are greeted anew.
  const told = async () => (await recordsIn(`${inCloud.lab.folder}/data`)).flatMap(({ said }) => said);
  await expect.poll(told).toHaveLength(2);
  await inCloud.lab.killAgent();
  const restartedAt = await inCloud.lab.restartAgent();
  const views = [ALICE, TOM].map((who, at) =>
    inCloud.lab.view(callers[at]!.call, who.extension, who.account),
  );
  for (const [at, { call }] of callers.entries()) {
    expect(await call.heard.speech({ timeoutMs: 20_000, after: restartedAt })).toBe(true);
    report(
      `spoken to again ${Math.round((call.heard.speechStartedAt ?? 0) - restartedAt)} ms after the restart`,
    );
    await views[at]!.event('agent-said', ({ text }) => text === en.phrases.sayAgain);
    await call.hangUp();
  }
});

async function nothingLeft(): Promise<void> {
  await agent.lab.stopPhones();
  const left = async () => {
    const { channels, bridges } = await agent.lab.inUse();
    return [...channels, ...bridges];
  };
  await expect.poll(left, { timeout: 5000 }).toEqual([]);
}
