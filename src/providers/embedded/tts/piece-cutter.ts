/**
 * Cuts a stream of text into pieces to be spoken one by one: sentences, and parts of sentences that
 * would be too long. A piece leaves as soon as its end is certain, so that its sound can be made
 * while the rest is still coming.
 */
export class PieceCutter {
  #text = '';

  /** Takes more text, gives the pieces that are complete now. */
  push(text: string): string[] {
    this.#text += text;
    const pieces: string[] = [];
    for (;;) {
      const end = sentenceEnd(this.#text) ?? overlongEnd(this.#text);
      if (end === undefined) return pieces;
      this.#take(end, pieces);
    }
  }

  /** The text is over: gives what is left. */
  end(): string[] {
    const pieces = this.push('');
    this.#take(this.#text.length, pieces);
    return pieces;
  }

  #take(end: number, pieces: string[]): void {
    const piece = this.#text.slice(0, end).trim();
    this.#text = this.#text.slice(end);
    if (piece !== '') pieces.push(piece);
  }
}

/** About 11 s of speech and 0.1 s of work: no other call waits longer than that for its turn. */
const MAX_PIECE = 200;

/** Shorts whose full stop ends no sentence, unless a line ends with them. */
const SHORT =
  /(?:^|[\s("'])(?:[A-Z]|mr|mrs|ms|dr|st|prof|no|rd|ave|ext|dept|tel|approx|e\.g|i\.e|vs|mon|tues?|wed|thurs?|fri|sat|sun|jan|feb|mar|apr|aug|sept?|oct|nov|dec|[ap]\.m)$/i;

function sentenceEnd(text: string): number | undefined {
  // A line end, or closing punctuation with a blank behind it and what looks like a new beginning.
  for (const match of text.matchAll(/\n+|[.!?…]+["'”’)\]]*(?=\s)/g)) {
    const end = match.index + match[0].length;
    if (match[0].startsWith('\n')) {
      if (text.slice(0, match.index).trim() === '') continue;
      return end;
    }
    const next = /^\s+(\S)/.exec(text.slice(end))?.[1];
    const isStop = match[0].startsWith('.');
    if (!isStop) return end;
    const before = text.slice(0, match.index);
    if (!SHORT.test(before)) {
      if (next === undefined || !/[a-z]/.test(next)) return end;
    } else if (/[ap]\.m$/i.test(before)) {
      if (next === undefined) return undefined; // "9 a.m. on" or "9 a.m. We": the next letter tells
      if (/[A-Z]/.test(next) && !/^\s+(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text.slice(end))) return end;
    }
  }
  return undefined;
}

function overlongEnd(text: string): number | undefined {
  if (text.length <= MAX_PIECE) return undefined;
  const head = text.slice(0, MAX_PIECE);
  const clause = Math.max(...[', ', '; ', ': ', ' – ', ' - '].map((mark) => head.lastIndexOf(mark)));
  if (clause > MAX_PIECE / 3) return clause + 1;
  const blank = head.lastIndexOf(' ');
  return blank > 0 ? blank : MAX_PIECE;
}
