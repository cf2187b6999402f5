import { describe, expect, it } from 'vitest';
import { howTo } from '../../lab/docker-up.ts';

const PASSWORDS = { softphone1: 'aaaa', softphone2: 'bbbb' };

describe('What make up says', () => {
  it('prints what a softphone on this machine needs, and how to let other phones in', () => {
    const text = howTo({}, PASSWORDS);
    expect(text).toContain(
      'Register a softphone on this machine (SIP over UDP):\n\n    server    127.0.0.1:5060\n',
    );
    expect(text).toMatch(/user {6}softphone1 +\(or softphone2\)\n {4}password {2}aaaa +\(or bbbb\)\n/);
    expect(text).toContain('make up HOST=');
  });

  it('names the address and the port that phones elsewhere use', () => {
    const text = howTo({ VOICE_AGENT_HOST: '192.168.1.20', SIP_PORT: '5062' }, PASSWORDS);
    expect(text).toContain('Register a softphone (SIP over UDP):\n\n    server    192.168.1.20:5062\n');
    expect(text).not.toContain('make up HOST=');
  });
});
