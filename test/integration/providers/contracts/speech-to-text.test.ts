import { systemClock } from '../../../../src/lib/clock.ts';
import { createCartesiaStt } from '../../../../src/providers/cartesia/cartesia-stt.ts';
import { chainSpeechToText } from '../../../../src/providers/chain/speech-to-text-chain.ts';
import { expectedPhrases } from '../../../../src/providers/embedded/receptionist/expected-phrases.ts';
import { createPocketsphinxStt } from '../../../../src/providers/embedded/stt/pocketsphinx-stt.ts';
import { createGroqWhisperStt } from '../../../../src/providers/groq/groq-whisper-stt.ts';
import { callerAudio } from '../../../support/caller-audio.ts';
import { listed } from '../../../support/listed-provider.ts';
import { noUnhandledRejections } from '../../../support/leaks.ts';
import { startCartesiaServer } from '../../../support/provider-servers/cartesia-server.ts';
import { startGroqServer } from '../../../support/provider-servers/groq-server.ts';
import { hearsByLength, ringSound, utterance } from '../../../support/ring-caller.ts';
import { ScriptedStt } from '../../../support/scripted-stt.ts';
import { shippedAgent } from '../../../support/shipped-config.ts';
import { describeSpeechToText, type Saying, type SpeechToTextHarness } from './speech-to-text.contract.ts';
import { CARTESIA_STT, GROQ_WHISPER } from '../../../support/provider-defaults.ts';

noUnhandledRejections();

const ONE = 'What does a cleaning cost';
const TWO = 'And when are you open';
const BOTH = `${ONE} ${TWO}`;

async function sayings(): Promise<[Saying, Saying]> {
  return [
    { text: ONE, samples: await utterance(ONE) },
    { text: TWO, samples: await utterance(TWO) },
  ];
}

describeSpeechToText('the scripted recogniser', async () => {
  const stt = new ScriptedStt(systemClock);
  const hears = hearsByLength(ONE, TWO, BOTH);
  const open = stt.open.bind(stt);
  // What is scripted isn't heard: here it is heard after all, so that the order of calls doesn't matter.
  stt.open = async (request) => {
    const stream = await open(request);
    const answer = stream.endTurn.bind(stream);
    let begun: number | undefined;
    stream.beginTurn = (frame) => {
      begun = frame;
    };
    stream.endTurn = (frame) => {
      stt.script.push(
        begun === undefined ? '' : hears({ samples: ringSound(request.heard, begun, frame), rateHz: 8000 }),
      );
      return answer(frame);
    };
    return stream;
  };
  return {
    stt,
    phrases: [],
    sayings: await sayings(),
    both: BOTH,
    open: () => 0,
    close: () => stt.close(),
  };
});

describeSpeechToText('pocketsphinx', () => {
  const stt = createPocketsphinxStt();
  const agent = shippedAgent('alice');
  return Promise.resolve({
    stt,
    phrases: expectedPhrases(agent),
    sayings: [
      { text: 'what are your opening hours', samples: callerAudio('ked', 'd-hours') },
      { text: 'what are your opening hours', samples: callerAudio('ked', 'd-hours') },
    ],
    foreign: 'de',
    open: () => 0,
    close: () => stt.close(),
  });
});

async function cartesiaHarness(socket: 'turns' | 'finalize'): Promise<SpeechToTextHarness> {
  const server = await startCartesiaServer({ stt: { transcribe: hearsByLength(ONE, TWO, BOTH) } });
  const stt = createCartesiaStt({ ...CARTESIA_STT, apiKey: 'test-key', baseUrl: server.url, socket });
  return {
    stt,
    phrases: ['cleaning'],
    sayings: await sayings(),
    both: BOTH,
    foreign: 'de',
    open: () => server.connections,
    async close() {
      await stt.close();
      await server.close();
    },
  };
}

describeSpeechToText('Cartesia, which finds the turns', () => cartesiaHarness('turns'));
describeSpeechToText('Cartesia, told where turns end', () => cartesiaHarness('finalize'));

async function whisperHarness(): Promise<SpeechToTextHarness> {
  const server = await startGroqServer({ transcribe: hearsByLength(ONE, TWO, BOTH) });
  const stt = createGroqWhisperStt({ ...GROQ_WHISPER, apiKey: 'test-key', baseUrl: server.url });
  return {
    stt,
    phrases: ['cleaning'],
    sayings: await sayings(),
    both: BOTH,
    // Its connections stay open for the next call.
    open: () => 0,
    async close() {
      await stt.close();
      await server.close();
    },
  };
}

/** As every call has it: on a list, be it the only one on it. */
async function onList(made: Promise<SpeechToTextHarness>): Promise<SpeechToTextHarness> {
  const { foreign: _foreign, ...harness } = await made;
  const providers = [listed('it', harness.stt, systemClock)] as const;
  const stt = chainSpeechToText({ providers, clock: systemClock, patienceMs: 5000, openMs: 5000 });
  return { ...harness, stt };
}

describeSpeechToText('Whisper at Groq', whisperHarness);
describeSpeechToText('Whisper at Groq, on a list', () => onList(whisperHarness()));
describeSpeechToText('Cartesia, told where turns end, on a list', () => onList(cartesiaHarness('finalize')));
