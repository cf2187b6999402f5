import { describe, expect, it } from 'vitest';
import { EchoGate } from '../../src/media/echo-gate.ts';

const AGENT_DBOV = -20;

function afterTalking(ms: number, heardDbov: number): { gate: EchoGate; levelDbov: number } {
  const gate = new EchoGate();
  let levelDbov = -127;
  for (let left = ms; left > 0; left -= 20) levelDbov = gate.gate(heardDbov, AGENT_DBOV);
  return { gate, levelDbov };
}

describe('the echo gate', () => {
  it('is open while the agent is silent', () => {
    expect(new EchoGate().gate(-60, -127)).toBe(-127);
  });

  it.each([-25, -30, -35, -45])(
    'learns that the line sends the voice back at %i dB, and keeps 6 dB above that',
    (echoDb) => {
      const { gate, levelDbov } = afterTalking(5000, AGENT_DBOV + echoDb);
      expect(gate.lossDb).toBeCloseTo(-echoDb, 0);
      expect(levelDbov).toBeCloseTo(AGENT_DBOV + echoDb + 6, 0);
    },
  );

  it('takes a line that sends back a little more than expected for what it is', () => {
    expect(afterTalking(1000, AGENT_DBOV - 17).levelDbov).toBeGreaterThan(AGENT_DBOV - 17);
  });

  it('never shuts out a caller as loud as the agent', () => {
    for (const heard of [-50, -45, -40, -37, -36, -35, -34, -30]) {
      const { gate } = afterTalking(2000, heard);
      for (let frame = 0; frame < 500; frame++) gate.gate(heard, AGENT_DBOV);
      expect(gate.gate(AGENT_DBOV, AGENT_DBOV)).toBeLessThan(AGENT_DBOV - 8);
    }
  });

  it("isn't fooled by the caller: what is far above the expected echo teaches nothing", () => {
    const { gate } = afterTalking(5000, -60);
    const before = gate.lossDb;
    for (let frame = 0; frame < 100; frame++) gate.gate(-25, AGENT_DBOV);
    expect(gate.lossDb).toBe(before);
  });

  it('expects echo for half a second after the last word', () => {
    const { gate } = afterTalking(1000, -50);
    for (let frame = 0; frame < 24; frame++) expect(gate.gate(-50, -127)).toBeGreaterThan(-50);
    expect(gate.gate(-50, -127)).toBe(-127);
  });
});
