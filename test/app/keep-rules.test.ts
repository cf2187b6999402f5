import { describe, expect, it } from 'vitest';
import { redactedEvents } from '../../src/app/keep-rules.ts';
import type { CallEvent } from '../../src/dialog/contract/call-events.ts';
import { redactionOf, type Told } from '../../src/store/redaction.ts';
import { callInfo } from '../support/scripted-line.ts';

const CARD = '4111111111111111';

describe('what the log tells of a call', () => {
  function told(cards: boolean, events: readonly object[]): CallEvent[] {
    const redact = redactionOf({ digits: false, cards, patterns: [] });
    const rules = {
      texts: true,
      redact: (text: string, how: Told | 'message') => redact(text, how === 'message' ? 'said' : how, 'en'),
    };
    const redacted = redactedEvents(rules, cards);
    redacted({ type: 'started', call: 'x', at: 0, info: callInfo(), agent: 'alice' });
    return events.map((event) => redacted({ call: 'x', at: 1, ...event } as CallEvent));
  }
  const keys = Array.from(CARD, (digit) => ({ type: 'dtmf', digit }));

  it('has no card number: not as it is said, repeated, given to a tool, or keyed, at once or key by key', () => {
    const text = `it is ${CARD} thanks`;
    const events = told(true, [
      { type: 'caller-said', turn: 1, text, understood: true, via: 'speech' },
      { type: 'agent-said', turn: 1, text, interrupted: false },
      { type: 'tool', name: 'pay', result: text },
      { type: 'sound-judged', turn: 1, words: text },
      { type: 'caller-said', turn: 2, text: CARD, understood: true, via: 'dtmf' },
      ...keys,
    ]);
    expect(JSON.stringify(events)).not.toMatch(/\d{4,}/);
    const digits = events.map((event) => (event.type === 'dtmf' ? event.digit : '')).join('');
    expect(digits).toBe(`411${'•'.repeat(13)}`);
  });

  it('has nothing of a card that is said in several turns, not even of the first of them', () => {
    const said = (text: string) => ({ type: 'caller-said', turn: 1, text, understood: true, via: 'speech' });
    const events = told(true, [
      said('4111 1111'),
      { type: 'agent-said', turn: 1, text: 'Yes?', interrupted: false },
      said('1111 1111'),
      said('thank you'),
    ]);
    expect(events.map((event) => 'text' in event && event.text)).toEqual([
      ...['•••• ••••', 'Yes?', '•••• ••••', 'thank you'],
    ]);
  });

  it('has of a card that the agent was stopped in neither what was heard of it nor the rest', () => {
    const events = told(true, [
      {
        type: 'agent-said',
        turn: 1,
        text: 'It is 4111 1111',
        interrupted: true,
        unheard: ' 1111 1111, right?',
      },
      { type: 'agent-said', turn: 2, text: 'Well then', interrupted: false },
    ]);
    expect(events.map((event) => 'unheard' in event && event.unheard)).toEqual([' •••• ••••, right?', false]);
    expect(events.map((event) => 'text' in event && event.text)).toEqual(['It is •••• ••••', 'Well then']);
  });

  it('has the keys of a menu, entry by entry, and all of them where cards aren’t taken out', () => {
    const entry = (text: string) => ({ type: 'caller-said', turn: 1, text, understood: true, via: 'dtmf' });
    const menu = [{ type: 'dtmf', digit: '1' }, entry('1')];
    const events = told(true, [...menu, ...menu, ...menu, ...menu]);
    expect(JSON.stringify(events)).not.toContain('•');
    expect(JSON.stringify(told(false, keys))).not.toContain('•');
  });
});
