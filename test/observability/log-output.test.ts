import { expect, it } from 'vitest';
import { LogOutput } from '../../src/observability/log-output.ts';

it('a log on a full disk loses lines and nothing else: the next ones are whole, behind how many were lost', () => {
  let [text, room] = ['', 20];
  const output = new LogOutput((bytes) => {
    if (room === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    const taken = Math.min(room, bytes.length);
    room -= taken;
    text += bytes.subarray(0, taken).toString();
    return taken;
  });
  output.write('{"line":1}\n');
  // Half of it is there.
  output.write('{"line":2, "of":"many words"}\n');
  output.write('{"line":3}\n');
  expect(output.lost).toBe(2);
  room = Infinity;
  output.write('{"line":4}\n');
  output.write('{"line":5}\n');
  const [first, torn, told, ...rest] = text.trimEnd().split('\n');
  expect([first, ...rest]).toEqual(['{"line":1}', '{"line":4}', '{"line":5}']);
  expect(torn).toBe('{"line":2');
  expect(JSON.parse(told ?? '')).toMatchObject({ level: 'warn', lost: 2 });
  expect(output.lost).toBe(2);
});
