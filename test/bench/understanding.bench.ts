/**
 * How well the embedded receptionist understands questions as callers put them, in words that stand nowhere in its
 * configuration: node test/bench/understanding.bench.ts [tune|held-out|fresh] [every]
 * Each question is said by flite's voices, goes through G.711, the ring and the recogniser, and is judged by what the
 * receptionist then does in the first turn of a call: right, asked again, or wrong. Prints a table; with `every` each
 * sentence, and what was heard. Also what comes of the very words, as if all had been heard. Asserts nothing; two minutes.
 */
import { readFileSync } from 'node:fs';
import { decodeG711, encodeG711 } from '../../src/media/g711.ts';
import { expectedPhrases } from '../../src/providers/embedded/receptionist/expected-phrases.ts';
import { knowledgeOf } from '../../src/providers/embedded/receptionist/knowledge.ts';
import { understand, type Act } from '../../src/providers/embedded/receptionist/understand.ts';
import { createPocketsphinxStt } from '../../src/providers/embedded/stt/pocketsphinx-stt.ts';
import { spokenWords } from '../../src/providers/embedded/words.ts';
import type { AgentProfile } from '../../src/dialog/contract/agent-profile.ts';
import type { SttStream } from '../../src/dialog/contract/ports.ts';
import type { Transcript } from '../../src/dialog/contract/speech.ts';
import { RingFeeder } from '../support/ring-feeder.ts';
import { shippedConfig } from '../support/shipped-config.ts';
import { toInt16 } from '../turns/sound.ts';
import { say, type Speaker } from '../turns/voices.ts';

type Verdict = 'right' | 'asked again' | 'wrong';

interface Question {
  readonly half: string;
  readonly agent: AgentProfile;
  readonly meanings: readonly string[];
  readonly text: string;
}

const SPEAKERS: readonly Speaker[] = [
  { name: 'slt', voice: 'slt', factor: 1 },
  { name: 'rms', voice: 'rms', factor: 1 },
  { name: 'slt×0.9', voice: 'slt', factor: 0.9 },
  { name: 'rms×1.1', voice: 'rms', factor: 1.1 },
];

const half = process.argv[2] ?? 'tune';
const every = process.argv.includes('every');
if (!['tune', 'held-out', 'fresh'].includes(half)) throw new RangeError(`there are no questions “${half}”`);
const { agents } = shippedConfig();

function questions(): Question[] {
  const file = readFileSync(new URL('./questions/natural-questions.tsv', import.meta.url), 'utf8');
  return file
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [of = '', extension = '', meanings = '', text = ''] = line.split('\t');
      const agent = agents.find(({ extensions }) => extensions.includes(extension));
      if (!agent) throw new RangeError(`no agent at ${extension}`);
      return { half: of, agent, meanings: meanings.split('|'), text };
    })
    .filter((question) => question.half === half);
}

/** As the file names it. */
function meaningOf(act: Act, { knowledge }: AgentProfile): string {
  switch (act.kind) {
    case 'service':
    case 'price':
    case 'duration':
      return act.index === undefined ? act.kind : `${act.kind} ${knowledge.services[act.index]?.name ?? ''}`;
    case 'question':
      return `question ${knowledge.questions[act.index]?.ask[0] ?? ''}`;
    // Put through at once, or asked first: either is right.
    case 'transfer':
    case 'booking':
      return act.department === undefined
        ? act.kind === 'booking'
          ? act.kind
          : 'human'
        : `transfer ${knowledge.departments[act.department]?.name ?? ''}`;
    default:
      return act.kind;
  }
}

interface Outcome {
  readonly verdict: Verdict;
  readonly meant: string;
}

function outcome({ agent, meanings }: Question, text: string): Outcome {
  const { acts, maybe, or } = understand(text, knowledgeOf(agent));
  const meant = acts.map((act) => meaningOf(act, agent));
  if (meant.length === 0)
    return {
      verdict: 'asked again',
      meant: [maybe, or]
        .map((act) => (act ? `${meaningOf(act, agent)}?` : ''))
        .join(' ')
        .trim(),
    };
  const right = meant.some((meaning) => meanings.includes(meaning));
  return { verdict: right ? 'right' : 'wrong', meant: meant.join(' + ') };
}

const stt = createPocketsphinxStt({ maxStreams: 2 });
const lines = new Map<AgentProfile, { feeder: RingFeeder; stream: SttStream }>();

async function heard(agent: AgentProfile, samples: Int16Array): Promise<Transcript> {
  let line = lines.get(agent);
  if (!line) {
    const feeder = new RingFeeder();
    const stream = await stt.open({
      heard: feeder.handle,
      language: 'en',
      phrases: expectedPhrases(agent),
      pronunciations: agent.knowledge.pronunciations,
      onEvent: () => undefined,
    });
    lines.set(agent, (line = { feeder, stream }));
  }
  // As in a call: a pause, then the detector says where speech begins.
  line.feeder.silence(500);
  line.stream.beginTurn(line.feeder.frame);
  line.feeder.write(samples);
  const end = line.feeder.frame - 1;
  line.feeder.silence(300);
  return line.stream.endTurn(end);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const law = 'ulaw';
const counts = new Map<string, Map<Verdict, number>>();
function count(row: string, verdict: Verdict): void {
  const counted = counts.get(row) ?? new Map<Verdict, number>();
  counts.set(row, counted.set(verdict, (counted.get(verdict) ?? 0) + 1));
}

for (const question of questions()) {
  const words = outcome(question, spokenWords(question.text).join(' '));
  count('as written', words.verdict);
  if (every)
    print(`\n${question.text}  [${question.meanings.join('|')}]  written: ${words.verdict} ${words.meant}`);
  for (const speaker of SPEAKERS.slice(0, Number(process.env.VOICES ?? 4))) {
    const { sound } = await say(question.text, speaker);
    const samples = decodeG711(law, encodeG711(law, toInt16(sound)));
    const { text, understood, confidence } = await heard(question.agent, samples);
    const result: Outcome = understood
      ? outcome(question, text)
      : { verdict: 'asked again', meant: 'not understood' };
    count(speaker.name, result.verdict);
    count('all voices', result.verdict);
    if (every)
      print(
        `  ${speaker.name.padEnd(8)} ${result.verdict.padEnd(11)} ${confidence.toFixed(2)} ${text}  → ${result.meant}${understood ? '' : `; would be ${outcome(question, text).verdict}`}`,
      );
  }
}
for (const { feeder, stream } of lines.values()) {
  stream.close();
  feeder.close();
}
await stt.close();

print(`\n${half}: ${questions().length} questions`);
for (const [row, verdicts] of counts) {
  const all = [...verdicts.values()].reduce((sum, value) => sum + value, 0);
  const share = (verdict: Verdict): string =>
    `${((100 * (verdicts.get(verdict) ?? 0)) / all).toFixed(1)} %`.padStart(7);
  print(
    `${row.padEnd(12)} right ${share('right')}  asked again ${share('asked again')}  wrong ${share('wrong')}`,
  );
}
