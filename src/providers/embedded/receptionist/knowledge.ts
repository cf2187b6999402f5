import type { AgentProfile } from '../../../dialog/contract/agent-profile.ts';
import { concepts, likeness } from './concepts.ts';
import { tokens } from '../words.ts';

/** Something of agents.yaml that a caller can ask for. `index` is its place in its list there. */
export interface Topic {
  readonly kind: 'service' | 'question' | 'department';
  readonly index: number;
}

interface Entry {
  readonly topic: Topic;
  /** Each way of asking, as concepts. */
  readonly variants: readonly (readonly string[])[];
  readonly vocabulary: ReadonlySet<string>;
  /** The same, word for word. */
  readonly texts: ReadonlySet<string>;
}

interface Match {
  readonly topic: Topic;
  /** 0 … 1: how well the caller's words fit, and how little they leave over. */
  readonly score: number;
}

/** Weight from which on the matched words tell enough: "car" alone, in a garage, doesn't. */
const ENOUGH_EXPLAINED = 1.8;

/** Of a sentence as it stands in agents.yaml: above all others. */
const VERBATIM = 1.2;

/** … and of one that has such a sentence in it. */
const HAS_VERBATIM = 1.05;
/** Shorter ones say little within others: "my car". */
const VERBATIM_WORDS = 4;

/** What words without a meaning of their own decide between two that fit as well. */
const CLOSER = 0.06;

/** What a word that no topic has speaks against all of them. */
const UNSEEN_WEIGHT = 1.4;

/** A word that only one topic has names it, unless most of what was said is about something else. */
const UNIQUE_RECALL = 0.7;
const UNIQUE_PRECISION = 0.5;

/** A service or department counts as named from this score on, when it is certain that one is meant. */
const NAMED = 0.4;

/** What an agent knows, prepared for matching. */
export interface KnowledgeBase {
  readonly agent: AgentProfile;
  /** All that fits at all, best first. */
  match(words: readonly string[], kinds?: readonly Topic['kind'][]): Match[];
  /** Which one is named in words that surely name one, as an answer to "which one?" does: its index. */
  named(words: readonly string[], kind: Topic['kind']): number | undefined;
}

const prepared = new WeakMap<AgentProfile, KnowledgeBase>();

export function knowledgeOf(agent: AgentProfile): KnowledgeBase {
  let base = prepared.get(agent);
  if (!base) {
    base = prepare(agent);
    prepared.set(agent, base);
  }
  return base;
}

function prepare(agent: AgentProfile): KnowledgeBase {
  const { services, questions, departments } = agent.knowledge;
  const entries: Entry[] = [
    ...services.map((service, index) => entry({ kind: 'service', index }, [service.name, ...service.also])),
    ...questions.map((question, index) => entry({ kind: 'question', index }, question.ask)),
    ...departments.map((department, index) =>
      entry({ kind: 'department', index }, [department.name, ...department.also]),
    ),
  ];
  const frequency = new Map<string, number>();
  for (const { vocabulary } of entries) {
    for (const word of vocabulary) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  }
  // The rarer among this agent's topics, the more a word tells.
  const weight = (word: string): number => {
    const seen = frequency.get(word);
    return seen === undefined ? UNSEEN_WEIGHT : Math.log(1 + entries.length / seen);
  };

  const match: KnowledgeBase['match'] = (words, kinds) => {
    const heard = concepts(words);
    const whole = words.join(' ');
    return entries
      .filter(({ topic }) => kinds === undefined || kinds.includes(topic.kind))
      .map((candidate) => {
        const score = Math.max(verbatim(candidate, whole), scoreOf(candidate, heard, weight, frequency));
        return { topic: candidate.topic, score, close: score + CLOSER * sharedWords(candidate, words) };
      })
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.close - a.close);
  };
  return {
    agent,
    match,
    named(words, kind) {
      const best = match(words, [kind])[0];
      return best && best.score >= NAMED ? best.topic.index : undefined;
    },
  };
}

function entry(topic: Topic, texts: readonly string[]): Entry {
  const variants = texts.map((text) => concepts(text)).filter((variant) => variant.length > 0);
  const whole = new Set(texts.map((text) => tokens(text).join(' ')));
  return { topic, variants, vocabulary: new Set(variants.flat()), texts: whole };
}

/** The share of a sentence's words that were said, of the sentence where it is greatest: "can I" isn't "can you". */
function sharedWords({ texts }: Entry, words: readonly string[]): number {
  const said = new Set(words);
  let most = 0;
  for (const text of texts) {
    const all = text.split(' ');
    most = Math.max(most, all.filter((word) => said.has(word)).length / all.length);
  }
  return most;
}

function verbatim({ texts }: Entry, whole: string): number {
  if (texts.has(whole)) return VERBATIM;
  for (const text of texts) {
    if (text.split(' ').length >= VERBATIM_WORDS && ` ${whole} `.includes(` ${text} `)) return HAS_VERBATIM;
  }
  return 0;
}

function scoreOf(
  candidate: Entry,
  heard: readonly string[],
  weight: (word: string) => number,
  frequency: ReadonlyMap<string, number>,
): number {
  const closest = new Map<string, number>();
  let explained = 0;
  let all = 0;
  for (const word of heard) {
    let best = 0;
    let bestWord = word;
    for (const meant of candidate.vocabulary) {
      const like = likeness(word, meant);
      if (like > best) {
        best = like;
        bestWord = meant;
      }
    }
    if (best > 0) closest.set(bestWord, Math.max(best, closest.get(bestWord) ?? 0));
    const value = weight(best > 0 ? bestWord : word);
    explained += best * value;
    all += value;
  }
  if (explained === 0) return 0;
  const unique = [...closest].some(([word, like]) => like === 1 && frequency.get(word) === 1);
  let recall = unique && explained / all >= UNIQUE_PRECISION ? UNIQUE_RECALL : 0;
  for (const variant of candidate.variants) {
    let hit = 0;
    let total = 0;
    for (const word of variant) {
      hit += (closest.get(word) ?? 0) * weight(word);
      total += weight(word);
    }
    recall = Math.max(recall, hit / total);
  }
  return (0.55 * recall + 0.45 * (explained / all)) * Math.min(1, explained / ENOUGH_EXPLAINED);
}
