import { describe, expect, it } from 'vitest';
import {
  kindOfError,
  kindOfStatus,
  ProviderFailure,
  retryAfterIn,
  withoutKeys,
} from '../../src/providers/provider-failure.ts';
import { watchPulse } from '../../src/providers/pulse.ts';
import { ManualClock } from '../support/manual-clock.ts';

function coded(code: string, message = 'x'): Error {
  return Object.assign(new Error(message), { code });
}

describe('a failure of a provider', () => {
  it.each([
    ['ECONNREFUSED', 'refused'],
    ['EHOSTUNREACH', 'refused'],
    ['ENOTFOUND', 'dns'],
    ['EAI_AGAIN', 'dns'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
    ['CERT_HAS_EXPIRED', 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
    ['ETIMEDOUT', 'timeout'],
    ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
    ['UND_ERR_SOCKET', 'cut'],
    ['ECONNRESET', 'cut'],
  ])('of code %s is %s, however deep the code lies', (code, kind) => {
    expect(kindOfError(coded(code))).toBe(kind);
    expect(kindOfError(new Error('fetch failed', { cause: coded(code) }))).toBe(kind);
    expect(kindOfError(new TypeError('failed', { cause: new AggregateError([coded(code)]) }))).toBe(kind);
  });

  it.each([
    [400, 'rejected'],
    [401, 'unauthorized'],
    [402, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'rejected'],
    [408, 'timeout'],
    [429, 'rate-limited'],
    [500, 'server'],
    [503, 'server'],
  ])('of status %d is %s', (status, kind) => {
    expect(kindOfStatus(status)).toBe(kind);
    expect(kindOfError(new Error(`Unexpected server response: ${status}`))).toBe(kind);
  });

  it('has no kind if the error is not one of a provider', () => {
    expect(kindOfError(new Error('what is this'))).toBeUndefined();
    expect(kindOfError('a text')).toBeUndefined();
    const loop = new Error('loop');
    loop.cause = loop;
    expect(kindOfError(loop)).toBeUndefined();
  });

  it('has words without keys, and not too many', () => {
    expect(withoutKeys('bad key sk-1 (sk-1)', ['sk-1', ''])).toBe('bad key … (…)');
    expect(withoutKeys('x'.repeat(9999), [])).toHaveLength(300);
    const failure = new ProviderFailure({
      code: 'LLM_FAILED',
      provider: 'groq',
      kind: 'cut',
      message: 'gone',
    });
    expect(failure.message).toBe('groq: gone (cut)');
    expect(failure.code).toBe('LLM_FAILED');
  });
});

describe('when to ask again', () => {
  const date = 'Wed, 21 Oct 2026 07:28:00 GMT';
  it.each<[Record<string, string>, string, number | undefined]>([
    [{ 'retry-after': '2' }, '', 2000],
    [{ 'retry-after': '0.5' }, '', 500],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:03 GMT', date }, '', 3000],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:20:00 GMT', date }, '', 0],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:03 GMT' }, '', undefined],
    [{ 'retry-after-ms': '300', 'retry-after': '1' }, '', 300],
    [{ 'retry-after': '-1' }, '', undefined],
    [{ 'retry-after': '' }, '', undefined],
    [{}, 'Rate limit reached. Please try again in 1.2s.', 1200],
    [{}, 'Please try again in 1m2.5s.', 62_500],
    [{}, 'Please try again in 240ms.', 240],
    [{}, 'Please retry after 7 seconds.', 7000],
    [{}, 'too many', undefined],
  ])('%j, %j', (headers, message, ms) => {
    expect(retryAfterIn(new Headers(headers), message)).toBe(ms);
  });
});

describe('the pulse of a socket', () => {
  function socket() {
    const listeners: (() => void)[] = [];
    return {
      pings: 0,
      terminated: 0,
      answers: true,
      on(_event: string, listener: () => void) {
        listeners.push(listener);
      },
      ping() {
        this.pings += 1;
        if (this.answers) for (const listener of listeners) listener();
      },
      terminate() {
        this.terminated += 1;
      },
    };
  }

  it('is felt again and again, and its end is noticed', async () => {
    const clock = new ManualClock();
    const subject = socket();
    watchPulse(subject, clock);
    await clock.advance(31_000);
    expect(subject.pings).toBe(2);
    expect(subject.terminated).toBe(0);
    subject.answers = false;
    await clock.advance(20_000);
    expect(subject.terminated).toBe(1);
  });

  it('ends when it is stopped', async () => {
    const clock = new ManualClock();
    const subject = socket();
    watchPulse(subject, clock)();
    await clock.advance(60_000);
    expect(subject.pings).toBe(0);
  });
});
