import { describe, expect, it } from 'vitest';
import { languageOf } from '../../../src/dialog/language/known-languages.ts';
import { agentProfile, ScriptedCall } from '../../support/scripted-call.ts';

describe.each([
  ['de', 'Guten Tag, hier ist Anna.', 'Wann haben Sie geöffnet', ['Wir öffnen um acht. ', 'Bis dann.']],
  [
    'ja',
    'お電話ありがとうございます。',
    '何時から開いていますか',
    ['八時からです。', 'お待ちしております。'],
  ],
  ['th', 'สวัสดีค่ะ', 'เปิดกี่โมง', ['เราเปิดแปดโมงเช้าทุกวันค่ะ ', 'แล้วพบกันค่ะ']],
])('an agent who speaks %s', (code, greeting, question, reply) => {
  const { stillThere, silenceGoodbye, sayAgain, goodbye, oneMoment, apology } = languageOf(code).phrases;
  const agent = agentProfile({ language: code, greeting });

  it('answers, asks the silent caller and says goodbye, all in that language', async () => {
    const call = await ScriptedCall.greeted({ agent, replies: [reply] });
    await call.exchange(question);
    await call.clock.until(() => call.of('ended').length > 0);
    expect(call.conversation).toEqual([
      `agent: ${greeting}`,
      `caller: ${question}`,
      `agent: ${reply.join('')}`,
      `agent: ${stillThere}`,
      `agent: ${stillThere}`,
      `agent: ${silenceGoodbye}`,
    ]);
    expect(call.leftovers).toEqual({});
  });

  it('asks in that language to say again what nobody could answer', async () => {
    const call = await ScriptedCall.greeted({ agent, replies: [[{ error: new Error('gone') }]] });
    await call.exchange(question);
    expect(call.conversation.at(-1)).toBe(`agent: ${sayAgain}`);
  });

  it('says one moment when the model is slow, and goodbye when it hangs up without a word', async () => {
    const call = await ScriptedCall.greeted({ agent, replies: [[{ waitMs: 3000 }, { tool: 'hang_up' }]] });
    await call.says(question);
    await call.clock.until(() => call.of('ended').length > 0);
    expect(call.conversation.slice(1)).toEqual([
      `caller: ${question}`,
      `agent: ${oneMoment}`,
      `agent: ${goodbye}`,
    ]);
    expect(call.of('ended')).toMatchObject([{ reason: 'agent-hung-up' }]);
  });

  it('apologises when three replies in a row have failed', async () => {
    const gone = { error: new Error('gone') };
    const call = await ScriptedCall.greeted({ agent, replies: [[gone], [gone], [gone]] });
    for (let turn = 0; turn < 3; turn++) await call.exchange(question);
    await call.clock.until(() => call.of('ended').length > 0);
    expect(call.conversation.at(-1)).toBe(`agent: ${apology}`);
    expect(call.of('ended')).toMatchObject([{ reason: 'failed' }]);
  });

  it('stands in the history up to what was heard of it, when the caller interrupts', async () => {
    const call = await ScriptedCall.greeted({ agent, replies: [reply, ['…']] });
    await call.says(question);
    await call.speaking();
    await call.clock.advance(300);
    call.stt.script.push(question);
    call.ear.talk(1000);
    await call.clock.until(() => call.of('barge-in').length === 1);
    const [said] = call.of('agent-said').slice(-1);
    expect(said?.interrupted).toBe(true);
    expect(said?.text).not.toBe('');
    expect(reply.join('').startsWith(said?.text ?? '-')).toBe(true);
    expect(said?.text).not.toBe(reply.join(''));
  });
});
