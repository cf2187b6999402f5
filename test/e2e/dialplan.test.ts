/** asterisk-conf/extensions_voice_agent.conf: where a caller goes by what the agent has set. */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { NativeAsterisk } from '../../lab/asterisk.ts';
import { Softphone } from '../../lab/softphone.ts';
import { Complaints } from '../support/complaints.ts';

interface Agent {
  /** The argument of the first call's Stasis(). */
  readonly argument: Promise<string>;
  readonly close: () => Promise<void>;
}

/**
 * As much of an agent as a dialplan sees: it is there, and does this with a call. `claims`: it is a node of a fleet, and
 * claims a call when it is offered for that time.
 */
async function agentThat(
  asterisk: NativeAsterisk,
  takes: (channel: string, socket: WebSocket) => Promise<unknown>,
  { app = 'voice-agent', claims = Infinity } = {},
): Promise<Agent> {
  const key = `${asterisk.ariUser}:${asterisk.secrets.ari}`;
  const socket = new WebSocket(
    `${asterisk.ariUrl.replace('http', 'ws')}/ari/events?app=${app}&api_key=${key}`,
  );
  await once(socket, 'open');
  let offers = 0;
  const argument = new Promise<string>((resolve, reject) => {
    socket.on('message', (data: Buffer) => {
      const event = JSON.parse(data.toString()) as { type: string; args: string[]; channel: { id: string } };
      if (event.type === 'CallBroadcast' && (offers += 1) === claims)
        asterisk.ari('POST', `/events/claim?channelId=${event.channel.id}&application=${app}`).catch(reject);
      if (event.type !== 'StasisStart') return;
      takes(`/channels/${event.channel.id}`, socket).then(() => {
        resolve(event.args[0] ?? '');
      }, reject);
    });
  });
  // Not every test asks for it.
  argument.catch(() => undefined);
  return {
    argument,
    close: async () => {
      if (socket.readyState === WebSocket.CLOSED) return;
      socket.close();
      await once(socket, 'close');
    },
  };
}

/** It lets go of each call with these variables. */
function agentThatSets(
  asterisk: NativeAsterisk,
  variables: Readonly<Record<string, string>>,
): Promise<Agent> {
  return agentThat(asterisk, async (channel) => {
    for (const [name, value] of Object.entries(variables)) {
      await asterisk.ari('POST', `${channel}/variable?variable=${name}&value=${encodeURIComponent(value)}`);
    }
    await asterisk.ari('POST', `${channel}/continue`);
  });
}

/** It answers its first call, and is gone: the caller stays in Stasis, and nobody is there. */
function agentThatDies(asterisk: NativeAsterisk): Promise<Agent> {
  return agentThat(asterisk, async (channel, socket) => {
    await asterisk.ari('POST', `${channel}/answer`);
    socket.close();
  });
}

describe('What follows the agent in the dialplan', () => {
  let asterisk: NativeAsterisk;
  let caller: Softphone;
  let complaints: Complaints;
  const closers: (() => unknown)[] = [];
  // An app whose agent has gone, or a new one came before Asterisk had cleared up after the last; an offer that nobody took.
  const usual = /app 'voice-agent'|context 'stasis-voice-agent' .* already exists|not claimed within 400ms/;

  beforeAll(async () => {
    asterisk = await NativeAsterisk.start();
    complaints = new Complaints(asterisk, usual);
    caller = await Softphone.start({
      server: asterisk,
      account: 'softphone1',
      password: asterisk.secrets.softphone1,
    });
  });
  afterAll(async () => {
    await caller.stop();
    await asterisk.stop();
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    await expect.poll(() => asterisk.channels(), { timeout: 5000 }).toEqual([]);
    complaints.expectNone();
  });

  async function agent(variables: Readonly<Record<string, string>>) {
    const one = await agentThatSets(asterisk, variables);
    closers.push(one.close);
    return one;
  }

  it('hands the number that was dialled to the agent, one that is nobody’s too', async () => {
    const { argument } = await agent({ VOICE_AGENT_RESULT: 'completed' });
    const call = caller.ring('519999');
    expect(await argument).toBe('519999');
    await call.ended;
  });

  it('offers a caller to a fleet again whom no node has claimed at first, since it was late', async () => {
    await asterisk.cli('dialplan set global VOICE_AGENT_FLEET voice-agent');
    closers.push(() => asterisk.cli('dialplan set global VOICE_AGENT_FLEET ""'));
    const hangUp = (channel: string): Promise<unknown> => asterisk.ari('DELETE', channel);
    const { argument, close } = await agentThat(asterisk, hangUp, { app: 'voice-agent.a', claims: 3 });
    closers.push(close);
    const call = caller.ring('510001');
    expect(await argument).toBe('510001');
    await call.ended;
  });

  it('hangs up after “completed”, without a word', async () => {
    await agent({ VOICE_AGENT_RESULT: 'completed' });
    const call = caller.ring('510001');
    await call.ended;
    expect(call.answeredAt).toBeUndefined();
    expect(call.report().packets.received).toBe(0);
  });

  it.each(['busy', 'draining'])(
    'answers “%s” itself, says that all are busy, and hangs up',
    async (result) => {
      await agent({ VOICE_AGENT_RESULT: result });
      const call = await caller.dial('510001');
      const told = await call.heard.utterance({ timeoutMs: 15_000, after: call.answeredAt ?? 0 });
      expect((told?.endedAt ?? 0) - (told?.startedAt ?? 0)).toBeGreaterThan(2000);
      await call.ended;
    },
  );

  it('puts a caller through to the department’s phone', async () => {
    const other = await Softphone.start({
      server: asterisk,
      account: 'softphone2',
      password: asterisk.secrets.softphone2,
      register: true,
    });
    closers.push(() => other.stop());
    await agent({ VOICE_AGENT_RESULT: 'transfer', VOICE_AGENT_DEPARTMENT: 'service desk' });
    const ringing = other.incoming({ timeoutMs: 15_000 });
    const call = await caller.dial('510001');
    const answered = await ringing;
    await answered.accept();
    const [channel] = (await asterisk.channels()).filter((one) => one.name.includes('softphone1'));
    expect(channel?.dialplan).toMatchObject({ context: 'voice-agent-department', exten: 'service desk' });
    const heard = answered.heard.utterance({ timeoutMs: 5000 });
    await call.say(Int16Array.from({ length: 8000 }, (_, i) => 8000 * Math.sin(i / 2)));
    expect(await heard).toBeDefined();
    await call.hangUp();
    await answered.ended;
  });

  it.each(['Ärzte', '受付', 'x'])(
    'puts a caller through to “%s”, of which it knows nothing',
    async (department) => {
      await agent({ VOICE_AGENT_RESULT: 'transfer', VOICE_AGENT_DEPARTMENT: department });
      const call = await caller.dial('510001');
      await expect
        .poll(async () => (await asterisk.channels())[0]?.dialplan, { timeout: 10_000 })
        .toMatchObject({ context: 'voice-agent-department', exten: 'somebody' });
      await call.hangUp();
    },
  );

  it('takes a message where nobody answers', async () => {
    await agent({ VOICE_AGENT_RESULT: 'transfer', VOICE_AGENT_DEPARTMENT: 'billing' });
    const call = await caller.dial('510001');
    // "Please hold while I try …", "nobody is available, please leave a message …", and a beep.
    await call.heard.utterance({ timeoutMs: 30_000, quietMs: 2500, after: call.answeredAt ?? 0 });
    await call.say(Int16Array.from({ length: 16_000 }, (_, i) => 8000 * Math.sin(i / 2)));
    const messages = () => readdirSync(asterisk.path('/var/spool/asterisk/voicemail'));
    await call.hangUp();
    await expect.poll(messages, { timeout: 5000 }).toEqual([expect.stringMatching(/^billing-.*\.wav$/)]);
  });

  it('takes a message where no phone is named that could ring', async () => {
    await asterisk.cli('dialplan set global VOICE_AGENT_PHONES ""');
    closers.push(() => asterisk.cli('dialplan set global VOICE_AGENT_PHONES softphone2'));
    await agent({ VOICE_AGENT_RESULT: 'transfer', VOICE_AGENT_DEPARTMENT: 'sales' });
    const call = await caller.dial('510001');
    const told = (): number =>
      asterisk.log().filter(({ text }) => /Playing 'vm-nobodyavail/.test(text)).length;
    const before = told();
    await expect.poll(told, { timeout: 15_000 }).toBe(before + 1);
    await call.hangUp();
  });

  it('takes a caller whose agent has died to a person when the longest time is over', async () => {
    await asterisk.cli('dialplan set global VOICE_AGENT_LONGEST 2');
    closers.push(() => asterisk.cli('dialplan set global VOICE_AGENT_LONGEST 7200'));
    closers.push((await agentThatDies(asterisk)).close);
    const call = await caller.dial('510001');
    await expect
      .poll(async () => (await asterisk.channels())[0]?.dialplan, { timeout: 15_000 })
      .toMatchObject({ context: 'voice-agent-department', exten: 'reception' });
    expect(await call.heard.speech({ timeoutMs: 10_000, after: call.answeredAt ?? 0 })).toBe(true);
    await call.hangUp();
  });

  it('gives a caller to a person when the agent fails', async () => {
    await agent({});
    const call = await caller.dial('510001');
    await expect
      .poll(async () => (await asterisk.channels())[0]?.dialplan, { timeout: 10_000 })
      .toMatchObject({ context: 'voice-agent-department', exten: 'reception' });
    await call.hangUp();
  });
});
