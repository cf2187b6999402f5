import { describe, expect, it } from 'vitest';
import { encodeG711 } from '../../../src/media/g711.ts';
import { WebSocket } from 'ws';
import {
  startCartesiaServer,
  type CartesiaServerOptions,
} from '../../support/provider-servers/cartesia-server.ts';
import { fixed, logNormal } from '../../support/provider-servers/delays.ts';
import { alwaysFails } from '../../support/provider-servers/fault-plan.ts';
import { until } from '../../support/leaks.ts';
import { utterance } from '../../support/ring-caller.ts';

describe('delays', () => {
  it('are log-normal with the median and the σ that were asked for, and the same for the same seed', () => {
    const draw = logNormal(200, 0.25, 7);
    const draws = Array.from({ length: 4000 }, draw).sort((a, b) => a - b);
    expect(draws[2000]).toBeGreaterThan(194);
    expect(draws[2000]).toBeLessThan(206);
    // One σ above the median.
    expect(Math.log(draws[Math.round(4000 * 0.8413)]! / 200)).toBeCloseTo(0.25, 1);
    const again = logNormal(200, 0.25, 7);
    const [one, two] = [logNormal(200, 0.25, 7), logNormal(200, 0.25, 8)];
    expect(again()).toBe(one());
    expect(two()).not.toBe(again());
  });
});

/** A client of our own: what the server says and after how many milliseconds of sound. */
async function listen(options: CartesiaServerOptions): Promise<{ type: string; afterMs: number }[]> {
  const server = await startCartesiaServer(options);
  const socket = new WebSocket(
    `${server.url.replace('http', 'ws')}/stt/turns/websocket?model=ink-2&encoding=pcm_mulaw&sample_rate=8000`,
    { headers: { authorization: 'Bearer test-key', 'cartesia-version': '2026-08-14' } },
  );
  const events: { type: string; afterMs: number }[] = [];
  let sentMs = 0;
  socket.on('message', (data: Buffer) => {
    const { type } = JSON.parse(data.toString()) as { type: string };
    events.push({ type, afterMs: sentMs });
  });
  try {
    await until(() => events.length === 1);
    const said = await utterance('Hello there');
    const sound = new Int16Array(said.length + 8000);
    sound.set(said);
    const saidMs = said.length / 8;
    for (let at = 0; at < sound.length; at += 160) {
      socket.send(encodeG711('ulaw', sound.subarray(at, at + 160)));
      sentMs = (at + 160) / 8 - saidMs;
      // The server has heard this before it gets the next.
      const pong = new Promise((resolve) => socket.once('pong', resolve));
      socket.ping();
      await pong;
    }
    return events;
  } finally {
    socket.terminate();
    await server.close();
  }
}

const afterOf = (events: readonly { type: string; afterMs: number }[], type: string): number =>
  events.find((event) => event.type === type)?.afterMs ?? NaN;

describe('the recogniser among the servers', () => {
  it('counts its delays in sound, not in time', async () => {
    const events = await listen({ stt: { eagerEnd: fixed(200), turnEnd: fixed(500) } });
    expect(afterOf(events, 'turn.eager_end')).toBeGreaterThanOrEqual(170);
    expect(afterOf(events, 'turn.eager_end')).toBeLessThanOrEqual(230);
    expect(afterOf(events, 'turn.end')).toBeGreaterThanOrEqual(470);
    expect(afterOf(events, 'turn.end')).toBeLessThanOrEqual(530);
    expect(events.map(({ type }) => type).filter((type) => type !== 'turn.update')).toEqual([
      'connected',
      'turn.start',
      'turn.eager_end',
      'turn.end',
    ]);
  });

  it('takes an early end back between it and the end', async () => {
    const events = await listen({
      stt: { eagerEnd: fixed(200), turnEnd: fixed(600), takesBack: () => true },
    });
    expect(afterOf(events, 'turn.resume')).toBeGreaterThan(afterOf(events, 'turn.eager_end'));
    expect(afterOf(events, 'turn.resume')).toBeLessThan(afterOf(events, 'turn.end'));
  });
});

describe('faults', () => {
  it('can meet everybody', async () => {
    const faults = alwaysFails({ type: 'status', status: 500 }, /^stt/);
    expect(faults.next('stt-turns')).toEqual(faults.next('stt'));
    expect(faults.next('tts')).toBeUndefined();
    const server = await startCartesiaServer({ faults });
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/stt/websocket`);
    const error = await new Promise<Error>((resolve) => socket.on('error', resolve));
    expect(error.message).toContain('500');
    await server.close();
  });
});
