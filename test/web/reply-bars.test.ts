import { describe, expect, it } from 'vitest';
import { barsSoFar } from '../../web/reply-bars.ts';

describe('A reply that is being made', () => {
  it('has a bar for each stage that has begun, and that of the one that runs lasts until now', () => {
    const speechEnd = 1000;
    expect(barsSoFar({ speechEnd }, 1150)).toEqual([{ stage: 'pause', from: 0, ms: 150, runs: true }]);
    expect(
      barsSoFar({ speechEnd, sttStart: 1200, sttFinal: 1300, turnEnd: 1320, llmStart: 1320 }, 1500),
    ).toEqual([
      { stage: 'pause', from: 0, ms: 320 },
      { stage: 'stt', from: 200, ms: 100 },
      { stage: 'llm', from: 320, ms: 180, runs: true },
    ]);
  });

  it('is over with its first packet, and began early where it was asked for before the turn was certain', () => {
    const marks = {
      speechEnd: 1000,
      sttFinal: 1100,
      llmStart: 1100,
      llmFirstToken: 1200,
      ttsStart: 1210,
      ttsFirstAudio: 1260,
      turnEnd: 1300,
      firstPacket: 1310,
    };
    expect(barsSoFar(marks, 9000)).toEqual([
      { stage: 'pause', from: 0, ms: 300 },
      { stage: 'stt', from: 0, ms: 100 },
      { stage: 'llm', from: 100, ms: 100 },
      { stage: 'tts', from: 210, ms: 50 },
      { stage: 'send', from: 260, ms: 50 },
    ]);
  });

  it('isn’t drawn where nobody knows when the caller fell silent', () => {
    expect(barsSoFar({ llmStart: 1000 }, 2000)).toEqual([]);
  });
});
