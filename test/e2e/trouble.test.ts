/**
 * What callers get when the cloud's providers fail: the real adapters, in real calls. Here every fault meets one part
 * at least, several parts in one call; each by itself, and the caller after it, is `make bench-trouble`.
 */
import { describe, expect, it } from 'vitest';
import { Exposition } from '../support/prometheus-text.ts';
import { report, type RunningAgent } from '../support/running-agent.ts';
import { ANSWER, callInTrouble, startCalmCloud, startTroubled, type Got } from '../support/trouble-calls.ts';
import { heal, together, TROUBLE_CASES, type TroubleCase } from '../support/trouble-cases.ts';

/** Speech or a filler, counted from the caller's last packet: on a noisy machine (`make bench-trouble` has the figures). */
const LIMIT_MS = 4000;
/** What goes wrong in one call; `again`: and in the next one, whose caller is not to wait for it. */
interface Round {
  readonly cases: readonly string[];
  readonly again?: true;
  /** Nothing goes wrong: who has heard the caller. */
  readonly heardBy?: 'groq transcription' | 'cartesia /stt/websocket';
}

const ROUNDS: readonly Round[] = [
  { cases: ['llm stall before headers', 'tts socket dies in mid-word', 'stt 500'], again: true },
  { cases: ['llm 401', 'tts stall before the first sound', 'stt malformed JSON'] },
  {
    cases: [
      'llm 429, retry-after 30 s',
      'tts empty reply',
      'stt socket dies in mid-sentence, and is refused',
    ],
  },
  { cases: ['llm stall between tokens', 'tts error event', 'stt idle time-out'] },
  { cases: ['llm wrong certificate', 'tts DNS failure', 'stt DNS failure'] },
  {
    cases: [
      'llm connection cut in mid-stream by a server of one’s own',
      'tts refused at start, and a voice that only it has',
      'stt 500 of Whisper',
    ],
  },
  {
    cases: [
      'llm 500 once, with nobody else on the list',
      'tts cut once in mid-word, with nobody else on the list',
      'stt refused once, with nobody else on the list',
    ],
  },
  { cases: ['all the cloud is gone'] },
  { cases: ['stt none: Whisper hears'], heardBy: 'groq transcription' },
  { cases: ['stt none: the finalize socket hears'], heardBy: 'cartesia /stt/websocket' },
];

interface Outcome {
  readonly calls: readonly Got[];
  /** Where the recognisers' servers were asked. */
  readonly heardBy: ReadonlySet<string>;
  /** From /metrics, when the calls were over. */
  readonly metrics: Exposition;
  readonly complaints: ReturnType<RunningAgent['asterisk']['complaints']>;
}

describe('A caller whose providers fail', () => {
  it.each(ROUNDS.map((round) => [round.cases.join(' + '), round] as const))(
    'is served: %s',
    // Each has an agent of its own: tried again by itself, it costs a tenth of what the file does.
    { timeout: 180_000, retry: 1 },
    async (names, round) => {
      const { calls, heardBy, metrics, complaints } = await runRound(round);
      for (const { responseMs, troubles } of calls) {
        report(`${names}: ${responseMs ?? '–'} ms (${troubles.join('; ')})`);
      }
      for (const got of calls) {
        expect(got.stayed).toBe(true);
        expect(got.responseMs).toBeLessThanOrEqual(LIMIT_MS);
        expect(got.heard).toMatch(ANSWER);
      }
      const [first, next] = calls;
      for (const { part, told } of casesOf(round)) {
        if (told === undefined) continue;
        const [provider = '', kind = ''] = told.split(' ');
        expect(first?.troubles).toContainEqual(expect.stringContaining(`${part} ${told} `));
        expect(metrics.value('voice_agent_troubles_total', { part, provider, kind })).toBeGreaterThan(0);
      }
      if (round.cases.includes('all the cloud is gone')) {
        expect(
          metrics.value('voice_agent_troubles_total', { provider: 'groq', kind: 'refused' }),
        ).toBeGreaterThan(0);
      }
      if (round.heardBy !== undefined) {
        expect([...heardBy]).toEqual([round.heardBy]);
        expect(first).toMatchObject({ understood: true, troubles: [] });
      }
      expect(complaints).toEqual([]);
      if (!next) return;
      // The next caller doesn't wait, as their record says; and the operator sees why.
      expect(next.troubles).toContain('llm groq timeout skipped receptionist');
      expect(next.troubles).toContain('tts cartesia cut skipped flite');
      for (const [part, provider] of [
        ['llm', 'groq'],
        ['tts', 'cartesia'],
        ['stt', 'cartesia'],
      ] as const) {
        expect(metrics.value('voice_agent_provider_breaker_open', { part, provider })).toBe(1);
      }
    },
  );
});

function casesOf({ cases }: Round): TroubleCase[] {
  return cases.map((wanted) => {
    const found = TROUBLE_CASES.find(({ part, name }) => `${part} ${name}` === wanted);
    if (!found) throw new Error(`no such case: ${wanted}`);
    return found;
  });
}

/** By an agent, an Asterisk and a cloud of its own: providers' breakers are the agent's. */
async function runRound(round: Round): Promise<Outcome> {
  const trouble = together(casesOf(round));
  const cloud = await startCalmCloud();
  try {
    const lab = await startTroubled(cloud, trouble);
    try {
      const atRest = await lab.inUse();
      const calls = [await callInTrouble(lab, cloud, trouble)];
      if (round.again) calls.push(await callInTrouble(lab, cloud, trouble));
      await expect.poll(() => lab.inUse(), { timeout: 10_000 }).toEqual(atRest);
      const answer = await fetch(`${lab.agent.monitoringUrl}/metrics`);
      const recognitions = cloud.cartesia.seen.filter(({ path }) => path.startsWith('/stt'));
      return {
        calls,
        heardBy: new Set([
          ...recognitions.map(({ path }) => `cartesia ${path}`),
          ...cloud.groq.transcriptions.map(() => 'groq transcription'),
        ]),
        metrics: new Exposition(await answer.text()),
        complaints: lab.asterisk.complaints(),
      };
    } finally {
      await heal(cloud);
      await lab.stop();
    }
  } finally {
    await cloud.close();
  }
}
