/** A silero thread that can serve nobody. */
import type { VadReplyMessage, VadRequestMessage } from '../../src/providers/embedded/vad/vad-messages.ts';
import { ThreadSide } from '../../src/threads/thread-side.ts';

const main = new ThreadSide<VadRequestMessage, VadReplyMessage>();
main.ready(undefined, {
  obey(request) {
    if (request.type === 'open') {
      main.report({ type: 'failed', stream: request.stream, message: 'out of memory' });
    }
  },
  stop: () => undefined,
});
