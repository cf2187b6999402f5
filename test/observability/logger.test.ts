import { describe, expect, it } from 'vitest';
import { DEFAULT_LATENCY_TARGETS } from '../../src/dialog/latency-tracker.ts';
import { NO_MEDIA } from '../../src/dialog/ports.ts';
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
  it('is readable for a person at a terminal, and JSON for whoever else takes it', () => {
    expect(written('auto', true)).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}connected {2}server=local/);
    expect(JSON.parse(written('auto', false))).toMatchObject({ level: 'info', msg: 'connected' });
  });

  it('has the format that was asked for, wherever it goes', () => {
    expect(JSON.parse(written('json', true))).toMatchObject({ msg: 'connected' });
    expect(written('pretty', false)).toContain('INFO  connected');
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
});
