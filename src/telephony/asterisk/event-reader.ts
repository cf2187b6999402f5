import type { Clock, Milliseconds } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { Throttle } from '../../lib/throttle.ts';
import type { TelephonyLog } from '../log.ts';
import type { AriServer } from './ari-http.ts';
import { parseAriMessage, type AriEvent } from './ari-model.ts';
import type { MessageReader } from './event-connection.ts';

export interface EventReaderOptions {
  readonly server: AriServer;
  readonly clock: Clock;
  readonly log: TelephonyLog;
  /** Every event that something here depends on, in order. What it throws is logged, never passed on. */
  readonly onEvent: (event: AriEvent) => void;
}

/** Messages since the start. */
export interface EventTotals {
  readonly events: number;
  /** Events of types that nothing here depends on. */
  readonly others: number;
  readonly malformed: number;
}

/** Between two lines about messages that can't be read. */
const TELL_MS: Milliseconds = 60_000;

/** Makes events of ARI's messages, and counts them. */
export class EventReader implements MessageReader {
  readonly #options: EventReaderOptions;
  readonly #unreadable: Throttle;
  readonly #totals = { events: 0, others: 0, malformed: 0 };

  constructor(options: EventReaderOptions) {
    this.#options = options;
    this.#unreadable = new Throttle(options.clock, TELL_MS);
  }

  get totals(): EventTotals {
    return { ...this.#totals };
  }

  read(text: string): 'replaced' | undefined {
    const message = parseAriMessage(text);
    if (message.kind === 'malformed') this.#onMalformed();
    else if (message.kind === 'other') this.#totals.others += 1;
    else {
      this.#totals.events += 1;
      if (message.event.type === 'ApplicationReplaced') return 'replaced';
      this.#tell(message.event);
    }
    return undefined;
  }

  #onMalformed(): void {
    const { server, log } = this.#options;
    this.#totals.malformed += 1;
    const times = this.#unreadable.due();
    if (times === undefined) return;
    const about = { server: server.name, times, total: this.#totals.malformed };
    log.warn(about, 'ARI events could not be read');
  }

  #tell(event: AriEvent): void {
    const { server, log, onEvent } = this.#options;
    try {
      onEvent(event);
    } catch (error) {
      const about = { server: server.name, event: event.type, error: messageOf(error), err: error };
      log.error(about, 'an event failed');
    }
  }
}
