import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { languageOf } from '../../../src/dialog/language/known-languages.ts';
import { SentenceSplitter, type SplitterOptions } from '../../../src/dialog/language/sentence-splitter.ts';

function split(text: string, options: SplitterOptions = { firstClauseFrom: 0 }, chunk = 3): string[] {
  const splitter = new SentenceSplitter(options);
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += chunk) pieces.push(...splitter.push(text.slice(at, at + chunk)));
  return [...pieces, ...splitter.flush()].map((piece) => piece.trim());
}

describe('a stream of words becomes sentences', () => {
  it.each([
    ['We are open. Come in! Really? Yes.', ['We are open.', 'Come in!', 'Really?', 'Yes.']],
    ['Ask Dr. Smith or Mrs. Jones. They know.', ['Ask Dr. Smith or Mrs. Jones.', 'They know.']],
    ['It costs 3.50 dollars. Is that okay?', ['It costs 3.50 dollars.', 'Is that okay?']],
    ['We open at 8.30 and close at 6:15. Bye.', ['We open at 8.30 and close at 6:15.', 'Bye.']],
    ['J. R. Miller is in. Shall I call him?', ['J. R. Miller is in.', 'Shall I call him?']],
    ['We close at 5 p.m. on Fridays. Bye.', ['We close at 5 p.m. on Fridays.', 'Bye.']],
    ['We close at 5 p.m. Come early.', ['We close at 5 p.m.', 'Come early.']],
    ['No. We are closed.', ['No.', 'We are closed.']],
    ['Take a fruit, e.g. an apple. It is free.', ['Take a fruit, e.g. an apple.', 'It is free.']],
    ['So do I. And you?', ['So do I.', 'And you?']],
    ['Well... I think so. Really.', ['Well...', 'I think so.', 'Really.']],
    ['He said "Stop." Then he left.', ['He said "Stop."', 'Then he left.']],
    ['First line\nSecond line', ['First line', 'Second line']],
    ['No end at all', ['No end at all']],
  ])('%s', (text, sentences) => {
    for (const chunk of [1, 2, 5, 100]) expect(split(text, { firstClauseFrom: 0 }, chunk)).toEqual(sentences);
  });

  it.each([
    ['de', 'Wir haben z. B. am 3. Mai offen. Das kostet ca. 50 Euro, bzw. mehr.', 2],
    ['de', 'Fragen Sie Dr. Müller od. Frau Prof. Schmidt. Sie sind da, d. h. ab 9 Uhr. Gut?', 3],
    ['de', 'Der 12. Termin ist frei. Wir öffnen um 8.30 Uhr. Bis dann!', 3],
    ['fr', 'M. Dupont arrive à 9 h. Voilà ! Ça va ? Oui.', 4],
    ['es', 'El Sr. García y la Sra. Díaz están. ¿Quiere algo más? ¡Claro!', 3],
    ['es', 'Llame a EE. UU. por la tarde. Vive en EE. UU. Claro.', 3],
    ['it', 'Il Dott. Rossi riceve alle 9. Va bene? Sì, ecc. è tutto.', 3],
    ['pt', 'O Sr. Silva está na Av. Brasil. Pode vir? Sim!', 3],
    ['nl', 'Dhr. Jansen is er, d.w.z. vanaf 9 uur. Komt u? Ja.', 3],
    ['pl', 'Proszę przyjść np. 3. maja na ul. Długą. To wszystko, tzn. tak. Dobrze?', 3],
    ['hi', 'हम नौ बजे खुलते हैं। आप कब आना चाहेंगे? डॉ. शर्मा यहाँ हैं।', 3],
    ['ja', 'はい、明日は九時からです。何時がよろしいですか？「はい。」ですね。', 4],
    ['zh', '我们九点开门。您想几点来？好的！', 3],
    ['zh', '请问 Dr. Smith 在吗？他在。', 2],
    ['ja', 'Mr. Smith はいますか？はい。', 2],
    ['en', 'It opens at nine. 5 people wait. No. 5 is theirs.', 3],
  ])('%s: %s', (code, text, count) => {
    const language = languageOf(code);
    for (const chunk of [1, 2, 5, 100]) {
      const pieces = split(text, { language, firstClauseFrom: 0 }, chunk);
      expect(pieces, pieces.join(' | ')).toHaveLength(count);
      expect(pieces.every((piece) => !/^[」』”»)]/u.test(piece))).toBe(true);
    }
  });

  it.each([
    ['en', 'See fig. 3 for it.| Ok.'],
    ['en', 'Well... maybe.| Yes.'],
    ['en', 'Wait… what?| No.'],
    ['en', '"Are you open?" she asked.| Yes.'],
    ['en', 'It is a 5 min. walk.| Ok.'],
    ['en', 'Open Mon. to Fri. and Sept. 3 to Dec. 4.| Ok.'],
    ['en', 'Sen. Brown, Gov. White, Rev. Black.| Ok.'],
    ['en', 'Ph.D. students come.| Ok.'],
    ['en', 'He sees a dent. hygienist.| Ok.'],
    ['de', 'inkl. MwSt. und zzgl. Versand.| Ja.'],
    ['de', 'Die Firma Meyer GmbH & Co. KG.| Ja.'],
    ['de', 'Ludwig XIV. war König.| Ja.'],
    ['de', 'Dipl.-Ing. Maier kommt.| Ja.'],
    ['de', 'z. Zt. geschlossen.| Ja.'],
    ['de', 'Hbf. und Bhf. sind nah.| Ja.'],
    ['de', 'Fa. Meier, Inh. Kunz.| Ja.'],
    ['de', 'Ihre Vers. zahlt das.| Ja.'],
    ['fr', 'Il dit « Oui. »| Puis il part.'],
    ['fr', 'max. 5 pers. par table.| Oui.'],
    ['fr', 'réf. 45 et art. 7.| Oui.'],
    ['fr', 'Cie. Air, Ets. Paul.| Oui.'],
    ['es', 'A las 9 a. m. abrimos.| Sí.'],
    ['es', 'aprox. 5 min. a pie.| Sí.'],
    ['es', 'Sta. Cruz y Sto. Tomás.| Sí.'],
    ['es', 'Lic. Paz, Ing. Rey, Col. Roma.| Sí.'],
    ['it', 'St. Moritz è bella.| Sì.'],
    ['it', 'Egr. Sig. Rossi.| Sì.'],
    ['it', 'pag. 3 e art. 5 int. 6.| Sì.'],
    ['nl', 'max. 5 pers. per tafel.| Ja.'],
    ['nl', 'ma. t/m vr. open.| Ja.'],
    ['nl', 'evt. morgen, resp. nu.| Ja.'],
    ['nl', 't.a.v. Jan.| Ja.'],
    ['pl', 'tj. jutro, zob. str. 3.| Tak.'],
    ['pl', 'ul. Długa 5.| Tak.'],
    ['pl', 'sp. z o.o. działa.| Tak.'],
    ['pl', 'Jan III. był królem.| Tak.'],
    ['pl', 'Dnia 3. i 4. maja.| Tak.'],
    ['pl', 'pp. Nowak i Kowal.| Tak.'],
    ['pt', 'Ltda. e Cia. abertas.| Sim.'],
    ['pt', 'seg. a sex. aberto.| Sim.'],
    ['pt', 'Eng. Sá e Arq. Luz, cap. 6.| Sim.'],
    ['hi', 'ए. के. सिंह आए।| हाँ।'],
    ['hi', 'बी. ए. पास हैं.| हाँ.'],
    ['hi', 'कु. रीना और पं. राम आए।| हाँ।'],
  ])('%s: %s, also where what follows comes late', (code, marked) => {
    const pieces = marked.split('|');
    for (const chunk of [1, 2, 5, 100]) {
      const language = languageOf(code);
      expect(split(pieces.join(''), { language, firstClauseFrom: 0 }, chunk)).toEqual(
        pieces.map((piece) => piece.trim()),
      );
    }
  });

  it('ends a German sentence with a word that is also a shortening', () => {
    const pieces = ['Das ist leider so.', 'Wir öffnen So. 10 Uhr.'];
    expect(split(pieces.join(' '), { language: languageOf('de') }, 1)).toEqual(pieces);
  });

  it('cuts Thai, which marks no end, at spaces, into clauses that are worth speaking', () => {
    const text = 'สวัสดีค่ะ ยินดีต้อนรับ วันนี้ให้ช่วยอะไรคะ ร้านเปิดเก้าโมงเช้าถึงห้าโมงเย็น มาได้ทุกวันนะคะ';
    const pieces = split(text, { language: languageOf('th') }, 1);
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.join(' ')).toBe(text);
  });

  it('cuts Thai neither beside a figure nor behind a shortening nor before the mark of repetition', () => {
    const pieces = [
      'ร้านของเราเปิดให้บริการวันที่ 3 พ.ค. 2569 เวลา 9 โมงเช้าค่ะ',
      'พบทันตแพทย์ของเราคือ ดร. สมชาย',
      'กับทันตแพทย์คนอื่น ๆ อีกสามคนได้ทุกวันค่ะ',
      'แล้วพบกันค่ะ',
    ];
    expect(split(pieces.join(' '), { language: languageOf('th') }, 1)).toEqual(pieces);
  });

  it('begins Chinese and Japanese with a clause, too, though no space follows it', () => {
    const first = (code: string, text: string): string | undefined =>
      split(text, { language: languageOf(code) }, 1)[0];
    expect(first('zh', '您好这里是春天牙科，请问有什么可以帮您？')).toBe('您好这里是春天牙科，');
    expect(first('ja', 'お電話ありがとうございます、青山歯科です。')).toBe('お電話ありがとうございます、');
  });

  it('gives a sentence out as soon as the next word begins, not when the reply is complete', () => {
    const splitter = new SentenceSplitter();
    expect(splitter.push('We are closed.')).toEqual([]);
    expect(splitter.push(' ')).toEqual(['We are closed. ']);
    // A short one may be a shortening.
    expect(splitter.push('We are open. ')).toEqual([]);
    expect(splitter.push('W')).toEqual(['We are open. ']);
  });

  it('cuts the very first piece at a clause, so that speech begins early, and no later one', () => {
    const text =
      'Our dentists are Doctor Harper, Doctor Nolan, and others. They are here daily, all of them, today.';
    expect(split(text, { firstClauseFrom: 24 })).toEqual([
      'Our dentists are Doctor Harper,',
      'Doctor Nolan, and others.',
      'They are here daily, all of them, today.',
    ]);
  });

  it('cuts no sentence at a clause that is there as a whole', () => {
    const text = 'Our dentists are Doctor Harper, and Doctor Nolan. They are here, daily.';
    for (const end of [text.indexOf(' They'), text.length]) {
      const splitter = new SentenceSplitter();
      const pieces = [...splitter.push(text.slice(0, end)), ...splitter.push(text.slice(end))];
      expect([...pieces, ...splitter.flush()].map((piece) => piece.trim())).toEqual([
        'Our dentists are Doctor Harper, and Doctor Nolan.',
        'They are here, daily.',
      ]);
    }
  });

  it.each([
    ['…\n\nYes, we do. No.', ['…\n\nYes, we do.', 'No.']],
    ['... We open. **\nAnd close.', ['... We open.', '**\nAnd close.']],
    ['。。。 九点开门。再见。', ['。。。 九点开门。', '再见。']],
    ['¡! ¿Sí?', ['¡! ¿Sí?']],
  ])('has no piece without a word: %j', (text, pieces) => {
    for (const chunk of [1, 3, text.length])
      expect(split(text, { firstClauseFrom: 0 }, chunk)).toEqual(pieces);
  });

  it.each([
    ['We open at nine. On Sundays we', ['We open at nine. ']],
    ['We open on weekdays from nine to five, on Sundays we', ['We open on weekdays from nine to five,']],
    ['We open on weekdays from', ['We open on weekdays from']],
    ['我们周一到周五九点开门，周日', ['我们周一到周五九点开门，']],
  ])('of a text that was cut off, %j, gives what makes sense', (text, pieces) => {
    const splitter = new SentenceSplitter({ firstClauseFrom: 0 });
    expect([...splitter.push(text), ...splitter.flushCut()]).toEqual(pieces);
  });

  it('cuts what never ends at a space', () => {
    const pieces = split('word '.repeat(200), { firstClauseFrom: 0, longest: 100 });
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(101);
  });

  it('never loses, doubles or reorders a character, whatever comes', () => {
    const text = fc.array(
      fc.oneof(
        fc.constantFrom('. ', '? ', '! ', ', ', 'Dr. ', '3.5', '\n', ' ', '"', '...', 'p.m. ', 'A. ', '。'),
        fc.string({ maxLength: 12, unit: 'grapheme' }),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(text, fc.nat(40), fc.nat(60), fc.constantFrom('en', 'de', 'ja', 'th', 'xx'), (...args) => {
        const [chunks, firstClauseFrom, longest, code] = args;
        const language = languageOf(code);
        const splitter = new SentenceSplitter({ language, firstClauseFrom, longest: longest + 1 });
        const pieces = [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.flush()];
        expect(pieces.join('')).toBe(chunks.join(''));
        expect(pieces.every((piece) => piece !== '')).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('when nobody knows what was to follow', () => {
  it.each([
    ['We open at eight. ', ['We open at eight.']],
    ['We open at eight.', ['We open at eight.']],
    ['We open at eight. And we', ['We open at eight.']],
    ['We open at', []],
    ['Please ask for Dr. ', []],
    ['', []],
  ])('of %j the whole sentences are given, and nothing later', (text, sentences) => {
    const splitter = new SentenceSplitter({ firstClauseFrom: 0 });
    const pieces = [...splitter.push(text), ...splitter.flushSentences()];
    expect(pieces.map((piece) => piece.trim())).toEqual(sentences);
    expect(splitter.flush()).toEqual([]);
  });
});
