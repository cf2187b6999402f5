import { CARTESIA } from '../../src/providers/cartesia/cartesia-section.ts';
import { GROQ } from '../../src/providers/groq/groq-section.ts';
import { OPENAI_COMPATIBLE } from '../../src/providers/openai/openai-section.ts';

/* What the cloud's adapters are made with where a user has set nothing, without a key. */

const { apiKey: _groqKey, sttModel, transcriptMs, ...groqLlm } = GROQ.defaults;
export const GROQ_LLM = groqLlm;
export const GROQ_WHISPER = { baseUrl: groqLlm.baseUrl, model: sttModel, timeoutMs: transcriptMs };

export const OPENAI_LLM = OPENAI_COMPATIBLE.defaults;

const { baseUrl, connectMs, stt, tts } = CARTESIA.defaults;
export const CARTESIA_STT = { baseUrl, connectMs, ...stt };

const { repliesPerSocket, format: _format, ...cartesiaTts } = tts;
export const CARTESIA_TTS = { baseUrl, connectMs, ...cartesiaTts, contextsPerSocket: repliesPerSocket };
/** Names and identifiers, as they stand in the section. */
export const CARTESIA_VOICES = tts.voices;
