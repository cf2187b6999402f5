import type { SpeechToText, SttStream } from '../../dialog/contract/ports.ts';
import type { SttRequest } from '../../dialog/contract/speech.ts';
import { systemClock, type Clock, type Milliseconds } from '../../lib/clock.ts';
import { VoiceAgentError } from '../../lib/errors.ts';
import { keyTerms } from '../key-terms.ts';
import { retried } from '../provider-failure.ts';
import { CARTESIA_ENCODING } from './cartesia-formats.ts';
import { createCartesiaClient, type CartesiaClient, type CartesiaConnection } from './cartesia-client.ts';
import { FinalizeStream } from './finalize-stream.ts';
import { HeardPump } from '../heard-pump.ts';
import { SttLink, type SttEndpoint, type SttMessage } from './stt-link.ts';
import { TurnsStream } from './turns-stream.ts';

/** When a turn begins and ends, as likelihoods of 0 … 1 and a limit; what is left out is Cartesia's default. */
export interface TurnThresholds {
  /** 0.5 … 0.9 (0.8). */
  readonly start?: number | undefined;
  /** 0.3 … 0.6 (0.4). */
  readonly eagerEnd?: number | undefined;
  /** 0.05 … 0.5 (0.2). */
  readonly end?: number | undefined;
  /** 640 … 11200 (5600). */
  readonly endTimeoutMs?: Milliseconds | undefined;
}

export interface CartesiaSttOptions extends CartesiaConnection {
  /** Name in logs and failures (default `cartesia`). */
  readonly name?: string;
  readonly model: string;
  /** `turns`: the provider finds the turns. `finalize`: our detector does. */
  readonly socket: 'turns' | 'finalize';
  readonly turn?: TurnThresholds;
  /** Sound in one message: what is collected is heard later. */
  readonly messageMs: Milliseconds;
  /** From the end of a turn to its transcript. */
  readonly transcriptMs: Milliseconds;
  readonly clock?: Clock;
}

/** AutoFinalizeWebsocketParams.keyterm: "up to 100 keyterms totaling 1200 characters". */
const KEY_TERMS = { terms: 100, characters: 1200 };

/** Cartesia as a speech-to-text provider: a socket for each call, opened while it is being answered. */
export function createCartesiaStt(options: CartesiaSttOptions): SpeechToText {
  const { name = 'cartesia', socket, clock = systemClock } = options;
  let client: CartesiaClient | undefined;
  const streams = new Set<SttStream>();
  let closed = false;

  async function open(request: SttRequest): Promise<SttStream> {
    if (closed) throw new VoiceAgentError('STT_UNAVAILABLE', `${name} is closed`);
    if (!/^en([-_]|$)/i.test(request.language)) {
      throw new VoiceAgentError(
        'LANGUAGE_UNSUPPORTED',
        `${name} understands English only, not "${request.language}"`,
      );
    }
    const pump = new HeardPump(request.heard, options.messageMs, (audio) => {
      link.send(audio);
    });
    const firstFrame = pump.next;
    const made: { stream?: TurnsStream | FinalizeStream } = {};
    client ??= createCartesiaClient(options);
    const link: SttLink = new SttLink({
      client,
      connection: options,
      endpoint: endpointOf(request, pump, options),
      provider: name,
      clock,
      onRetry: (failure) => {
        if (made.stream instanceof TurnsStream) made.stream.onDown();
        request.onEvent({ type: 'trouble', trouble: retried('stt', failure) });
      },
      onMessage: (message) => {
        (made.stream as { onMessage(message: SttMessage): void } | undefined)?.onMessage(message);
      },
      onReplaced: () => made.stream?.onReplaced(),
      onLost: (failure) => made.stream?.onLost(failure),
    });
    await link.open();
    const shared = { pump, link, clock, onEvent: request.onEvent };
    const { transcriptMs } = options;
    const opened =
      socket === 'turns'
        ? new TurnsStream({ ...shared, endMs: transcriptMs }, firstFrame)
        : new FinalizeStream({ ...shared, provider: name, finalizeMs: transcriptMs });
    made.stream = opened;
    streams.add(opened);
    return {
      beginTurn: (frame) => {
        opened.beginTurn(frame);
      },
      endTurn: (frame) => opened.endTurn(frame),
      close: () => {
        streams.delete(opened);
        opened.close();
      },
    };
  }

  return {
    name,
    rates: [8000, 16000, 24000, 48000],
    findsTurns: socket === 'turns',
    open,
    close() {
      closed = true;
      for (const stream of streams) stream.close();
      streams.clear();
      return Promise.resolve();
    },
  };
}

function endpointOf(request: SttRequest, pump: HeardPump, options: CartesiaSttOptions): SttEndpoint {
  const { model, socket, turn = {} } = options;
  const keyterm = keyTerms(request, KEY_TERMS);
  const shared = {
    model,
    encoding: CARTESIA_ENCODING[pump.encoding],
    sample_rate: pump.rateHz,
    ...(keyterm.length > 0 ? { keyterm } : {}),
  };
  if (socket === 'finalize') return { kind: 'finalize', params: { ...shared, language: 'en' } };
  const { start, eagerEnd, end, endTimeoutMs } = turn;
  return {
    kind: 'turns',
    params: {
      ...shared,
      ...(start === undefined ? {} : { turn_start_threshold: start }),
      ...(eagerEnd === undefined ? {} : { turn_eager_end_threshold: eagerEnd }),
      ...(end === undefined ? {} : { turn_end_threshold: end }),
      ...(endTimeoutMs === undefined ? {} : { turn_end_timeout_ms: endTimeoutMs }),
    },
  };
}
