import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);

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
