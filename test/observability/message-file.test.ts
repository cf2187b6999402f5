import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TakenMessage } from '../../src/dialog/contract/conversation.ts';
import { callRecordsCommand } from '../../src/observability/call-records-cli.ts';
import { createMessageFile, MESSAGE_FILE } from '../../src/observability/message-file.ts';
import { callInfo } from '../support/scripted-line.ts';

let directory = '';
let path = '';

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'messages-')), 'data');
  path = join(directory, MESSAGE_FILE);
});
afterEach(async () => {
  await rm(join(directory, '..'), { recursive: true });
});

function message(more: Partial<TakenMessage> = {}): TakenMessage {
  return {
    agent: 'alice',
    call: callInfo(),
    takenAt: Date.UTC(2026, 0, 15, 9, 30),
    name: 'Ada',
    number: '0309876543',
    text: 'Please call me back.',
    ...more,
  };
}

async function ask(...args: string[]): Promise<{ status: number; lines: string[] }> {
  const lines: string[] = [];
  const status = await callRecordsCommand(['messages', ...args, '--data', directory], (line) =>
    lines.push(line),
  );
  return { status, lines };
}

describe('a message', () => {
  it('is a line of a file that only its owner can read', async () => {
    const messages = createMessageFile(path);
    await messages.keep(message());
    await messages.keep(message());
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ takenAt: '2026-01-15T09:30:00.000Z', name: 'Ada' });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });
});

describe('the command', () => {
  it('says where it looked when there is none', async () => {
    expect(await ask()).toEqual({ status: 0, lines: [`no messages in ${path}`] });
  });

  it('lists messages newest first: when, who, number, agent, call and text', async () => {
    const messages = createMessageFile(path);
    await messages.keep(message());
    await messages.keep(
      message({ takenAt: Date.UTC(2026, 0, 16), name: '', number: '0301234567', text: 'It is urgent.' }),
    );
    expect((await ask()).lines).toEqual([
      '2026-01-16 00:00:00  somebody, 0301234567  for alice  test/channel-1',
      '    It is urgent.',
      '2026-01-15 09:30:00  Ada, 0309876543, calling from 0301234567  for alice  test/channel-1',
      '    Please call me back.',
    ]);
    expect((await ask('--limit', '1')).lines).toHaveLength(2);
    const json = JSON.parse((await ask('--json')).lines[0] ?? '') as TakenMessage[];
    expect(json.map(({ text }) => text)).toEqual(['It is urgent.', 'Please call me back.']);
  });

  it('prints no control characters of a caller to the terminal', async () => {
    await createMessageFile(path).keep(message({ name: 'Ada\u001b[2J', text: 'one\ntwo\u0007' }));
    const { lines } = await ask();
    expect(lines.join('')).not.toMatch(/\p{Cc}/u);
    expect(lines[1]).toBe('    one two ');
  });

  it('skips a broken line and says which it is', async () => {
    await createMessageFile(path).keep(message());
    await appendFile(path, '{"half\n');
    await createMessageFile(path).keep(message({ text: 'The last.' }));
    const { status, lines } = await ask();
    expect(status).toBe(0);
    expect(lines).toEqual([
      `${path}:2 is not a message`,
      expect.any(String),
      '    The last.',
      expect.any(String),
      '    Please call me back.',
    ]);
  });
});
