import { CARTESIA_VOICES } from '../provider-defaults.ts';
import { randomBytes } from 'node:crypto';
import type { AgentProfile } from '../../../src/dialog/contract/agent-profile.ts';
import { shippedConfig } from '../shipped-config.ts';
import { startCartesiaServer, type CartesiaServer } from './cartesia-server.ts';
import type { SttBehaviour } from './cartesia-stt-session.ts';
import type { TtsBehaviour } from './cartesia-tts-session.ts';
import type { Think } from './chat-stream.ts';
import { CLOUD_ASSUMPTIONS, cloudDelays, type CloudAssumptions } from './cloud-delays.ts';
import { FaultQueue } from './fault-plan.ts';
import { openFliteVoice } from './flite-voice.ts';
import { startGroqServer, type GroqServer } from './groq-server.ts';
import { openPocketsphinx } from './pocketsphinx-recogniser.ts';
import { dressed, PERSONALITIES, type Personality, type PersonalityName } from './personalities.ts';
import { receptionistMind } from './receptionist-mind.ts';
import type { ServerObserver } from './server-events.ts';
import { STRICTEST } from './server-rules.ts';

export interface EmulatedCloudOptions {
  /** How quick it is; what is left out is CLOUD_ASSUMPTIONS. */
  readonly assumed?: Partial<CloudAssumptions>;
  /** Whom it thinks and hears for (default: the agents of config/). */
  readonly agents?: readonly AgentProfile[];
  /** What kind of model thinks; those that aren't Groq's have a server of their own, without anybody behind them. */
  readonly model?: PersonalityName;
  /** Instead of the receptionist, pocketsphinx and flite: what is scripted costs no processor. */
  readonly think?: Think;
  readonly stt?: Partial<SttBehaviour>;
  readonly tts?: Omit<TtsBehaviour, 'faults'>;
  readonly observe?: ServerObserver;
  /** Where the servers listen (default: loopback). */
  readonly address?: string;
}

/** Groq and Cartesia on loopback. Faults are pushed while it runs; a server is taken `down()` and `up()`. */
export interface EmulatedCloud {
  readonly groq: GroqServer;
  readonly cartesia: CartesiaServer;
  readonly assumed: CloudAssumptions;
  /** Asked at `chat` and `transcription`. */
  readonly groqFaults: FaultQueue;
  /** Asked at `tts`, `stt` and `stt-turns` (connections) and `tts-context` (replies). */
  readonly cartesiaFaults: FaultQueue;
  /** What an agent needs in its environment to go there. */
  readonly environment: Readonly<Record<string, string>>;
  /** Idempotent. */
  close(): Promise<void>;
}

/**
 * The cloud as the real SDKs meet it: our provider servers, behind which the embedded recogniser, receptionist
 * and voice sit, so that it answers to the sound that it receives.
 */
export async function startEmulatedCloud(options: EmulatedCloudOptions = {}): Promise<EmulatedCloud> {
  const assumed = { ...CLOUD_ASSUMPTIONS, ...options.assumed };
  const delays = cloudDelays(assumed);
  const { observe, address } = options;
  const config = shippedConfig();
  const agents = options.agents ?? config.agents;
  const keys = { groq: `gsk_${dummy()}`, cartesia: `sk_car_${dummy()}` };
  const [groqFaults, cartesiaFaults] = [new FaultQueue(), new FaultQueue()];
  const closing: { close(): Promise<void> }[] = [];
  const owned = <T extends { close(): Promise<void> }>(part: T): T => {
    closing.unshift(part);
    return part;
  };
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= (async () => {
      for (const part of closing) await part.close();
    })();
    return closed;
  };
  try {
    const { transcribe, listener }: Partial<SttBehaviour> & Pick<SttBehaviour, 'transcribe'> = options.stt
      ?.transcribe
      ? { transcribe: options.stt.transcribe }
      : owned(await openPocketsphinx(agents));
    const synthesise = options.tts?.synthesise ?? owned(await openFliteVoice(CARTESIA_VOICES)).synthesise;
    const personality: Personality = PERSONALITIES[options.model ?? 'groq'];
    const think = dressed(options.think ?? receptionistMind(agents), personality);
    const pace = { firstToken: delays.firstToken, betweenTokens: delays.betweenTokens };
    const local = personality.server.flavour
      ? owned(await startGroqServer({ think, ...pace, ...personality.server, observe }))
      : undefined;
    const groq = owned(
      await startGroqServer({
        apiKey: keys.groq,
        think,
        rules: STRICTEST,
        ...pace,
        transcription: delays.transcription,
        transcribe: ({ samples, rateHz }) => transcribe({ turn: dummy(), samples, rateHz }),
        faults: groqFaults,
        address,
        observe,
      }),
    );
    const cartesia = owned(
      await startCartesiaServer({
        apiKey: keys.cartesia,
        tts: { firstByte: delays.firstByte, synthesise, observe, ...options.tts },
        stt: {
          eagerEnd: delays.eagerEnd,
          turnEnd: delays.turnEnd,
          takesBack: delays.takesBack,
          transcribe,
          ...(listener ? { listener } : {}),
          observe,
          ...options.stt,
        },
        faults: cartesiaFaults,
        address,
      }),
    );
    const environment = {
      GROQ_API_KEY: keys.groq,
      GROQ_BASE_URL: groq.url,
      CARTESIA_API_KEY: keys.cartesia,
      CARTESIA_BASE_URL: cartesia.url,
      // Whatever the environment of the person who runs it says.
      ...{ VOICE_AGENT_STT: 'auto', VOICE_AGENT_LLM: 'auto', VOICE_AGENT_TTS: 'auto' },
      ...(local && {
        VOICE_AGENT_LLM: 'openai-compatible',
        OPENAI_BASE_URL: `${local.url}/v1`,
        OPENAI_MODEL: `emulated-${options.model ?? ''}`,
      }),
    };
    return { groq, cartesia, assumed, groqFaults, cartesiaFaults, environment, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** No secret: nobody but our own servers takes it. */
function dummy(): string {
  return randomBytes(12).toString('hex');
}
