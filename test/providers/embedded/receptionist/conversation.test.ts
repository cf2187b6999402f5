import { describe, expect, it } from 'vitest';
import type { ToolCall } from '../../../../src/dialog/contract/conversation.ts';
import { ReceptionistCall, replyOf } from '../../../support/receptionist-call.ts';
import { shippedAgent } from '../../../support/shipped-config.ts';

describe('a conversation with Alice of the dental clinic', () => {
  it('goes over five turns, and remembers what was talked about', async () => {
    const call = new ReceptionistCall('alice');
    expect((await call.says('hello are you open on saturday')).text).toMatch(
      /^Yes, we are\. On Saturday we are open from nine in the morning until noon\./,
    );
    expect((await call.says('and on sunday')).text).toContain('On Sunday we are closed.');
    expect((await call.says('how much is whitening')).text).toContain('two hundred and ninety dollars');
    expect((await call.says('and how long does that take')).text).toContain('one visit of an hour');
    const last = await call.says('thank you that is all goodbye');
    expect(last.text).toContain('Goodbye');
    expect(last.tool?.name).toBe('hang_up');
  });

  it('takes a message: name, number read back, correction, matter', async () => {
    const call = new ReceptionistCall('alice');
    expect((await call.says('could i leave a message please')).text).toContain('name');
    expect((await call.says('my name is mary jones')).text).toMatch(
      /Thank you, Mary Jones\. .*telephone number/,
    );
    expect((await call.says('oh seven seven double four nine one two three')).text).toBe(
      'That is zero seven seven, four four nine, one two three. Is that right?',
    );
    expect((await call.says('no it is oh seven seven double four nine one two four')).text).toContain(
      'one two four. Is that right?',
    );
    expect((await call.says('yes')).text).toContain('what is it about');
    const done = await call.says('i need to move my appointment');
    expect(done.tool).toMatchObject({
      name: 'take_message',
      arguments: { name: 'Mary Jones', number: '077449124', text: 'i need to move my appointment' },
    });
    expect((await call.says('no thank you')).tool?.name).toBe('hang_up');
  });

  it('asks for the whole number again when it read back a wrong one', async () => {
    const call = new ReceptionistCall('alice');
    await call.says('can i leave a message');
    await call.says('this is susan lee');
    await call.says('five five five oh one four two');
    expect((await call.says('no that is wrong')).text).toBe(
      'Sorry, once more please. What is your telephone number?',
    );
    expect((await call.says('five five five nine one four two')).text).toBe(
      'That is five five five, nine one four two. Is that right?',
    );
  });

  it('puts an emergency through when the caller agrees', async () => {
    const call = new ReceptionistCall('alice');
    expect((await call.says('my tooth is killing me')).text).toContain('sorry to hear that');
    expect((await call.says('yes please')).tool).toMatchObject({
      name: 'proceed',
      arguments: { department: 'appointments' },
    });
  });

  it('answers two questions in one sentence', async () => {
    const { text } = await new ReceptionistCall('alice').says('when are you open and where are you');
    expect(text).toContain('Thursday from eight to six');
    expect(text).toContain('twelve Mill Lane');
  });

  it('says honestly what it is', async () => {
    expect((await new ReceptionistCall('alice').says('am i talking to a machine')).text).toMatch(
      /^Yes, I am a computer\./,
    );
  });
});

describe('a conversation with Tom of the garage', () => {
  it('goes over five turns', async () => {
    const call = new ReceptionistCall('tom');
    expect((await call.says('my break is squeaking')).text).toContain('brake pads');
    expect((await call.says('how much is that')).text).toContain('one hundred and forty dollars');
    expect((await call.says('can i get a courtesy car')).text).toContain('three loan cars');
    expect((await call.says('what time do you close tomorrow')).text).toContain('until one in the afternoon');
    expect((await call.says('put me through to the workshop please')).tool).toMatchObject({
      name: 'proceed',
      arguments: { department: 'service' },
    });
  });

  it("asks which service when a price is wanted and none was named, and takes the service's name alone", async () => {
    const call = new ReceptionistCall('tom');
    expect((await call.says('how much does it cost')).text).toBe('That depends. Which service do you mean?');
    expect((await call.says('an oil change')).text).toContain('fifty nine dollars');
  });

  it('does not know what it was not told', async () => {
    const agent = shippedAgent('tom');
    const knowledge = { ...agent.knowledge };
    Reflect.deleteProperty(knowledge, 'openingHours');
    const call = new ReceptionistCall({ ...agent, knowledge });
    expect((await call.says('when are you open')).text).toContain('do not know');
    expect((await call.says('yes')).text).toContain('What is your name');
  });
});

describe('the time of day', () => {
  const at = (iso: string) => ({ wallClock: Date.parse(iso) });

  it('counts for today and tomorrow', async () => {
    const friday = new ReceptionistCall('alice', at('2026-11-20T10:00:00Z'));
    expect((await friday.says('are you open now')).text).toContain('until four in the afternoon');
    const evening = new ReceptionistCall('alice', at('2026-11-20T19:00:00Z'));
    expect((await evening.says('are you open now')).text).toMatch(
      /^No, we are closed at the moment\. We open again tomorrow at nine/,
    );
    const late = new ReceptionistCall('alice', at('2026-11-20T19:00:00Z'));
    expect((await late.says('when do you close today')).text).toMatch(/^We have closed for today\./);
    const saturday = new ReceptionistCall('alice', at('2026-11-21T10:00:00Z'));
    expect((await saturday.says('are you open tomorrow')).text).toContain('Tomorrow, Sunday, we are closed.');
  });

  it("is the business's, not the machine's", async () => {
    const agent = shippedAgent('alice');
    const tokyo = { ...agent, knowledge: { ...agent.knowledge, timeZone: 'Asia/Tokyo' } };
    // Friday 23:30 in London is Saturday morning in Tokyo.
    const call = new ReceptionistCall(tokyo, at('2026-11-20T23:30:00Z'));
    expect((await call.says('are you open today')).text).toContain('from nine in the morning until noon');
  });
});

describe('keys on the telephone', () => {
  it('choose departments', async () => {
    expect((await new ReceptionistCall('tom').types('2')).tool?.arguments).toEqual({ department: 'parts' });
    expect((await new ReceptionistCall('alice').types('0')).tool?.arguments).toEqual({
      department: 'appointments',
    });
    expect((await new ReceptionistCall('alice').types('7')).text).toContain('Press 1 for appointments');
  });

  it('repeat with a star', async () => {
    const call = new ReceptionistCall('tom');
    const { text } = await call.says('where are you');
    expect((await call.types('*')).text).toContain(text);
  });

  it('give a telephone number, ended by the hash key, and confirm it', async () => {
    const call = new ReceptionistCall('tom');
    await call.says('please call me back');
    await call.says('peter evans');
    expect((await call.types('555')).text).toContain('What comes next?');
    expect((await call.types('01#')).text).toBe('That is five five five, zero one. Is that right?');
    expect((await call.types('1')).text).toContain('what is it about');
  });
});

describe("the caller's own number", () => {
  it('is offered for the message, and only there', async () => {
    const call = new ReceptionistCall('tom', { number: '+447700900123' });
    expect((await call.says('where are you')).text).not.toContain('seven seven');
    await call.says('can someone call me back');
    expect((await call.says('this is anna king')).text).toContain(
      'I see you are calling from four four seven, seven zero zero, nine zero zero, one two three.',
    );
    await call.says('yes');
    expect((await call.says('it is about my tires')).tool?.arguments).toMatchObject({
      name: 'Anna King',
      number: '447700900123',
    });
  });
});

describe('a caller who is not understood', () => {
  it('is asked again, otherwise each time, and the third time offered a way out', async () => {
    const call = new ReceptionistCall('alice');
    const texts = [await call.mumbles(), await call.mumbles(), await call.mumbles()].map(({ text }) => text);
    expect(new Set(texts).size).toBe(3);
    expect(texts[0]).toContain('for example: when are you open, how much is a check up or where can I park.');
    expect(texts[1]).toContain('You can ask me about our opening hours');
    expect(texts[2]).toContain('Shall I take a message, or put you through to appointments or billing?');
    expect((await call.says('billing')).tool?.arguments).toEqual({ department: 'billing' });
  });

  it('is asked what they meant when there is a guess', async () => {
    const call = new ReceptionistCall('alice');
    expect((await call.says('monday')).text).toBe('Sorry, do you want to know when we are open?');
    expect((await call.says('yes')).text).toContain('On Monday we are open from eight');
  });

  it('is asked which it is where two things fit as well', async () => {
    const call = new ReceptionistCall('alice');
    expect((await call.says('parking for a wheelchair')).text).toBe(
      'Sorry, which did you mean: is there wheelchair access, or where can I park?',
    );
    expect((await call.says('wheelchair access')).text).toContain('with a ramp at the door');
  });

  it('is never answered by a guess when they talk of something else', async () => {
    for (const text of [
      'the weather is nice',
      'i like bananas',
      'tell me a joke',
      'my dog ate the newspaper',
    ]) {
      expect((await new ReceptionistCall('tom').says(text)).text).toMatch(/^(?:Sorry|I am sorry)/);
    }
  });

  it('can still leave a message when their number never gets through', async () => {
    const call = new ReceptionistCall('tom');
    await call.says('take a message please');
    await call.says('my name is john smith');
    await call.mumbles();
    expect((await call.mumbles()).text).toContain('type the number on your telephone');
    await call.mumbles();
    const done = await call.mumbles();
    expect(done.tool?.arguments).toEqual({ name: 'John Smith', number: '', text: 'asked to be called back' });
  });
});

describe('a caller who is silent', () => {
  it('is asked as often as the agent allows, then said goodbye to', async () => {
    const call = new ReceptionistCall('alice');
    expect((await call.isSilent()).text).toContain('Are you still there?');
    expect((await call.isSilent()).tool).toBeUndefined();
    expect((await call.isSilent()).tool?.name).toBe('hang_up');
  });

  it('begins anew when the caller has spoken in between', async () => {
    const call = new ReceptionistCall('alice');
    await call.isSilent();
    await call.isSilent();
    await call.says('where are you');
    expect((await call.isSilent()).tool).toBeUndefined();
  });
});

describe('what was really heard', () => {
  it('a question that was cut off before it was heard was never asked', async () => {
    const call = new ReceptionistCall('alice');
    const { text } = await call.saysAndInterrupts('can i make an appointment', 3);
    expect(text).toContain('Shall I put you through?');
    const { tool } = await call.says('yes');
    expect(tool).toBeUndefined();
  });

  it('a question that was heard for the most part was asked', async () => {
    const call = new ReceptionistCall('alice');
    await call.saysAndInterrupts('can i make an appointment', 8);
    expect((await call.says('yes')).tool?.name).toBe('proceed');
  });

  it('two pieces of a sentence are one turn when the reply between them was dropped', async () => {
    const call = new ReceptionistCall('tom');
    await call.saysAndInterrupts('how much is', 0);
    expect((await call.says('an oil change')).text).toContain('fifty nine dollars');
  });

  it('an early start that was dropped leaves no trace', async () => {
    const call = new ReceptionistCall('alice');
    await call.says('how much is whitening');
    const before = JSON.stringify(call.history);
    await replyOf(call.agent, [...call.history, { role: 'caller', text: 'goodbye', via: 'speech' }]);
    expect(JSON.stringify(call.history)).toBe(before);
    expect((await call.says('how long does it take')).text).toContain('Whitening takes');
  });

  it("takes another model's words in the history as they are", async () => {
    const call = new ReceptionistCall('alice');
    call.history.push(
      { role: 'caller', text: 'can i make an appointment', via: 'speech' },
      { role: 'agent', text: 'We have a slot on Tuesday at three.', interrupted: false },
    );
    expect((await call.says('could you repeat that')).text).toContain('slot on Tuesday');
  });
});

describe('after a tool', () => {
  async function messageTaken(): Promise<ReceptionistCall> {
    const call = new ReceptionistCall('alice');
    await call.says('can i leave a message');
    await call.says('my name is john smith');
    await call.says('five five five oh one four two');
    await call.says('yes');
    const { text, tool } = await call.says('it is about my appointment');
    expect(tool?.name).toBe('take_message');
    expect(text).toMatch(/^Thank you, John Smith\. I will pass your message on\./);
    return call;
  }

  it('goes on with whatever else the caller wants', async () => {
    const call = await messageTaken();
    expect((await call.says('yes where are you')).text).toContain('Mill Lane');
  });

  it('never stores a message twice, though the caller interrupts before hearing a word', async () => {
    const call = await messageTaken();
    call.history.pop();
    expect((await call.says('and please hurry')).tool).toBeUndefined();
  });

  it('tells when a message could not be stored, has promised nothing before, and offers a department', async () => {
    const call = await messageTaken();
    call.history.pop();
    const { call: toolCall } = call.history.pop() as { call: ToolCall };
    expect((await replyOf(call.agent, call.history)).text).toBe('');
    call.history.push({ role: 'tool', call: toolCall, result: 'error: the disk is full' });
    const sorry = await replyOf(call.agent, call.history);
    expect(sorry.text).toMatch(/^I am sorry, I could not store your message\./);
    call.history.push({ role: 'agent', text: sorry.text, interrupted: false });
    expect((await call.says('yes please')).tool?.name).toBe('proceed');
  });

  it('tells when nobody could be reached, and offers a message', async () => {
    const call = new ReceptionistCall('alice');
    await call.says('put me through to billing');
    call.history.splice(-2);
    const tool = { id: '1', name: 'proceed', arguments: { department: 'billing' } };
    call.history.push({ role: 'tool', call: tool, result: 'failed: busy' });
    const sorry = await replyOf(call.agent, call.history);
    expect(sorry.text).toContain('nobody answers there');
    call.history.push({ role: 'agent', text: sorry.text, interrupted: false });
    expect((await call.says('yes')).text).toContain('What is your name');
  });

  it('says something when it is asked again after one that worked', async () => {
    const call = await messageTaken();
    const spoken = call.history.pop()!;
    const done = call.history.pop()!;
    expect((await replyOf(call.agent, [...call.history, spoken, done])).text).toContain('else');
  });
});
