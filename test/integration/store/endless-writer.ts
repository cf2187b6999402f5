/** A program that keeps calls and messages until it is killed: node endless-writer.ts DIRECTORY. Prints each message once it is promised. */
import { join } from 'node:path';
import type { CallEvent } from '../../../src/dialog/contract/call-events.ts';
import { NO_MEDIA } from '../../../src/dialog/contract/call-media.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { KEEP_ALL } from '../../../src/store/call-rows.ts';
import { Store } from '../../../src/store/store.ts';
import { callInfo } from '../../support/scripted-line.ts';

const directory = process.argv[2] ?? '';
const store = await Store.open({
  directory,
  place: { kind: 'sqlite', path: join(directory, 'records.sqlite') },
  clock: systemClock,
  rules: KEEP_ALL,
  keepDays: 30,
  onTrouble: (message) => void process.stderr.write(`${message}\n`),
  onNews: () => undefined,
});
await store.begin();
for (let n = 0; ; n += 1) {
  const call = `${process.pid}/${n}`;
  const info = callInfo({ key: { server: String(process.pid), channel: String(n) } });
  const said = { type: 'caller-said', understood: true, via: 'speech', call, at: 1 } as const;
  const events: readonly CallEvent[] = [
    { type: 'started', call, at: 0, info, agent: 'alice' },
    ...[1, 2, 3, 4].map((turn) => ({ ...said, turn, text: `turn ${turn}` })),
    { type: 'ended', call, at: 9, reason: 'other', variables: {}, media: NO_MEDIA },
  ];
  for (const event of events) store.observe(event);
  const text = `message ${call}`;
  await store.keep({ agent: 'alice', call: info, takenAt: Date.now(), name: 'Ada', number: '1', text });
  process.stdout.write(`${text}\n`);
}
