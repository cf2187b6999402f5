import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/config/nearest.ts';
import { openingHoursRemedy, parseOpeningHours } from '../../src/config/opening-hours.ts';
import { substitute } from '../../src/config/environment.ts';

describe('the nearest key', () => {
  it('is the one that was meant, and none when nothing is near', () => {
    expect(nearest('greting', ['greeting', 'voice'])).toBe('greeting');
    expect(nearest('silenceMS', ['silenceMs', 'silencePrompts'])).toBe('silenceMs');
    expect(nearest('banana', ['greeting', 'voice'])).toBeUndefined();
  });
});

describe('opening hours', () => {
  it.each([
    '8-18',
    '18:00-08:00',
    '08:00-08:00',
    '08:60-18:00',
    '08:00-25:00',
    '13:00-18:00, 08:00-12:00',
    '',
  ])('"%s" are refused', (text) => {
    expect(parseOpeningHours('monday', text)).toBeUndefined();
  });

  it('that go past midnight are told where they belong', () => {
    expect(openingHoursRemedy('11:00-14:00, 18:00 – 2:30')).toBe(
      'hours after midnight on the next day: 18:00-24:00 here, and 00:00-02:30 there',
    );
    for (const other of ['8-18', '08:00-08:00', '13:00-18:00, 08:00-12:00'])
      expect(openingHoursRemedy(other)).toMatch(/^such as/);
  });

  it('may have a break, end at midnight, or be closed', () => {
    expect(parseOpeningHours('monday', '08:00-12:00, 13:00-24:00')).toEqual([
      { day: 'monday', fromMinute: 480, toMinute: 720 },
      { day: 'monday', fromMinute: 780, toMinute: 1440 },
    ]);
    expect(parseOpeningHours('sunday', 'closed')).toEqual([]);
  });
});

describe('variables', () => {
  it('stand anywhere in a text, and are not read again in what they give', () => {
    expect(substitute('http://${HOST:-localhost}:${PORT}', { PORT: '${HOST}' })).toEqual({
      text: 'http://localhost:${HOST}',
      fromEnvironment: true,
    });
  });

  it('are all named when several are missing', () => {
    expect(substitute('${A}${B}', {})).toMatchObject({
      problem: expect.stringMatching(/\$\{A\} is not set.*\$\{B\} is not set/) as string,
    });
  });
});
