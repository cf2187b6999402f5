import type { OpeningTime, Weekday } from '../dialog/contract/agent-profile.ts';

/** How opening hours are written. */
export const OPENING_HOURS_FORM = 'such as 08:00-18:00, or 08:00-12:00, 13:00-18:00, or closed';

/** What is wrong with hours that can't be read. */
export function openingHoursRemedy(text: string): string {
  const past = text.split(',').find((part) => {
    const [, from = '', to = ''] = /^\s*(\d{1,2}:\d{2})\s*[-–]\s*(\d{1,2}:\d{2})\s*$/.exec(part) ?? [];
    return from !== '' && to.padStart(5, '0') < from.padStart(5, '0');
  });
  if (past === undefined) return OPENING_HOURS_FORM;
  const [from = '', to = ''] = past.split(/[-–]/).map((time) => time.trim());
  return `hours after midnight on the next day: ${from}-24:00 here, and 00:00-${to.padStart(5, '0')} there`;
}

/** Reads one day's opening hours; undefined if they aren't of the form above, or run backwards. */
export function parseOpeningHours(day: Weekday, text: string): OpeningTime[] | undefined {
  if (/^\s*closed\s*$/i.test(text)) return [];
  const times: OpeningTime[] = [];
  for (const part of text.split(',')) {
    const match = /^\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*$/.exec(part);
    if (!match) return undefined;
    const [fromHour = 0, fromPast = 0, toHour = 0, toPast = 0] = match.slice(1).map(Number);
    const fromMinute = fromHour * 60 + fromPast;
    const toMinute = toHour * 60 + toPast;
    const before = times.at(-1)?.toMinute ?? 0;
    if (fromPast > 59 || toPast > 59 || toMinute > 24 * 60) return undefined;
    if (fromMinute >= toMinute || fromMinute < before) return undefined;
    times.push({ day, fromMinute, toMinute });
  }
  return times;
}
