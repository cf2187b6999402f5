/** What a voice was asked to say, and what it made of it. */
export interface Synthesised {
  readonly text: string;
  readonly samples: Int16Array;
}

/**
 * How many samples of `ear`, from its first on, are `text` as it was synthesised, bit for bit. A voice may have been
 * given the text in any pieces, and its noise is another each time that it speaks: one of them each must be. Throws
 * when one isn't there.
 */
export function samplesHeardOf(text: string, spoken: readonly Synthesised[], ear: Int16Array): number {
  let [rest, at] = [text.trim(), 0];
  while (rest !== '') {
    const versions = spoken.filter((one) => one.text !== '' && rest.startsWith(one.text));
    const said = versions.find(({ samples }) => isAt(samples, ear, at));
    if (!said) {
      throw new Error(`none of ${versions.length} times that "${rest}" was begun is heard at sample ${at}`);
    }
    rest = rest.slice(said.text.length).trimStart();
    at += said.samples.length;
  }
  return at;
}

function isAt(piece: Int16Array, whole: Int16Array, place: number): boolean {
  return place + piece.length <= whole.length && piece.every((sample, i) => sample === whole[place + i]);
}
