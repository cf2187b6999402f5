import { seeded } from '../../src/providers/embedded/random.ts';

/** Repeatable chance: what is drawn depends on the words of the seed and on nothing else. */
export class Random {
  /** Uniform, 0 … 1. */
  readonly next: () => number;

  constructor(...seed: readonly (string | number)[]) {
    this.next = seeded(hash(seed.join('|')));
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** White noise, −1 … 1. */
  white(): number {
    return 2 * this.next() - 1;
  }

  pick<T>(of: readonly T[]): T {
    return of[Math.floor(this.next() * of.length)] as T;
  }

  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }

  /** A duration around `median` that is never negative. */
  logNormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal());
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}
