/**
 * What callers get when the cloud's providers fail: the real adapters, in real calls. The whole list of faults with
 * its figures is `make bench-trouble`; here are those in which most can go wrong.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmulatedCloud } from '../support/provider-servers/emulated-cloud.ts';
import { useRunningAgent } from '../support/agent-under-test.ts';
import { report } from '../support/running-agent.ts';
import { ANSWER, runTrouble, startCalmCloud, troubled, type Got } from '../support/trouble-calls.ts';
import { TROUBLE_CASES } from '../support/trouble-cases.ts';

/** Speech or an audible sign, counted from the caller's last packet. */
const LIMIT_MS = 2500;

describe('A caller whose providers fail', () => {
  let cloud: EmulatedCloud;
  beforeAll(async () => {
    cloud = await startCalmCloud();
  });
  afterAll(() => cloud.close());
  const agent = useRunningAgent(() => troubled(cloud));

  function expectServed(got: Got): void {
    expect(got.stayed).toBe(true);
    expect(got.responseMs).toBeLessThanOrEqual(LIMIT_MS);
    expect(got.heard).toMatch(ANSWER);
  }

  // One for each part: they share no circuit breaker.
  it.each([
    [
      'llm',
      'stall before headers',
      'llm groq timeout fell-back receptionist',
      'llm groq timeout spared receptionist',
    ],
    ['tts', 'socket dies in mid-word', 'tts cartesia cut fell-back flite', 'tts cartesia cut spared flite'],
    [
      'stt',
      'socket dies in mid-sentence, and is refused',
      'stt cartesia server fell-back groq-whisper',
      'groq-whisper',
    ],
  ] as const)('%s: %s', async (part, name, done, nextDone) => {
    const trouble = TROUBLE_CASES.find((one) => one.part === part && one.name === name);
    if (!trouble) throw new Error(`no such case: ${name}`);
    const { first, next } = await runTrouble(agent.lab, cloud, trouble);
    report(
      `${part} ${name}: ${first.responseMs ?? '–'} ms (${first.troubles.join('; ')}), next call ${next.responseMs ?? '–'} ms`,
    );
    for (const got of [first, next]) expectServed(got);
    expect(first.troubles).toContain(done);
    // The next caller is spared the wait, and told so in his record.
    expect(next.troubles.join()).toContain(nextDone);
  });

  it('all: the cloud is gone, and the embedded providers hold the call', async () => {
    const trouble = TROUBLE_CASES.find(({ name }) => name === 'the cloud is gone');
    if (!trouble) throw new Error('no such case');
    const { first, next } = await runTrouble(agent.lab, cloud, trouble);
    report(`the cloud is gone: ${first.responseMs ?? '–'} ms, next call ${next.responseMs ?? '–'} ms`);
    for (const got of [first, next]) expectServed(got);
  });
});
