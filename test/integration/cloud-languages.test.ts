/**
 * Callers in five languages through the whole program: calls of the Vonage cloud, heard by Groq's Whisper, answered by
 * Groq's model and spoken by Cartesia, all three on the wire. The sound of the callers is recorded English; what
 * Whisper makes of it is scripted, in the language that it is asked for.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { AgentEvents } from '../../lab/agent-events.ts';
import { freePorts } from '../../lab/ports.ts';
import { KNOWN_PROVIDERS } from '../../src/app/known-providers.ts';
import { startApp, type App } from '../../src/app.ts';
import { loadConfig, type Config } from '../../src/config.ts';
import type { CallEvent } from '../../src/dialog/contract/call-events.ts';
import { AGENT_PHRASES, type AgentPhrase } from '../../src/dialog/contract/stock-phrases.ts';
import { languageOf } from '../../src/dialog/language/known-languages.ts';
import { messageOf } from '../../src/lib/errors.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { eventually } from '../support/ari-desk.ts';
import { callerAudio } from '../support/caller-audio.ts';
import type { ChatRequest, Thought } from '../support/provider-servers/chat-stream.ts';
import { startEmulatedCloud, type EmulatedCloud } from '../support/provider-servers/emulated-cloud.ts';
import type { Speech, Synthesise } from '../support/provider-servers/test-voice.ts';
import type { VonageCall } from '../support/vonage/call.ts';
import { startVonageCloud, type VonageCloud } from '../support/vonage/cloud.ts';
import { speechOf } from '../support/vonage/running-vonage.ts';

interface Talk {
  readonly number: string;
  readonly greeting: string;
  /** In their own words; what isn't here, the language's data say. */
  readonly phrases?: Partial<Record<AgentPhrase, string>>;
  readonly question: string;
  /** The answer, in the pieces in which the synthesiser is to be given it. */
  readonly answer: readonly string[];
  readonly secondQuestion: string;
  /** Long enough to be interrupted. */
  readonly longAnswer: string;
  readonly interruption: string;
  readonly shortAnswer: string;
  /** When it is asked this, the model keeps the caller waiting, and then breaks off. */
  readonly unanswered: string;
  /** … and here it breaks off at once. */
  readonly refused: string;
  readonly farewell: string;
}

const TALKS: Readonly<Record<string, Talk>> = {
  de: {
    number: '4930901820',
    greeting: 'Zahnarztpraxis am Fluss, guten Tag.',
    question: 'Wann haben Sie geöffnet',
    answer: ['Wir öffnen um acht Uhr, z. B. am 3. Mai.', 'Dr. Weber ist dann da.', 'Passt das?'],
    secondQuestion: 'Was kostet eine Zahnreinigung',
    longAnswer:
      'Eine Zahnreinigung kostet neunzig Euro und dauert etwa eine halbe Stunde, wenn Sie schon einmal bei uns waren',
    interruption: 'Das ist mir zu teuer',
    shortAnswer: 'Das verstehe ich.',
    unanswered: 'Zahlt das die Krankenkasse',
    refused: 'Kann ich einen Termin haben',
    farewell: 'Vielen Dank, auf Wiederhören',
  },
  ja: {
    number: '81312345678',
    greeting: 'お電話ありがとうございます、リバーサイド歯科です。',
    question: '何時から開いていますか',
    answer: ['八時から三時までです。', '「本日も。」', 'ご予約なさいますか？'],
    secondQuestion: 'クリーニングはいくらですか',
    longAnswer: '歯のクリーニングは六千円で、初めての方は一時間ほど、二回目からは三十分ほどかかります',
    interruption: '高いですね',
    shortAnswer: '申し訳ございません。',
    unanswered: '保険は使えますか',
    refused: '予約をお願いします',
    farewell: 'ありがとうございました、失礼します',
  },
  th: {
    number: '6621234567',
    greeting: 'คลินิกทันตกรรมริมน้ำ สวัสดีค่ะ',
    question: 'เปิดกี่โมง',
    answer: ['เราเปิดแปดโมงเช้าวันที่ 3 พ.ค. ค่ะ', 'พบ ดร. สมชายได้ที่คลินิกค่ะ', 'สะดวกไหมคะ'],
    secondQuestion: 'ขูดหินปูนราคาเท่าไหร่',
    longAnswer: 'ขูดหินปูนราคาเก้าร้อยบาทและใช้เวลาประมาณครึ่งชั่วโมงถ้าเคยมาที่คลินิกของเราแล้วหนึ่งครั้งค่ะ',
    interruption: 'แพงไปหน่อยนะ',
    shortAnswer: 'เข้าใจค่ะ',
    unanswered: 'ใช้ประกันได้ไหม',
    refused: 'ขอนัดหมอฟันหน่อย',
    farewell: 'ขอบคุณมาก สวัสดีครับ',
  },
  // French, but for three phrases that the agent has words of its own for.
  fr: {
    number: '33142685300',
    greeting: 'Cabinet du Fleuve, bonjour.',
    phrases: {
      stillThere: 'Allô ? Vous m’entendez ?',
      sayAgain: 'Pardon, je n’ai pas pu vous répondre. Vous disiez ?',
      goodbye: 'Merci de votre appel, à bientôt.',
    },
    question: 'Vous ouvrez à quelle heure',
    answer: ['M. Martin vous reçoit dès 8 h.', 'Cela vous convient ?'],
    secondQuestion: 'Combien coûte un détartrage',
    longAnswer:
      'Un détartrage coûte trente euros et dure une petite demi-heure pour les patients qui sont déjà venus au cabinet',
    interruption: 'C’est un peu cher',
    shortAnswer: 'Je comprends.',
    unanswered: 'C’est remboursé par la sécurité sociale',
    refused: 'Je voudrais un rendez-vous',
    farewell: 'Merci beaucoup, au revoir',
  },
  // No data of the program's own: neutral rules, and every phrase is given.
  sv: {
    number: '46812345678',
    greeting: 'Tandkliniken vid ån, god dag.',
    phrases: {
      stillThere: 'Är du kvar?',
      silenceGoodbye: 'Jag hör dig inte, så jag lägger på nu. Ring gärna igen. Hej då.',
      oneMoment: 'Ett ögonblick, tack.',
      welcomeBack: 'Välkommen tillbaka. Vad kan jag hjälpa till med?',
      sayAgain: 'Ursäkta, något gick fel. Kan du säga det igen?',
      apology: 'Jag har tyvärr ett tekniskt fel och kan inte hjälpa dig vidare.',
      notReached: 'Tyvärr är ingen där just nu. Kan jag hjälpa till med något annat?',
      maxCall: 'Vi måste tyvärr avsluta samtalet nu. Ring gärna igen. Hej då.',
      draining: 'Jag måste tyvärr avsluta samtalet. Ring igen om några minuter. Hej då.',
      goodbye: 'Hej då.',
    },
    question: 'När har ni öppet',
    answer: ['Vi öppnar klockan åtta.', 'Passar det?'],
    secondQuestion: 'Vad kostar en undersökning',
    longAnswer:
      'En undersökning kostar åttahundra kronor och tar ungefär en halvtimme om du har varit hos oss någon gång förut',
    interruption: 'Det var dyrt',
    shortAnswer: 'Jag förstår.',
    unanswered: 'Gäller högkostnadsskyddet',
    refused: 'Jag vill boka en tid',
    farewell: 'Tack så mycket, hej då',
  },
};

/** Who can't be answered by any agent hears it in this language. */
const ANNOUNCED_IN = 'de';
const FROM = '447700900123';
/** So long that the caller hears that somebody is at work. */
const KEEPS_WAITING_MS = 2300;
/** Long enough to be taken for words. */
const SPEECH = callerAudio('ked', 'd-hours').subarray(2400, 8800);

/** What is said in a call beside the conversation, as its agent says it. */
const phrasesOf = (code: string): Readonly<Partial<Record<AgentPhrase, string>>> => ({
  ...languageOf(code).phrases,
  ...TALKS[code]?.phrases,
});

const signMsOf = (text: string): number => (/\p{Script=Hiragana}/u.test(text) ? 65 : 30);

/** ICU's words of a text, with where each ends: a sign or letter lasts 30 ms, one of Japanese 65. */
function timedWords(text: string): Speech['words'] {
  const signMs = signMsOf(text);
  return [...new Intl.Segmenter('en', { granularity: 'word' }).segment(text)]
    .filter(({ isWordLike }) => isWordLike)
    .map(({ segment, index }) => ({
      text: segment,
      startMs: signMs * index,
      endMs: signMs * (index + segment.length),
    }));
}

const lengthMs = (text: string): number => signMsOf(text) * text.length;

/** No sample of it is silent: what a caller has heard can be counted. */
const voice: Synthesise = ({ text, rateHz }) => {
  const words = timedWords(text);
  const samples = Int16Array.from(
    { length: (lengthMs(text) * rateHz) / 1000 },
    (_, n) => 6000 * Math.sign(Math.sin(n / 8)) + (n % 50) + 1,
  );
  return { samples, words };
};

/** Words with spaces between them; none in Japanese. */
const joined = (code: string, pieces: readonly string[]): string => pieces.join(code === 'ja' ? '' : ' ');

async function think({ messages }: ChatRequest): Promise<Thought> {
  // On a busy machine a pause in the packets may make two turns of one, which the history joins again.
  const asked = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  const isAsked = (text: string): boolean => asked.endsWith(text);
  for (const [code, talk] of Object.entries(TALKS)) {
    if (isAsked(talk.question)) return { text: joined(code, talk.answer) };
    if (isAsked(talk.secondQuestion)) return { text: talk.longAnswer };
    if (isAsked(talk.interruption)) return { text: talk.shortAnswer };
    if (isAsked(talk.unanswered)) await sleep(KEEPS_WAITING_MS);
    if (isAsked(talk.unanswered) || isAsked(talk.refused)) throw new Error('the connection breaks off');
    if (isAsked(talk.farewell)) return { tools: [{ name: 'hang_up', arguments: '{}' }] };
  }
  throw new Error(`nobody says ${asked}`);
}

let folder: string;

/** The shipped configuration, with one agent for each language, and with their own phrases if they have any. */
function load(env: Readonly<Record<string, string>>, phrases: (talk: Talk) => object | undefined): Config {
  const shipped = {
    agents: parse(readFileSync('config/agents.yaml', 'utf8')) as { agents: [object] },
    providers: parse(readFileSync('config/providers.yaml', 'utf8')) as {
      gateways: { vonage: object };
      providers: { groq: object; cartesia: { tts: object } };
    },
  };
  const [alice] = shipped.agents.agents;
  const agents = Object.entries(TALKS).map(([code, talk]) => ({
    ...alice,
    id: `agent-${code}`,
    extensions: [`51001${code}`],
    language: code,
    greeting: talk.greeting,
    callOpening: talk.greeting,
    ...(phrases(talk) && { phrases: phrases(talk) }),
    limits: { silenceMs: 1500, silencePrompts: 1 },
    knowledge: { company: 'Riverside' },
  }));
  const numbers = Object.fromEntries(
    Object.entries(TALKS).map(([code, { number }]) => [number, `agent-${code}`]),
  );
  const { gateways, providers } = shipped.providers;
  const { groq, cartesia } = providers;
  // The servers share this machine: that they are slow is no failure here.
  const patient = {
    ...providers,
    groq: { ...groq, firstTokenMs: 9000, transcriptMs: 9000 },
    cartesia: { ...cartesia, tts: { ...cartesia.tts, firstAudioMs: 9000, chunkMs: 9000 } },
  };
  const announcements = { language: ANNOUNCED_IN };
  writeFileSync(join(folder, 'agents.yaml'), stringify({ announcements, agents }));
  writeFileSync(
    join(folder, 'providers.yaml'),
    stringify({
      ...shipped.providers,
      providers: patient,
      asterisk: [],
      gateways: { ...gateways, vonage: { ...gateways.vonage, numbers } },
    }),
  );
  return loadConfig({ env: { VOICE_AGENT_CONFIG_DIR: folder, ...env }, known: KNOWN_PROVIDERS, cwd: '/' });
}

let vonage: VonageCloud;
let cloud: EmulatedCloud;
let app: App;
let missingPhrases = '';
const events = new AgentEvents();
/** What Whisper hears next, by language. */
const heardNext = new Map<string, string>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'languages-'));
  cpSync('config', folder, { recursive: true });
  vonage = await startVonageCloud();
  cloud = await startEmulatedCloud({
    assumed: { sigma: 0, firstTokenMs: 50, firstByteMs: 20, transcriptMs: 50 },
    agents: [],
    think,
    stt: {
      transcribe: ({ samples }) => {
        const request = cloud.groq.transcriptions.find(({ audio }) => audio.samples === samples);
        return heardNext.get(request?.fields['language'] ?? '') ?? '';
      },
    },
    tts: { synthesise: voice },
  });
  const port = await freePorts('tcp');
  const url = `http://127.0.0.1:${port}`;
  vonage.link({ answerUrl: `${url}/answer`, eventUrl: `${url}/event`, fallbackUrl: `${url}/fallback` });
  const { account } = vonage;
  const env = {
    ...cloud.environment,
    ARI_PASSWORD: 'unused',
    VOICE_AGENT_STT: 'groq-whisper',
    VOICE_AGENT_LLM: 'groq',
    VOICE_AGENT_TTS: 'cartesia',
    VOICE_AGENT_DATA_DIR: join(folder, 'data'),
    VOICE_AGENT_TRANSCRIPTS: 'true',
    MONITORING_LISTEN_PORT: '0',
    VONAGE_ENABLED: 'true',
    VONAGE_PUBLIC_URL: url,
    VONAGE_LISTEN_PORT: String(port),
    VONAGE_APPLICATION_ID: account.applicationId,
    VONAGE_PRIVATE_KEY: account.privateKey,
    VONAGE_SIGNATURE_SECRET: account.signatureSecret,
    VONAGE_API_URL: vonage.url,
  };
  try {
    load(env, () => undefined);
  } catch (error) {
    missingPhrases = messageOf(error);
  }
  const prepared = Promise.withResolvers<true>();
  const write = (line: string): void => {
    events.feed(line);
    if (line.includes('"event":"prepared"')) prepared.resolve(true);
  };
  const config = load(env, ({ phrases }) => phrases);
  app = await startApp(config, createLogger({ level: 'info', format: 'json', write }));
  // What is loaded only then would keep all these callers, who share its process, from speaking at their own pace.
  await prepared.promise;
});
afterAll(async () => {
  await app.close();
  await vonage.close();
  await cloud.close();
  rmSync(folder, { recursive: true });
});

/** One call, and what the program tells of it. */
class Caller {
  readonly call: VonageCall;
  readonly #code: string;
  readonly #phrases: ReturnType<typeof phrasesOf>;

  constructor(code: string) {
    this.#code = code;
    this.#phrases = phrasesOf(code);
    this.call = vonage.call({ to: TALKS[code]?.number ?? '', from: FROM });
  }

  of<T extends CallEvent['type']>(type: T): Extract<CallEvent, { type: T }>[] {
    const seen = events.calls.get(`vonage/${this.call.uuid}`)?.events ?? [];
    return seen.map(({ event }) => event).filter((event) => event.type === type) as never;
  }

  /** All that the agent said, in order; cut off: with a dash. */
  get agentSaid(): string[] {
    return this.of('agent-said').map(({ text, interrupted }) => (interrupted ? `${text} —` : text));
  }

  /** The same without fillers, which a busy machine may add. */
  get agentTold(): string[] {
    return this.agentSaid.filter((text) => text !== this.#phrases.oneMoment);
  }

  /** Says it, and waits until the agent has told so many things in all. */
  async says(text: string, told: number): Promise<void> {
    heardNext.set(this.#code, text);
    await this.call.say(SPEECH);
    await this.untilTold(told);
  }

  async untilEnded(): Promise<void> {
    await this.call.ended;
    await this.until(() => this.of('ended').length > 0);
  }

  untilTold(count: number): Promise<void> {
    return this.until(() => this.agentTold.length >= count);
  }

  /** What both sides have said, for the message of a failure. */
  get conversation(): string {
    const troubles = this.of('trouble').map(({ message }) => message);
    return JSON.stringify({
      caller: this.of('caller-said').map(({ text }) => text),
      agent: this.agentSaid,
      troubles,
    });
  }

  /** Waits for it; fails with what both sides have said so far. */
  async until(holds: () => boolean): Promise<void> {
    await eventually(`${this.#code}: ${holds.toString()}`, holds).catch((error: unknown) => {
      throw new Error(`${messageOf(error)}, behind ${this.conversation}`);
    });
  }
}

/** How long the caller has heard something since `from` samples of their line. */
function heardMs({ call }: Caller, from: number): number {
  const { rateHz } = call.leg;
  return (1000 * speechOf(call.heard.samples().subarray(from)).length) / rateHz;
}

/** Greeted, answered, interrupting, silent, without an answer, and off with a goodbye. */
async function converse(code: string, talk: Talk): Promise<{ caller: Caller; heardMs: number }> {
  const caller = new Caller(code);
  await caller.call.answered;
  await caller.untilTold(1);
  await caller.says(talk.question, 2);

  const from = caller.call.heard.samples().length;
  const { leg } = caller.call;
  const asked = caller.says(talk.secondQuestion, 2);
  // Well into the answer, even if a filler was heard before it.
  const enoughMs = 600 + lengthMs(phrasesOf(code).oneMoment ?? '');
  await caller.until(() => heardMs(caller, from) > enoughMs);
  await asked;
  const isStopped = (): boolean => leg.controls.some(({ action }) => action === 'clear');
  const interruption = caller.says(talk.interruption, 4);
  await caller.until(isStopped);
  const wasHeardMs = heardMs(caller, from);
  await interruption;

  // Says nothing, until the agent asks whether they are still there.
  await caller.untilTold(5);
  await caller.says(talk.unanswered, 6);
  await caller.says(talk.farewell, 7);
  await caller.untilEnded();
  return { caller, heardMs: wasHeardMs };
}

/** Answered once, silent, and then never answered again. */
async function callInVain(code: string, talk: Talk): Promise<Caller> {
  const caller = new Caller(code);
  await caller.call.answered;
  await caller.untilTold(1);
  await caller.says(talk.question, 2);
  await caller.untilTold(3);
  await caller.says(talk.refused, 4);
  await caller.says(talk.refused, 5);
  await caller.says(talk.refused, 6);
  await caller.untilEnded();
  return caller;
}

/** Not a word is heard of this one. */
async function keepSilent(code: string): Promise<Caller> {
  const caller = new Caller(code);
  await caller.untilEnded();
  return caller;
}

it('lists all phrases that a language without data lacks in one message, and those of no other agent', () => {
  expect(missingPhrases).toContain(`nothing stands there for ${AGENT_PHRASES.join(', ')}; only en, de, fr`);
  expect(missingPhrases).toContain('"sv" has none');
  expect(missingPhrases.match(/nothing stands there/g)).toHaveLength(1);
});

describe('agents who speak five languages at once', () => {
  const conversations = new Map<string, Awaited<ReturnType<typeof converse>>>();
  const silent = new Map<string, Caller>();
  const unlucky = new Map<string, Caller>();

  beforeAll(async () => {
    await Promise.all([
      ...['de', 'ja', 'th'].flatMap((code) => [
        converse(code, talkIn(code)).then((conversation) => conversations.set(code, conversation)),
        keepSilent(code).then((caller) => silent.set(code, caller)),
      ]),
      ...['fr', 'sv'].map((code) =>
        callInVain(code, talkIn(code)).then((caller) => unlucky.set(code, caller)),
      ),
    ]);
  }, 40_000);

  it.each(['de', 'ja', 'th'])(
    'in %s: greeting, answer, interruption, silence, failure of the model and goodbye',
    (code) => {
      const { caller } = given(conversations, code);
      const talk = talkIn(code);
      const { stillThere, oneMoment, sayAgain, goodbye } = phrasesOf(code);
      expect(caller.agentTold, caller.conversation).toEqual([
        talk.greeting,
        joined(code, talk.answer),
        expect.stringMatching(/ —$/),
        talk.shortAnswer,
        stillThere,
        sayAgain,
        goodbye,
      ]);
      // The model kept the caller waiting.
      expect(caller.agentSaid.slice(-3)).toEqual([oneMoment, sayAgain, goodbye]);
      expect(caller.call.endReason).toBe('hung up through the REST API');
      expect(caller.of('ended')).toMatchObject([{ reason: 'agent-hung-up' }]);
      expect(caller.call.complaints).toEqual([]);
    },
  );

  it.each(['de', 'ja', 'th'])(
    'in %s: the model is told what the caller heard of an interrupted answer',
    (code) => {
      const { caller, heardMs: ms } = given(conversations, code);
      const { interruption, longAnswer } = talkIn(code);
      const { oneMoment = '' } = phrasesOf(code);
      const asked = cloud.groq.chats.find(({ messages }) => messages.at(-1)?.content?.endsWith(interruption));
      const content = asked?.messages.at(-2)?.content ?? '';
      const filler = content.startsWith(oneMoment) ? oneMoment : '';
      const told = content
        .slice(filler.length)
        .replace(/ \[interrupted\]$/, '')
        .trim();
      expect(caller.agentTold[2]).toBe(`${told} —`);
      expect(longAnswer.slice(0, told.length)).toBe(told);
      const count = timedWords(told).length;
      const overBy = (at: number): number => timedWords(longAnswer).filter(({ endMs }) => endMs <= at).length;
      expect(count).toBeGreaterThan(1);
      // Vonage says only every 100 ms how far it is, and a frame or two are on their way.
      expect(count).toBeGreaterThanOrEqual(overBy(ms - lengthMs(filler) - 160));
      expect(count).toBeLessThanOrEqual(overBy(ms - lengthMs(filler) + 60));
    },
  );

  it.each(['de', 'ja', 'th'])('in %s: a caller who never speaks is asked once, and told goodbye', (code) => {
    const { stillThere, silenceGoodbye } = phrasesOf(code);
    const caller = given(silent, code);
    expect(caller.agentSaid).toEqual([talkIn(code).greeting, stillThere, silenceGoodbye]);
    expect(caller.of('ended')).toMatchObject([{ reason: 'caller-silent' }]);
  });

  it.each([
    ['fr', 'some phrases are the agent’s own'],
    ['sv', 'all phrases are the agent’s own'],
  ])('in %s, where %s: answer, silence, failure again and again, apology', (code) => {
    const { stillThere, sayAgain, apology } = phrasesOf(code);
    const { greeting, answer } = talkIn(code);
    const caller = given(unlucky, code);
    expect(caller.agentTold).toEqual([greeting, answer.join(' '), stillThere, sayAgain, sayAgain, apology]);
    expect(caller.of('ended')).toMatchObject([{ reason: 'failed' }]);
  });

  it.each(Object.keys(TALKS))('in %s: the synthesiser is given whole sentences or clauses', (code) => {
    const { answer } = talkIn(code);
    // Phrases are prepared meanwhile, and other callers may be told the same.
    const spoken = spokenTexts(code).filter((text) => answer.includes(text));
    expect(spoken.slice(0, answer.length)).toEqual(answer);
  });

  it('say nothing that is not of their language', () => {
    const ofTheirs = Object.fromEntries(
      Object.entries(TALKS).map(([code, { greeting, answer, longAnswer, shortAnswer }]) => {
        const { unknownExtension, busy } = languageOf(code).phrases;
        const refusals = code === ANNOUNCED_IN ? { unknownExtension, busy } : {};
        const whole = [
          ...Object.values({ ...phrasesOf(code), ...refusals }),
          ...[greeting, ...answer, longAnswer, shortAnswer],
        ];
        return [code, spokenTexts(code).filter((text) => !whole.some((known) => known?.includes(text)))];
      }),
    );
    expect(ofTheirs).toEqual({ de: [], ja: [], th: [], fr: [], sv: [] });
    const requests = cloud.cartesia.generations().filter(({ cancel }) => cancel !== true);
    expect(new Set(requests.map(({ language }) => language))).toEqual(new Set(Object.keys(TALKS)));
  });
});

function talkIn(code: string): Talk {
  const talk = TALKS[code];
  if (!talk) throw new Error(`nobody speaks ${code}`);
  return talk;
}

function given<T>(outcomes: ReadonlyMap<string, T>, code: string): T {
  const outcome = outcomes.get(code);
  if (outcome === undefined) throw new Error(`no call in ${code}`);
  return outcome;
}

/** All that the synthesiser was given to say in this language, in order. */
function spokenTexts(code: string): string[] {
  return cloud.cartesia
    .generations()
    .filter(
      ({ cancel, language, transcript }) => cancel !== true && language === code && transcript.trim() !== '',
    )
    .map(({ transcript }) => transcript.trim());
}
