import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digitOf, DtmfReceiver, parseTelephoneEvent } from '../../src/media/dtmf-event.ts';
import { createRtpFields } from '../../src/media/rtp-packet.ts';

const created = (): { event: number; end: boolean; volume: number; duration: number } => ({
  event: -1,
  end: false,
  volume: -1,
  duration: -1,
});

/** Feeds event packets; gives the keys that were reported. */
class Keypad {
  readonly receiver = new DtmfReceiver();
  keys = '';

  send(
    event: number,
    timestamp: number,
    duration: number,
    more: { end?: boolean; marker?: boolean; ssrc?: number } = {},
  ): void {
    const fields = createRtpFields();
    fields.timestamp = timestamp;
    fields.marker = more.marker ?? false;
    fields.ssrc = more.ssrc ?? 1;
    fields.payloadOffset = 12;
    fields.payloadLength = 4;
    const data = new Uint8Array(16);
    data.set([event, (more.end ? 0x80 : 0) | 10, duration >> 8, duration], 12);
    this.keys += this.receiver.receive(fields, data) ?? '';
  }

  /** A press as RFC 4733 §2.5.1 sends it: updates every 20 ms, the end three times. */
  press(event: number, timestamp: number): void {
    for (let i = 1; i <= 5; i++) this.send(event, timestamp, i * 160, { marker: i === 1 });
    for (let i = 0; i < 3; i++) this.send(event, timestamp, 960, { end: true });
  }
}

describe('a telephone-event packet', () => {
  it('is read as RFC 4733 lays it out', () => {
    const event = created();
    expect(parseTelephoneEvent(Uint8Array.of(99, 11, 0x8a, 0x03, 0x20), 1, 4, event)).toBe(true);
    expect(event).toEqual({ event: 11, end: true, volume: 10, duration: 800 });
    expect(parseTelephoneEvent(Uint8Array.of(0, 0x3f, 0xff, 0xff), 0, 4, event)).toBe(true);
    expect(event).toEqual({ event: 0, end: false, volume: 63, duration: 65_535 });
  });

  it('is refused when it is cut short, and whatever else comes does no harm', () => {
    const event = created();
    expect(parseTelephoneEvent(Uint8Array.of(1, 2, 3), 0, 3, event)).toBe(false);
    expect(parseTelephoneEvent(Uint8Array.of(1, 2, 3, 4), 1, 4, event)).toBe(false);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), fc.nat(40), fc.nat(40), (bytes, offset, length) => {
        const read = parseTelephoneEvent(bytes, offset, length, event);
        expect(read).toBe(length >= 4 && offset + 4 <= bytes.length);
        if (read) expect(event.volume).toBeLessThan(64);
      }),
    );
  });

  it('stands for the sixteen keys', () => {
    const keys = Array.from({ length: 16 }, (_, event) => digitOf(event)).join('');
    expect(keys).toBe('0123456789*#ABCD');
    expect(digitOf(16)).toBeUndefined();
  });
});

describe('a receiver of DTMF', () => {
  it('reports each press once, at its first packet', () => {
    const pad = new Keypad();
    pad.send(5, 1000, 160, { marker: true });
    expect(pad.keys).toBe('5');
    pad.press(5, 1000);
    pad.press(10, 9000);
    pad.press(5, 17_000);
    pad.press(5, 25_000);
    expect(pad.keys).toBe('5*55');
  });

  it('reports a press of which only the end arrived', () => {
    const pad = new Keypad();
    pad.send(1, 1000, 960, { end: true });
    pad.send(1, 1000, 960, { end: true });
    pad.send(2, 5000, 800, { end: true });
    expect(pad.keys).toBe('12');
  });

  it('is not confused by stragglers of the press before', () => {
    const pad = new Keypad();
    pad.press(1, 1000);
    pad.send(2, 5000, 160, { marker: true });
    pad.send(1, 1000, 960, { end: true });
    pad.send(2, 5000, 320);
    expect(pad.keys).toBe('12');
  });

  it('takes a key held for more than eight seconds for one press', () => {
    const pad = new Keypad();
    for (const segment of [0, 1, 2]) {
      const timestamp = (0xfffff000 + segment * 0xffff) >>> 0;
      pad.send(9, timestamp, 160, { marker: segment === 0 });
      pad.send(9, timestamp, 0xffff);
    }
    expect(pad.keys).toBe('9');
  });

  it('follows a new stream, and a sender that set its timestamps anew', () => {
    const pad = new Keypad();
    pad.press(1, 500_000);
    pad.send(1, 500_000, 160, { ssrc: 2 });
    pad.send(3, 1000, 160, { ssrc: 2, marker: true });
    expect(pad.keys).toBe('113');
  });

  it('reports no key for other events, and counts what is malformed', () => {
    const pad = new Keypad();
    pad.press(16, 1000);
    const fields = createRtpFields();
    fields.payloadLength = 3;
    expect(pad.receiver.receive(fields, new Uint8Array(3))).toBeUndefined();
    expect(pad.keys).toBe('');
    expect(pad.receiver.malformed).toBe(1);
  });
});
