import { describe, expect, it } from 'vitest';
import { CallIndex } from '../../../src/telephony/asterisk/call-index.ts';

function twoCalls(): CallIndex<string> {
  const index = new CallIndex<string>();
  for (const call of ['one', 'two']) {
    index.begin(call);
    for (const role of ['leg', 'media', 'bridge', 'target'] as const)
      index.add(call, role, `${call}'s ${role}`);
  }
  return index;
}

describe('the index of calls', () => {
  it('knows each call’s channels and bridge, and what for', () => {
    const index = twoCalls();
    expect(index.calls).toEqual(['one', 'two']);
    expect(index.ownerOf("two's media")).toEqual({ role: 'media', call: 'two' });
    expect(index.callWith('leg', "one's leg")).toBe('one');
    expect(index.callWith('leg', "one's media")).toBeUndefined();
    expect(index.ownerOf('somebody else')).toBeUndefined();
  });

  it('doesn’t take a channel from the call to which it has gone over', () => {
    const index = twoCalls();
    index.add('two', 'leg', "one's leg");
    index.remove('one', "one's leg");
    expect(index.callWith('leg', "one's leg")).toBe('two');
    index.remove('two', "one's leg");
    expect(index.ownerOf("one's leg")).toBeUndefined();
  });

  it('forgets a finished call, but a leg that is still there only when it leaves', () => {
    const index = twoCalls();
    index.finish('one');
    index.add('one', 'leg', "another leg of one's");
    expect(index.calls).toEqual(['two']);
    for (const role of ['media', 'bridge', 'target']) expect(index.ownerOf(`one's ${role}`)).toBeUndefined();
    expect(index.callWith('leg', "one's leg")).toBe('one');
    expect(index.ownerOf("two's bridge")).toEqual({ role: 'bridge', call: 'two' });
  });
});
