import { SentenceSplitter } from '../../dialog/sentence-splitter.ts';

/** `token`: text is handed on as it comes. `sentence`: in sentences, and first a clause. */
export type Feeding = 'sentence' | 'token';

/** Of a first piece that ends at a comma: as the sentence splitter has it. */
const CLAUSE_FROM = 24;
const CLAUSE_END = /[.!?…,;:–—]["'”’»)\]]*\s+$/;

/** A reply's text in the pieces that the synthesiser is to speak. Joined, they are the text. */
export async function* pieces(text: AsyncIterable<string>, feeding: Feeding): AsyncGenerator<string> {
  if (feeding === 'token') {
    yield* text;
    return;
  }
  const splitter = new SentenceSplitter({ firstClauseFrom: CLAUSE_FROM });
  for await (const piece of text) {
    yield* splitter.push(piece);
    // A clause that is handed over as such needn't wait for what follows it.
    if (piece.length >= CLAUSE_FROM && CLAUSE_END.test(piece)) yield* splitter.flush();
  }
  yield* splitter.flush();
}
