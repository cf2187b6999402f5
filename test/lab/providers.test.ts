import { describe, expect, it } from 'vitest';
import { modelKind, providersKind } from '../../lab/providers.ts';
import {
  assumptionLines,
  CLOUD_ASSUMPTIONS,
  cloudAssumptions,
  cloudDelays,
} from '../support/provider-servers/cloud-delays.ts';

describe('PROVIDERS=', () => {
  it('is embedded where nothing is said', () => {
    expect(providersKind({})).toBe('embedded');
    expect(providersKind({ PROVIDERS: '' })).toBe('embedded');
    expect(providersKind({ PROVIDERS: 'emulated' })).toBe('emulated');
  });

  it('is told what else it can be', () => {
    expect(() => providersKind({ PROVIDERS: 'emulate' })).toThrow(
      'PROVIDERS=emulate is not known; it can be embedded, emulated, cloud.',
    );
  });

  it('wants keys for the real cloud', () => {
    expect(() => providersKind({ PROVIDERS: 'cloud', GROQ_API_KEY: 'gsk_1' })).toThrow(
      'PROVIDERS=cloud needs CARTESIA_API_KEY in the environment',
    );
    expect(
      providersKind({ PROVIDERS: 'cloud', GROQ_API_KEY: 'gsk_1', CARTESIA_API_KEY_FILE: '/run/key' }),
    ).toBe('cloud');
  });
});

describe('MODEL=', () => {
  it('is Groq’s where nothing is said, and told what else it can be', () => {
    expect(modelKind({})).toBe('groq');
    expect(modelKind({ PROVIDERS: 'emulated', MODEL: 'small' })).toBe('small');
    expect(() => modelKind({ PROVIDERS: 'emulated', MODEL: 'tiny' })).toThrow(
      'MODEL=tiny is not known; it can be groq, strict, thinking, small.',
    );
    expect(() => modelKind({ MODEL: 'small' })).toThrow('say PROVIDERS=emulated, too');
  });
});

describe('the assumptions about the cloud', () => {
  it('can be overridden one by one', () => {
    const assumed = cloudAssumptions({ LLM_FIRST_TOKEN_MS: '350', DELAY_SIGMA: '0', STT_TAKEN_BACK: '' });
    expect(assumed).toEqual({ ...CLOUD_ASSUMPTIONS, firstTokenMs: 350, sigma: 0 });
    expect(assumptionLines(assumed).join('\n')).toContain('first token 350 ms');
    expect(cloudDelays(assumed).firstToken()).toBe(350);
  });

  it.each([
    ['LLM_FIRST_TOKEN_MS', 'soon'],
    ['TTS_FIRST_BYTE_MS', '-1'],
    ['STT_TAKEN_BACK', '20'],
  ])('refuse %s=%s', (name, value) => {
    expect(() => cloudAssumptions({ [name]: value })).toThrow(`${name}=${value}`);
  });

  it('are drawn each from a sequence of its own, the same for the same seed', () => {
    const [one, other] = [cloudDelays(CLOUD_ASSUMPTIONS), cloudDelays(CLOUD_ASSUMPTIONS)];
    const first = [one.firstToken(), one.firstToken()];
    other.firstByte();
    expect([other.firstToken(), other.firstToken()]).toEqual(first);
    const share = Array.from({ length: 2000 }, () => one.takesBack()).filter(Boolean).length / 2000;
    expect(share).toBeCloseTo(0.2, 1);
  });
});
