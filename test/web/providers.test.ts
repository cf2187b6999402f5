import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/dialog/call/call-record.ts';
import { inUse } from '../../web/providers.ts';

const AGENT = { providers: { stt: ['pocketsphinx'], llm: ['groq', 'openai', 'receptionist'], tts: [] } };

function record(
  saidAt: readonly number[],
  troubles: readonly Pick<CallRecord['troubles'][number], 'atMs' | 'part' | 'outcome' | 'next'>[] = [],
): Pick<CallRecord, 'said' | 'troubles'> {
  return {
    said: saidAt.map((atMs) => ({ atMs, turn: 1, who: 'caller', words: 1 })),
    troubles: troubles.map((one) => ({ ...one, message: 'no answer' })),
  };
}

describe('The provider that is in use', () => {
  it('is the first on the agent’s list', () => {
    expect(inUse('llm', AGENT, record([]), [])).toEqual({ provider: 'groq' });
    expect(inUse('tts', AGENT, record([]), [])).toBeUndefined();
    expect(inUse('stt', undefined, record([]), [])).toBeUndefined();
  });

  it('is the next one while the first isn’t asked', () => {
    const out = [
      { part: 'llm', provider: 'groq' },
      { part: 'tts', provider: 'openai' },
    ];
    expect(inUse('llm', AGENT, record([]), out)).toEqual({ provider: 'openai', standsInFor: 'groq' });
    const all = ['groq', 'openai', 'receptionist'].map((provider) => ({ part: 'llm', provider }));
    expect(inUse('llm', AGENT, record([]), all)).toEqual({ provider: 'groq' });
  });

  it('is whoever took over in this turn, and no longer', () => {
    const troubles = [{ atMs: 2000, part: 'llm', outcome: 'fell-back', next: 'openai' }] as const;
    expect(inUse('llm', AGENT, record([1000], troubles), [])).toEqual({
      provider: 'openai',
      standsInFor: 'groq',
    });
    expect(inUse('stt', AGENT, record([1000], troubles), [])).toEqual({ provider: 'pocketsphinx' });
    expect(inUse('llm', AGENT, record([1000, 5000], troubles), [])).toEqual({ provider: 'groq' });
  });
});
