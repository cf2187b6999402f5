import { VoiceAgentError } from '../lib/errors.ts';

/** The promise `attached` of a session: settled once, and nobody has to listen to it. */
export class Attachment {
  readonly attached: Promise<void>;
  #resolve!: () => void;
  #reject!: (error: VoiceAgentError) => void;

  constructor() {
    this.attached = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.attached.catch(() => undefined);
  }

  succeed(): void {
    this.#resolve();
  }

  /** Has no effect when it has succeeded before. */
  fail(session: string): void {
    this.#reject(
      new VoiceAgentError(
        'MEDIA_NOT_ATTACHED',
        `the media session of ${session} closed before media could flow`,
      ),
    );
  }
}
