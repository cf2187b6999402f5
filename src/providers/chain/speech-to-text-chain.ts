import type { SpeechToText, SttStream } from '../../dialog/contract/ports.ts';
import type { SttRequest } from '../../dialog/contract/speech.ts';
import { VoiceAgentError } from '../../lib/errors.ts';
import type { ProviderFailure } from '../provider-failure.ts';
import { ChainedRecognition, type SttChainOptions } from './chained-recognition.ts';

/**
 * Recognisers as one. When the one that listens dies, in the middle of a sentence even, the next one hears the
 * turn from its first frame: the ring still has it. It says so with a `recogniser` event, because only one of the
 * two may find the ends of turns by itself. Between turns, the chain goes back to a better one that works again.
 */
export function chainSpeechToText(options: SttChainOptions): SpeechToText {
  const { providers } = options;
  const [{ port: first }] = providers;
  const streams = new Set<ChainedRecognition>();
  return {
    name: providers.map(({ name }) => name).join(', '),
    rates: first.rates,
    findsTurns: first.findsTurns,
    async open(request: SttRequest): Promise<SttStream> {
      const stream = new ChainedRecognition(options, request);
      streams.add(stream);
      const failure: ProviderFailure | undefined = await stream.open();
      if (failure) {
        streams.delete(stream);
        throw failure.code === 'STT_UNAVAILABLE'
          ? failure
          : new VoiceAgentError('STT_UNAVAILABLE', failure.message, { cause: failure });
      }
      return {
        beginTurn: (frame) => {
          stream.beginTurn(frame);
        },
        endTurn: (frame) => stream.endTurn(frame),
        close: () => {
          streams.delete(stream);
          stream.close();
        },
      };
    },
    warm: () => {
      for (const { port } of providers) port.warm?.();
    },
    // The chain's owner has opened the providers, and closes them.
    close() {
      for (const stream of streams) stream.close();
      streams.clear();
      return Promise.resolve();
    },
  };
}
