import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { AgentEvents } from './agent-events.ts';
import { UserError } from './user-error.ts';

const LOOK_MS = 50;

/** Reads the agent's log as another process writes it, from its present end on. */
export function followLog(path: string): { events: AgentEvents; close: () => void } {
  const events = new AgentEvents();
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    throw new UserError(`The agent's log is not there: ${path}`);
  }
  let position = fstatSync(file).size;
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const chunk = Buffer.alloc(65_536);
  const read = (): void => {
    for (;;) {
      const count = readSync(file, chunk, 0, chunk.length, position);
      if (count === 0) return;
      position += count;
      const lines = (rest + decoder.write(chunk.subarray(0, count))).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) events.feed(line);
    }
  };
  const timer = setInterval(read, LOOK_MS);
  return {
    events,
    close: () => {
      clearInterval(timer);
      closeSync(file);
    },
  };
}
