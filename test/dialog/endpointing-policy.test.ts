import { describe, expect, it } from 'vitest';
import { pauseFor, repeats, wantsTheFloor } from '../../src/dialog/endpointing-policy.ts';

describe('the pause that ends a turn', () => {
  it.each([
    ['', 500],
    ['when do you open', 500],
    ['Yes, please.', 350],
    ["that's all", 350],
    ['I would like to', 800],
    ['can you put me through to the', 800],
    ['my number is five five', 1000],
    ['my number is 555', 1000],
    ['it is five', 500],
    ['zero three zero one two three four five six seven eight', 500],
  ])('after "%s" is %i ms of 500', (text, pause) => {
    expect(pauseFor(500, text)).toBe(pause);
  });
});

describe('words into the speech of the agent', () => {
  it.each(['mhm', 'Uh-huh.', 'yeah, okay', 'I see', ''])('"%s" do not take the floor', (text) => {
    expect(wantsTheFloor(text)).toBe(false);
  });
  it.each(['stop', 'no', 'yes but when', 'wait a moment'])('"%s" do', (text) => {
    expect(wantsTheFloor(text)).toBe(true);
  });
  it('are known as a late repetition of what was answered', () => {
    expect(repeats('When do', 'when do you open?')).toBe(true);
    expect(repeats('open', 'when do you open?')).toBe(false);
    expect(repeats('w', 'when')).toBe(false);
    expect(repeats('', 'when')).toBe(false);
  });
});
