/** The agent's process dies in the middle of a call, and another one goes on with it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listen, PATIENCE } from '../../lab/conversation.ts';
import { en } from '../../src/dialog/language/en.ts';
import { AgentUnderTest, ALICE, SAME_WORDS } from '../support/agent-under-test.ts';
import { report } from '../support/running-agent.ts';

const agent = new AgentUnderTest();
beforeAll(() => agent.start({}));
afterAll(() => agent.stop());

it('A caller whose agent is killed and started again hears of it, and is understood out of what was said before', async () => {
  const { call, view } = await agent.greeted(ALICE, { account: 'softphone1' });
  const asked = await agent.ask({ call, view }, 'd-hours');
  expect(asked.replyText).toMatch(/from eight to/);
  const before = view.id;

  const restartedAt = await agent.lab.killAgent();
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
  await agent.lab.stopPhones();
  const left = async () => {
    const { channels, bridges } = await agent.lab.inUse();
    return [...channels, ...bridges];
  };
  await expect.poll(left, { timeout: 5000 }).toEqual([]);
});
