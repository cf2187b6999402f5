import { useEffect, useRef, useState } from 'preact/hooks';
import type { CallPage, CallSummary } from '../src/console/protocol.ts';
import { AgentSelect } from './agent-select.tsx';
import { agentName, explain, get, session } from './api.ts';
import { Empty, nameOf } from './live-page.tsx';
import { Loading } from './loaded.tsx';
import { duration, inWords, language, milliseconds, moment, texts } from './texts.ts';

interface Filter {
  readonly words: string;
  readonly agent: string;
  readonly reason: string;
  readonly slow: boolean;
  readonly failed: boolean;
}

const ALL: Filter = { words: '', agent: '', reason: '', slow: false, failed: false };
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
        <Empty title={filter === ALL ? t.nothingYet : t.nothingFound} how={t.noCallsHow} />
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

function CallTable({ calls }: { readonly calls: readonly CallSummary[] }) {
  const t = texts.value;
  const target = session.value?.latencyTargetMs ?? 700;
  return (
    <div class="card table">
      <table>
        <thead>
          <tr>
            <th>{t.began}</th>
            <th>{t.from}</th>
            <th>{t.to}</th>
            <th class="n">{t.length}</th>
            <th class="n">{t.turns}</th>
            <th class="n">{t.mean}</th>
            <th class="n">{t.worst}</th>
            <th>{t.ended}</th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <tr
              key={call.id}
              onClick={() => {
                location.hash = `#/call/${call.id}`;
              }}
            >
              <td>
                <a href={`#/call/${call.id}`}>{moment(call.startedAt)}</a>
              </td>
              <td>{nameOf(call.caller)}</td>
              <td>
                {call.dialled} <span class="dim">{agentName(call.agent)}</span>
              </td>
              <td class="n">{call.durationMs === undefined ? '' : duration(call.durationMs)}</td>
              <td class="n">{call.turns ?? ''}</td>
              <td class="n">{call.meanMs === undefined ? '' : milliseconds(call.meanMs)}</td>
              <td class={`n${(call.worstMs ?? 0) > target ? ' slow' : ''}`}>
                {call.worstMs === undefined ? '' : milliseconds(call.worstMs)}
              </td>
              <td>
                <span class={`tag${call.failed ? ' bad' : ''}`}>
                  {call.reason === undefined ? t.stillRunning : inWords(t.reasons, call.reason)}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function queryOf({ words, agent, reason, slow, failed }: Filter, after = ''): string {
  const query = new URLSearchParams({ words, agent, reason, after });
  if (slow) query.set('slow', String(session.value?.latencyTargetMs ?? 700));
  if (failed) query.set('failed', 'true');
  return query.toString();
}
