import { useEffect, useRef, useState } from 'preact/hooks';
import type { CallPage, CallSummary } from '../src/console/protocol.ts';
import { AgentSelect } from './agent-select.tsx';
import { explain, get, session } from './api.ts';
import { CallTable } from './call-table.tsx';
import { Empty } from './empty.tsx';
import { Loading } from './loaded.tsx';
import { language, texts } from './texts.ts';

interface Filter {
  readonly words: string;
  readonly agent: string;
  readonly reason: string;
  readonly slow: boolean;
  readonly failed: boolean;
  /** The first and the last day, as `2026-11-28`; '': any. */
  readonly from: string;
  readonly to: string;
}

const ALL: Filter = { words: '', agent: '', reason: '', slow: false, failed: false, from: '', to: '' };
const TYPING_MS = 250;
/** Stays as it is while somebody looks at a call and comes back. */
let lastFilter = ALL;

export function HistoryPage() {
  const t = texts.value;
  const [filter, setFilter] = useState(lastFilter);
  const [found, setFound] = useState<readonly CallSummary[]>();
  const [next, setNext] = useState<string>();
  const [trouble, setTrouble] = useState('');
  /** A slow answer to what was asked before doesn't take the place of a newer one. */
  const asked = useRef(0);
  const load = async (after?: string): Promise<void> => {
    const question = (asked.current += 1);
    try {
      const page = await get<CallPage>(`/api/calls?${queryOf(filter, after)}`);
      if (question !== asked.current) return;
      setFound((before) => [...(after === undefined ? [] : (before ?? [])), ...page.calls]);
      setNext(page.next);
      setTrouble('');
    } catch (error) {
      if (question === asked.current) setTrouble(explain(error));
    }
  };
  useEffect(() => {
    lastFilter = filter;
    const timer = setTimeout(() => void load(), found ? TYPING_MS : 0);
    return () => {
      clearTimeout(timer);
    };
  }, [filter]);
  const change = (changed: Partial<Filter>): void => {
    setFilter({ ...filter, ...changed });
  };
  return (
    <div class="history">
      <h1>{t.history}</h1>
      <form
        class="filters"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
        }}
      >
        <input
          type="search"
          aria-label={t.search}
          placeholder={t.searchHint}
          value={filter.words}
          onInput={(event) => {
            change({ words: event.currentTarget.value });
          }}
        />
        <AgentSelect
          value={filter.agent}
          onChange={(agent) => {
            change({ agent });
          }}
        />
        <select
          aria-label={t.ended}
          value={filter.reason}
          onChange={(event) => {
            change({ reason: event.currentTarget.value });
          }}
        >
          <option value="">{t.anyReason}</option>
          {Object.entries(t.reasons)
            .sort(([, a], [, b]) => a.localeCompare(b, language.value))
            .map(([reason, words]) => (
              <option key={reason} value={reason}>
                {words}
              </option>
            ))}
        </select>
        {(['from', 'to'] as const).map((one) => (
          <label key={one} class="day">
            <span class="dim">{t.days[one]}</span>
            <input
              type="date"
              value={filter[one]}
              onInput={(event) => {
                change({ [one]: event.currentTarget.value });
              }}
            />
          </label>
        ))}
        {(['slow', 'failed'] as const).map((one) => (
          <button
            key={one}
            type="button"
            class="chip"
            aria-pressed={filter[one]}
            onClick={() => {
              change({ [one]: !filter[one] });
            }}
          >
            {t[one]}
          </button>
        ))}
      </form>
      {trouble !== '' && (
        <p class="banner" role="alert">
          {t.trouble(trouble)} <button onClick={() => void load()}>{t.retry}</button>
        </p>
      )}
      {found === undefined && trouble === '' && <Loading />}
      {found?.length === 0 && (
        <Empty
          title={filter === ALL ? t.nothingYet : t.nothingFound}
          how={filter === ALL ? t.noCallsHow : t.nothingFoundHow}
        />
      )}
      {found !== undefined && found.length > 0 && <CallTable calls={found} />}
      {next !== undefined && (
        <p class="more">
          <button onClick={() => void load(next)}>{t.more}</button>
        </p>
      )}
    </div>
  );
}

function queryOf({ words, agent, reason, slow, failed, from, to }: Filter, after = ''): string {
  const query = new URLSearchParams({ words, agent, reason, after });
  if (slow) query.set('slow', String(session.value?.latencyTargetMs ?? 700));
  if (failed) query.set('failed', 'true');
  if (from !== '') query.set('since', String(midnight(from)));
  if (to !== '') query.set('until', String(midnight(to, 1)));
  return query.toString();
}

/** When a day begins here, or one so many days after it: milliseconds since the epoch. */
function midnight(day: string, later = 0): number {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date + later).getTime();
}
