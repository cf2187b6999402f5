import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/observability/logger.ts';

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
});
