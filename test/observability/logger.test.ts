import { describe, expect, it } from 'vitest';
import { DEFAULT_LATENCY_TARGETS } from '../../src/dialog/call/latency-tracker.ts';
import { NO_MEDIA } from '../../src/dialog/contract/call-media.ts';
import { type CallEvent } from '../../src/dialog/contract/call-events.ts';
import { createLogger, logCalls } from '../../src/observability/logger.ts';

function written(format: 'auto' | 'json' | 'pretty', terminal: boolean): string {
  let text = '';
  const logger = createLogger({
    level: 'info',
    format,
    terminal,
    write: (line) => {
      text += line;
    },
  });
  logger.info({ server: 'local', password: 'open sesame' }, 'connected');
  return text;
}

describe('the log', () => {
  it('is readable for a person at a terminal, and JSON otherwise', () => {
    expect(written('auto', true)).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}connected {2}server=local/);
    expect(JSON.parse(written('auto', false))).toMatchObject({ level: 'info', msg: 'connected' });
  });

  it('has the format that was asked for, wherever it goes', () => {
    expect(JSON.parse(written('json', true))).toMatchObject({ msg: 'connected' });
    expect(written('pretty', false)).toContain('INFO  connected');
  });

  it('lets no caller steer the terminal of who reads it', () => {
    let text = '';
    const write = (line: string): void => void (text += line);
    const logger = createLogger({ level: 'info', format: 'pretty', terminal: true, write });
    const name = '\u001b[31mEVIL\u0007\u001b]0;owned\u0007\u202eelif\u2028next';
    logger.info({ name, more: { name } }, `a call of ${name}`);
    expect(text.replace(/\n$/, '')).not.toMatch(/[\p{Cc}\u202e\u2028]/u);
    expect(text).toContain('EVIL');
  });

  it('never shows a password', () => {
    for (const format of ['json', 'pretty'] as const) {
      expect(written(format, false)).not.toContain('open sesame');
    }
  });

  it('says of a call that is over how long its caller waited for answers', () => {
    const lines: string[] = [];
    const logger = createLogger({ level: 'info', format: 'json', write: (line) => lines.push(line) });
    const latency = { turns: 3, meanMs: 412.3, worstMs: 600 };
    const about = { call: 'a', at: 0, reason: 'caller-hung-up', variables: {}, media: NO_MEDIA } as const;
    const tell = logCalls(logger, { texts: false, targets: DEFAULT_LATENCY_TARGETS });
    tell({ type: 'ended', ...about, latency });
    tell({ type: 'ended', ...about });
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'call ended: caller-hung-up; 3 turns answered after 412 ms on average, 600 ms at worst',
      'call ended: caller-hung-up',
    ]);
  });

  it('has a tool that failed as a warning, and a message that could not be taken as an error', () => {
    const lines: { level: string; msg: string }[] = [];
    const write = (line: string): void => void lines.push(JSON.parse(line) as (typeof lines)[number]);
    const log = logCalls(createLogger({ level: 'info', format: 'json', write }), {
      texts: false,
      targets: DEFAULT_LATENCY_TARGETS,
    });
    const tool = (name: string, result: string): void => {
      log({ type: 'tool', call: 'c', at: 0, name, result });
    };
    tool('hang_up', 'the call ends');
    tool('order_status', 'error: nobody answers');
    tool('take_message', 'error: EROFS');
    expect(lines.map(({ level }) => level)).toEqual(['info', 'warn', 'error']);
  });

  it('has what an early start has saved, and at debug level what was prepared in vain', () => {
    const told = (level: 'info' | 'debug'): string[] => {
      const lines: string[] = [];
      const logger = createLogger({
        level,
        format: 'json',
        terminal: false,
        write: (line) => lines.push(line),
      });
      const observe = logCalls(logger, { texts: true, targets: DEFAULT_LATENCY_TARGETS });
      const about = { call: 'local/1', at: 0 };
      const events: CallEvent[] = [
        { ...about, type: 'preemptive-reply-dropped', turn: 1, preparedMs: 295.4 },
        {
          ...about,
          type: 'latency',
          turn: 1,
          marks: { speechEnd: 0, llmStart: 160, turnEnd: 400, firstPacket: 480 },
        },
      ];
      for (const event of events) observe(event);
      return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    };
    const latency = '[OK] Turn 1 latency: 480ms, 240ms saved by an early start';
    expect(told('info')).toEqual([latency]);
    expect(told('debug')).toEqual([
      'a reply that was prepared for 295 ms is dropped: the caller goes on',
      latency,
    ]);
  });
});
