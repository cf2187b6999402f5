import type { CallEvent } from '../dialog/contract/call-events.ts';
import type { MediaSession } from '../dialog/contract/ports.ts';
import type { Milliseconds } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { startRecording, type Part, type Recording } from '../observability/recorder.ts';
import type { KeepRules } from '../store/call-rows.ts';
import { keptTurns } from '../store/redaction.ts';
import type { Store } from '../store/store.ts';

/** What somebody has said, and where that is in the recording: as a whole, and word by word where that is known. */
interface Turn {
  readonly text: string;
  readonly whole: Part;
  readonly places?: readonly Part[];
}

interface UnderWay {
  readonly agent: string;
  readonly recording: Promise<Recording | undefined>;
  readonly said: { readonly caller: Turn[]; readonly agent: Turn[] };
  /** Until when it is known what the caller has said. */
  toldUntil: Milliseconds;
}

/** Records both sides of calls while they run; what is taken out of the texts is silent there. */
export class Recorders {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #rules: KeepRules;
  readonly #running = new Map<string, UnderWay>();

  constructor(store: Store, log: Logger, rules: KeepRules) {
    this.#store = store;
    this.#log = log;
    this.#rules = rules;
  }

  /** Returns how to end it. */
  record(call: string, agent: string, { heard, sent }: MediaSession): () => Promise<void> {
    const onTrouble = (message: string): void => {
      this.#log.warn({ call, part: 'recording' }, message);
    };
    const place = this.#store.recording(call).catch((error: unknown) => {
      onTrouble(messageOf(error));
      return undefined;
    });
    const recording = place.then((at) => at && startRecording({ path: at.path, heard, sent, onTrouble }));
    this.#running.set(call, {
      agent,
      recording,
      said: { caller: [], agent: [] },
      toldUntil: -Infinity,
    });
    return async () => {
      this.#running.delete(call);
      await (await recording)?.stop();
      await (await place)?.ended();
    };
  }

  observe(event: CallEvent): void {
    const running = this.#running.get(event.call);
    if (!running || (event.type !== 'caller-said' && event.type !== 'agent-said')) return;
    const { text, until = event.at, since = running.toldUntil } = event;
    const turn = { text, whole: { since, until } };
    if (event.type === 'agent-said') this.#keep(running, 'agent', turn);
    else {
      running.toldUntil = until;
      const { places } = event;
      if (event.via !== 'dtmf') this.#keep(running, 'caller', { ...turn, ...(places && { places }) });
      else if (this.#rules.redact(text, 'keyed', running.agent) !== text)
        silence(running, 'caller', [turn.whole]);
    }
  }

  #keep(running: UnderWay, side: 'caller' | 'agent', turn: Turn): void {
    const turns = running.said[side];
    turns.push(turn);
    const redact = (text: string): string => this.#rules.redact(text, 'said', running.agent);
    const texts = turns.map(({ text }) => text);
    for (const { index, text } of keptTurns(texts, redact))
      silence(running, side, hidden(turns[index] as Turn, text));
  }
}

function silence({ recording }: UnderWay, side: 'caller' | 'agent', parts: readonly Part[]): void {
  void recording.then((to) => {
    for (const part of parts) to?.silence(side, part);
  });
}

/** What of a turn's sound mustn't be kept, if `kept` is its text: the words that aren't in it any more, or all of it. */
function hidden({ text, whole, places }: Turn, kept: string): readonly Part[] {
  if (kept === text) return [];
  const [words, left] = [text, kept].map((one) => one.trim().split(/\s+/)) as [string[], string[]];
  if (places?.length !== words.length || left.length !== words.length) return [whole];
  return places.filter((_, n) => words[n] !== left[n]);
}
