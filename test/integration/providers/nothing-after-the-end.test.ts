import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LlmEvent } from '../../../src/dialog/contract/conversation.ts';
import type { LanguageModel, SpeechToText, TextToSpeech } from '../../../src/dialog/contract/ports.ts';
import type { SttEvent, TtsEvent, VoiceRequest } from '../../../src/dialog/contract/speech.ts';
import { onAbort } from '../../../src/lib/abort.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { createCartesiaStt } from '../../../src/providers/cartesia/cartesia-stt.ts';
import { createCartesiaTts } from '../../../src/providers/cartesia/cartesia-tts.ts';
import { chainLanguageModels } from '../../../src/providers/chain/language-model-chain.ts';
import { chainSpeechToText } from '../../../src/providers/chain/speech-to-text-chain.ts';
import { chainTextToSpeech } from '../../../src/providers/chain/text-to-speech-chain.ts';
import type { Listed } from '../../../src/providers/chain/provider-list.ts';
import { createGroqLlm } from '../../../src/providers/groq/groq-llm.ts';
import { createGroqWhisperStt } from '../../../src/providers/groq/groq-whisper-stt.ts';
import { noUnhandledRejections, until } from '../../support/leaks.ts';
import { listed } from '../../support/listed-provider.ts';
import { CARTESIA_STT, CARTESIA_TTS, GROQ_LLM, GROQ_WHISPER } from '../../support/provider-defaults.ts';
import { startCartesiaServer, type CartesiaServer } from '../../support/provider-servers/cartesia-server.ts';
import { FaultQueue, type Fault } from '../../support/provider-servers/fault-plan.ts';
import { startGroqServer, type GroqServer } from '../../support/provider-servers/groq-server.ts';
import { replyRequest } from '../../support/reply-request.ts';
import { RingCaller, utterance } from '../../support/ring-caller.ts';
import { textOf } from './contracts/text-to-speech.contract.ts';

noUnhandledRejections();

/** Longer than anybody waits here before they ask again. */
const AFTERWARDS_MS = 500;
const KEY = 'test-key';
const VOICE_ID = '11111111-2222-4333-8444-555555555555';
const VOICE: VoiceRequest = { voice: 'anna', language: 'en', format: { encoding: 'ulaw', rateHz: 8000 } };
const SOON: Fault = { type: 'status', status: 429, retryAfterS: 0.3 };
const WRONG_KEY: Fault = { type: 'status', status: 401 };
const clock = systemClock;

/** Two of each: the second stands behind the first in chains. */
let groq: [GroqServer, GroqServer];
let cartesia: [CartesiaServer, CartesiaServer];
/** Of the first. */
let faults: FaultQueue;
let closing: (() => Promise<void>)[];

beforeEach(async () => {
  faults = new FaultQueue();
  groq = await Promise.all([startGroqServer({ faults, betweenTokens: () => 30 }), startGroqServer()]);
  const tts = { betweenChunks: () => 30 };
  cartesia = await Promise.all([startCartesiaServer({ faults, tts }), startCartesiaServer()]);
  closing = [...groq, ...cartesia].map((server) => () => server.close());
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
});

/** What the servers were asked for so far; to stop speaking isn't counted. */
function requests(): number {
  const asked = groq.map(({ chats, transcriptions }) => chats.length + transcriptions.length);
  const spoken = cartesia.map(
    (server) => server.generations().filter(({ cancel, transcript }) => !cancel && transcript !== '').length,
  );
  const listening = cartesia.map(({ seen }) => seen.filter(({ path }) => path.startsWith('/stt')).length);
  return [...asked, ...spoken, ...listening].reduce((sum, count) => sum + count, 0);
}

/** When the caller leaves. */
interface Stage<Event> {
  readonly name: string;
  readonly faults: readonly (readonly [RegExp, Fault])[];
  /** At this event; `asked`: as soon as the first request has arrived; `before`: before all. */
  readonly at: 'before' | 'asked' | ((event: Event) => boolean);
  /** There is no such moment without a chain. */
  readonly needsChain?: boolean;
}

/** The caller leaves at that stage: what had been asked by then is all that is ever asked. */
async function expectSilence<Event>(
  stage: Stage<Event>,
  run: (signal: AbortSignal, onEvent: (event: Event) => void) => Promise<unknown>,
): Promise<void> {
  for (const [where, fault] of stage.faults) faults.push(where, fault);
  const end = new AbortController();
  let atEnd = 0;
  const leave = (): void => {
    if (end.signal.aborted) return;
    atEnd = requests();
    end.abort();
  };
  if (stage.at === 'before') leave();
  const running = run(end.signal, (event) => {
    if (typeof stage.at === 'function' && stage.at(event)) leave();
  });
  if (stage.at === 'asked') {
    await until(() => requests() > 0);
    leave();
  }
  await running;
  expect(end.signal.aborted, 'the stage was reached').toBe(true);
  await sleep(AFTERWARDS_MS);
  expect(requests()).toBe(atEnd);
}

const retried = (event: LlmEvent | TtsEvent | SttEvent): boolean =>
  event.type === 'trouble' && event.trouble.outcome === 'retried';
const fellBack = (event: LlmEvent | TtsEvent | SttEvent): boolean =>
  event.type === 'trouble' && event.trouble.outcome === 'fell-back';

/** Who stands alone is waited for longer, so that a busy machine doesn't miss the wait. */
function asked<Port>(
  { at }: { readonly at: unknown },
  [first, second]: readonly [Listed<Port>, Listed<Port>],
): [Listed<Port>, ...Listed<Port>[]] {
  return at === retried ? [first] : [first, second];
}

describe('when a turn is stopped, no language model is asked any more', () => {
  const stages: Stage<LlmEvent>[] = [
    { name: 'before it is asked', faults: [], at: 'before' },
    { name: 'while it hasn’t answered', faults: [[/chat/, { type: 'stall-before-headers' }]], at: 'asked' },
    { name: 'in the stream', faults: [], at: ({ type }) => type === 'text' },
    {
      name: 'in a stream that breaks off',
      faults: [[/chat/, { type: 'cut', after: 1 }]],
      at: ({ type }) => type === 'text',
    },
    { name: 'in the wait before it is asked again', faults: [[/chat/, SOON]], at: retried, needsChain: true },
    { name: 'between it and the next', faults: [[/chat/, WRONG_KEY]], at: fellBack, needsChain: true },
  ];

  function open(server: GroqServer): LanguageModel {
    const llm = createGroqLlm({ ...GROQ_LLM, apiKey: KEY, baseUrl: server.url });
    closing.push(() => llm.close());
    return llm;
  }

  const run =
    (llm: LanguageModel) =>
    async (signal: AbortSignal, onEvent: (event: LlmEvent) => void): Promise<void> => {
      for await (const event of llm.reply(replyRequest('what does a cleaning cost'), signal)) onEvent(event);
    };

  it.each(stages.filter(({ needsChain }) => !needsChain))('$name, alone', async (stage) => {
    await expectSilence(stage, run(open(groq[0])));
  });

  it.each(stages)('$name, in a chain', async (stage) => {
    const providers = [
      listed('first', open(groq[0]), clock),
      listed('second', open(groq[1]), clock),
    ] as const;
    const chain = chainLanguageModels({ providers: asked(stage, providers), clock, patienceMs: 1000 });
    await expectSilence(stage, run(chain));
  });
});

describe('when a turn is stopped, no voice is asked any more', () => {
  const stages: Stage<TtsEvent>[] = [
    { name: 'before it is asked', faults: [], at: 'before' },
    { name: 'while it is silent', faults: [[/context/, { type: 'stall', after: 0 }]], at: 'asked' },
    { name: 'while it speaks', faults: [], at: ({ type }) => type === 'audio' },
    {
      name: 'while it speaks on a connection that dies',
      faults: [[/context/, { type: 'cut', after: 2 }]],
      at: ({ type }) => type === 'audio',
    },
    {
      name: 'in the wait before it is asked again',
      faults: [[/^tts$/, SOON]],
      at: retried,
      needsChain: true,
    },
    { name: 'between it and the next', faults: [[/^tts$/, WRONG_KEY]], at: fellBack, needsChain: true },
  ];

  function open(server: CartesiaServer): TextToSpeech {
    const tts = createCartesiaTts({
      ...CARTESIA_TTS,
      apiKey: KEY,
      baseUrl: server.url,
      voices: { anna: VOICE_ID },
    });
    closing.push(() => tts.close());
    return tts;
  }

  const run =
    (tts: TextToSpeech) =>
    async (signal: AbortSignal, onEvent: (event: TtsEvent) => void): Promise<void> => {
      const text = textOf(['Good morning. ', 'What can I do for you?']);
      for await (const event of tts.speak(text, VOICE, signal)) onEvent(event);
    };

  it.each(stages.filter(({ needsChain }) => !needsChain))('$name, alone', async (stage) => {
    await expectSilence(stage, run(open(cartesia[0])));
  });

  it.each(stages)('$name, in a chain', async (stage) => {
    const providers = [
      listed('first', open(cartesia[0]), clock),
      listed('second', open(cartesia[1]), clock),
    ] as const;
    await expectSilence(
      stage,
      run(chainTextToSpeech({ providers: asked(stage, providers), clock, patienceMs: 800 })),
    );
  });
});

describe('when a call is over, no recogniser is asked any more', () => {
  type Kind = 'whisper' | 'finalize' | 'turns';

  function open(kind: Kind, index: 0 | 1): SpeechToText {
    const stt =
      kind === 'whisper'
        ? createGroqWhisperStt({ ...GROQ_WHISPER, apiKey: KEY, baseUrl: groq[index].url })
        : createCartesiaStt({ ...CARTESIA_STT, apiKey: KEY, baseUrl: cartesia[index].url, socket: kind });
    closing.push(() => stt.close());
    return stt;
  }

  function chain(stage: (typeof stages)[number]): SpeechToText {
    const { kind } = stage;
    const providers = [
      listed('first', open(kind, 0), clock),
      listed('second', open('whisper', 1), clock),
    ] as const;
    return chainSpeechToText({ providers: asked(stage, providers), clock, patienceMs: 1000, openMs: 1500 });
  }

  /** A call in which somebody says something; it ends with `signal`. */
  const run =
    (stt: SpeechToText) =>
    async (signal: AbortSignal, onEvent: (event: SttEvent) => void): Promise<void> => {
      const caller = new RingCaller();
      const stream = await stt.open({ heard: caller.heard, language: 'en', phrases: [], onEvent, signal });
      onAbort(signal, () => {
        stream.close();
      });
      await caller.silence(200);
      stream.beginTurn(caller.frame - 1);
      const { last } = await caller.play(await utterance('What does a cleaning cost'));
      await caller.silence(200);
      await stream.endTurn(last).catch(() => undefined);
    };

  const stages: (Stage<SttEvent> & { readonly kind: Kind })[] = [
    { kind: 'whisper', name: 'before the turn ends', faults: [], at: 'before' },
    {
      kind: 'whisper',
      name: 'while it hasn’t answered',
      faults: [[/transcription/, { type: 'stall-before-headers' }]],
      at: 'asked',
    },
    {
      kind: 'whisper',
      name: 'while its answer breaks off',
      faults: [[/transcription/, { type: 'cut', after: 0 }]],
      at: 'asked',
    },
    {
      kind: 'whisper',
      name: 'in the wait before it is asked again',
      faults: [[/transcription/, SOON]],
      at: retried,
      needsChain: true,
    },
    {
      kind: 'whisper',
      name: 'between it and the next',
      faults: [[/transcription/, WRONG_KEY]],
      at: fellBack,
      needsChain: true,
    },
    ...(['finalize', 'turns'] as const).flatMap((kind) => [
      { kind, name: 'while it listens', faults: [], at: 'asked' as const },
      {
        kind,
        name: 'when its connection has died',
        faults: [[/^stt/, { type: 'cut-after-audio', bytes: 2000 }]] as const,
        at: retried,
      },
      {
        kind,
        name: 'in the wait before it is connected again',
        faults: [[/^stt/, SOON]] as const,
        at: retried,
        needsChain: true,
      },
      {
        kind,
        name: 'between it and the next',
        faults: [[/^stt/, WRONG_KEY]] as const,
        at: fellBack,
        needsChain: true,
      },
    ]),
  ];

  it.each(stages.filter(({ needsChain }) => !needsChain))('$name, alone ($kind)', async (stage) => {
    await expectSilence(stage, run(open(stage.kind, 0)));
  });

  it.each(stages)('$name, in a chain ($kind)', async (stage) => {
    await expectSilence(stage, run(chain(stage)));
  });
});
