import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/cli/doctor/finding.ts';
import { lookAtRecogniser } from '../../../src/cli/doctor/recogniser.ts';

async function found(stt: readonly string[], modelPath?: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  const part = (names: readonly string[]) => ({ names, choice: names.join() });
  const choice = { vad: part(['silero']), stt: part(stt), llm: part(['receptionist']), tts: part(['flite']) };
  await lookAtRecogniser(
    { providers: { byAgent: { alice: choice } } } as unknown as Parameters<typeof lookAtRecogniser>[0],
    (finding) => findings.push(finding),
    modelPath === undefined ? {} : { modelPath },
  );
  return findings;
}

describe('the doctor, of the embedded recogniser', () => {
  it('finds its library and model', async () => {
    expect(await found(['pocketsphinx'])).toMatchObject([{ state: 'ok' }]);
  });

  it('names the packages that are missing: bad where calls are heard by it, a warning where it only takes over', async () => {
    const text = expect.stringContaining('apt-get install libpocketsphinx3') as string;
    expect(await found(['pocketsphinx'], '/nowhere')).toMatchObject([{ state: 'bad', text }]);
    expect(await found(['cartesia', 'pocketsphinx'], '/nowhere')).toMatchObject([{ state: 'warning', text }]);
  });

  it('says nothing of one that no agent uses', async () => {
    expect(await found(['cartesia'], '/nowhere')).toEqual([]);
  });
});
