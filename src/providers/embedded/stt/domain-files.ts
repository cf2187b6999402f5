import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isGoingOn, thisRun } from '../../../lib/program-run.ts';
import { buildDomain, numberGrammar } from './domain.ts';
import type { ModelFiles } from './model-files.ts';
import { dictionaryFile, type Dictionary } from './pronunciation.ts';
import type { WordPairs } from './word-pairs.ts';

/** Followed by the run of the program, and six characters of mkdtemp's. */
const FOLDER = 'ari-voice-agent-stt-';
const FOLDER_NAME = new RegExp(`^${FOLDER}(\\d+:\\d+)-\\w{6}$`);

/** The sentences and words of one agent. */
export interface DomainSource {
  readonly phrases: readonly string[];
  readonly pronunciations: Readonly<Record<string, string>>;
}

/** What pocketsphinx reads from files: one folder for each agent, removed with it. */
export interface DomainFiles {
  readonly fsg: string;
  readonly arpa: string;
  /** Numbers only. */
  readonly numberFsg: string;
  readonly dictionary: string;
  readonly featureParameters: string;
  readonly familiar: WordPairs;
  readonly report: DomainReport;
  remove(): void;
}

/** What is logged of an agent's words at start. */
export interface DomainReport {
  readonly phrases: number;
  readonly words: number;
  /** Words that no dictionary has, with the phones that were guessed from their spelling. */
  readonly guessed: Readonly<Record<string, string>>;
  /** Pronunciations that couldn't be used, with the reason. */
  readonly refused: Readonly<Record<string, string>>;
}

/** Equal sources have equal keys. */
export function domainKey(source: DomainSource): string {
  const text = JSON.stringify([source.phrases, Object.entries(source.pronunciations).sort()]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Removes the folders of runs of the program that came to no orderly end. Never throws. */
export function sweepDomains(): void {
  for (const name of readdirSync(tmpdir())) {
    const [, run] = FOLDER_NAME.exec(name) ?? [];
    if (run === undefined || isGoingOn(run)) continue;
    try {
      rmSync(join(tmpdir(), name), { recursive: true });
    } catch {
      // another user's
    }
  }
}

export function writeDomain(model: ModelFiles, dictionary: Dictionary, source: DomainSource): DomainFiles {
  const domain = buildDomain(source.phrases);
  const pronunciations = dictionary.lookup(domain.vocabulary, source.pronunciations);
  const folder = mkdtempSync(join(tmpdir(), `${FOLDER}${thisRun()}-`));
  const write = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  // The mean is taken off before the features reach the decoder; feat.params would have it done again.
  const parameters = readFileSync(join(model.acoustic, 'feat.params'), 'utf8')
    .replace(/^-cmn .*$/m, '-cmn none')
    .replace(/^-cmninit .*\n?/m, '');
  return {
    fsg: write('agent.fsg', domain.fsg),
    arpa: write('agent.lm', domain.arpa),
    numberFsg: write('numbers.fsg', numberGrammar()),
    dictionary: write('agent.dict', dictionaryFile(pronunciations)),
    featureParameters: write('feat.params', parameters),
    familiar: domain.familiar,
    report: {
      phrases: source.phrases.length,
      words: domain.vocabulary.size,
      guessed: Object.fromEntries(pronunciations.guessed),
      refused: Object.fromEntries(pronunciations.refused),
    },
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
