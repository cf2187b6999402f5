/** Where the time of each turn went: the wire's account, the servers' and the agent's, put together. */
import type { RtpSeen } from '../../lab/capture.ts';
import type { TurnMarks } from '../../src/dialog/contract/call-events.ts';
import type { Milliseconds } from '../../src/lib/clock.ts';
import { codecOfPayloadType, type Codec } from '../../src/media/codec.ts';
import { levelDbov } from '../../src/media/level.ts';
import type { ServerEvent } from '../support/provider-servers/server-events.ts';
import { questionOf, type Measured, type MeasuredCall } from './latency-calls.ts';

/** One turn; all times in milliseconds, instants on the monotonic clock. */
export interface TurnSplit {
  /** On the wire: the caller's last speech packet → the first packet of the reply. */
  readonly total: Milliseconds;
  /** Until the recogniser said what made the model be asked: what it waited for, and what it took. */
  readonly stt: Milliseconds;
  /** From the question to the token with which the first words for the voice were complete. */
  readonly llm: Milliseconds;
  /** From the first words to the first sound. */
  readonly tts: Milliseconds;
  /** That the reply was ready and the turn's end not yet certain. */
  readonly pause: Milliseconds;
  /** The critical path of all of these together: what a perfect agent would take. */
  readonly others: Milliseconds;
  /** What remains of the total. */
  readonly own: Milliseconds;
  /** Of our own share: the sound's way to the recogniser, … */
  readonly soundIn: Milliseconds;
  /** … from the recogniser's word to the model, from the model to the voice, */
  readonly toModel: Milliseconds;
  readonly toVoice: Milliseconds;
  /** and from the first sound, or the certainty, to the first packet. */
  readonly soundOut: Milliseconds;
  /** The reply was begun before the recogniser had said that the turn was over. */
  readonly tooEarly: boolean;
  readonly takenBack: boolean;
  /** The agent's own marks against the wire: positive means later. */
  readonly speechEndOff: Milliseconds | undefined;
  readonly firstPacketOff: Milliseconds | undefined;
}

/** Louder is speech, dBov: as the servers' detector and the lab's telephones have it. */
const SPEECH_DBOV = -45;
/** Speech packets in a row that aren't a click. */
const RUN = 3;
/** A pause of this length is the end of an utterance. */
const GAP_MS = 1000;

type SttEvent = Extract<ServerEvent, { server: 'stt' }>;
type LlmEvent = Extract<ServerEvent, { server: 'llm' }>;
type TtsEvent = Extract<ServerEvent, { server: 'tts' }>;

export function splitTurns({ calls, servers, wallOffset }: Measured): {
  readonly turns: TurnSplit[];
  /** The wire alone, of every question that was answered: last speech packet → first packet of the reply. */
  readonly waits: Milliseconds[];
  /** Questions that found no answer, or whose story has a gap. */
  readonly lost: number;
} {
  const accounts = serverAccounts(servers);
  const turns: TurnSplit[] = [];
  const waits: Milliseconds[] = [];
  let lost = 0;
  for (const call of calls) {
    const said = utterances(call.said, wallOffset);
    const heard = utterances(call.heard, wallOffset);
    for (const [index, { last }] of said.entries()) {
      const next = said[index + 1]?.first ?? Infinity;
      const reply = heard.find(({ first }) => first > last && first < next);
      if (reply) waits.push(reply.first - last);
      const account = accounts.find(
        ({ end }) => Math.abs(end.voicedAt - last) < 300 && belongs(end, call, accounts),
      );
      const split = reply && account && splitOf(last, reply.first, account, call);
      if (split) turns.push(split);
      else lost += 1;
    }
  }
  return { turns, waits, lost };
}

/** Several callers may stop at the same instant: the agent's log says whose turn that text was. */
function belongs(end: SttEvent, call: MeasuredCall, accounts: readonly ServerAccount[]): boolean {
  const account = accounts.find((one) => one.end === end);
  return account !== undefined && turnNumber(account, call) !== undefined;
}

function turnNumber({ question }: ServerAccount, call: MeasuredCall): number | undefined {
  for (const event of call.events) {
    if (event.type === 'caller-said' && event.text === question) return event.turn;
  }
  return undefined;
}

interface Utterance {
  readonly first: Milliseconds;
  readonly last: Milliseconds;
}

/** Stretches of speech by energy: the instants of their first and last packets. */
function utterances(packets: readonly RtpSeen[], wallOffset: Milliseconds): Utterance[] {
  const found: { first: number; last: number }[] = [];
  let run: number[] = [];
  let decoder: { readonly codec: Codec; readonly decode: ReturnType<Codec['createDecoder']> } | undefined;
  for (const packet of packets) {
    const codec = codecOfPayloadType(packet.payloadType);
    if (!codec) continue;
    decoder = decoder?.codec === codec ? decoder : { codec, decode: codec.createDecoder() };
    const voiced = levelDbov(decoder.decode(packet.payload)) > SPEECH_DBOV;
    const at = packet.at - wallOffset;
    run = voiced ? [...run.slice(1 - RUN), at] : [];
    const [first] = run;
    if (first === undefined || run.length < RUN) {
      // One voiced packet more belongs to the speech that has just been.
      const latest = found.at(-1);
      if (voiced && latest && at - latest.last < 200) latest.last = at;
      continue;
    }
    const latest = found.at(-1);
    if (latest && first - latest.last < GAP_MS) latest.last = at;
    else found.push({ first, last: at });
  }
  return found;
}

/** What the servers did for one turn. */
interface ServerAccount {
  readonly question: string;
  readonly stt: readonly SttEvent[];
  readonly end: SttEvent;
  readonly llm: readonly LlmEvent[];
  readonly tts: readonly TtsEvent[];
}

function serverAccounts(servers: readonly ServerEvent[]): ServerAccount[] {
  const stt = groups(
    servers.filter((event) => event.server === 'stt'),
    ({ turn }) => turn,
  );
  const llm = groups(
    servers.filter((event) => event.server === 'llm'),
    ({ request }) => request,
  );
  const tts = groups(
    servers.filter((event) => event.server === 'tts'),
    ({ context }) => context,
  );
  return [...stt].flatMap(([turn, events]): ServerAccount[] => {
    const question = questionOf(turn);
    const answer = question.replace('question', 'Number');
    const end = events.find(({ type }) => type === 'turn.end');
    const asked = [...llm.values()].filter(
      ([first]) => first?.type === 'asked' && first.question.split('\n').at(-1) === question,
    );
    const spoken = [...tts.values()].filter((context) =>
      context
        .map((event) => (event.type === 'asked' ? event.text : ''))
        .join('')
        .includes(`${answer}.`),
    );
    const [lastAsked, lastSpoken] = [asked.at(-1), spoken.at(-1)];
    if (!end || !lastAsked || !lastSpoken) return [];
    return [{ question, stt: events, end, llm: lastAsked, tts: lastSpoken }];
  });
}

function groups<E>(events: readonly E[], key: (event: E) => string): Map<string, E[]> {
  const found = new Map<string, E[]>();
  for (const event of events) {
    const group = found.get(key(event));
    if (group) group.push(event);
    else found.set(key(event), [event]);
  }
  return found;
}

function splitOf(
  last: Milliseconds,
  first: Milliseconds,
  account: ServerAccount,
  call: MeasuredCall,
): TurnSplit | undefined {
  const { end } = account;
  const asked = account.llm.find(({ type }) => type === 'asked');
  const words = account.tts.find((event) => event.type === 'asked');
  const sound = account.tts.find(({ type }) => type === 'sound');
  if (!asked || words?.type !== 'asked' || !sound) return undefined;
  const trigger = account.stt.findLast(
    ({ type, at }) => (type === 'turn.eager_end' || type === 'turn.end') && at <= asked.at,
  );
  const complete = completedBy(account.llm, words.text);
  if (!trigger || !complete) return undefined;
  const total = first - last;
  const took = (event: SttEvent): Milliseconds => event.silenceMs + (event.at - event.heardAt);
  const [stt, llm, tts] = [took(trigger), complete.at - asked.at, sound.at - words.at];
  const ideal = Math.max(took(end), stt + llm + tts);
  const marks = marksOf(turnNumber(account, call), call);
  return {
    ...{ total, stt, llm, tts, pause: ideal - (stt + llm + tts), others: ideal, own: total - ideal },
    soundIn: end.voicedAt - last,
    toModel: asked.at - trigger.at,
    toVoice: words.at - complete.at,
    soundOut: first - Math.max(end.at, sound.at),
    tooEarly: first < end.at,
    takenBack: account.stt.some(({ type }) => type === 'turn.resume'),
    speechEndOff: marks?.speechEnd === undefined ? undefined : marks.speechEnd - last,
    firstPacketOff: marks?.firstPacket === undefined ? undefined : marks.firstPacket - first,
  };
}

/** The token with which the model had said all of these words. */
function completedBy(events: readonly LlmEvent[], words: string): LlmEvent | undefined {
  let text = '';
  for (const event of events) {
    if (event.type !== 'token') continue;
    text += event.text;
    if (text.trimEnd().length >= words.trimEnd().length) return event;
  }
  return undefined;
}

function marksOf(turn: number | undefined, call: MeasuredCall): TurnMarks | undefined {
  const event = call.events.findLast((one) => one.type === 'latency' && one.turn === turn);
  return event?.type === 'latency' ? event.marks : undefined;
}
