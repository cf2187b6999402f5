import type { Milliseconds } from '../../lib/clock.ts';
import { FRAME_MS } from '../../media/audio.ts';
import { AudioRingWriter, FRAME_FILLER, type AudioRingHandle } from '../../media/audio-ring.ts';
import { FlushLine } from '../../media/flush-line.ts';
import { levelDbov, SILENCE_DBOV } from '../../media/level.ts';
import { type MediaStatsBlock, STAT } from '../media-stats-block.ts';
import { PlayoutRingPreview } from '../playout/playout-ring.ts';
import { type PlayoutHandles, type PlayoutReport, PlayoutSource } from '../playout/playout-source.ts';
import { PlayedAccount } from './played-account.ts';
import { CLEAR_COMMAND, notifyCommand } from './wire.ts';

/** Where the player's messages go: a connection. */
export interface PlayerSink {
  audio(frame: Uint8Array): void;
  command(text: string): void;
  /** False: the connection is stuffed, nothing shall be sent now. */
  readonly ready: boolean;
}

export interface PacedPlayerOptions {
  readonly playout: PlayoutHandles;
  readonly sent: AudioRingHandle;
  readonly stats: MediaStatsBlock;
  readonly sink: PlayerSink;
  readonly report: (report: PlayoutReport) => void;
  /** Frames that are sent ahead of their time (default 3). */
  readonly leadFrames?: number;
  /** The far side is asked every so many frames how far it is (default 5). */
  readonly notifyFrames?: number;
}

/**
 * 60 ms: a pause of this thread or of the network as long as that is not heard. It costs nothing, as the
 * first frame is played when it comes; and what is ahead at a barge-in is cleared.
 */
const LEAD_FRAMES = 3;
/** 100 ms: with what bracket a barge-in's account is certain, whatever the network does. */
const NOTIFY_FRAMES = 5;
/**
 * What the far side's word makes our clock wait, beyond what it has waited for that word: more is a delay of
 * this thread, which reads what came meanwhile after its return.
 */
const HOLD_MAX_FRAMES = 10;
/** A far side that is waited for is asked once more: one lost answer shall not cost the connection. */
const ASK_AGAIN_MS = 1000;

/**
 * The agent's voice on its way to a far side that has a buffer of its own and plays it by its own clock.
 * Each tick plays one frame by our clock: it is booked and goes into the `sent` ring. The connection is
 * up to `leadFrames` ahead of that. Nothing is sent while there is nothing to say: so the first frame of
 * a reply waits behind nothing, and the far side's buffer starts anew with each reply.
 *
 * A pause takes back what was sent ahead: the far side clears its buffer and gets one frame that fades; what it
 * hasn't played, as far as that is known (`PlayedAccount`), is sent again when the pause is over.
 */
export class PacedPlayer {
  readonly #options: PacedPlayerOptions;
  readonly #source: PlayoutSource;
  readonly #preview: PlayoutRingPreview;
  readonly #flushLine: FlushLine;
  readonly #sent: AudioRingWriter;
  readonly #account: PlayedAccount;
  readonly #payload: Uint8Array;
  readonly #samples: Int16Array;
  readonly #lead: number;
  readonly #notifyEvery: number;
  /** Frames sent ahead of our clock, and how many there were in all. */
  #ahead = 0;
  #sentFrames = 0;
  /** Of the utterance that is being sent. */
  #sending = { utterance: 0, samples: 0, sinceMarker: 0 };
  /** Frames that our clock waits for the far side. */
  #hold = 0;
  #askAgainMs = ASK_AGAIN_MS;
  #now: Milliseconds = 0;
  #attached = false;

  constructor(options: PacedPlayerOptions) {
    this.#options = options;
    this.#lead = options.leadFrames ?? LEAD_FRAMES;
    this.#notifyEvery = options.notifyFrames ?? NOTIFY_FRAMES;
    this.#account = new PlayedAccount(options.report);
    this.#source = new PlayoutSource(options.playout, (report) => {
      this.#onReport(report);
    });
    this.#preview = new PlayoutRingPreview(options.playout.ring);
    this.#flushLine = new FlushLine(options.playout.flushLine);
    this.#sent = new AudioRingWriter(options.sent);
    this.#payload = new Uint8Array(this.#preview.frameBytes);
    this.#samples = new Int16Array(this.#payload.buffer);
  }

  /** A connection is there; what an earlier one didn't play is sent again. */
  attach(): void {
    this.#attached = true;
    this.#restart();
  }

  /** The connection is gone: nothing is played until there is another one. */
  detach(): void {
    this.#attached = false;
    this.#account.close();
    this.#restart();
  }

  /** The tick of frame `frame` of the timeline; those before it that never came are made up for. */
  tick(frame: number, deadline: Milliseconds, now: Milliseconds): void {
    this.#now = now;
    while (this.#sent.nextFrame < frame) {
      this.#options.stats.add(STAT.ticksSkipped);
      this.#play(deadline - (frame - this.#sent.nextFrame) * FRAME_MS);
    }
    this.#source.applyFlush();
    this.#pauseIfAsked(now);
    // A tick that is caught up was the far side's business: it had what was sent ahead, and no more.
    const caughtUp = now - deadline >= FRAME_MS;
    if (!caughtUp) this.#sendAhead();
    if (!caughtUp && this.#hold === 0 && this.#account.waits(now)) this.#hold = 1;
    this.#play(caughtUp ? deadline : now);
    this.#account.tick(now);
    this.#askAgain();
  }

  /** What was sent ahead is taken back, once. */
  #pauseIfAsked(now: Milliseconds): void {
    if (!this.#attached || !this.#source.paused) return;
    const utterance = this.#source.pausing ?? (this.#ahead > 0 ? this.#sending.utterance : undefined);
    if (utterance === undefined) return;
    if (this.#ahead > 0 || this.#sending.sinceMarker > 0 || this.#account.unconfirmed) {
      this.#options.sink.command(CLEAR_COMMAND);
    }
    this.#account.paused(utterance, this.#source.samplesOf(utterance), now, (samples) => {
      this.#source.takeBack(utterance, samples);
      this.#preview.rewind();
    });
    this.#restart();
  }

  /** How long our clock has been waiting for the far side; 0: it isn't. */
  get waitedMs(): Milliseconds {
    return this.#account.waitedMs(this.#now);
  }

  /** A flush was raised: what is voided isn't sent, and the far side drops what it has. */
  applyFlush(now: Milliseconds): void {
    this.#now = now;
    this.#source.applyFlush();
  }

  /** False: the far side was never asked that. */
  notified(marker: number, now: Milliseconds): boolean {
    this.#now = now;
    const behind = this.#account.notified(marker, now);
    if (behind === undefined) return false;
    if (behind > 0) this.#hold = Math.min(HOLD_MAX_FRAMES, Math.round(behind / FRAME_MS));
    return true;
  }

  cleared(): void {
    this.#account.cleared();
  }

  close(now: Milliseconds): void {
    this.applyFlush(now);
    this.#account.close();
    this.#sent.close();
  }

  #restart(): void {
    this.#ahead = 0;
    this.#hold = 0;
    this.#sending = { utterance: 0, samples: 0, sinceMarker: 0 };
    this.#preview.rewind();
  }

  /** One frame by our clock, at the instant `at`. */
  #play(at: Milliseconds): void {
    if (this.#attached && this.#ahead === 0) this.#source.settle();
    if (this.#hold > 0) this.#hold -= 1;
    else if (
      this.#attached &&
      (this.#ahead > 0 || this.#source.paused) &&
      this.#source.take(this.#payload, at) > 0
    ) {
      if (this.#ahead > 0) this.#ahead -= 1;
      else this.#send(this.#payload.slice()); // the fade of a pause; or a flush came between, and it is of what follows
      this.#account.reached(this.#sentFrames - this.#ahead, at + FRAME_MS);
      const slot = this.#sent.slot;
      slot.set(this.#samples);
      this.#sent.commit(at, levelDbov(slot));
      return;
    }
    this.#sent.slot.fill(0);
    this.#sent.commit(at, SILENCE_DBOV, FRAME_FILLER);
  }

  /** Sends what may be on its way before its time, and the frame whose time it is. */
  #sendAhead(): void {
    if (!this.#attached || this.#source.paused) return;
    this.#account.resumed();
    this.#source.goBackNow();
    while (this.#ahead <= this.#lead && this.#options.sink.ready && this.#preview.peek()) {
      const { utterance, epoch, samples, isEnd } = this.#preview;
      if (this.#flushLine.isVoid(epoch)) {
        this.#source.applyFlush(); // just raised: the far side is told before anything else is sent
        this.#preview.pass();
        continue;
      }
      if (this.#flushLine.isPausedAt(utterance)) return;
      if (samples > 0) {
        const frame = new Uint8Array(this.#preview.frameBytes);
        this.#preview.copy(frame);
        this.#source.fadeIn(frame, utterance, this.#preview.position);
        this.#send(frame);
        this.#ahead += 1;
        if (this.#sending.utterance !== utterance) this.#sending = { utterance, samples: 0, sinceMarker: 0 };
        this.#sending.samples = this.#preview.position + samples;
        this.#sending.sinceMarker += 1;
      }
      this.#preview.pass();
      const { sinceMarker } = this.#sending;
      const ends = (samples === 0 || isEnd) && this.#sending.utterance === utterance;
      if (sinceMarker >= (ends ? 1 : this.#notifyEvery)) this.#mark();
    }
  }

  #askAgain(): void {
    const { waitedMs } = this;
    if (waitedMs === 0) this.#askAgainMs = ASK_AGAIN_MS;
    else if (waitedMs >= this.#askAgainMs) {
      this.#askAgainMs += ASK_AGAIN_MS;
      this.#mark();
    }
  }

  #send(frame: Uint8Array): void {
    this.#options.sink.audio(frame);
    this.#options.stats.add(STAT.packetsSent);
    this.#sentFrames += 1;
  }

  #mark(): void {
    const { utterance, samples } = this.#sending;
    this.#sending.sinceMarker = 0;
    const id = this.#account.mark({ utterance, samples, frame: this.#sentFrames }, this.#now);
    this.#options.sink.command(notifyCommand(id));
  }

  #onReport(report: PlayoutReport): void {
    const { utterance, sinceMarker } = this.#sending;
    if (report.type === 'completed' && report.utterance === utterance && sinceMarker > 0) {
      this.#mark(); // the writer ended it just now, behind frames that are on their way already
    }
    if (report.type === 'flushed') {
      if (this.#attached && (this.#ahead > 0 || sinceMarker > 0 || this.#account.unconfirmed)) {
        this.#options.sink.command(CLEAR_COMMAND);
      }
      this.#ahead = 0;
      this.#hold = 0;
      this.#sending.sinceMarker = 0;
    }
    this.#account.pass(report, this.#now);
  }
}
