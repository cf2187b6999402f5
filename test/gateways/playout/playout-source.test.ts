import { describe, expect, it } from 'vitest';
import { createPlayoutAccounts, PlayoutAccounts } from '../../../src/gateways/playout/playout-accounts.ts';
import {
  createPlayoutRing,
  PlayoutRingWriter,
  SLOT_END,
} from '../../../src/gateways/playout/playout-ring.ts';
import { PlayoutSource, type PlayoutReport } from '../../../src/gateways/playout/playout-source.ts';
import { createFlushLine, FlushLine } from '../../../src/media/flush-line.ts';

const FRAME = new Uint8Array(4);

function setUp() {
  const handles = {
    ring: createPlayoutRing({ frameBytes: 4, silenceByte: 0, slots: 8 }),
    flushLine: createFlushLine(),
    accounts: createPlayoutAccounts(),
  };
  const reports: PlayoutReport[] = [];
  const writer = new PlayoutRingWriter(handles.ring);
  const line = new FlushLine(handles.flushLine);
  return {
    reports,
    line,
    accounts: new PlayoutAccounts(handles.accounts),
    source: new PlayoutSource(handles, (report) => reports.push(report)),
    push: (utterance: number, samples: number, flags = 0, epoch = line.epoch): void => {
      writer.push(utterance, epoch, samples, flags, FRAME, 0, samples);
    },
  };
}

describe('playout source', () => {
  it('accounts for each frame as it hands it out, the padded last one by its speech', () => {
    const { source, push, reports } = setUp();
    push(1, 4);
    push(1, 3, SLOT_END);
    expect([source.take(FRAME, 10), source.take(FRAME, 30), source.take(FRAME, 50)]).toEqual([4, 3, 0]);
    expect(reports).toEqual([
      { type: 'started', utterance: 1, at: 10 },
      {
        type: 'completed',
        utterance: 1,
        account: { samples: 7, startedAt: 10, lastAt: 30, completed: true },
      },
    ]);
  });

  it('completes an utterance with its last frame when the end mark waits behind it', () => {
    const { source, push, reports } = setUp();
    push(1, 4);
    push(1, 0, SLOT_END);
    source.take(FRAME, 10);
    expect(reports.map(({ type }) => type)).toEqual(['started', 'completed']);
  });

  it('goes on to the next utterance in the same tick when an end mark comes late', () => {
    const { source, push, reports } = setUp();
    push(1, 4);
    source.take(FRAME, 10);
    push(1, 0, SLOT_END);
    push(2, 4);
    expect(source.take(FRAME, 30)).toBe(4);
    expect(reports.map((report) => [report.type, 'utterance' in report && report.utterance])).toEqual([
      ['started', 1],
      ['completed', 1],
      ['started', 2],
    ]);
  });

  it('drops what a flush has voided, tells of the utterance that it cut off, and plays what came after', () => {
    const { source, push, line, reports } = setUp();
    push(1, 4);
    push(1, 4);
    push(2, 4);
    source.take(FRAME, 10);
    line.flush();
    push(3, 2);
    expect(source.take(FRAME, 30)).toBe(2);
    expect(reports).toEqual([
      { type: 'started', utterance: 1, at: 10 },
      {
        type: 'flushed',
        epoch: 1,
        current: { utterance: 1, account: { samples: 4, startedAt: 10, lastAt: 10, completed: false } },
      },
      { type: 'started', utterance: 3, at: 30 },
    ]);
  });

  it('drops what was pushed late by a writer that had not seen the flush', () => {
    const { source, push, line } = setUp();
    const before = line.epoch;
    line.flush();
    source.applyFlush();
    push(1, 4, 0, before);
    expect(source.take(FRAME, 10)).toBe(0);
  });

  it('tells of a flush once', () => {
    const { source, line, reports } = setUp();
    line.flush();
    source.applyFlush();
    source.take(FRAME, 10);
    expect(reports).toEqual([{ type: 'flushed', epoch: 1 }]);
  });

  it('keeps the account in shared memory, for the last 64 utterances', () => {
    const { source, push, accounts } = setUp();
    for (let utterance = 1; utterance <= 65; utterance++) {
      push(utterance, 4, SLOT_END);
      source.take(FRAME, utterance);
    }
    expect(accounts.read(65)).toEqual({ samples: 4, startedAt: 65, lastAt: 65, completed: true });
    expect(accounts.samplesOf(2)).toBe(4);
    expect(accounts.read(1)).toEqual({
      samples: 0,
      startedAt: undefined,
      lastAt: undefined,
      completed: false,
    });
  });
});
