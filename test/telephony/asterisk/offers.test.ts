import { describe, expect, it } from 'vitest';
import type { AriChannel } from '../../../src/telephony/asterisk/ari-model.ts';
import { Offers } from '../../../src/telephony/asterisk/offers.ts';
import type { StasisParts } from '../../../src/telephony/asterisk/stasis-options.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const CALLER: AriChannel = {
  id: '17.1',
  name: 'PJSIP/entry-1',
  state: 'Ring',
  caller: { number: '555' },
  dialplan: { context: 'voice-agent-call', exten: '510001', priority: 8, appName: '', appData: '' },
  variables: {},
};

/** A node that waits for `delayMs` (it may change), and wins each call that it claims. */
function setUp() {
  const clock = new ManualClock();
  const begun = clock.now();
  const node = { delayMs: 20, claimedAt: [] as number[], over: 0 };
  const offers = new Offers(
    {
      clock,
      server: { name: 'north', app: 'voice-agent.a' },
      settings: { enterMs: 2000 },
      log: { warn: () => undefined },
      rest: {
        claim: () => {
          node.claimedAt.push(clock.now() - begun);
          return Promise.resolve('won');
        },
      },
      fleet: {
        family: 'voice-agent',
        consider: () =>
          Promise.resolve({
            claim: true,
            afterMs: () => node.delayMs,
            won: () => undefined,
            over: () => {
              node.over += 1;
            },
          }),
      },
    } as unknown as StasisParts,
    () => undefined,
  );
  return { clock, node, offers };
}

describe('A call that is offered', () => {
  it('again, while it is waited whether others claim it, is claimed once', async () => {
    const { clock, node, offers } = setUp();
    void offers.offered(CALLER);
    await clock.advance(10);
    void offers.offered(CALLER);
    await clock.advance(50);
    expect(node.claimedAt).toEqual([20]);
    offers.received(CALLER.id);
    await clock.advance(1);
    expect([node.over, offers.stats.offers, offers.stats.claims.won]).toEqual([1, 1, 1]);
    // And when it comes back later it is another one.
    void offers.offered(CALLER);
    await clock.advance(50);
    expect(node.claimedAt).toHaveLength(2);
  });

  it('is waited for longer when the node wins another one meanwhile', async () => {
    const { clock, node, offers } = setUp();
    void offers.offered(CALLER);
    await clock.advance(15);
    node.delayMs = 35;
    await clock.advance(50);
    expect(node.claimedAt).toEqual([35]);
  });
});
