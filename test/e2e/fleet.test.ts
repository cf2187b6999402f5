/** Two nodes share an Asterisk's calls: the one that has a call is killed, and the other goes on with the caller. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LabAgent } from '../../lab/agent.ts';
import { listen, PATIENCE } from '../../lab/conversation.ts';
import { en } from '../../src/dialog/language/en.ts';
import { AgentUnderTest, ALICE, SAME_WORDS, TOM } from '../support/agent-under-test.ts';
import { PostgresServer } from '../support/postgres.ts';
import { report } from '../support/running-agent.ts';

let first: AgentUnderTest;
let postgres: PostgresServer;
let second: Promise<LabAgent>;

// For each try: the first node doesn't outlive one.
beforeEach(async () => {
  first = new AgentUnderTest();
  postgres = await PostgresServer.start();
  const shared = { VOICE_AGENT_DATABASE: await postgres.database() };
  await first.start({ environment: { ...shared, VOICE_AGENT_NODE: 'first' } });
  const { asterisk, folder } = first.lab;
  second = LabAgent.start({
    asterisk,
    configFolder: join(folder, 'config'),
    dataFolder: join(folder, 'second'),
    logFile: join(folder, 'second.log'),
    environment: { ...shared, VOICE_AGENT_NODE: 'second', VOICE_AGENT_TRANSCRIPTS: 'true' },
  });
  second.catch(() => undefined);
});
afterEach(async () => {
  await second.then(
    (agent) => agent.stop(),
    () => undefined,
  );
  await first.stop();
  await postgres.stop();
});

it('A caller whose node is killed hears of it from another within seconds, which knows what was said', async () => {
  // The other one isn't there yet: the call is the first one's.
  const { call } = await first.greeted(ALICE);
  const heir = await second;
  await expect.poll(() => nodesOf(heir), { timeout: 10_000 }).toEqual(['first', 'second']);
  const before = await first.lab.asterisk.channels();
  expect(before.map(({ dialplan }) => dialplan.context)).toContain('voice-agent-call');

  const taken = new Promise<{ readonly at: number; readonly line: string }>((resolve) => {
    heir.onLine((line) => {
      if (line.msg?.includes('goes on')) resolve({ at: Date.now(), line: JSON.stringify(line) });
    });
  });
  const killedAt = Date.now();
  await first.lab.killAgent();
  const { at, line } = await taken;
  report(`taken over ${at - killedAt} ms after the node’s death`);
  expect(at - killedAt).toBeLessThan(10_000);
  expect(line).toMatch(/"messages":[1-9]/);

  expect(await call.heard.speech({ timeoutMs: 10_000, after: at })).toBe(true);
  const startedAt = call.heard.speechStartedAt ?? 0;
  report(`spoken to again ${Math.round(startedAt - killedAt)} ms after it`);
  await listen(call.heard, PATIENCE, startedAt - 1);
  expect(await first.likeness(call, en.phrases.sayAgain)).toBeGreaterThan(SAME_WORDS);
  expect((await inAsterisk()).length).toBe(3); // caller, media and their bridge
  await call.hangUp();

  // And new callers have the node that is left.
  const { call: next } = await first.greeted(TOM);
  await next.hangUp();
  await first.lab.stopPhones();
  await expect.poll(inAsterisk, { timeout: 5000 }).toEqual([]);
});

async function inAsterisk(): Promise<string[]> {
  const { asterisk } = first.lab;
  const [channels, bridges] = await Promise.all([asterisk.channels(), asterisk.bridges()]);
  return [...channels, ...bridges].map(({ id }) => id);
}

async function nodesOf({ monitoringUrl }: LabAgent): Promise<string[]> {
  const { nodes } = (await (await fetch(`${monitoringUrl}/readyz`)).json()) as Ready;
  return nodes.map(({ node }) => node);
}

interface Ready {
  readonly nodes: readonly { readonly node: string }[];
}
