import type { RunningCall, ToPage } from '../src/console/protocol.ts';
import type { CallEvent } from '../src/dialog/contract/call-events.ts';
import { addToRecord } from '../src/dialog/call/call-record.ts';

const ENDED_KEPT = 5;

/** The calls that the page shows, after one more message of the server's. Pure. */
export function callsAfter(calls: readonly RunningCall[], news: ToPage): readonly RunningCall[] {
  const changed = (name: string, change: (call: RunningCall) => RunningCall): readonly RunningCall[] =>
    calls.map((call) => (call.record.call === name && !call.record.ended ? change(call) : call));
  switch (news.type) {
    case 'running':
      return news.calls;
    case 'begun':
      return [...tidied(calls), news.call];
    case 'event':
      return changed(news.event.call, (call) => ({
        ...told(call, news.event),
        ...addToRecord(call, news.event),
      }));
    case 'turns':
      return calls.map((call) => {
        const turn = call.record.ended ? undefined : news.turns[call.record.call];
        return turn ? { ...call, turn } : call;
      });
    default:
      return calls;
  }
}

/** What was being said stands in the record now. */
function told(call: RunningCall, { type }: CallEvent): RunningCall {
  if (!call.turn) return call;
  const { saying, ...turn } = call.turn;
  if (type === 'agent-said') return { ...call, turn };
  if (type === 'caller-said') return { ...call, turn: { ...turn, words: '', ...(saying && { saying }) } };
  return call;
}

/** Of those that are over only the last few stay. */
function tidied(all: readonly RunningCall[]): readonly RunningCall[] {
  const ended = all.filter(({ record }) => record.ended);
  const gone = new Set(ended.slice(0, Math.max(0, ended.length - ENDED_KEPT + 1)));
  return all.filter((call) => !gone.has(call));
}
