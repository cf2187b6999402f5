/** What a model does with a call, on a real Asterisk with two real phones: transfers, keys, and a request of one's own. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SoftphoneCall } from '../../lab/softphone.ts';
import { SHORT_GREETING } from '../support/trouble-calls.ts';
import { startGroqServer, type GroqServer } from '../support/provider-servers/groq-server.ts';
import {
  ALICE,
  greeting,
  SAME_WORDS,
  TOM,
  useRunningAgent,
  type ViewedCall,
} from '../support/agent-under-test.ts';

const tone = (step: number): Int16Array =>
  Int16Array.from({ length: 12_000 }, (_, i) => 8000 * Math.sin(i * step));
const CALLER_TONE = tone(0.5);
const TARGET_TONE = tone(0.9);

const TARGETS = `
    transferTargets:
      - { name: Bob, endpoint: PJSIP/softphone2 }
      - { name: Eve, endpoint: PJSIP/softphone2, ringMs: 2000, whileRinging: music }
      - { name: Carol, endpoint: PJSIP/softphone2, briefing: 'A call from {caller}, about {about}. Press 1 to take it.' }
      - { name: Mallory, endpoint: Local/700@tests }
      - { name: Dana, endpoint: Local/person@voice-agent-target/n }
      - { name: Frank, endpoint: Local/701@tests }
    tools: [hang_up, transfer, send_dtmf, order_status]`;

describe('A model', () => {
  let model: GroqServer;
  let shop: Server;

  beforeAll(async () => {
    model = await startGroqServer({ flavour: 'plain' });
    shop = createServer((request, response) => {
      response.end(JSON.stringify({ status: `on its way to ${request.headers.authorization ?? ''}` }));
    }).listen(0, '127.0.0.1');
    await once(shop, 'listening');
  });
  afterAll(async () => {
    await model.close();
    shop.close();
  });
  const agent = useRunningAgent(() => ({
    edits: [
      SHORT_GREETING,
      ['  agents: {}\n', '  agents: { alice: { llm: openai-compatible } }\n'],
      ['\n    # tools: [hang_up, proceed, take_message]', TARGETS],
      // A department of the lab's garage whom the receptionist calls without the dialplan.
      [
        '  - id: tom\n',
        `  - id: tom\n    transferTargets: [{ name: service, endpoint: PJSIP/softphone2 }]\n`,
      ],
      [
        '# httpTools:\n',
        `httpTools: [{ name: order_status, description: 'An order', url: 'http://127.0.0.1:${(shop.address() as AddressInfo).port}/{order}',
            parameters: { type: object, properties: { order: { type: string } }, required: [order] },
            headers: { Authorization: '\${SHOP_KEY}' }, result: /status }]\n`,
      ],
    ],
    environment: { OPENAI_BASE_URL: `${model.url}/v1`, SHOP_KEY: 'London' },
  }));
  beforeAll(async () => {
    await agent.lab.asterisk.cli('dialplan add extension 700,1,Hangup,21 into tests');
    // Q.850: the destination is out of order.
    await agent.lab.asterisk.cli('dialplan add extension 701,1,Hangup,27 into tests');
  });

  /** A caller who has been greeted and presses a key, to which the model does this. */
  async function asks(...thoughts: GroqServer['script']): Promise<ViewedCall> {
    model.script.length = 0;
    model.script.push(...thoughts);
    const caller = await agent.greeted(ALICE);
    await caller.call.dtmf('7');
    return caller;
  }

  const GREETING = SHORT_GREETING[1].slice('greeting: '.length);
  const transfer = (target: string) => ({
    text: 'One moment.',
    tools: [{ name: 'transfer', arguments: JSON.stringify({ target }) }],
  });

  /** Whether `one` hears what `other` says now. */
  async function hears(one: SoftphoneCall, other: SoftphoneCall, sound: Int16Array): Promise<boolean> {
    const heard = one.heard.speech({ timeoutMs: 10_000, after: Date.now() });
    await other.say(sound);
    return heard;
  }

  it('connects the caller with somebody who answers, and the two hear each other', async () => {
    const desk = await agent.lab.phone('softphone2', { register: true });
    const ringing = desk.incoming({ timeoutMs: 30_000 });
    const { call, view } = await asks(transfer('Bob'));
    const target = await ringing;
    // In the caller's ear it rings.
    expect(await call.heard.speech({ timeoutMs: 8000, after: Date.now() })).toBe(true);
    await target.accept();
    expect((await view.event('transfer')).outcome).toBe('answered');
    await expect.poll(async () => (await agent.lab.asterisk.channels()).length, { timeout: 5000 }).toBe(2);
    expect(await hears(target, call, CALLER_TONE)).toBe(true);
    expect(await hears(call, target, TARGET_TONE)).toBe(true);
    await target.hangUp();
    expect(await call.ended).toBe('other side hung up');
    expect(await agent.lab.record(view)).toMatchObject({
      ended: { reason: 'transferred' },
      transfers: [{ target: 'Bob', outcome: 'answered', endedBy: 'target' }],
    });
  });

  it('transfers as the embedded receptionist, too, and when the caller hangs up the target’s call ends', async () => {
    const desk = await agent.lab.phone('softphone2', { register: true });
    const ringing = desk.incoming({ timeoutMs: 30_000 });
    const { call, view } = await agent.greeted(TOM, { account: 'softphone1' });
    await call.dtmf('1');
    const target = await ringing;
    await target.accept();
    expect(await hears(call, target, TARGET_TONE)).toBe(true);
    await call.hangUp();
    expect(await target.ended).toBe('other side hung up');
    expect((await agent.lab.record(view)).transfers).toMatchObject([
      { target: 'service', endedBy: 'caller' },
    ]);
  });

  it('has the caller back when somebody is busy, refuses or doesn’t answer, and says so', async () => {
    const desk = await agent.lab.phone('softphone2', { register: true });
    const ringing = desk.incoming({ timeoutMs: 30_000 });
    const sorry = { text: 'I am sorry, nobody is there.' };
    const { call, view } = await asks(
      transfer('Bob'),
      sorry,
      transfer('Mallory'),
      sorry,
      transfer('Eve'),
      sorry,
    );
    const outcomes = ['busy', 'refused', 'no-answer'] as const;
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome === 'busy') await (await ringing).hangUp();
      else await call.dtmf('7');
      if (outcome === 'no-answer') {
        const words = () => view.of('agent-said').filter(({ text }) => text === 'One moment.').length;
        await expect.poll(words, { timeout: 15_000 }).toBe(3);
        // Music.
        expect(await call.heard.speech({ timeoutMs: 1900, after: Date.now() + 300 })).toBe(true);
      }
      await view.event('transfer', (event) => event.outcome === outcome);
      await expect
        .poll(() => view.of('agent-said').filter(({ text }) => text === sorry.text).length, {
          timeout: 15_000,
        })
        .toBe(index + 1);
    }
    const results = model.chats.at(-1)?.messages.filter(({ role }) => role === 'tool');
    expect(results?.map(({ content }) => content?.split(':')[0])).toEqual(['busy', 'refused', 'unanswered']);
    await call.hangUp();
    expect((await agent.lab.record(view)).transfers?.map(({ outcome }) => outcome)).toEqual(outcomes);
  });

  it('tells who answers what it is about, and connects them when they take the call; else the caller is back', async () => {
    const desk = await agent.lab.phone('softphone2', { register: true });
    const briefed = { target: 'Carol', about: 'a broken tooth' };
    const toCarol = {
      text: 'One moment.',
      tools: [{ name: 'transfer', arguments: JSON.stringify(briefed) }],
    };
    const sorry = { text: 'I am sorry, Carol can not talk now.' };
    const first = desk.incoming({ timeoutMs: 30_000 });
    const { call, view } = await asks(toCarol, sorry, toCarol);
    const declines = await first;
    await declines.accept();
    await greeting(declines);
    const words = 'A call from Softphone 1, about a broken tooth. Press 1 to take it.';
    expect(await agent.likeness(declines, words, ALICE)).toBeGreaterThan(SAME_WORDS);
    await declines.dtmf('2');
    expect((await view.event('transfer')).outcome).toBe('refused');
    await declines.ended;
    await view.event('agent-said', ({ text }) => text === sorry.text);
    // Nothing of the briefing stands in what the model knows, or the caller has heard.
    expect(JSON.stringify(model.chats.at(-1)?.messages)).not.toContain('Press 1');
    const second = desk.incoming({ timeoutMs: 30_000 });
    await call.dtmf('7');
    const takes = await second;
    await takes.accept();
    await takes.dtmf('1');
    expect((await view.event('transfer', ({ outcome }) => outcome === 'answered')).target).toBe('Carol');
    expect(await hears(takes, call, CALLER_TONE)).toBe(true);
    expect(await hears(call, takes, TARGET_TONE)).toBe(true);
    await takes.hangUp();
    expect(await call.ended).toBe('other side hung up');
    const { transfers } = await agent.lab.record(view);
    expect(transfers?.map(({ outcome }) => outcome)).toEqual(['refused', 'answered']);
  });

  it('gives a caller to a person and not to a voicemail, and says when somebody can’t be reached', async () => {
    const desk = await agent.lab.phone('softphone2', { register: true });
    const voicemail = desk.incoming({ timeoutMs: 30_000 });
    const sorry = { text: 'I am sorry, nobody is there.' };
    const { call, view } = await asks(transfer('Frank'), transfer('Dana'), sorry, transfer('Dana'));
    const recorded = await voicemail;
    await recorded.accept();
    const words = 'You have reached the voicemail of Dana Miller, who can not take your call at the moment.';
    void recorded.say(await agent.speak(words, 'rms', 'ulaw'));
    await view.event('agent-said', ({ text }) => text === sorry.text);
    expect(recorded.endReason).toBe('other side hung up');
    const results = model.chats.at(-1)?.messages.filter(({ role }) => role === 'tool');
    expect(results?.map(({ content }) => content?.split(':')[0])).toEqual(['not reached', 'unanswered']);
    // Another telephone: baresip can't answer with the end of what it was saying.
    await desk.stop();
    const other = await agent.lab.phone('softphone2', { register: true });
    const person = other.incoming({ timeoutMs: 30_000 });
    await call.dtmf('7');
    const target = await person;
    await target.accept();
    await target.say(await agent.speak('Hello?', 'rms', 'ulaw'));
    await view.event('transfer', ({ outcome }) => outcome === 'answered');
    expect(await hears(target, call, CALLER_TONE)).toBe(true);
    await target.hangUp();
    const { transfers } = await agent.lab.record(view);
    expect(transfers?.map(({ outcome }) => outcome)).toEqual(['failed', 'no-answer', 'answered']);
  });

  it('greets whom a telephone puts in the caller’s place, and knows who they are', async () => {
    const { asterisk } = agent.lab;
    const colleague = await agent.lab.phone('softphone1', { register: true });
    const ringing = colleague.incoming({ timeoutMs: 30_000 });
    const phone = await agent.lab.phone('softphone2', { register: true });
    const asking = await phone.dial('510001');
    const view = agent.lab.view(asking, '510001', 'softphone2');
    await greeting(asking);
    const theirs = (await asterisk.channels()).find(({ name }) => name.startsWith('PJSIP/softphone2'));
    const ofDialog = async (item: string): Promise<string> => {
      const path = `/channels/${theirs?.id ?? ''}/variable?variable=CHANNEL(pjsip,${item})`;
      return ((await asterisk.ari('GET', path)) as { value: string }).value;
    };
    const [id = '', to = '', from = ''] = await Promise.all(
      ['call-id', 'local_tag', 'remote_tag'].map(ofDialog),
    );
    // They ask somebody first, and then leave: an attended transfer away from them, by RFC 3891.
    const consulting = phone.ring('1001');
    const next = await ringing;
    await next.accept();
    await consulting.answered;
    const replaces = encodeURIComponent(`${id};to-tag=${to};from-tag=${from}`);
    await consulting.transfer(`<sip:510001@127.0.0.1:${asterisk.sipPort}?Replaces=${replaces}>`);
    const greetings = (): number => view.of('agent-said').filter(({ text }) => text === GREETING).length;
    await expect.poll(greetings, { timeout: 20_000 }).toBe(2);
    expect(await agent.likeness(next, GREETING, ALICE)).toBeGreaterThan(SAME_WORDS);
    await next.hangUp();
    const { info, laterCallers } = await agent.lab.record(view);
    expect([info.caller.number, laterCallers?.map(({ number }) => number)]).toEqual(['1002', ['1001']]);
  });

  it('doesn’t keep somebody’s telephone ringing when the caller hangs up', async () => {
    const desk = await agent.lab.phone('softphone2', { register: true });
    const ringing = desk.incoming({ timeoutMs: 30_000 });
    const { call, view } = await asks(transfer('Bob'));
    const target = await ringing;
    await call.hangUp();
    await target.ended;
    expect(await agent.lab.record(view)).toMatchObject({
      ended: { reason: 'caller-hung-up' },
      transfers: [{ outcome: 'caller-gone' }],
    });
  });

  it('presses keys that arrive at the phone, asks a server of one’s own, and hangs up after the last words', async () => {
    const { call, view } = await asks(
      { tools: [{ name: 'send_dtmf', arguments: '{"digits":"5"}' }] },
      { tools: [{ name: 'order_status', arguments: '{"order":"1"}' }] },
      { text: 'Goodbye then.', tools: [{ name: 'hang_up', arguments: '{}' }] },
    );
    expect((await call.event('CALL_DTMF_START', 15_000)).param).toBe('5');
    expect(await call.ended).toBe('other side hung up');
    expect(view.of('tool').map(({ result }) => result)).toEqual([
      ...['the keys 5 are pressed', 'on its way to London', 'the call ends'],
    ]);
    expect((await agent.lab.record(view)).said.at(-1)).toMatchObject({
      text: 'Goodbye then.',
      interrupted: false,
    });
  });
});
