import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { callName } from '../dialog/call/admitted-call.ts';
import type { MessageStore } from '../dialog/contract/ports.ts';
import type { TakenMessage } from '../dialog/contract/conversation.ts';
import { localTime } from './local-time.ts';

/** In the program's data directory. */
export const MESSAGE_FILE = 'messages.jsonl';

/** A message as it stands in the file; `takenAt`: ISO 8601, UTC. */
export type KeptMessage = Omit<TakenMessage, 'takenAt'> & { readonly takenAt: string };

/**
 * Messages that callers leave, one JSON object a line, newest last. They are kept until the operator
 * deletes them: only people know whether they have been read.
 */
export function createMessageFile(path: string): MessageStore {
  return {
    async keep({ takenAt, ...message }) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const kept: KeptMessage = { takenAt: new Date(takenAt).toISOString(), ...message };
      await appendFile(path, `${JSON.stringify(kept)}\n`, { mode: 0o600 });
    },
  };
}

/** The messages of such a file, newest first. A line that can't be read is told of and skipped. */
export async function readMessages(
  path: string,
  onTrouble: (message: string) => void,
): Promise<KeptMessage[]> {
  const messages: KeptMessage[] = [];
  for (const [index, line] of (await textOf(path)).split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      messages.push(JSON.parse(line) as KeptMessage);
    } catch {
      onTrouble(`${path}:${index + 1} is not a message`);
    }
  }
  return messages.reverse();
}

/** When, who, which number, for which agent, in which call; and the text below it. */
export function describeMessage({ takenAt, name, number, text, agent, call }: KeptMessage): string[] {
  const line = call.caller.number;
  const who = [name || 'somebody', number || 'no number'];
  if (line !== '' && line !== number) who.push(`calling from ${line}`);
  return [[localTime(takenAt), who.join(', '), `for ${agent}`, callName(call)].join('  '), `    ${text}`].map(
    printable,
  );
}

/** A caller's name must not be able to control the operator's terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''; // no message yet
    throw error;
  }
}
