import type { CallRecord } from '../src/dialog/call/call-record.ts';
import { duration, inWords, texts } from './texts.ts';

interface Shown {
  readonly atMs: number;
  readonly what: string;
  readonly more: string;
  /** In the server's own words. */
  readonly title?: string;
  readonly bad: boolean;
}

/** Interruptions and their judgement, tools, transfers and troubles, in the order of time. Nothing, if there were none. */
export function Events({ record }: { readonly record: CallRecord }) {
  const t = texts.value;
  const events: Shown[] = [
    ...(record.sounds ?? []).map(({ atMs, judgement, by, soundMs, pausedMs }) => ({
      atMs,
      what: t.judgements[judgement],
      more: `${t.judgedBy[by]}; ${t.paused(Math.round(soundMs), Math.round(pausedMs))}`,
      bad: false,
    })),
    ...record.bargeIns.map(({ atMs, playedMs }) => ({
      atMs,
      what: t.bargeIn,
      more: t.after(duration(playedMs)),
      bad: false,
    })),
    ...record.tools.map(({ atMs, name, result = '' }) => ({
      atMs,
      what: t.tool(name),
      more: result,
      bad: result.startsWith('error'),
    })),
    ...(record.transfers ?? []).map(({ atMs, target, outcome }) => ({
      atMs,
      what: `${t.transfers}: ${target}`,
      more: inWords(t.outcomes, outcome),
      bad: outcome !== 'answered',
    })),
    ...record.troubles.map(({ atMs, part, provider = '', kind, message, outcome, next = '' }) => ({
      atMs,
      what: [inWords(t.parts, part), provider].filter(Boolean).join(' · '),
      more: [
        kind === undefined ? message : inWords(t.kinds, kind),
        outcome === undefined ? '' : t.troubleOutcomes[outcome](next),
      ]
        .filter(Boolean)
        .join(', '),
      title: message,
      bad: true,
    })),
  ].sort((a, b) => a.atMs - b.atMs);
  if (events.length === 0) return null;
  return (
    <div class="card">
      <h2>{t.events}</h2>
      <ol class="events">
        {events.map(({ atMs, what, more, title, bad }, n) => (
          <li key={n} class={bad ? 'bad' : ''} title={title}>
            <time>{duration(atMs)}</time>
            <span>
              {what} <span class="dim">{more}</span>
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}
