import { cartesiaStt } from '../providers/cartesia/cartesia-stt-provider.ts';
import { cartesiaTts } from '../providers/cartesia/cartesia-tts-provider.ts';
import { receptionist } from '../providers/embedded/receptionist/receptionist-provider.ts';
import { pocketsphinx } from '../providers/embedded/stt/pocketsphinx-provider.ts';
import { flite } from '../providers/embedded/tts/flite-provider.ts';
import { silero } from '../providers/embedded/vad/silero-provider.ts';
import { groqLlm } from '../providers/groq/groq-llm-provider.ts';
import { groqWhisper } from '../providers/groq/groq-whisper-provider.ts';
import { openAiCompatibleLlm } from '../providers/openai/openai-llm-provider.ts';
import type { Part, Provider } from '../providers/provider.ts';

/** Every provider that this build has. */
export const KNOWN_PROVIDERS: { readonly [P in Part]: readonly Provider<P>[] } = {
  vad: [silero],
  stt: [pocketsphinx, cartesiaStt, groqWhisper],
  llm: [receptionist, groqLlm, openAiCompatibleLlm],
  tts: [flite, cartesiaTts],
};
