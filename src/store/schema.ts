import type { GeneratedAlways, Insertable, Selectable } from 'kysely';

/*
 * What the database holds, the same in both kinds. Instants are milliseconds: `…_at` since the Unix epoch, `at_ms`
 * since the call began. Switches are 0 or 1, and what has no columns of its own is JSON, for neither is the same
 * everywhere.
 */

export interface Tables {
  calls: CallTable;
  turns: TurnTable;
  latencies: LatencyTable;
  events: EventTable;
  troubles: TroubleTable;
  tool_calls: ToolCallTable;
  usage: UsageTable;
  media: MediaTable;
  recordings: RecordingTable;
  messages: MessageTable;
  audit: AuditTable;
  /** How much of each file of the spool is in the database already. */
  spool_files: SpoolFileTable;
  search: SearchTable;
  tallies: TallyTable;
  /** Who is there of a fleet, and who has which call: postgres/fleet-state.ts. */
  fleet_nodes: FleetNodeTable;
  fleet_calls: FleetCallTable;
}

interface CallTable {
  /** `2026-01-15/090000000-local_1736931600.1`: also the path, below `calls/`, of what lies beside the database. */
  id: string;
  /** Its name in logs and metrics; a channel that comes back has the same again. */
  call: string;
  began_at: number;
  direction: string;
  server: string;
  channel: string;
  dialled: string;
  caller_number: string;
  caller_name: string;
  /** JSON: chosen channel variables. */
  variables: string;
  agent: string;
  set_up_ms: number | null;
  greeting_ms: number | null;
  digits: string;
  holds: number;
  /** Which run of the program took it (lib/program-run.ts). */
  run: string | null;
  ended_at: number | null;
  reason: string | null;
  /** JSON: result variables. */
  result: string | null;
  /** JSON: MediaStats at the end. */
  packets: string | null;
  /** Turns that were measured. */
  turns: number | null;
  mean_ms: number | null;
  worst_ms: number | null;
  /** Where prices are configured. */
  cost: number | null;
  currency: string | null;
}

/** `n`: its place among those of its kind in the call, from 0. */
interface OfCall {
  call_id: string;
  n: number;
}

interface TurnTable extends OfCall {
  turn: number;
  who: 'caller' | 'agent';
  at_ms: number;
  end_ms: number | null;
  /** Null where texts aren't kept. */
  text: string | null;
  words: number;
  via: 'speech' | 'dtmf' | null;
  understood: number | null;
  interrupted: number | null;
  /** What nobody heard of it; null where there is nothing, or texts aren't kept. */
  unheard: string | null;
}

interface LatencyTable extends OfCall {
  turn: number;
  total_ms: number | null;
  /** JSON: StageTimes. */
  stages: string;
}

/** Whatever else happens in a call: `barge-in`, `sound`, `transfer`, `caller-changed`. */
interface EventTable extends OfCall {
  kind: string;
  at_ms: number;
  /** JSON. */
  data: string;
}

interface TroubleTable extends OfCall {
  at_ms: number;
  part: string;
  message: string;
  provider: string | null;
  kind: string | null;
  outcome: string | null;
  next: string | null;
}

interface ToolCallTable extends OfCall {
  at_ms: number;
  name: string;
  result: string | null;
}

interface UsageTable {
  call_id: string;
  provider: string;
  requests: number;
  input_tokens: number;
  output_tokens: number;
}

/** A call's packets so far, every few seconds. */
interface MediaTable {
  call_id: string;
  at_ms: number;
  received: number;
  sent: number;
  lost: number;
  late: number;
  concealed: number;
  jitter_ms: number;
  lateness_max_ms: number;
}

interface RecordingTable {
  call_id: string;
  /** Below the program's data directory. */
  file: string;
  /** `cut`: the program ended during it. */
  state: 'running' | 'complete' | 'cut' | 'failed';
  duration_ms: number | null;
  bytes: number | null;
}

interface MessageTable {
  id: string;
  call_id: string | null;
  taken_at: number;
  agent: string;
  name: string;
  number: string;
  text: string;
  /** JSON: CallInfo. */
  info: string;
  state: 'new' | 'done';
  done_at: number | null;
}

/** Who did what to the records. */
interface AuditTable {
  id: string;
  at: number;
  actor: string;
  action: string;
  subject: string;
  detail: string;
}

interface SpoolFileTable {
  file: string;
  applied: number;
  at: number;
}

interface FleetNodeTable {
  node: string;
  run: string;
  state: string;
  calls: number;
  max_calls: number;
  /** JSON: names of Asterisks. */
  unreachable: string;
  beat_at: number;
}

interface FleetCallTable {
  server: string;
  channel: string;
  node: string;
  run: string;
  /** Grows each time the call gets another owner. */
  token: number;
  caller: string;
  began_at: number;
}

interface SearchTable {
  /** Grows with time: the newest comes first. */
  n: GeneratedAlways<number>;
  /** Of a call or a message. */
  id: string;
  kind: 'call' | 'message';
  at: number;
}

/** How often something was so in the calls of an hour: tallies.ts. */
interface TallyTable {
  /** A stage of latency, or what else is counted. */
  what: string;
  /** In which the calls began: hours since the epoch. */
  hour: number;
  agent: string;
  /** Why calls ended, what a sound was taken for, `PART/PROVIDER/KIND` of a trouble; else nothing. */
  key: string;
  /** Of a stage: how long it took; else 0. */
  ms: number;
  n: number;
}

/** Tables that are written from the spool, and what tells their rows apart. */
export const KEYS = {
  calls: ['id'],
  turns: ['call_id', 'n'],
  latencies: ['call_id', 'n'],
  events: ['call_id', 'kind', 'n'],
  troubles: ['call_id', 'n'],
  tool_calls: ['call_id', 'n'],
  usage: ['call_id', 'provider'],
  media: ['call_id', 'at_ms'],
  recordings: ['call_id'],
  messages: ['id'],
  audit: ['id'],
} as const satisfies { readonly [T in keyof Tables]?: readonly (keyof Tables[T])[] };

export type Kept = keyof typeof KEYS;

/** Tables whose rows go when their call goes. */
export const OF_CALLS = [
  'turns',
  'latencies',
  'events',
  'troubles',
  'tool_calls',
  'usage',
  'media',
  'recordings',
] as const satisfies readonly Kept[];

export type Row<T extends keyof Tables> = Selectable<Tables[T]>;

/** A row to be written; one with the same key is replaced. */
export type Write = {
  readonly [T in Kept]: { readonly table: T; readonly row: Insertable<Tables[T]> };
}[Kept];
