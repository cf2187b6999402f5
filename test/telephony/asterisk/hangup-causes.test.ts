import { expect, it } from 'vitest';
import { HangupCauses } from '../../../src/telephony/asterisk/hangup-causes.ts';

it('the cause of a hang-up is what its end tells, unless that is nothing and the request knew better', () => {
  const causes = new HangupCauses();
  causes.request('refused', 21);
  expect(causes.end('refused', 16)).toBe(21);
  expect(causes.end('refused', 16), 'another call on a channel of that name').toBe(16);
  causes.request('busy', 16);
  expect(causes.end('busy', 17)).toBe(17);
  causes.request('out of order', 27);
  expect(causes.end('out of order', undefined)).toBe(27);
  causes.request('both', 27);
  expect(causes.end('both', 34)).toBe(34);
  expect(causes.end('unheard of', undefined)).toBeUndefined();
});

it('requests whose end is never told are forgotten after a thousand others', () => {
  const causes = new HangupCauses();
  for (let n = 0; n <= 1000; n += 1) causes.request(String(n), 21);
  expect(causes.end('0', 16)).toBe(16);
  expect(causes.end('1', 16)).toBe(21);
});
