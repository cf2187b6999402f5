import { PacedPlayer } from '../../../src/gateways/vonage/paced-player.ts';
import { MediaStatsBlock, createMediaStats } from '../../../src/gateways/media-stats-block.ts';
import { createPlayoutAccounts, PlayoutAccounts } from '../../../src/gateways/playout/playout-accounts.ts';
import {
  createPlayoutRing,
  PlayoutRingWriter,
  SLOT_END,
} from '../../../src/gateways/playout/playout-ring.ts';
import type { PlayoutReport } from '../../../src/gateways/playout/playout-source.ts';
import { createAudioRing } from '../../../src/media/audio-ring.ts';
import { createFlushLine, FlushLine } from '../../../src/media/flush-line.ts';

const RATE_HZ = 8000;
const FRAME_SAMPLES = RATE_HZ / 50;

type Item = { readonly frame: number } | { readonly notify: number };

/**
 * A paced player and a far side with a buffer, both in simulated time: a frame every 20 ms on either side,
 * answers after `lagMs`. Nothing waits for a real clock.
 */
export class SimulatedFarSide {
  readonly reports: PlayoutReport[] = [];
  readonly commands: string[] = [];
  readonly player: PacedPlayer;
  readonly #line: FlushLine;
  readonly #accounts: PlayoutAccounts;
  readonly #writer: PlayoutRingWriter;
  readonly #pushed = new Map<number, number>();
  readonly #answers: { readonly at: number; readonly deliver: () => void }[] = [];
  #queue: Item[] = [];
  now = 1000;
  #frame = 0;
  /** Frames that the caller has heard. */
  heard = 0;
  /** … which of their utterance they were, from 1; 0: one that faded out. */
  readonly ear: number[] = [];
  lagMs = 60;
  /** Nothing is played. */
  stalled = false;
  /** No `notify` is answered. */
  mute = false;
  /** The next answer is lost. */
  loseAnswer = false;

  constructor() {
    const playout = {
      ring: createPlayoutRing({ frameBytes: FRAME_SAMPLES * 2, silenceByte: 0, slots: 1000 }),
      flushLine: createFlushLine(),
      accounts: createPlayoutAccounts(),
    };
    this.#line = new FlushLine(playout.flushLine);
    this.#accounts = new PlayoutAccounts(playout.accounts);
    this.#writer = new PlayoutRingWriter(playout.ring);
    this.player = new PacedPlayer({
      playout,
      sent: createAudioRing(RATE_HZ),
      stats: new MediaStatsBlock(createMediaStats()),
      sink: {
        ready: true,
        audio: (frame) =>
          this.#queue.push({ frame: (frame.at(-2) as number) | ((frame.at(-1) as number) << 8) }),
        command: (text) => {
          this.#onCommand(text);
        },
      },
      report: (report) => this.reports.push(report),
    });
    this.player.attach();
  }

  /** An utterance of so many frames is written at once. */
  write(utterance: number, frames: number): void {
    for (let n = 1; n <= frames; n += 1) {
      const flags = n === frames ? SLOT_END : 0;
      this.#push(utterance, FRAME_SAMPLES, flags);
    }
  }

  /** … frames of one that goes on. */
  writeSome(utterance: number, frames: number): void {
    for (let n = 0; n < frames; n += 1) {
      this.#push(utterance, FRAME_SAMPLES, 0);
    }
  }

  /** … the end of it, behind all that was written. */
  end(utterance: number): void {
    this.#push(utterance, 0, SLOT_END);
  }

  #push(utterance: number, samples: number, flags: number): void {
    const position = this.#pushed.get(utterance) ?? 0;
    this.#pushed.set(utterance, position + samples);
    const pcm = new Uint8Array(new Int16Array(samples).fill(position / FRAME_SAMPLES + 1).buffer);
    this.#writer.push(utterance, this.#line.epoch, position, samples, flags, pcm, 0, pcm.length);
  }

  /** Frames of an utterance that are booked as played. */
  booked(utterance: number): number {
    return this.#accounts.samplesOf(utterance) / FRAME_SAMPLES;
  }

  pause(): void {
    this.#line.pause();
  }

  resume(): void {
    this.#line.resume();
  }

  flush(): void {
    this.#line.flush();
    this.player.applyFlush(this.now);
  }

  /** What was told of an utterance, if anything: its outcome, and its frames. */
  outcome(utterance: number): readonly [string, number] | undefined {
    for (const report of this.reports) {
      if (report.type === 'started') continue;
      const about = report.type === 'flushed' ? report.current : report;
      if (about?.utterance === utterance) return [report.type, about.account.samples / FRAME_SAMPLES];
    }
    return undefined;
  }

  /** Lets `duration` pass, a frame at a time. */
  run(duration: number): void {
    for (const until = this.now + duration; this.now < until;) {
      this.now += 20;
      this.#deliver();
      this.#playOne();
      this.player.tick(this.#frame, this.now, this.now);
      this.#frame += 1;
    }
  }

  /** This side stands still for `duration`: what has come meanwhile is read after its late tick. */
  oversleep(duration: number): void {
    for (const until = this.now + duration; this.now < until;) {
      this.now += 20;
      this.#frame += 1;
      this.#playOne();
    }
    this.player.tick(this.#frame - 1, this.now, this.now);
    this.#deliver();
  }

  #playOne(): void {
    if (this.stalled) return;
    for (let item = this.#queue.shift(); item; item = this.#queue.shift()) {
      if ('frame' in item) {
        this.heard += 1;
        this.ear.push(item.frame);
        return;
      }
      this.#answer(item.notify);
    }
  }

  #answer(marker: number): void {
    if (this.mute) return;
    if (this.loseAnswer) {
      this.loseAnswer = false;
      return;
    }
    this.#later(() => this.player.notified(marker, this.now));
  }

  #onCommand(text: string): void {
    this.commands.push(text);
    const { action, payload } = JSON.parse(text) as { action: string; payload?: { marker: number } };
    if (action === 'notify' && payload) this.#queue.push({ notify: payload.marker });
    if (action !== 'clear') return;
    this.#queue = [];
    this.#later(() => {
      this.player.cleared();
    });
  }

  #later(deliver: () => void): void {
    this.#answers.push({ at: this.now + this.lagMs, deliver });
  }

  #deliver(): void {
    while ((this.#answers[0]?.at ?? Infinity) <= this.now) this.#answers.shift()?.deliver();
  }
}
