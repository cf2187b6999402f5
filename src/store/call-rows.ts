import { spokenBy, type CallRecord, type Saying, type TokenUsage } from '../dialog/call/call-record.ts';
import { keptRest, keptTexts, keptTurns, type Told } from './redaction.ts';
import { changedLog } from './turn-log-parts.ts';
import type { Row, Write } from './schema.ts';

/** What of a call is written, and how. */
export interface KeepRules {
  /** False: of what was said, keyed or answered by a tool, only how much it was. */
  readonly texts: boolean;
  /** Takes out of a text in an agent's call what may not be kept. */
  readonly redact: (text: string, how: Told | 'message', agent: string) => string;
  /** What a call cost, of what is known so far. Undefined: there are no prices. */
  readonly cost?: (record: CallRecord) => CallRecord['cost'];
}

/** Nothing is left out: for what was kept before. */
export const KEEP_ALL: KeepRules = { texts: true, redact: (text) => text };

/** Lists of a record that are rows of `events`. */
const EVENTS = {
  bargeIns: 'barge-in',
  sounds: 'sound',
  transfers: 'transfer',
  laterCallers: 'caller-changed',
} as const;

const TURN_LOG = 'turn-log';

/** The name of a call's row, and of the files beside the database. */
export function callId({ startedAt, call }: Pick<CallRecord, 'startedAt' | 'call'>): string {
  const [day = '', time = ''] = startedAt.split('T');
  const safe = call.replace(/[^\w.-]+/g, '_').slice(0, 100);
  return `${day}/${time.replace(/[^\d]/g, '').slice(0, 9)}-${safe}`;
}

/** The rows of a record; with an earlier state of it, those that have changed since. */
export function rowsOf(record: CallRecord, rules: KeepRules, before?: CallRecord): Write[] {
  const id = callId(record);
  const writes: Write[] = [];
  const call = callRow(id, record, rules);
  if (!before || JSON.stringify(call) !== JSON.stringify(callRow(id, before, rules)))
    writes.push({ table: 'calls', row: call });
  const fresh = <T>(list: readonly T[] | undefined, earlier: readonly T[] | undefined) =>
    (list ?? [])
      .map((item, n) => ({ item, of: { call_id: id, n } }))
      .filter(({ item, of }) => item !== earlier?.[of.n]);

  const texts = fresh(record.said, before?.said).flatMap(({ of }) => textsWith(of.n, record, rules));
  if (record.ended && !before?.ended) texts.push(...textsAtEnd(record, rules));
  for (const { n, text } of texts) {
    const unheard = unheardOf(n, record, rules);
    writes.push({
      table: 'turns',
      row: { call_id: id, n, text, unheard, ...turnRow(record.said[n] as Saying) },
    });
  }
  for (const { item, of } of fresh(record.latencies, before?.latencies)) {
    const row = {
      ...of,
      turn: item.turn,
      total_ms: item.stages.total ?? null,
      stages: JSON.stringify(item.stages),
    };
    writes.push({ table: 'latencies', row });
  }
  for (const [list, kind] of Object.entries(EVENTS) as [keyof typeof EVENTS, string][]) {
    for (const { item, of } of fresh<{ readonly atMs: number }>(record[list], before?.[list])) {
      const { atMs, ...data } = item;
      writes.push({ table: 'events', row: { ...of, kind, at_ms: atMs, data: JSON.stringify(data) } });
    }
  }
  const changed = new Set(texts.map(({ n }) => (record.said[n] as Saying).turn));
  for (const { n, part } of changedLog(record, before, changed, rules)) {
    const { atMs, ...data } = part;
    const row = { call_id: id, n, kind: TURN_LOG, at_ms: atMs, data: JSON.stringify(data) };
    writes.push({ table: 'events', row });
  }
  for (const { item, of } of fresh(record.troubles, before?.troubles)) {
    const { atMs, part, message, provider = null, kind = null, outcome = null, next = null } = item;
    writes.push({
      table: 'troubles',
      row: { ...of, at_ms: atMs, part, message, provider, kind, outcome, next },
    });
  }
  for (const { item, of } of fresh(record.tools, before?.tools)) {
    const { atMs, name, result } = item;
    const kept = textOf(result, 'said', record.agent, rules);
    writes.push({ table: 'tool_calls', row: { ...of, at_ms: atMs, name, result: kept } });
  }
  for (const [provider, usage] of Object.entries(record.usage ?? {})) {
    if (usage === before?.usage?.[provider]) continue;
    const { requests, inputTokens: input_tokens, outputTokens: output_tokens } = usage;
    writes.push({ table: 'usage', row: { call_id: id, provider, requests, input_tokens, output_tokens } });
  }
  return writes;
}

/** A trouble's outcome; `spared` is what older records call a provider that was skipped. */
function outcomeOf(outcome: string | null): string | null {
  return outcome === 'spared' ? 'skipped' : outcome;
}

function callRow(id: string, record: CallRecord, rules: KeepRules): Row<'calls'> {
  const { info, ended } = record;
  const cost = ended && rules.cost?.(record);
  const began_at = Date.parse(record.startedAt);
  return {
    id,
    call: record.call,
    began_at,
    direction: info.direction,
    server: info.key.server,
    channel: info.key.channel,
    dialled: info.dialled,
    caller_number: info.caller.number ?? '',
    caller_name: info.caller.name ?? '',
    variables: JSON.stringify(info.variables),
    agent: record.agent,
    set_up_ms: record.setUpMs ?? null,
    greeting_ms: record.greetingMs ?? null,
    digits:
      textOf(record.digits, ended ? 'keyed' : 'keyed so far', record.agent, rules) ??
      '•'.repeat(record.digits.length),
    holds: record.holds,
    run: record.run ?? null,
    ended_at: ended ? began_at + ended.durationMs : null,
    reason: ended?.reason ?? null,
    result: ended ? JSON.stringify(ended.variables) : null,
    packets: ended ? JSON.stringify(ended.media) : null,
    turns: ended?.latency?.turns ?? null,
    mean_ms: ended?.latency?.meanMs ?? null,
    worst_ms: ended?.latency?.worstMs ?? null,
    cost: cost?.amount ?? null,
    currency: cost?.currency ?? null,
  };
}

interface KeptText {
  readonly n: number;
  readonly text: string | null;
}

/** The text of a saying as it is kept for now, and those of earlier ones that change by it. */
function textsWith(n: number, record: CallRecord, rules: KeepRules): readonly KeptText[] {
  const { who, via, text } = record.said[n] as Saying;
  if (via === 'dtmf' || text === undefined || !rules.texts)
    return [{ n, text: textOf(text, via === 'dtmf' ? 'keyed' : 'said', record.agent, rules) }];
  const spoken = spokenUpTo(n, who, record);
  const texts = textsOf(spoken);
  const redact = (all: string): string => rules.redact(all, 'said so far', record.agent);
  return keptTurns(texts, redact).map(({ index, text: kept }) => ({ n: spoken[index]?.n ?? n, text: kept }));
}

/** Nobody goes on: what might have been the beginning of a number was none. */
function textsAtEnd(record: CallRecord, rules: KeepRules): readonly KeptText[] {
  if (!rules.texts) return [];
  return (['caller', 'agent'] as const).flatMap((who) => {
    const spoken = spokenBy(who, record);
    const texts = textsOf(spoken);
    const [soFar, now] = (['said so far', 'said'] as const).map((how) =>
      keptTexts(texts, (all) => rules.redact(all, how, record.agent)),
    );
    return (now ?? []).flatMap(({ index, text }, at) =>
      text === soFar?.[at]?.text ? [] : [{ n: spoken[index]?.n ?? 0, text }],
    );
  });
}

function spokenUpTo(last: number, who: Saying['who'], record: CallRecord): ReturnType<typeof spokenBy> {
  return spokenBy(who, record).filter(({ n }) => n <= last);
}

function textsOf(spoken: ReturnType<typeof spokenBy>): string[] {
  return spoken.map(({ saying: { text = '' } }) => text);
}

/** What was cut off of a saying, as it is kept. */
function unheardOf(n: number, record: CallRecord, rules: KeepRules): string | null {
  const { who, unheard } = record.said[n] as Saying;
  if (unheard === undefined || !rules.texts) return null;
  const texts = textsOf(spokenUpTo(n, who, record));
  return keptRest(texts, unheard, (turns) => rules.redact(turns, 'said', record.agent));
}

function turnRow(saying: Saying): Omit<Row<'turns'>, 'call_id' | 'n' | 'text' | 'unheard'> {
  const { atMs, endMs, turn, who, words, via, understood, interrupted } = saying;
  return {
    turn,
    who,
    at_ms: atMs,
    end_ms: endMs ?? null,
    words,
    via: via ?? null,
    understood: understood === undefined ? null : Number(understood),
    interrupted: interrupted === undefined ? null : Number(interrupted),
  };
}

function textOf(
  text: string | undefined,
  how: Told,
  agent: string,
  { texts, redact }: KeepRules,
): string | null {
  return texts && text !== undefined ? redact(text, how, agent) : null;
}

/** Rows of one call, table by table, each in order of `n`. */
export type CallRows = {
  readonly [T in 'turns' | 'latencies' | 'events' | 'troubles' | 'tool_calls' | 'usage']: readonly Row<T>[];
} & {
  readonly recordings: readonly Pick<Row<'recordings'>, 'file'>[];
};

/** The record that has these rows. */
export function recordOf(call: Row<'calls'>, rows: CallRows): CallRecord {
  const startedAt = new Date(call.began_at).toISOString();
  const events = (kind: string): unknown[] =>
    rows.events
      .filter((event) => event.kind === kind)
      .map(({ at_ms: atMs, data }) => ({ atMs, ...(JSON.parse(data) as object) }));
  const lists = [...Object.entries(EVENTS), ['turnLog', TURN_LOG] as const].map(
    ([list, kind]): [string, unknown[]] => [list, events(kind)],
  );
  const record = {
    version: 1,
    call: call.call,
    startedAt,
    info: {
      key: { server: call.server, channel: call.channel },
      direction: call.direction,
      dialled: call.dialled,
      caller: { number: call.caller_number || undefined, name: call.caller_name || undefined },
      variables: JSON.parse(call.variables) as unknown,
    },
    agent: call.agent,
    setUpMs: call.set_up_ms,
    greetingMs: call.greeting_ms,
    said: rows.turns.map((turn) =>
      withoutNull({
        atMs: turn.at_ms,
        endMs: turn.end_ms,
        turn: turn.turn,
        who: turn.who,
        text: turn.text,
        words: turn.words,
        via: turn.via,
        understood: switchOf(turn.understood),
        interrupted: switchOf(turn.interrupted),
        unheard: turn.unheard,
      }),
    ),
    latencies: rows.latencies.map(({ turn, stages }) => ({ turn, stages: JSON.parse(stages) as unknown })),
    bargeIns: [],
    digits: call.digits,
    holds: call.holds,
    tools: rows.tool_calls.map(({ at_ms: atMs, name, result }) => withoutNull({ atMs, name, result })),
    ...Object.fromEntries(lists.filter(([list, items]) => list === 'bargeIns' || items.length > 0)),
    troubles: rows.troubles.map(({ at_ms: atMs, part, message, provider, kind, outcome, next }) =>
      withoutNull({ atMs, part, message, provider, kind, outcome: outcomeOf(outcome), next }),
    ),
    usage: rows.usage.length > 0 ? usageOf(rows.usage) : null,
    run: call.run,
    ended: endOf(call),
    cost: call.cost === null ? null : { amount: call.cost, currency: call.currency },
    recording: rows.recordings[0]?.file.split('/').at(-1) ?? null,
  };
  return withoutNull(record) as unknown as CallRecord;
}

function usageOf(rows: readonly Row<'usage'>[]): Readonly<Record<string, TokenUsage>> {
  return Object.fromEntries(
    rows.map(({ provider, requests, input_tokens: inputTokens, output_tokens: outputTokens }) => [
      provider,
      { requests, inputTokens, outputTokens },
    ]),
  );
}

function endOf(call: Row<'calls'>): object | null {
  if (call.ended_at === null) return null;
  const latency =
    call.turns === null ? null : { turns: call.turns, meanMs: call.mean_ms, worstMs: call.worst_ms };
  return withoutNull({
    reason: call.reason,
    durationMs: call.ended_at - call.began_at,
    variables: JSON.parse(call.result ?? '{}') as unknown,
    media: JSON.parse(call.packets ?? '{}') as unknown,
    latency,
  });
}

function switchOf(value: number | null): boolean | null {
  return value === null ? null : value === 1;
}

/** A key that has no value isn't there, as in a record that was never in a database. */
function withoutNull<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null)) as Partial<T>;
}
