import { expect, it } from 'vitest';
import { Turnstile } from '../../../src/telephony/asterisk/turnstile.ts';

it('A turnstile lets a few in at a time, then the newest, and turns away the oldest when too many wait', async () => {
  const turnstile = new Turnstile(2, 2);
  const [inside, away]: [string[], string[]] = [[], []];
  const come = async (who: string): Promise<void> => {
    const turn = turnstile.enter();
    if (turn === undefined || (await turn)) inside.push(who);
    else away.push(who);
  };
  const all = Promise.all(['a', 'b', 'c', 'd', 'e'].map(come));
  expect(inside).toEqual(['a', 'b']);
  expect(turnstile.crowded).toBe(true);
  turnstile.leave();
  turnstile.leave();
  await all;
  expect(inside).toEqual(['a', 'b', 'e', 'd']);
  expect(away).toEqual(['c']);
  expect(turnstile.crowded).toBe(false);
  for (let times = 0; times < 2; times += 1) turnstile.leave();
  expect(turnstile.enter()).toBeUndefined();
});
