import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { Listeners } from '../../src/lib/listeners.ts';

const run = promisify(execFile);

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

it('a listener that throws is told of, and neither the others nor the program suffer', async () => {
  const program = `
    import { Listeners } from './src/lib/listeners.ts';
    process.on('unhandledRejection', (error) => console.log('told:', error.message));
    const listeners = new Listeners();
    listeners.add(() => { throw new Error('no'); });
    listeners.add((event) => console.log('heard', event));
    listeners.emit('x');
    setTimeout(() => console.log('goes on'), 1);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program]);
  expect(stdout.trim().split('\n')).toEqual(['heard x', 'told: no', 'goes on']);
});
