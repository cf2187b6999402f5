import { expect, it } from 'vitest';
import { Listeners } from '../../src/lib/listeners.ts';

it('listeners hear what is told, in the order in which they came, until they are withdrawn', () => {
  const heard: string[] = [];
  const listeners = new Listeners<string>();
  const withdraw = listeners.add((event) => heard.push(`one ${event}`));
  listeners.add((event) => heard.push(`two ${event}`));
  listeners.emit('a');
  withdraw();
  listeners.emit('b');
  listeners.clear();
  listeners.emit('c');
  expect(heard).toEqual(['one a', 'two a', 'two b']);
});
