import type { OpeningTime, Weekday } from '../dialog/contract/agent-profile.ts';

/** How opening hours are written. */
export const OPENING_HOURS_FORM = 'such as 08:00-18:00, or 08:00-12:00, 13:00-18:00, or closed';

/** What is wrong with hours that can't be read. */
export function openingHoursRemedy(text: string): string {
  const past = text
    .split(',')
    .flatMap(partOf)
    .find((part) => part.toMinute < part.fromMinute);
  if (!past) return OPENING_HOURS_FORM;
  return `hours after midnight on the next day: ${past.from}-24:00 here, and 00:00-${past.to.padStart(5, '0')} there`;
}

/** Reads one day's opening hours; undefined if they aren't of the form above, or run backwards. */
export function parseOpeningHours(day: Weekday, text: string): OpeningTime[] | undefined {
  if (/^\s*closed\s*$/i.test(text)) return [];
  const times: OpeningTime[] = [];
  for (const part of text.split(',')) {
    const [read] = partOf(part);
    if (!read) return undefined;
    const { fromMinute, toMinute } = read;
    const before = times.at(-1)?.toMinute ?? 0;
    if (fromMinute >= toMinute || fromMinute < before) return undefined;
    times.push({ day, fromMinute, toMinute });
  }
  return times;
}

interface Part {
  readonly from: string;
  readonly to: string;
  readonly fromMinute: number;
  readonly toMinute: number;
}

/** From one time of a day to another, whichever is later; nothing: it isn't of that form. */
function partOf(text: string): [Part] | [] {
  const match = /^\s*(\d{1,2}:\d{2})\s*[-–]\s*(\d{1,2}:\d{2})\s*$/.exec(text);
  const [, from = '', to = ''] = match ?? [];
  const [fromMinute, toMinute] = [minuteOf(from), minuteOf(to)];
  return fromMinute === undefined || toMinute === undefined ? [] : [{ from, to, fromMinute, toMinute }];
}

function minuteOf(time: string): number | undefined {
  const [hour = NaN, past = NaN] = time.split(':').map(Number);
  const minute = hour * 60 + past;
  return past <= 59 && minute <= 24 * 60 ? minute : undefined;
}
