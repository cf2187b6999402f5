/** What becomes of callers when a container dies or is stopped in the middle of their call. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallEvent } from '../src/dialog/contract/call-events.ts';
import { expectThat, until, type Checks } from './docker-checks.ts';
import { ask, callAgent, wholeCall } from './docker-test-phone.ts';
import type { Stack } from './docker-test-stack.ts';
import { Softphone } from './softphone.ts';

const RESTART_MS = 90_000;
/** The engine restarts what has crashed within a second. */
const RESTARTED_BY_NOW_MS = 3000;
/** Two on the phone's side, two on the agent's. */
const PORTS_A_CALL = 4;
/** Ends the container's program, not its first process (tini): the engine takes that for a crash, and restarts it. */
const CRASH = {
  // This script's own command line holds the name, too.
  'voice-agent': `
    const { readFileSync, readdirSync } = require('fs');
    for (const pid of readdirSync('/proc').map(Number).filter((pid) => pid > 1 && pid !== process.pid)) {
      const words = readFileSync('/proc/' + pid + '/cmdline', 'utf8').split('\\0');
      if (words.includes('/app/src/main.ts')) process.kill(pid, 'SIGKILL');
    }`,
  asterisk: 'kill -KILL $(cat /run/asterisk/asterisk.pid)',
} as const;

export async function testDeaths(checks: Checks, stack: Stack): Promise<void> {
  await checks.that('when the agent crashes in mid-call, its caller isn’t left in silence', () =>
    agentGoes(stack, async () => {
      const crash = await stack.exec('voice-agent', 'node', '-e', CRASH['voice-agent']);
      expectThat(crash.status === 0 || crash.status === 137, crash.all.trim());
    }),
  );
  await checks.that('the agent is back by itself and takes the next call', async () => {
    await healthy(stack, 'voice-agent');
    return wholeCall(stack, '510001', 1);
  });
  await checks.that(
    'docker kill of the agent in mid-call: it stays down, and its caller isn’t left in silence once it is up again',
    () =>
      agentGoes(stack, async () => {
        await stack.need('kill', 'voice-agent');
        await sleep(RESTARTED_BY_NOW_MS);
        expectThat(!(await running(stack, 'voice-agent')), 'the engine has restarted it');
        await stack.up();
      }),
  );
  await checks.that('it takes the next call', () => wholeCall(stack, '510001', 1));
  await checks.that(
    'when Asterisk crashes in mid-call, the agent ends the call and finds Asterisk again',
    () => asteriskGoes(stack, () => stack.exec('asterisk', 'sh', '-c', CRASH.asterisk)),
  );
  await checks.that('Asterisk is back by itself and takes the next call', () =>
    wholeCall(stack, '510002', 1),
  );
  await checks.that(
    'docker compose restart asterisk in mid-call: so it is, and the caller is hung up on',
    () => asteriskGoes(stack, () => stack.need('restart', 'asterisk'), { hangsUp: true }),
  );
  await checks.that('docker kill of Asterisk in mid-call: so it is, once it is up again', () =>
    asteriskGoes(stack, async () => {
      await stack.need('kill', 'asterisk');
      await sleep(RESTARTED_BY_NOW_MS);
      expectThat(!(await running(stack, 'asterisk')), 'the engine has restarted it');
      await stack.up();
    }),
  );
  await checks.that('Asterisk takes the next call', () => wholeCall(stack, '510002', 1));
  await checks.that(
    'SIGTERM lets the running call end, refuses new ones audibly, and ends with status 0',
    () => drain(stack),
  );
  await checks.that(
    'started again with one line and ports for two calls, it takes the next call, and another caller hears that all lines are busy',
    () => oneLine(stack),
  );
}

async function agentGoes(stack: Stack, make: () => Promise<unknown>): Promise<string> {
  const test = await callAgent(stack, '510001');
  try {
    await ask(stack, test, 1);
    const before = await stack.inspect('voice-agent', '{{.State.StartedAt}}');
    const died = Date.now();
    const heardAgain = Promise.race([
      test.call.heard.speech({ after: died + 500, timeoutMs: RESTART_MS }),
      test.call.ended.then(() => false),
    ]).then((heard) => {
      expectThat(heard, `nothing was heard; the call: ${test.call.endReason ?? 'still there'}`);
      return ((Date.now() - died) / 1000).toFixed(1);
    });
    const [after] = await Promise.all([heardAgain, make()]);
    await until('the container to be restarted', RESTART_MS, async () => {
      return (await stack.inspect('voice-agent', '{{.State.StartedAt}}')) !== before;
    });
    return `something is heard again ${after} s later`;
  } finally {
    await test.stop();
  }
}

/** `hangsUp`: the caller must be told; after a crash there is nobody who could tell them. */
async function asteriskGoes(
  stack: Stack,
  make: () => Promise<unknown>,
  { hangsUp = false } = {},
): Promise<string> {
  const test = await callAgent(stack, '510002');
  try {
    await ask(stack, test, 1);
    const agentBefore = await stack.inspect('voice-agent', '{{.State.StartedAt}}');
    const before = await stack.inspect('asterisk', '{{.State.StartedAt}}');
    const died = Date.now();
    const end = (): Extract<CallEvent, { type: 'ended' }> | undefined =>
      test.agentCall()?.events.flatMap(({ event }) => (event.type === 'ended' ? [event] : []))[0];
    const over = stack.containerLog.events
      .until(() => end() !== undefined, 60_000)
      .then((ended) => {
        expectThat(ended, 'the agent didn’t end the call');
        return ((Date.now() - died) / 1000).toFixed(1);
      });
    const [ended] = await Promise.all([over, make()]);
    await until('Asterisk to be restarted', RESTART_MS, async () => {
      return (await stack.inspect('asterisk', '{{.State.StartedAt}}')) !== before;
    });
    await healthy(stack, 'asterisk');
    await until('the agent to be ready', RESTART_MS, async () => {
      return (await stack.exec('voice-agent', 'node', '/app/src/health-check.ts')).status === 0;
    });
    const ready = ((Date.now() - died) / 1000).toFixed(1);
    const agentAfter = await stack.inspect('voice-agent', '{{.State.StartedAt}}');
    expectThat(agentAfter === agentBefore, 'the agent’s container was restarted, too');
    if (hangsUp) {
      const told = await Promise.race([test.call.ended, sleep(1000, undefined)]);
      expectThat(told === 'other side hung up', `the caller’s call: ${told ?? 'still there'}`);
    }
    return `its call is over after ${ended} s (${end()?.reason ?? ''}), and it is ready again after ${ready} s`;
  } finally {
    await test.stop();
  }
}

async function running(stack: Stack, service: string): Promise<boolean> {
  return (await stack.inspect(service, '{{.State.Running}}')) === 'true';
}

async function drain(stack: Stack): Promise<string> {
  const test = await callAgent(stack, '510001');
  const second = await phoneTwo(stack);
  try {
    const stopped = Date.now();
    const stopping = stack.need('stop', 'voice-agent');
    await stack.containerLog.line(
      'draining',
      ({ msg }) => msg?.includes('draining') ?? false,
      10_000,
      stopped - 1000,
    );
    const call = second.ring('510002');
    await call.answered;
    const refused = await call.heard.speech({ timeoutMs: 10_000 });
    expectThat(refused, 'the new caller heard nothing');
    await call.hangUp();
    const taken = stack.containerLog.events.find('510002', undefined, call.startedAt);
    expectThat(
      !taken?.events.some(({ event }) => event.type === 'answered'),
      'the agent answered the new call',
    );
    await ask(stack, test, 1);
    await test.call.hangUp();
    const hungUp = Date.now();
    await stopping;
    const later = Date.now() - hungUp;
    expectThat(later < 15_000, `it ended only ${Math.round(later / 1000)} s after its last call`);
    const status = await stack.inspect('voice-agent', '{{.State.ExitCode}}');
    expectThat(status === '0', `exit status ${status}`);
    return `it ends ${(later / 1000).toFixed(1)} s after its last call`;
  } finally {
    await second.stop();
    await test.stop();
  }
}

async function oneLine(stack: Stack): Promise<string> {
  const { RTP_START = '', RTP_END = '', VOICE_AGENT_MAX_CALLS } = stack.variables;
  await stack.up({ VOICE_AGENT_MAX_CALLS: '1', RTP_END: String(Number(RTP_START) + 2 * PORTS_A_CALL - 1) });
  const test = await callAgent(stack, '510001');
  const second = await phoneTwo(stack);
  try {
    const call = second.ring('510002');
    expectThat((await call.ended) === 'other side hung up', `the second call: ${call.endReason}`);
    expectThat((call.heard.lastVoicedAt ?? 0) > call.startedAt, 'the second caller heard nothing');
    const { events } = stack.containerLog;
    const told = (): CallEvent | undefined =>
      events
        .find('510002', undefined, call.startedAt)
        ?.events.map(({ event }) => event)
        .at(-1);
    const ended = await events.until(() => told()?.type === 'ended', 5000);
    const last = JSON.stringify(told());
    expectThat(ended && last.includes('"reason":"busy"'), `the agent tells of ${last}`);
    return await ask(stack, test, 1);
  } finally {
    await second.stop();
    await test.stop();
    await stack.up({ VOICE_AGENT_MAX_CALLS, RTP_END });
  }
}

async function phoneTwo(stack: Stack): Promise<Softphone> {
  return Softphone.start({
    server: { host: '127.0.0.1', sipPort: stack.sipPort },
    account: 'softphone2',
    password: await stack.password('softphone2'),
  });
}

async function healthy(stack: Stack, service: string): Promise<void> {
  await until(`${service} to be healthy`, RESTART_MS, async () => {
    return (await stack.inspect(service, '{{.State.Health.Status}}')) === 'healthy';
  });
}
