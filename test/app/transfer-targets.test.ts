import { describe, expect, it } from 'vitest';
import { uncallableTargets } from '../../src/app/transfer-targets.ts';
import type { Config } from '../../src/config.ts';
import { shippedConfig } from '../support/shipped-config.ts';

function config(changes: { enabled?: boolean; asterisk?: Config['asterisk'] } = {}): Config {
  const shipped = shippedConfig();
  const { enabled = true, asterisk = shipped.asterisk } = changes;
  const target = { also: [], callerId: 'agent', ringMs: 20_000, whileRinging: 'ringing' } as const;
  const transferTargets = [
    { ...target, name: 'Bob', endpoint: 'PJSIP/bob' },
    { ...target, name: 'Sales', endpoint: '+442079460005' },
    { ...target, name: 'Desk', endpoint: 'sip:desk@example.com' },
  ];
  return {
    ...shipped,
    asterisk,
    agents: shipped.agents.map((agent) => ({ ...agent, transferTargets })),
    gateways: {
      ...shipped.gateways,
      vonage: { ...shipped.gateways.vonage, enabled, numbers: { '442079460000': '510001' } },
    },
  };
}

describe('targets that can’t be called', () => {
  it('are told of each telephony that the agent is on', () => {
    const [agent] = config().agents.filter(({ extensions }) => extensions.includes('510001'));
    expect(uncallableTargets(config())).toEqual([
      `Vonage can't call PJSIP/bob: callers of "${agent!.id}" can't be put through to "Bob" there`,
      `Asterisk can't call +442079460005: callers of "${agent!.id}" can't be put through to "Sales" there`,
      `Asterisk can't call sip:desk@example.com: callers of "${agent!.id}" can't be put through to "Desk" there`,
    ]);
  });

  it('are told of Vonage alone where there is no Asterisk, and not at all without Vonage', () => {
    expect(uncallableTargets(config({ asterisk: [] }))).toEqual([expect.stringContaining('PJSIP/bob')]);
    expect(uncallableTargets(config({ enabled: false }))).toEqual([]);
  });
});
