import { describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../../src/lib/http-exchange.ts';
import { createSignatureCheck } from '../../../src/telephony/vonage/signed-webhook.ts';
import { createVonageAccount, signWebhook, type SignatureFault } from '../../support/vonage/account.ts';

const account = createVonageAccount();

function check(more: { apiKey?: string; allowUnsigned?: boolean } = {}) {
  return createSignatureCheck({
    secret: account.signatureSecret,
    applicationId: account.applicationId,
    wallClock: () => Date.now(),
    ...more,
  });
}

function post(body: string, fault: SignatureFault = {}, signed = body): HttpRequest {
  const authorization = signWebhook(account, signed, fault);
  return {
    method: 'POST',
    path: '/event',
    query: '',
    headers: authorization === undefined ? {} : { authorization },
    body,
  };
}

describe('a signed webhook', () => {
  it('is taken when Vonage signed its body', async () => {
    const verdict = await check({ apiKey: account.apiKey }).check(post('{"status":"ringing","to":"44"}'));
    expect(verdict).toMatchObject({ genuine: true });
  });

  it('is taken when Vonage signed its query', async () => {
    const parameters = { to: '442079460000', from: '447700900000', uuid: 'a b+c&d' };
    const request: HttpRequest = {
      method: 'GET',
      path: '/answer',
      query: new URLSearchParams(parameters).toString(),
      headers: { authorization: signWebhook(account, JSON.stringify(parameters)) ?? '' },
      body: '',
    };
    expect(await check().check(request)).toMatchObject({ genuine: true });
    const changed = { ...request, query: request.query.replace('442079460000', '442079460001') };
    expect(await check().check(changed)).toMatchObject({ genuine: false });
  });

  const faults: [string, SignatureFault, RegExp][] = [
    ['without a signature', { kind: 'none' }, /not signed/],
    ['with `alg: none`', { kind: 'unsigned' }, /signature/],
    ['signed with another secret', { kind: 'wrong-secret' }, /not of our secret/],
    ['whose signature is cut off', { kind: 'cut-off' }, /signature/],
    ['whose token is garbage', { kind: 'garbage' }, /signature/],
    ['signed ten minutes ago', { iatShiftS: -600 }, /iat/],
    ['signed in ten minutes', { iatShiftS: 600 }, /iat/],
    ['of somebody else', { claims: { iss: 'Mallory' } }, /iss/],
    ['of another application', { claims: { application_id: 'other' } }, /another application/],
    ['of another account', { claims: { api_key: 'other' } }, /another account/],
    ['without a hash of its content', { claims: { payload_hash: undefined } }, /payload_hash/],
    ['whose hash is no text', { claims: { payload_hash: 5 } }, /not what was signed/],
    ['without an identifier', { claims: { jti: undefined } }, /jti/],
    ['without a time', { claims: { iat: undefined } }, /iat/],
  ];
  it.each(faults)('is refused %s', async (_, fault, why) => {
    const verdict = await check({ apiKey: account.apiKey }).check(post('{"a":1}', fault));
    expect(verdict).toMatchObject({ genuine: false });
    expect('why' in verdict && verdict.why).toMatch(why);
  });

  it('is refused when its body was changed on its way', async () => {
    const verdict = await check().check(post('{"status":"completed"}', {}, '{"status":"ringing"}'));
    expect(verdict).toMatchObject({ genuine: false, why: expect.stringContaining('content') as string });
  });

  it('is known again when it comes twice', async () => {
    const request = post('{"a":1}');
    const first = await check().check(request);
    expect(first).toMatchObject({
      genuine: true,
      token: { content: expect.stringMatching(/^\/event [0-9a-f]{64}$/) as string },
    });
    expect(await check().check(request)).toEqual(first);
    expect(await check().check({ ...request, path: '/fallback' })).not.toEqual(first);
    expect(await check().check(post('{"a":1}'))).not.toEqual(first);
  });

  it('may be missing only if that was permitted, and is never wrong', async () => {
    const lenient = check({ allowUnsigned: true });
    expect(await lenient.check(post('{}', { kind: 'none' }))).toEqual({ genuine: true });
    expect(await lenient.check(post('{}', { kind: 'wrong-secret' }))).toMatchObject({ genuine: false });
  });
});
