import type { Milliseconds } from '../../lib/clock.ts';
import { FRAME_MS } from '../../media/audio.ts';

/** Something that sends one frame every 20 ms. */
export interface WheelMember {
  /** `deadline`: the instant for which this tick was planned; `now` may be later. */
  tick(deadline: Milliseconds, now: Milliseconds): void;
}

/** … and may have nothing to send for a while. */
export interface RestingMember extends WheelMember {
  /** It has something to send. */
  readonly isReady: boolean;
}

/**
 * After a stall longer than this the missed ticks are left out, all but the last. Within it they are
 * caught up: a phone's jitter buffer (40 ms and more) takes two packets that come late together as
 * if nothing had been, whereas a packet later than the buffer is deep is thrown away by the phone,
 * and the speech in it lost.
 */
const CATCH_UP_MAX_MS = 40;

/** Phases in use are so far apart, as long as there are few members. */
const GRAINS_MS: readonly Milliseconds[] = [4, 2];

/**
 * Paces by absolute deadlines: a step every millisecond of the monotonic clock, 20 phases, a member
 * ticks when the step's phase is its own. Phases are those of the clock itself (instant mod 20), so
 * they mean the same to a restarted thread. Pure: its owner must call `advance` often enough.
 */
export class PlayoutWheel {
  readonly #phases: WheelMember[][] = Array.from({ length: FRAME_MS }, () => []);
  readonly #resting = new Set<RestingMember>();
  readonly #now: () => Milliseconds;
  readonly #crowd: number;
  /** A phase that is in use while others needn't be. */
  #anchor = 0;
  #next = 0;
  #size = 0;
  #stalls = 0;

  /** `crowd`: so many members share a phase before those between are used, and the owner must wake for them. */
  constructor(now: () => Milliseconds, crowd = 0) {
    this.#now = now;
    this.#crowd = crowd;
  }

  get size(): number {
    return this.#size;
  }

  /** How often `advance` came so late that ticks were left out. */
  get stalls(): number {
    return this.#stalls;
  }

  /** Takes `member` in, in the emptiest phase unless one is given. Returns its first deadline. */
  add(member: WheelMember, wanted?: number): Milliseconds {
    if (this.#size === 0) this.#next = Math.floor(this.#now()) + 1;
    const phase = wanted ?? this.#emptiestPhase();
    if (this.#size === 0) this.#anchor = phase;
    (this.#phases[phase] as WheelMember[]).push(member);
    this.#size += 1;
    return this.#next + ((phase - (this.#next % FRAME_MS) + FRAME_MS) % FRAME_MS);
  }

  /** It sends nothing for now. It ticks on; in the step in which it is ready it ticks at once, and its phase is that step's. */
  rest(member: RestingMember): void {
    this.#resting.add(member);
  }

  remove(member: WheelMember): void {
    this.#resting.delete(member as RestingMember);
    for (const phase of this.#phases) {
      const index = phase.indexOf(member);
      if (index < 0) continue;
      phase.splice(index, 1);
      this.#size -= 1;
    }
  }

  /** Runs every step that is due. Returns the instant of the next one in which anybody ticks. */
  advance(): Milliseconds {
    const now = this.#now();
    if (now - this.#next > CATCH_UP_MAX_MS) {
      this.#next = Math.floor(now) - FRAME_MS + 1;
      this.#stalls += 1;
    }
    while (this.#next <= now) {
      const members = this.#phases[this.#next % FRAME_MS] as WheelMember[];
      for (let i = 0; i < members.length; i++) (members[i] as WheelMember).tick(this.#next, now);
      this.#next += 1;
    }
    if (this.#resting.size > 0) {
      this.#rouse(now);
      if (this.#resting.size > 0) return this.#next;
    }
    let next = this.#next;
    while (next < this.#next + FRAME_MS && this.#load(next % FRAME_MS) === 0) next += 1;
    return next;
  }

  #rouse(now: Milliseconds): void {
    const step = this.#next - 1;
    for (const member of this.#resting) {
      if (!member.isReady) continue;
      this.remove(member);
      this.add(member, step % FRAME_MS);
      member.tick(step, now);
    }
  }

  /** Of the emptiest phases the one that comes soonest: a greeting needn't wait. */
  #emptiestPhase(): number {
    if (this.#size === 0) return this.#next % FRAME_MS;
    const grain = GRAINS_MS.find((ms) => this.#size < (FRAME_MS / ms) * this.#crowd) ?? 1;
    let emptiest = this.#anchor;
    for (let step = this.#next; step < this.#next + FRAME_MS; step++) {
      if ((step - this.#anchor) % grain !== 0) continue;
      if (this.#load(step % FRAME_MS) < this.#load(emptiest)) emptiest = step % FRAME_MS;
    }
    return emptiest;
  }

  #load(phase: number): number {
    return (this.#phases[phase] as WheelMember[]).length;
  }
}
