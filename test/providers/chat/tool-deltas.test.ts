import { describe, expect, it } from 'vitest';
import { ToolDeltas } from '../../../src/providers/chat/tool-deltas.ts';

type Delta = Parameters<ToolDeltas['add']>[0][number];

function begun(index: number, id: string, name: string): Delta {
  return { index, id, type: 'function', function: { name, arguments: '' } };
}

function more(index: number, text: string): Delta {
  return { index, function: { arguments: text } };
}

function finished(...deltas: Delta[]): unknown[] {
  const tools = new ToolDeltas();
  for (const delta of deltas) tools.add([delta]);
  return tools.finish().map(({ id, name, arguments: args }) => [id, name, args]);
}

describe('tool calls that come in fragments', () => {
  it('are told apart by their index, and come in its order', () => {
    expect(
      finished(begun(1, 'b', 'two'), begun(0, 'a', 'one'), more(1, '{"n":'), more(0, '{}'), more(1, '2}')),
    ).toEqual([
      ['a', 'one', {}],
      ['b', 'two', { n: 2 }],
    ]);
  });

  it('are told apart by their id where a server gives all of them the same index', () => {
    expect(
      finished(begun(0, 'a', 'one'), more(0, '{"n":1}'), begun(0, 'b', 'two'), more(0, '{"n":2}')),
    ).toEqual([
      ['a', 'one', { n: 1 }],
      ['b', 'two', { n: 2 }],
    ]);
  });

  it('are one though their id stands in every fragment', () => {
    const repeated = (text: string): Delta => ({ index: 0, id: 'a', function: { arguments: text } });
    expect(finished(begun(0, 'a', 'one'), repeated('{"n":'), repeated('1}'))).toEqual([
      ['a', 'one', { n: 1 }],
    ]);
  });

  it('give values without names the names that the tool has, in its order', () => {
    const properties = { name: {}, number: {}, text: {} };
    const known = [
      { name: 'take_message', parameters: { properties } },
      { name: 'hang_up', parameters: {} },
    ];
    const of = (name: string, text: string): unknown => {
      const tools = new ToolDeltas(known);
      tools.addWritten({ name, arguments: text });
      const [call] = tools.finish();
      return call?.malformed ?? call?.arguments;
    };
    expect(of('take_message', '["Ann", "5550199"]')).toEqual({ name: 'Ann', number: '5550199' });
    expect(of('take_message', '"Ann"')).toEqual({ name: 'Ann' });
    expect(of('take_message', '[1, 2, 3, 4]')).toBe('[1, 2, 3, 4]');
    expect(of('hang_up', '[]')).toEqual({});
    expect(of('open_door', '["Ann"]')).toBe('["Ann"]');
  });
});
