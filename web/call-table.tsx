import type { CallSummary } from '../src/console/protocol.ts';
import { agentName, session } from './api.ts';
import { duration, inWords, milliseconds, moment, nameOf, texts } from './texts.ts';

/** Calls that were, each of which leads to its page. */
export function CallTable({ calls }: { readonly calls: readonly CallSummary[] }) {
  const t = texts.value;
  const target = session.value?.latencyTargetMs ?? 700;
  return (
    <div class="card table call-table">
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
              <td title={nameOf(call.caller)}>{nameOf(call.caller)}</td>
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
