import type { Milliseconds } from '../../lib/clock.ts';
import { FRAME_MS } from '../../media/audio.ts';
import { codecOf } from '../../media/codec.ts';
import { createRtcpFields, parseRtcp } from '../../media/rtcp.ts';
import { createRtpFields, parseRtp } from '../../media/rtp-packet.ts';
import { MediaStatsBlock, STAT } from '../media-stats-block.ts';
import { InboundStream } from './inbound-stream.ts';
import type { MediaPort, PortSession } from './media-port.ts';
import type { MediaReport, SessionSetup } from './media-protocol.ts';
import { OutboundStream } from './outbound-stream.ts';
import type { Peer } from './peer-table.ts';
import type { PlayoutWheel, RestingMember } from '../playout/playout-wheel.ts';

/** One reader of headers for all sessions of the thread: packets are handled one after the other. */
const fields = createRtpFields();
const control = createRtcpFields();

/** One session as the media thread carries it: its peer, its two streams, its place on the wheel. */
export class RtpLeg implements PortSession, RestingMember {
  readonly port: MediaPort;
  readonly #setup: SessionSetup;
  readonly #wheel: PlayoutWheel;
  readonly #report: (report: MediaReport) => void;
  readonly #stats: MediaStatsBlock;
  readonly #outbound: OutboundStream;
  #inbound: InboundStream | undefined;
  #peer: Peer<PortSession> | undefined;
  /** When it has to tick next. */
  #due: Milliseconds | undefined;

  constructor(
    setup: SessionSetup,
    port: MediaPort,
    wheel: PlayoutWheel,
    report: (report: MediaReport) => void,
  ) {
    this.#setup = setup;
    this.#wheel = wheel;
    this.port = port;
    this.#report = report;
    this.#stats = new MediaStatsBlock(setup.stats);
    const done = (error: Error | null): void => {
      if (error) this.#stats.add(STAT.sendErrors);
    };
    this.#outbound = new OutboundStream(
      setup,
      this.#stats,
      (packet) => {
        if (this.#peer === undefined) return;
        this.#stats.add(STAT.packetsSent);
        this.port.send(packet, this.#peer, done);
      },
      (report) => {
        this.#report({ type: 'playout', session: setup.session, report });
      },
    );
  }

  /** From now on media flows to and from this peer, and to and from no other. */
  attach(address: string, port: number): void {
    if (this.#peer?.address !== address || this.#peer.port !== port) {
      if (this.#peer !== undefined) this.port.release(this.#peer);
      this.#peer = this.port.attach(address, port, this);
    }
    if (this.#inbound === undefined) {
      const begun = this.#stats.get('startedAt');
      const first = this.#wheel.add(this, begun === 0 ? undefined : begun % FRAME_MS);
      if (begun === 0) this.#stats.cells[STAT.startedAt] = first;
      const { session } = this.#setup;
      this.#inbound = new InboundStream(
        this.#setup,
        this.#stats,
        (digit) => {
          this.#report({ type: 'dtmf', session, digit });
        },
        (codec) => {
          this.#report({ type: 'codec', session, codec });
        },
      );
    }
    this.#report({ type: 'attached', session: this.#setup.session });
  }

  receive(data: Uint8Array, length: number, peer: Peer<PortSession>, now: Milliseconds): void {
    const malformed = parseRtp(data, length, fields);
    if (malformed !== undefined) {
      if (malformed === 'rtcp') this.#receiveControl(data, length, peer, now);
      else this.#stats.add(STAT.packetsMalformed);
      return;
    }
    if (isOfTheCallBefore(fields.ssrc, peer, now)) return;
    peer.ssrc = fields.ssrc;
    this.#stats.cells[STAT.lastReceivedAt] = now;
    this.#inbound?.receive(fields, data, now);
  }

  /** RTCP on RTP's port (RFC 5761): what the peer says of our stream, and that it leaves. */
  #receiveControl(data: Uint8Array, length: number, peer: Peer<PortSession>, now: Milliseconds): void {
    if (!parseRtcp(data, length, this.#setup.ssrc, control)) {
      this.#stats.add(STAT.packetsMalformed);
      return;
    }
    if (isOfTheCallBefore(control.ssrc, peer, now)) return;
    const { cells } = this.#stats;
    this.#stats.add(STAT.rtcpReceived);
    this.#stats.add(STAT.goodbyesReceived, control.goodbyes);
    if (!control.reported) return;
    cells[STAT.reportedLost] = control.lost;
    cells[STAT.reportedJitterMs] = (control.jitterTicks * 1000) / codecOf(this.#setup.codec).clockRateHz;
  }

  get isReady(): boolean {
    return this.#outbound.isReady;
  }

  tick(deadline: Milliseconds, now: Milliseconds): void {
    const startedAt = this.#stats.cells[STAT.startedAt] as number;
    // What a stall has left out was due before this.
    this.#due ??= startedAt + this.#outbound.nextFrame * FRAME_MS;
    const lateness = now - Math.min(deadline, this.#due);
    this.#due = deadline + FRAME_MS;
    if (!this.#outbound.tick(deadline - startedAt, now)) this.#wheel.rest(this);
    this.#stats.countLateness(lateness);
    this.#inbound?.tick(now);
  }

  applyFlush(): void {
    this.#outbound.applyFlush();
  }

  displaced(): void {
    this.#peer = undefined;
    this.#wheel.remove(this);
    this.#report({
      type: 'lost',
      session: this.#setup.session,
      reason: 'another call attached to the same peer',
    });
  }

  close(): void {
    this.#wheel.remove(this);
    if (this.#peer !== undefined) this.port.release(this.#peer);
    this.#peer = undefined;
    this.#outbound.close();
    this.#inbound?.close();
  }
}

/** The peer belonged to another call a moment ago, of which this is a straggler. */
function isOfTheCallBefore(ssrc: number, peer: Peer<PortSession>, now: Milliseconds): boolean {
  return ssrc === peer.quarantinedSsrc && now < peer.quarantinedUntil;
}
