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

  const known = ['one', 'two'].map((name) => ({ name, parameters: {} }));
  const inChunks = (...chunks: Delta[][]): unknown[] => {
    const tools = new ToolDeltas(known);
    for (const chunk of chunks) tools.add(chunk);
    return tools.finish().map(({ id, name, arguments: args, malformed }) => [id, name, malformed ?? args]);
  };
  const called = (name: string | undefined, text: string, id?: string): Delta => ({
    ...(id !== undefined && { id }),
    function: { ...(name !== undefined && { name }), arguments: text },
  });

  it('are told apart by their names where a server gives neither index nor id', () => {
    const both = [called('one', '{"n":1}'), called('two', '{}')];
    for (const chunks of [[both], both.map((one) => [one])]) {
      expect(inChunks(...chunks)).toEqual([
        ['tool-0', 'one', { n: 1 }],
        ['tool-1', 'two', {}],
      ]);
    }
    expect(inChunks([called('tw', '')], [called('o', '{}')])).toEqual([['tool-0', 'two', {}]]);
  });

  it('are one though every fragment has an id of its own', () => {
    expect(inChunks([called('one', '{"n"', 'a')], [called(undefined, ':1}', 'b')])).toEqual([
      ['a', 'one', { n: 1 }],
    ]);
  });

  it('have an id each, whatever the server gives them', () => {
    expect(
      inChunks([
        { ...called('one', '{}', 'a'), index: 0 },
        { ...called('two', '{}', 'a'), index: 1 },
      ]),
    ).toEqual([
      ['a', 'one', {}],
      ['tool-1', 'two', {}],
    ]);
  });

  it('are none without a name', () => {
    expect(inChunks([{ index: 0, id: 'a' }], [called(undefined, '{}', 'b')])).toEqual([]);
  });

  it.each([
    ["{'n': 1,}", { n: 1 }],
    ['{"n":1}{"n":1}', { n: 1 }],
    ['{}{"n":1}', { n: 1 }],
    ['```json\n{"n":1}\n```', { n: 1 }],
    ['{"n":1}<|call|>', { n: 1 }],
    ['"{\\"n\\":1}"', { n: 1 }],
    ['null', {}],
    ['{"n":"half', '{"n":"half'],
    ['{"n":1}{"n":"half', '{"n":1}{"n":"half'],
  ])('are read where what was meant is there as a whole: %s', (text, args) => {
    expect(inChunks([called('one', text, 'a')])).toEqual([['a', 'one', args]]);
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
    expect(of('hang_up', '[null]')).toEqual({});
    expect(of('take_message', '{"Name": "Ann", "NUMBER": "5"}')).toEqual({ name: 'Ann', number: '5' });
    expect(of('take_message', '{"Name": "Ann", "name": "Bob"}')).toEqual({ Name: 'Ann', name: 'Bob' });
    expect(of('open_door', '["Ann"]')).toBe('["Ann"]');
  });
});
