/** What is redacted in texts is silent in the recording: from a call's events to the file. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Recorders } from '../../../src/app/recorders.ts';
import { NO_MEDIA } from '../../../src/dialog/contract/call-media.ts';
import type { CallEvent } from '../../../src/dialog/contract/call-events.ts';
import type { MediaSession } from '../../../src/dialog/contract/ports.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { AudioRingWriter, createAudioRing } from '../../../src/media/audio-ring.ts';
import { readWav } from '../../../src/media/wav.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { redactionOf, type Told } from '../../../src/store/redaction.ts';
import { listCalls } from '../../../src/store/reader.ts';
import { Store } from '../../../src/store/store.ts';
import { recordingPath } from '../../support/records.ts';
import { callInfo } from '../../support/scripted-line.ts';
import { cleanDatabases, closeLater, newPlace, open, tempFolder } from '../store/databases.ts';

cleanDatabases();

const SECONDS = 4;
const FULL = 1000;

describe('the recording of a call', () => {
  async function silentSeconds(events: readonly object[]): Promise<{ caller: number[]; agent: number[] }> {
    const redact = redactionOf({ digits: true, cards: true, patterns: [] });
    const rules = {
      texts: false,
      redact: (text: string, how: Told | 'message') => redact(text, how === 'keyed' ? how : 'said', 'en'),
    };
    const directory = await tempFolder();
    const onTrouble = (message: string): void => expect.fail(message);
    const place = await newPlace('sqlite');
    const onNews = (): void => undefined;
    const options = { directory, place, clock: systemClock, rules, keepDays: 1, onTrouble, onNews };
    const store = await Store.open(options);
    await store.begin();
    closeLater(() => store.close());
    const recorders = new Recorders(store, createLogger({ level: 'silent', format: 'json' }), rules);
    const call = { call: 'x', at: 0 };
    store.observe({ ...call, type: 'started', info: callInfo(), agent: 'alice' });
    const [heard, sent] = [createAudioRing(8000), createAudioRing(8000)];
    const stop = recorders.record('x', 'alice', { heard, sent } as unknown as MediaSession);
    for (const ring of [heard, sent]) {
      const writer = new AudioRingWriter(ring);
      for (let frame = 0; frame < SECONDS * 50; frame++) {
        writer.slot.fill(FULL);
        writer.commit(frame * 20, -30);
      }
    }
    for (const event of events) recorders.observe({ ...call, ...event } as CallEvent);
    await stop();
    store.observe({ ...call, type: 'ended', reason: 'other', variables: {}, media: NO_MEDIA });
    // On a busy machine the database takes longer to open than the store waits when it ends.
    await expect.poll(() => store.status.databaseTrouble, { timeout: 20_000 }).toBeUndefined();
    await store.close();
    const [record] = await listCalls(await open(place), 1);
    if (!record) throw new Error('no record');
    const [caller, agent] = readWav(await readFile(recordingPath(directory, record))).channels;
    const silent = (audio: typeof caller): number[] =>
      Array.from({ length: SECONDS }, (_, second) => second).filter(
        // In the middle of the second, away from margins.
        (second) => audio && 'samples' in audio && audio.samples[second * 8000 + 4000] === 0,
      );
    return { caller: silent(caller), agent: silent(agent) };
  }
  const turn = { turn: 1, understood: true, interrupted: false, via: 'speech' };

  it('is silent for the turns that have a number, on the side that said it, and nowhere else', async () => {
    expect(
      await silentSeconds([
        { ...turn, type: 'agent-said', text: 'What is your number?', since: 0, until: 900 },
        { ...turn, type: 'caller-said', text: 'four two four two', since: 1100, until: 1900 },
        { ...turn, type: 'agent-said', text: '4242, is that right?', since: 2100, until: 2900 },
        { ...turn, type: 'caller-said', text: 'yes it is', since: 3100, until: 3900 },
      ]),
    ).toEqual({ caller: [1], agent: [2] });
  });

  it('is silent only for the words with digits, where each word has its place', async () => {
    const place = (second: number) => ({ frame: second * 50 + 20, toFrame: second * 50 + 30 });
    const four = { ...turn, type: 'caller-said', since: 0, until: 3900 };
    const places = [place(0), place(1), place(1), place(1), place(1), place(2)];
    expect(await silentSeconds([{ ...four, text: 'it’s four two four two thanks', places }])).toEqual({
      caller: [1],
      agent: [],
    });
    // A word without a place: nobody knows which one it is.
    expect(
      await silentSeconds([{ ...four, text: 'it’s four two four two, many thanks', places }]),
    ).toMatchObject({ caller: [0, 1, 2, 3] });
  });

  it('is silent for the beginning of a number, too, that somebody goes on with in their next turns', async () => {
    expect(
      await silentSeconds([
        { ...turn, type: 'caller-said', text: 'it’s four two', since: 100, until: 900 },
        { ...turn, type: 'agent-said', text: 'Go on.', since: 1100, until: 1400 },
        { ...turn, type: 'caller-said', text: 'and then four three', since: 2100, until: 2900 },
      ]),
    ).toEqual({ caller: [0, 2], agent: [] });
  });

  it('is silent for what was keyed, and back to the turn before if nobody knows when one began', async () => {
    expect(
      await silentSeconds([
        { ...turn, type: 'caller-said', via: 'dtmf', text: '4242', since: 100, at: 900 },
        { ...turn, type: 'caller-said', text: 'no', since: 1100, until: 1300 },
        { ...turn, type: 'caller-said', text: 'four two four three', at: 3100 },
      ]),
    ).toEqual({ caller: [0, 1, 2], agent: [] });
  });
});
