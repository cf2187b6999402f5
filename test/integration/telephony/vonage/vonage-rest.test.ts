import { createServer } from 'node:net';
import { once } from 'node:events';
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createVonageRest,
  DEFAULT_API_URL,
  regionsBeside,
} from '../../../../src/telephony/vonage/vonage-rest.ts';
import { startVonageCloud, type VonageCloud } from '../../../support/vonage/cloud.ts';
import { startStubApplication, type StubApplication } from '../../../support/vonage/stub-application.ts';

/** A loaded machine takes its time. */
const eventual = <T>(value: () => T) => expect.poll(value, { timeout: 8000, interval: 5 });
const WAIT = [{ action: 'wait', timeout: 60 }];

describe('call control over Vonage’s REST API', () => {
  let cloud: VonageCloud;
  let stub: StubApplication;
  beforeEach(async () => {
    cloud = await startVonageCloud();
    stub = await startStubApplication(({ path }) => (path === '/answer' ? { body: WAIT } : {}));
    cloud.link(stub.urls);
  });
  afterEach(async () => {
    await cloud.close();
    await stub.close();
  });

  function rest(more: { applicationId?: string; privateKey?: string; apiUrl?: string } = {}) {
    return createVonageRest({
      apiUrl: `${cloud.url}/`,
      applicationId: cloud.account.applicationId,
      privateKey: cloud.account.privateKey,
      wallClock: () => Date.now(),
      timeoutMs: 500,
      ...more,
    });
  }

  async function call() {
    const placed = cloud.call({ to: '442079460000', from: '447700900000' });
    await eventual(() => placed.nccos.length).toBe(1);
    return placed;
  }

  it('hangs up, and says when there is nobody to hang up', async () => {
    const placed = await call();
    expect(await rest().hangUp(placed.uuid)).toBe(true);
    expect(await placed.ended).toContain('REST');
    expect(await rest().hangUp(placed.uuid)).toBe(false);
  });

  it('says whether a call goes on', async () => {
    const placed = await call();
    expect(await rest().isOver(placed.uuid)).toBe(false);
    await placed.hangUp();
    expect(await rest().isOver(placed.uuid)).toBe(true);
    expect(await rest().isOver('no-such-call')).toBe(true);
    cloud.failNext(500);
    await expect(rest().isOver(placed.uuid)).rejects.toMatchObject({ code: 'VONAGE_REQUEST_FAILED' });
  });

  it('moves a call to another NCCO', async () => {
    const placed = await call();
    await rest().transfer(placed.uuid, [{ action: 'talk', text: 'Goodbye.' }]);
    await placed.ended;
    expect(placed.spoken).toEqual(['Goodbye.']);
  });

  it('sends keys', async () => {
    const placed = await call();
    await rest().sendDtmf(placed.uuid, '12p#');
    expect(placed.digitsHeard.join('')).toBe('12p#');
  });

  it('goes to the region that carries the call, as another one knows nothing of it', async () => {
    const regional = await startVonageCloud({ account: cloud.account, region: '/eu-3' });
    regional.link(stub.urls);
    const placed = regional.call({ to: '442079460000', from: '447700900000' });
    await eventual(() => placed.nccos.length).toBe(1);
    const central = createVonageRest({
      apiUrl: regional.url,
      regionOf: (regionUrl) => regionUrl || undefined,
      applicationId: regional.account.applicationId,
      privateKey: regional.account.privateKey,
      wallClock: () => Date.now(),
    });
    expect(await central.hangUp(placed.uuid)).toBe(false);
    await expect(central.at('').sendDtmf(placed.uuid, '1')).rejects.toThrow('no such call');
    const there = central.at(regional.regionUrl);
    await there.sendDtmf(placed.uuid, '1');
    expect(placed.digitsHeard).toEqual(['1']);
    await there.transfer(placed.uuid, [{ action: 'wait', timeout: 60 }]);
    expect(await there.hangUp(placed.uuid)).toBe(true);
    await regional.close();
  });

  it('gives its tokens to no host but Vonage’s, and to none at all beside an address that was chosen', () => {
    const regionOf = regionsBeside(DEFAULT_API_URL);
    expect(regionOf?.('https://api-us-3.vonage.com')).toBe('https://api-us-3.vonage.com');
    expect(regionOf?.('https://api-eu-1.nexmo.com/')).toBe('https://api-eu-1.nexmo.com');
    const others = [
      '',
      'x',
      'http://api-us-3.vonage.com',
      'https://vonage.com.example',
      'https://evilvonage.com',
    ];
    expect(others.map((url) => regionOf?.(url))).toEqual(others.map(() => undefined));
    expect(regionsBeside('https://api-us-3.vonage.com')).toBeUndefined();
  });

  it('tries once more what may pass', async () => {
    const placed = await call();
    cloud.failNext(503);
    await rest().sendDtmf(placed.uuid, '1');
    expect(cloud.requests.map(({ status }) => status)).toEqual([503, 200]);
    cloud.failNext(503, 429);
    await expect(rest().sendDtmf(placed.uuid, '1')).rejects.toMatchObject({
      code: 'VONAGE_REQUEST_FAILED',
      message: expect.stringContaining('429') as string,
    });
  });

  it('reads a key whose line breaks were written as \\n', async () => {
    const placed = await call();
    const privateKey = cloud.account.privateKey.replaceAll('\n', '\\n');
    expect(await rest({ privateKey }).hangUp(placed.uuid)).toBe(true);
  });

  it('says what is wrong', async () => {
    const placed = await call();
    const other = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const failure = (message: string): object => ({
      code: 'VONAGE_REQUEST_FAILED',
      message: expect.stringContaining(message) as string,
    });
    await expect(rest({ privateKey: other.privateKey }).hangUp(placed.uuid)).rejects.toMatchObject(
      failure('the application id or its private key'),
    );
    await expect(rest().sendDtmf('no-such-call', '1')).rejects.toMatchObject(failure('no such call'));
    expect(() => rest({ privateKey: 'not a key' })).toThrow('an RSA key in PEM is needed');
  });

  it('gives up on a host that says nothing', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const apiUrl = `http://127.0.0.1:${port}`;
    await expect(rest({ apiUrl }).hangUp('any')).rejects.toMatchObject({ code: 'VONAGE_REQUEST_FAILED' });
    silent.close();
  });
});
