/** Somebody sets the machine's clock, and its disk goes bad, while a caller talks: they don't notice. */
import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AgentUnderTest, ALICE } from '../support/agent-under-test.ts';
import { LoopDisk } from '../support/loop-disk.ts';
import { report } from '../support/running-agent.ts';

const HOUR_MS = 3_600_000;
const [FAKE_TIME] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');
const possible = FAKE_TIME !== undefined && LoopDisk.possible;

const agent = new AgentUnderTest();
let disk: LoopDisk;
let clock: string;

/** How far the agent's clock on the wall is ahead; the monotonic one goes on as before. */
function setClock(hours: number): void {
  writeFileSync(clock, `${hours < 0 ? '' : '+'}${hours}h`);
}

beforeAll(async () => {
  if (!possible) return;
  disk = LoopDisk.make();
  clock = join(disk.folder, '..', 'clock');
  setClock(0);
  await agent.start({
    dataFolder: join(disk.folder, 'data'),
    environment: {
      ...{ LD_PRELOAD: FAKE_TIME, FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_CACHE_DURATION: '1' },
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  });
});
afterAll(async () => {
  if (!possible) return;
  disk.thaw();
  await agent.stop();
  disk.close();
});

it.skipIf(!possible)(
  'A caller notices neither a clock that is set two hours on and back, nor a disk that stands still, or can’t be written',
  async () => {
    const viewed = await agent.greeted(ALICE);
    const clockAhead = (): number =>
      Math.round(((viewed.view.find()?.events.at(-1)?.at ?? NaN) - Date.now()) / HOUR_MS);

    setClock(2);
    disk.freeze();
    const first = await agent.ask(viewed, 'd-hours');
    expect(clockAhead()).toBe(2);
    disk.thaw();
    expect(first.replyText).toMatch(/from eight to/);

    setClock(-2);
    disk.fail();
    const second = await agent.ask(viewed, 'd-price-checkup');
    expect(clockAhead()).toBe(-2);
    expect(second.replyText).toMatch(/forty five dollars/);
    report(`replied to after ${first.responseMs ?? NaN} and ${second.responseMs ?? NaN} ms`);
    await viewed.call.hangUp();
    const { reason } = await viewed.view.event('ended');
    expect(reason).toBe('caller-hung-up');
  },
);
