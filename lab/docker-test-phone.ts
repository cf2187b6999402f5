/** The caller of `make test-docker`: a softphone on the machine itself, at the published ports. */
import type { AgentCall } from './agent-events.ts';
import { PATIENCE, exchange, listen } from './conversation.ts';
import type { Exchange } from './conversation.ts';
import { DEMO_CALLS, recordingOf } from './demo-calls.ts';
import { expectThat } from './docker-checks.ts';
import type { Stack } from './docker-test-stack.ts';
import { Softphone } from './softphone.ts';
import type { SoftphoneCall } from './softphone.ts';
import { readSound } from './sound-file.ts';

const HOST = '127.0.0.1';
const GREETING_MS = 15_000;

/** One call in progress. */
export interface TestCall {
  readonly phone: Softphone;
  readonly call: SoftphoneCall;
  readonly extension: string;
  readonly agentCall: () => AgentCall | undefined;
  stop(): Promise<void>;
}

/** Calls an extension, and resolves when its greeting has been heard. */
export async function callAgent(stack: Stack, extension: string): Promise<TestCall> {
  const plan = DEMO_CALLS.find((one) => one.extension === extension);
  const account = plan?.account ?? 'softphone1';
  const phone = await Softphone.start({
    server: { host: HOST, sipPort: stack.sipPort },
    account,
    password: await stack.password(account),
  });
  const call = phone.ring(extension);
  const { events } = stack.containerLog;
  const agentCall = (): AgentCall | undefined => events.find(extension, undefined, call.startedAt);
  const stop = async (): Promise<void> => {
    await call.hangUp().catch(() => undefined);
    await phone.stop();
  };
  const test: TestCall = { phone, call, extension, agentCall, stop };
  try {
    await call.answered;
    const greeting = await listen(call.heard, { ...PATIENCE, replyMs: GREETING_MS }, call.answeredAt);
    expectThat(greeting !== undefined, `${extension} was answered, but nothing was heard`);
    return test;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Asks `count` of the demonstration's questions; each must be understood and rightly answered, at the second try at the latest. */
export async function ask(
  stack: Stack,
  { call, extension, agentCall }: TestCall,
  count: number,
): Promise<string> {
  const plan = DEMO_CALLS.find((one) => one.extension === extension);
  if (!plan) throw new Error(`no questions are known for ${extension}`);
  const view = { events: stack.containerLog.events, find: agentCall };
  const heard: string[] = [];
  // The first one is the longest to answer.
  for (const { name, reply } of plan.turns.slice(1, 1 + count)) {
    const { path, text } = recordingOf(plan.voice, name);
    const say = (): Promise<Exchange> => exchange(call, { name, sound: readSound(path) }, PATIENCE, view);
    const right = (one: Exchange): boolean => one.understood === true && reply.test(one.replyText ?? '');
    let one = await say();
    if (!right(one)) one = await say();
    expectThat(one.replyAt !== undefined, `${extension}: no reply to "${text}" was heard`);
    expectThat(
      right(one),
      `${extension}: "${text}", heard as "${one.heardAs ?? ''}", was answered by "${one.replyText ?? ''}"`,
    );
    heard.push(`${one.responseMs ?? '–'} ms`);
  }
  return `${extension} replies after ${heard.join(', ')}`;
}

/** A whole call: greeting, questions, hang-up. */
export async function wholeCall(stack: Stack, extension: string, questions: number): Promise<string> {
  const test = await callAgent(stack, extension);
  try {
    const replies = await ask(stack, test, questions);
    await test.call.hangUp();
    const { packets } = test.call.report();
    expectThat(packets.lost === 0, `${packets.lost} packets of ${packets.received} were lost`);
    return `${replies}, ${packets.received} packets, none lost`;
  } finally {
    await test.stop();
  }
}
