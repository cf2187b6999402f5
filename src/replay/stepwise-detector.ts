import type { VadStream, VoiceActivityDetector } from '../dialog/contract/ports.ts';
import type { VadRequest } from '../dialog/contract/speech.ts';
import { loadSilero, type SileroModel } from '../providers/embedded/vad/silero-model.ts';
import { VadCall } from '../providers/embedded/vad/vad-call.ts';
import { openMessage } from '../providers/embedded/vad/vad-messages.ts';

let model: SileroModel | undefined;

/**
 * The detector of the product for one call, driven frame by frame instead of by a thread of its own: the same model,
 * windows, decisions, times and flush line.
 */
export class StepwiseDetector implements VoiceActivityDetector {
  readonly name = 'silero';
  readonly rates = [8000, 16000, 24000] as const;
  readonly #model: SileroModel;
  #call: VadCall | undefined;

  private constructor(model: SileroModel) {
    this.#model = model;
  }

  static load(): StepwiseDetector {
    model ??= loadSilero();
    return new StepwiseDetector(model);
  }

  open(request: VadRequest): Promise<VadStream> {
    this.#call = new VadCall({ ...openMessage(0, request, undefined), fromFrame: 0 }, (event) => {
      request.onEvent(event);
    });
    return Promise.resolve({ close: () => (this.#call = undefined) });
  }

  /** Judges everything that is in the ring. */
  step(): void {
    for (let call = this.#call; call?.fill(); call = this.#call) {
      this.#model.run(call.rateHz, [call.lane]);
      call.judge();
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
