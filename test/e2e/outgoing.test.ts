/** Calls that the agent makes, by the command and over HTTP, to a real phone: it greets as one who calls, and the record says how it went. */
import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { freePorts } from '../../lab/ports.ts';
import { PROJECT } from '../../lab/paths.ts';
import type { CallNews } from '../../src/app/outgoing.ts';
import type { CallRecord } from '../../src/dialog/call/call-record.ts';
import { ALICE, greeting, SAME_WORDS, useRunningAgent } from '../support/agent-under-test.ts';
import { recordsIn } from '../support/records.ts';

const OPENING =
  'Hello, this is Alice of Riverside Dental Clinic, an automatic assistant. Is this a good moment?';
const TOKEN = 'a-token-of-the-test-only';

describe('A call that the agent makes', async () => {
  const environment = {
    VOICE_AGENT_CALL_TOKEN: TOKEN,
    VOICE_AGENT_CALL_PORT: String(await freePorts('tcp')),
  };
  const agent = useRunningAgent({
    edits: [
      ['  endpoint: PJSIP/{number}\n', '  endpoint: PJSIP/{number}\n  ringMs: 2000\n'],
      ['  callerId: agent\n', "  callerId: 'Riverside <4711>'\n"],
    ],
    environment,
  });

  const post = (body: object, token = TOKEN): Promise<Response> => {
    const answer = fetch(`http://127.0.0.1:${environment.VOICE_AGENT_CALL_PORT}/calls`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    // A test that fails before it waits for the answer has failed already.
    answer.catch(() => undefined);
    return answer;
  };

  /** How it went, when it is over. */
  async function newsOf(response: Response): Promise<CallNews[]> {
    const lines = (await response.text()).trim().split('\n');
    return lines.map((line) => JSON.parse(line) as CallNews);
  }

  async function record(news: readonly CallNews[]): Promise<CallRecord | undefined> {
    const [first] = news;
    const find = async () =>
      (await recordsIn(`${agent.lab.folder}/data`)).find(
        ({ call, ended }) => ended && first?.state === 'calling' && call === first.call,
      );
    await expect.poll(find, { timeout: 8000 }).toBeDefined();
    return find();
  }

  /** As another program does it. */
  async function createAndDial(to: string): Promise<void> {
    const { asterisk } = agent.lab;
    const { id } = (await asterisk.ari('POST', `/channels/create?${to}`)) as { id: string };
    // It comes into the application a moment after it was created.
    const dial = () => asterisk.ari('POST', `/channels/${id}/dial?timeout=20`);
    await expect.poll(dial, { timeout: 5000 }).toBeUndefined();
  }

  it('waits for their hello, says its own opening words, and talks with them', async () => {
    // Synthesised before it rings: who answers and says nothing for long is spoken to.
    const hello = await agent.speak('Hello?', 'rms', 'ulaw');
    const phone = await agent.lab.phone('softphone2', { register: true });
    const command = new Promise<{ status: number; output: string }>((resolve) => {
      const config = { VOICE_AGENT_CONFIG_DIR: `${agent.lab.folder}/config`, ARI_PASSWORD: 'unused' };
      execFile(
        process.execPath,
        ['bin/voice-agent.cjs', 'call', 'softphone2', '--agent', 'alice', '--note', 'the check-up on Monday'],
        { cwd: PROJECT, env: { ...process.env, ...environment, ...config } },
        (error, stdout, stderr) => {
          resolve({ status: Number(error?.code ?? 0), output: stdout + stderr });
        },
      );
    });
    const call = await phone.incoming({ timeoutMs: 15_000 });
    await call.accept();
    await call.say(hello);
    await greeting(call);
    expect(await agent.likeness(call, OPENING, ALICE)).toBeGreaterThan(SAME_WORDS);
    await call.hangUp();
    const { status, output } = await command;
    expect(output).toMatch(/^calling softphone2: (\S+)\nanswered\nended: caller-hung-up\n$/);
    expect(status).toBe(0);
    const name = /: (\S+)/.exec(output)?.[1] ?? '';
    const kept = await record([{ state: 'calling', call: name }]);
    expect(kept).toMatchObject({
      agent: 'alice',
      info: {
        direction: 'out',
        caller: { number: 'softphone2' },
        variables: { VOICE_AGENT_NOTE: 'the check-up on Monday' },
      },
      said: [{ who: 'agent', text: OPENING, interrupted: false }],
      ended: { reason: 'caller-hung-up' },
    });
  });

  it('tells in the record who is busy, or doesn’t answer', async () => {
    const phone = await agent.lab.phone('softphone2', { register: true });
    const order = { number: 'softphone2', agent: 'alice' };
    const busy = post(order);
    await (await phone.incoming({ timeoutMs: 15_000 })).hangUp();
    const lines = await newsOf(await busy);
    expect(lines).toMatchObject([{ state: 'calling' }, { state: 'ended', reason: 'busy' }]);
    expect(await record(lines)).toMatchObject({ info: { direction: 'out' }, ended: { reason: 'busy' } });
    const unanswered = await newsOf(await post(order));
    expect(unanswered.at(-1)).toEqual({ state: 'ended', reason: 'unanswered' });
    expect((await record(unanswered))?.setUpMs).toBeUndefined();
  });

  it('tells in the record who refuses, or can’t be reached, however quickly that is known', async () => {
    const { asterisk } = agent.lab;
    // Q.850's causes: rejected, not known, out of order.
    const causes = { 700: [21, 'rejected'], 701: [1, 'unreachable'], 702: [27, 'unreachable'] } as const;
    for (const [number, [cause]] of Object.entries(causes)) {
      await asterisk.cli(`dialplan add extension ${number},1,Hangup,${cause} into tests`);
      const to = `endpoint=Local/${number}@tests&app=voice-agent&appArgs=510001,out,${number}`;
      await createAndDial(to);
    }
    const ends = async (): Promise<Record<string, string | undefined>> => {
      const kept = await recordsIn(`${agent.lab.folder}/data`);
      const ofThem = kept.filter(({ info }) => (info.caller.number ?? '') in causes);
      return Object.fromEntries(ofThem.map(({ info, ended }) => [info.caller.number ?? '', ended?.reason]));
    };
    const wanted = Object.entries(causes).map(([number, [, reason]]) => [number, reason]);
    await expect.poll(ends, { timeout: 8000 }).toEqual(Object.fromEntries(wanted));
  });

  it('hangs up on a voicemail, which talks and talks', async () => {
    const phone = await agent.lab.phone('softphone2', { register: true });
    const ringing = phone.incoming({ timeoutMs: 15_000 });
    const answer = post({ number: 'softphone2', agent: 'alice' });
    const call = await ringing;
    const words =
      'You have reached the voicemail of Robert Miller who is not able to take your call at the moment so please leave your name and your number after the tone and he will call you back';
    const announcement = await agent.speak(words, 'rms', 'ulaw');
    await call.accept();
    void call.say(announcement);
    expect(await call.ended).toBe('other side hung up');
    const news = await newsOf(await answer);
    expect(news.at(-1)).toEqual({ state: 'ended', reason: 'voicemail' });
    expect(await record(news)).toMatchObject({ said: [], ended: { reason: 'voicemail' } });
  });

  it('is ordered by nobody without the token, nor for what can’t be called', async () => {
    const order = { number: 'softphone2', agent: 'alice' };
    expect((await post(order, 'another-token-of-24-char')).status).toBe(401);
    const reply = async (body: object) => {
      const response = await post(body);
      return [response.status, ((await response.json()) as { error: string }).error];
    };
    expect(await reply({ ...order, number: 'softphone2@other/x' })).toEqual([
      422,
      expect.stringContaining('number'),
    ]);
    expect(await reply({ ...order, agent: 'eve' })).toEqual([
      422,
      expect.stringContaining('it has: alice, tom'),
    ]);
    expect(await reply({ ...order, agent: 'tom' })).toEqual([422, expect.stringContaining('callOpening')]);
  });

  it('is the same when somebody else creates and dials it, or originates it', async () => {
    const { asterisk } = agent.lab;
    const phone = await agent.lab.phone('softphone2', { register: true });
    for (const way of ['dialled', 'originated'] as const) {
      const ringing = phone.incoming({ timeoutMs: 15_000 });
      const to = 'endpoint=PJSIP/softphone2&app=voice-agent&appArgs=510001,out';
      if (way === 'dialled') {
        await createAndDial(to);
      } else await asterisk.ari('POST', `/channels?${to}`);
      const call = await ringing;
      await call.accept();
      await greeting(call);
      expect(await agent.likeness(call, OPENING, ALICE), way).toBeGreaterThan(SAME_WORDS);
      await call.hangUp();
    }
    const direct = (await recordsIn(`${agent.lab.folder}/data`)).filter(
      ({ info }) => info.caller.number === '1002',
    );
    expect(direct.map(({ info }) => info.direction)).toEqual(['out', 'out']);
  });
});
