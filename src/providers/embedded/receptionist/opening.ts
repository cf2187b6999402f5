import { keptFor } from '../../../lib/kept-for.ts';
import { WEEKDAYS, type OpeningTime, type Weekday } from '../../../dialog/contract/agent-profile.ts';
import { cardinal } from '../number-words.ts';
import { list } from './wording.ts';

/** What a caller means by a day. */
export type DayWord = Weekday | 'today' | 'tomorrow' | 'weekend' | 'weekdays' | 'now' | 'holiday';

/** What a caller wants to know about opening hours. */
export interface HoursQuestion {
  readonly day?: DayWord;
  /** "Are you open …?" wants a yes or no first. */
  readonly yesNo: boolean;
  readonly closing: boolean;
}

export interface LocalTime {
  readonly day: Weekday;
  readonly minute: number;
}

const clockOf = keptFor(
  (timeZone: string | undefined) =>
    new Intl.DateTimeFormat('en-US', {
      weekday: 'long',
      hour: 'numeric',
      minute: 'numeric',
      hourCycle: 'h23',
      ...(timeZone === undefined ? {} : { timeZone }),
    }),
);

/** The weekday and time of day at the business. An unknown zone counts as the machine's own. */
export function localTime(wallClockMs: number, timeZone: string | undefined): LocalTime {
  const parts = clockOf(timeZone).formatToParts(wallClockMs);
  const value = (type: string): string => parts.find((part) => part.type === type)?.value ?? '';
  const name = value('weekday').toLowerCase();
  return {
    day: WEEKDAYS.find((day) => day === name) ?? 'monday',
    minute: Number(value('hour')) * 60 + Number(value('minute')),
  };
}

/** The day meant in `words`, if one is named. */
export function dayIn(words: readonly string[]): DayWord | undefined {
  for (const word of words) {
    const single = word.replace(/'?s$/, '');
    const weekday = WEEKDAYS.find((day) => day === single);
    if (weekday) return weekday;
    if (single === 'today' || single === 'tonight') return 'today';
    if (single === 'tomorrow' || single === 'weekend') return single;
    if (single === 'weekday') return 'weekdays';
    if (['christmas', 'easter', 'holiday', 'thanksgiving'].includes(single)) return 'holiday';
  }
  return words.includes('now') || words.includes('currently') ? 'now' : undefined;
}

/** The answer, as sentences. */
export function hoursAnswer(
  hours: readonly OpeningTime[],
  question: HoursQuestion,
  now: LocalTime,
): string[] {
  const day = question.day ?? (question.closing ? 'today' : undefined);
  switch (day) {
    case undefined:
      return week(hours, WEEKDAYS);
    case 'weekdays':
      return week(hours, WEEKDAYS.slice(0, 5));
    case 'holiday':
      return ['I am not sure about holidays.', 'On other days our usual opening hours apply.'];
    case 'now':
      return isOpen(hours, now)
        ? ['Yes, we are open right now.', ...today(hours, now, question)]
        : ['No, we are closed at the moment.', ...nextOpening(hours, now)];
    case 'weekend': {
      const open = hours.some((time) => time.day === 'saturday' || time.day === 'sunday');
      const days = week(hours, ['saturday', 'sunday']);
      return question.yesNo ? [open ? 'Yes, we are.' : 'No, sorry.', ...days] : days;
    }
    case 'today':
      return today(hours, now, question);
    case 'tomorrow':
      return oneDay(hours, dayAfter(now.day, 1), `Tomorrow, ${capital(dayAfter(now.day, 1))},`, question);
    default:
      return oneDay(hours, day, `On ${capital(day)}`, question);
  }
}

function today(hours: readonly OpeningTime[], now: LocalTime, question: HoursQuestion): string[] {
  const left = hours.filter((time) => time.day === now.day && time.toMinute > now.minute);
  const [first] = left;
  if (!first) {
    const was = hours.some((time) => time.day === now.day);
    return [was ? 'We have closed for today.' : 'Today we are closed.', ...nextOpening(hours, now)];
  }
  if (first.fromMinute > now.minute) return oneDay(hours, now.day, 'Today', question);
  const until = `Today we are open until ${partOfDay(left.at(-1)?.toMinute ?? first.toMinute)}.`;
  return question.yesNo && question.day === 'today' ? ['Yes, we are.', until] : [until];
}

function oneDay(
  hours: readonly OpeningTime[],
  day: Weekday,
  lead: string,
  question: HoursQuestion,
): string[] {
  const times = hours.filter((time) => time.day === day);
  if (times.length === 0) {
    return [...(question.yesNo ? ['No, sorry.'] : []), `${lead} we are closed.`];
  }
  const spans = times.map((time) => `from ${partOfDay(time.fromMinute)} until ${partOfDay(time.toMinute)}`);
  return [...(question.yesNo ? ['Yes, we are.'] : []), `${lead} we are open ${spans.join(', and ')}.`];
}

/** Days with the same hours in one sentence each. */
function week(hours: readonly OpeningTime[], days: readonly Weekday[]): string[] {
  const groups = new Map<string, Weekday[]>();
  for (const day of days) {
    const times = hours.filter((time) => time.day === day);
    const spans = times.map((time) => `from ${clock(time.fromMinute)} to ${clock(time.toMinute)}`);
    const key = spans.join(' and ');
    groups.set(key, [...(groups.get(key) ?? []), day]);
  }
  const closed = groups.get('');
  groups.delete('');
  const open = [...groups].map(([spans, group], index) =>
    index === 0 ? `We are open ${dayList(group)} ${spans}.` : `On ${dayList(group)} ${spans}.`,
  );
  return closed ? [...open, `On ${dayList(closed)} we are closed.`] : open;
}

function dayList(days: readonly Weekday[]): string {
  const names = days.map(capital);
  const places = days.map((day) => WEEKDAYS.indexOf(day));
  const running = places.every((place, index) => index === 0 || place === (places[index - 1] ?? 0) + 1);
  if (names.length > 2 && running) return `${names[0] ?? ''} to ${names.at(-1) ?? ''}`;
  return list(names);
}

function nextOpening(hours: readonly OpeningTime[], now: LocalTime): string[] {
  for (let ahead = 0; ahead <= 7; ahead += 1) {
    const day = dayAfter(now.day, ahead);
    const next = hours.find((time) => time.day === day && (ahead > 0 || time.fromMinute > now.minute));
    if (!next) continue;
    const when = ahead === 0 ? 'today' : ahead === 1 ? 'tomorrow' : `on ${capital(day)}`;
    return [`We open again ${when} at ${partOfDay(next.fromMinute)}.`];
  }
  return [];
}

function isOpen(hours: readonly OpeningTime[], now: LocalTime): boolean {
  return hours.some(
    (time) => time.day === now.day && time.fromMinute <= now.minute && now.minute < time.toMinute,
  );
}

function dayAfter(day: Weekday, days: number): Weekday {
  return WEEKDAYS[(WEEKDAYS.indexOf(day) + days) % 7] ?? 'monday';
}

/** "seven thirty", "noon", "midnight". */
function clock(minute: number): string {
  if (minute % 1440 === 0) return 'midnight';
  if (minute === 720) return 'noon';
  const hour = cardinal(Math.floor(minute / 60) % 12 || 12);
  const past = minute % 60;
  return past === 0 ? hour : `${hour} ${past < 10 ? 'oh ' : ''}${cardinal(past)}`;
}

function partOfDay(minute: number): string {
  if (minute % 720 === 0) return clock(minute);
  const part = minute < 720 ? 'in the morning' : minute < 1020 ? 'in the afternoon' : 'in the evening';
  return `${clock(minute)} ${part}`;
}

export function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
