import { inNativeCode } from '../../../threads/native-code.ts';
import {
  sweepDomains,
  writeDomain,
  domainKey,
  type DomainFiles,
  type DomainReport,
  type DomainSource,
} from './domain-files.ts';
import { unavailable } from './model-files.ts';
import type { Pocketsphinx } from './pocketsphinx.ts';
import { Dictionary } from './pronunciation.ts';
import { Recogniser } from './recogniser.ts';

interface Agent {
  readonly files: DomainFiles;
  readonly idle: Recogniser[];
  /** So many of the idle ones nobody has needed since the last look. */
  spare: number;
  lent: number;
  lastUsed: number;
}

/**
 * Recognisers that nobody has used for so long are freed, all but one for each agent. Making one takes 0.1 s of this
 * thread, keeping it 22 MB.
 */
const SPARE_MS = 60_000;

/** Agents whose models are kept on disk and recognisers in memory when nobody talks to them. */
const MAX_AGENTS = 32;

/** Recognisers, made when they are first needed and lent to one call at a time. */
export class RecogniserPool {
  readonly #ps: Pocketsphinx;
  readonly #limit: number;
  readonly #spareMs: number;
  readonly #agents = new Map<string, Agent>();
  #dictionary: Dictionary | undefined;
  #uses = 0;
  #look: NodeJS.Timeout | undefined;

  constructor(ps: Pocketsphinx, limit: number, spareMs = SPARE_MS) {
    this.#spareMs = spareMs;
    this.#ps = ps;
    this.#limit = limit;
    sweepDomains();
  }

  /**
   * Makes the agent's models ahead of the first call, and tries them. The first call's recogniser is made while the caller is
   * greeted (0.1 s): kept until then, it would take 22 MB.
   */
  prepare(source: DomainSource): DomainReport {
    const { files, idle, lent } = this.#agent(source);
    if (idle.length + lent === 0)
      inNativeCode(() => {
        new Recogniser(this.#ps, files).free();
      });
    return files.report;
  }

  /** Throws STT_UNAVAILABLE when all are lent. */
  lend(source: DomainSource): { recogniser: Recogniser; giveBack: (recogniser: Recogniser) => void } {
    const agent = this.#agent(source);
    let recogniser = agent.idle.pop();
    agent.spare = Math.min(agent.spare, agent.idle.length);
    if (!recogniser) {
      if (this.#count() >= this.#limit) this.#dropIdle();
      if (this.#count() >= this.#limit) {
        throw unavailable(`all ${this.#limit} recognisers are in use (the limit is an option)`);
      }
      recogniser = inNativeCode(() => new Recogniser(this.#ps, agent.files));
    }
    agent.lent += 1;
    return {
      recogniser,
      giveBack: (returned) => {
        agent.lent -= 1;
        agent.idle.push(returned);
        if (agent.idle.length > 1) this.#lookLater();
      },
    };
  }

  free(): void {
    clearTimeout(this.#look);
    for (const [key, agent] of this.#agents) this.#forget(key, agent);
  }

  #agent(source: DomainSource): Agent {
    const key = domainKey(source);
    let agent = this.#agents.get(key);
    if (!agent) {
      this.#dictionary ??= new Dictionary(this.#ps.model.dictionary);
      agent = {
        files: writeDomain(this.#ps.model, this.#dictionary, source),
        idle: [],
        spare: 0,
        lent: 0,
        lastUsed: 0,
      };
      this.#agents.set(key, agent);
    }
    agent.lastUsed = ++this.#uses;
    if (this.#agents.size > MAX_AGENTS) this.#forgetOldest();
    return agent;
  }

  #lookLater(): void {
    this.#look ??= setTimeout(() => {
      this.#look = undefined;
      inNativeCode(() => {
        this.#freeSpare();
      });
    }, this.#spareMs).unref();
  }

  #freeSpare(): void {
    for (const agent of this.#agents.values()) {
      for (const recogniser of agent.idle.splice(0, Math.min(agent.spare, agent.idle.length - 1)))
        recogniser.free();
      agent.spare = agent.idle.length;
      if (agent.idle.length > 1) this.#lookLater();
    }
    // The library's memory goes back to the system only when it is asked to (measured: 0 of 197 MB, 197 with it).
    this.#ps.api.malloc_trim(0);
  }

  #count(): number {
    return [...this.#agents.values()].reduce((sum, agent) => sum + agent.lent + agent.idle.length, 0);
  }

  /** Frees the idle recogniser whose agent was called longest ago. */
  #dropIdle(): void {
    const idle = [...this.#agents.values()].filter((agent) => agent.idle.length > 0);
    idle
      .sort((a, b) => a.lastUsed - b.lastUsed)[0]
      ?.idle.pop()
      ?.free();
  }

  #forgetOldest(): void {
    const unused = [...this.#agents].filter(([, agent]) => agent.lent === 0);
    const oldest = unused.sort(([, a], [, b]) => a.lastUsed - b.lastUsed)[0];
    if (oldest) this.#forget(...oldest);
  }

  #forget(key: string, agent: Agent): void {
    for (const recogniser of agent.idle.splice(0)) recogniser.free();
    agent.files.remove();
    this.#agents.delete(key);
  }
}
