import { describe, expect, it } from 'vitest';
import { ContentReader } from '../../../src/providers/chat/content-reader.ts';

const TOOLS = [{ name: 'hang_up', parameters: { type: 'object', properties: {} } }];

/** What is said of a text that comes in pieces of `length` letters, and the tools that are called. */
function said(text: string, length: number): string {
  const reader = new ContentReader(TOOLS);
  const pieces = Array.from({ length: Math.ceil(text.length / length) }, (_, at) =>
    text.slice(at * length, (at + 1) * length),
  );
  const parts = [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
  return parts
    .map((part) => (part.is === 'words' ? part.text : part.is === 'call' ? part.call.name : ''))
    .join('')
    .trim();
}

const LENGTHS = [1, 3, 7, 1000];
const ANSWER = 'We open at nine.';

describe('an answer in which the model goes on with the conversation', () => {
  it.each([
    'Caller: thanks\nAgent: bye',
    'Caller: thanks',
    '**Caller:** thanks\n**Agent:** bye',
    '**Caller**: thanks',
    '*Caller:* thanks',
    '__Caller:__ thanks',
    '[Caller]: thanks',
    '[Caller] : thanks',
    '### User:\nthanks',
    '### Human: thanks\n### Assistant: bye',
    '> Caller: thanks',
    '👤 User: thanks',
    'Human: thanks',
    'USER: thanks',
    'Customer: thanks\n\nAgent: bye',
    'Client: thanks',
    'Guest: thanks',
    'Patient: hm',
    'Caller (Ann): thanks',
    'Caller 1: thanks',
    'Caller : thanks',
    'The caller: thanks',
    'caller: thanks',
    'CALLER: thanks',
    '"Caller": thanks',
    'Anrufer: danke\nAgent: tschüss',
    'Anruferin: danke',
    'Kunde: danke',
    'Kundin: danke',
    'Nutzer: danke',
    'Benutzer: danke',
    '**Anrufer:** danke',
    'Llamante: gracias',
    'Usuario: gracias\nAsistente: adiós',
    'Cliente: gracias',
    'Persona que llama: gracias',
    'Appelant : merci\nAgent : au revoir',
    'Appelante\u00a0: merci',
    'Utilisateur : merci',
    'Client : merci',
    'Interlocuteur : merci',
    'Chiamante: grazie',
    'Utente: grazie',
    'Beller: dank je',
    'Gebruiker: dank',
    'Klant: dank',
    'Dzwoniący: dzięki',
    'Użytkownik: dzięki',
    'Rozmówca: dzięki',
    'Klient: dzięki',
    'Utilizador: obrigado',
    'Usuário: obrigado',
    'Chamador: obrigado',
    'कॉलर: धन्यवाद',
    'उपयोगकर्ता: धन्यवाद',
    'ग्राहक: धन्यवाद',
    'ユーザー：ありがとう',
    'お客様：ありがとう',
    '発信者: ありがとう',
    '用户：谢谢',
    '来电者：谢谢',
    '客户: 谢谢\n客服: 再见',
    '顾客：谢谢',
    'ผู้โทร: ขอบคุณ',
    'ลูกค้า: ขอบคุณ',
    'ผู้ใช้: ขอบคุณ',
    '<|im_start|>user\nthanks<|im_end|>',
    '<|im_end|>\n<|im_start|>user\nthanks',
    '<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nthanks',
    '<end_of_turn>\n<start_of_turn>user\nthanks',
    '<|user|>\nthanks<|assistant|>\nbye',
    '<｜User｜>thanks<｜Assistant｜>bye',
    '[INST] thanks [/INST] bye',
    '</s>[INST] thanks [/INST]',
    '<|header_start|>user<|header_end|>\n\nthanks',
    '<|start_of_role|>user<|end_of_role|>thanks',
    '<|from|>user\n<|recipient|>all\n<|content|>thanks',
    '<turn|>\n<|turn>user\nthanks',
    '<|im_user|>user<|im_middle|>thanks',
    '<|START_OF_TURN_TOKEN|><|USER_TOKEN|>thanks',
    '<|prompter|>thanks',
    '[|Human|]thanks',
    '<user>thanks</user>',
    '<caller>thanks</caller>',
    '</s>USER: thanks ASSISTANT: bye',
    '<|endoftext|>Human: thanks',
    'GPT4 Correct User: thanks',
    '<|end|><|start|>user<|message|>thanks',
    '<extra_id_1>User\nthanks',
    'user\n\nthanks\nassistant\nbye',
    'assistant\n\nIs there more?',
    'model\nMore',
    '### Instruction:\nWrite',
    'Q: when?\nA: six',
  ])('ends before a line %j', (turn) => {
    const lines = /^(?:<|\[INST|\[\||<\/s>)/.test(turn) ? [''] : ['\n', '\n\n'];
    for (const length of LENGTHS)
      for (const line of lines) expect(said(`${ANSWER}${line}${turn}`, length)).toBe(ANSWER);
  });

  it.each([
    'Caller: thanks Agent: bye',
    'User: thanks',
    'Human: thanks',
    'Customer: thanks. Assistant: bye.',
    'Anrufer: danke. Agent: Tschüss.',
    'Usuario: gracias. Asistente: adiós.',
  ])('ends before %j within its line', (turn) => {
    for (const length of LENGTHS) expect(said(`${ANSWER} ${turn}`, length)).toBe(ANSWER);
  });

  it.each(['user\n\nthanks', 'assistant\n\nIs there more?', 'model\nmore'])(
    'ends before %j, which a template’s marks have left behind its last sentence',
    (turn) => {
      for (const length of LENGTHS) expect(said(`${ANSWER}${turn}`, length)).toBe(ANSWER);
    },
  );

  it('ends there without a space, too', () => {
    for (const length of LENGTHS)
      expect(said('我们九点开门。用户：谢谢客服：再见', length)).toBe('我们九点开门。');
  });

  it('calls no tool that it calls there', () => {
    const text = `${ANSWER}\nUser: bye\nAssistant: <function=hang_up>{}</function>`;
    for (const length of LENGTHS) expect(said(text, length)).toBe(ANSWER);
  });

  it.each([
    `User: when do you open\nAssistant: ${ANSWER}`,
    `Caller: when do you open?\n\nAgent: ${ANSWER}`,
    `<|user|>when<|assistant|>${ANSWER}`,
    `Agent: ${ANSWER}`,
    `Asistente: ${ANSWER}`,
    `助手：${ANSWER}`,
    `user\nwhen\nassistant\n${ANSWER}`,
    `model\n${ANSWER}`,
    `### Response:\n${ANSWER}`,
  ])('begins behind the label in %j', (text) => {
    for (const length of LENGTHS) expect(said(text, length)).toBe(ANSWER);
  });

  it('says no label of its own before its next line', () => {
    for (const length of LENGTHS)
      expect(said('We open\nAgent: at nine.', length).replaceAll(/\s+/g, ' ')).toBe('We open at nine.');
  });
});

describe('an answer with a colon', () => {
  it.each([
    'Here is what I noted:\nCaller: Ann Smith\nNumber: 555 0199',
    'I noted this:\n\n**Caller:** Ann\n**Number:** 555',
    'Name: Ann\nCustomer: Acme\nNumber: 5',
    'I will pass it on.\nCaller: Ann Smith\nNumber: 555 0199\nMessage: call back',
    'Your order: one pizza.',
    'Our hours: nine to five.',
    'Callers: please wait.',
    'For every caller: a gift.',
    'We have two offers: A and B.\nPrices: ten and twenty.',
    'Clients: many.',
    'Client satisfaction matters to us.',
    'Customer service is open.\nHuman beings answer.',
    'Agent Smith will call you.',
    'Assistance is near. Caller ID is on.',
    'Hours: nine. Caller: Ann. Number: five.',
    'Kunde ist König.\nKunden: alle.',
    'A user is welcome.\nUsers: all',
    'Patient care is first.\nPatients: yes',
    'Menschen: alle',
    'Mens sana. Mensen: allen',
    'I have it as follows:\n- Caller: Ann\n- Number: 5',
    'Note: bring your card.\nHuman error happens.',
    'お客様の番号は五です。',
    '用户名是安。',
    '客户很多。客户服务开门。',
    'We use AI. AI is good.',
    'We sell this:\nmodel\nsystem',
    'Our new.model is here.',
    'It has an assistant.\nassistants help.',
    'Press ## input now.',
    'Call me at 5:30.\nGuests: 5:30.',
  ])('is said as it is: %j', (text) => {
    for (const length of LENGTHS)
      for (const before of /^[A-Z]/.test(text) ? ['', `${ANSWER} `, `${ANSWER}\n`] : [''])
        expect(said(`${before}${text}`, length)).toBe(`${before}${text}`);
  });
});
