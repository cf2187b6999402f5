import type { CallEvent } from '../dialog/contract/call-events.ts';
import type { MediaSession } from '../dialog/contract/ports.ts';
import type { Milliseconds } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { startRecording, type Recording } from '../observability/recorder.ts';
import type { KeepRules } from '../store/call-rows.ts';
import type { Store } from '../store/store.ts';

interface UnderWay {
  readonly agent: string;
  readonly recording: Promise<Recording | undefined>;
  /** Until when it is known what the caller has said. */
  toldUntil: Milliseconds;
}

/** Records both sides of calls while they run; turns whose texts are redacted are silent there. */
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
    this.#running.set(call, { agent, recording, toldUntil: -Infinity });
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
    const [side, how] =
      event.type === 'agent-said'
        ? (['agent', 'said'] as const)
        : (['caller', event.via === 'dtmf' ? 'keyed' : 'said'] as const);
    if (side === 'caller') running.toldUntil = until;
    if (this.#rules.redact(text, how, running.agent) === text) return;
    void running.recording.then((recording) => recording?.silence(side, since, until));
  }
}
