import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { languageOf } from '../../../src/dialog/language/known-languages.ts';
import { PlainSpeech } from '../../../src/dialog/language/plain-speech.ts';

function said(text: string, code: string, length: number): string {
  const plain = new PlainSpeech(languageOf(code));
  let all = '';
  for (let at = 0; at < text.length; at += length) all += plain.push(text.slice(at, at + length));
  return (all + plain.flush())
    .replaceAll('\n', ' ')
    .replaceAll(/ +/g, ' ')
    .replaceAll(/ (?=[.,])/g, '')
    .trim();
}

const READ: readonly (readonly [code: string, written: string, spoken: string])[] = [
  ['en', 'We open at nine.', 'We open at nine.'],
  // Our own marks
  ['en', 'Yes. [interrupted]', 'Yes.'],
  ['en', '[interrupted] Yes.', 'Yes.'],
  ['en', '[caller is silent]', ''],
  ['en', 'Well [says nothing], yes.', 'Well, yes.'],
  ['en', '[pressed the keys 2] Billing it is.', 'Billing it is.'],
  // What nobody sees
  ['en', 'We\u0000 open\u200b at ni\u00adne\uFFFD.', 'We open at nine.'],
  ['en', 'We offer:\r\n---\r\n1. Cleaning\r\n2. Braces', 'We offer: Cleaning. Braces.'],
  ['en', 'Sure \ud83d.', 'Sure.'],
  // Markdown
  ['en', 'A **cleaning** is *quick* and __safe__.', 'A cleaning is quick and safe.'],
  ['en', '**\nYes.', 'Yes.'],
  ['en', '# Hours\nWe open at nine.', 'Hours. We open at nine.'],
  ['en', 'We offer:\n1. Cleaning\n2. Whitening\n3. Braces', 'We offer: Cleaning. Whitening. Braces.'],
  [
    'en',
    'We offer:\n\n- Cleaning\n* Whitening\n• Braces.\n\nWhich one?',
    'We offer: Cleaning. Whitening. Braces. Which one?',
  ],
  ['en', '1) **Cleaning**: quick\n2) Braces', 'Cleaning: quick. Braces.'],
  ['en', '> We open at nine.', 'We open at nine.'],
  ['en', '**Anything else?**. *Sure!*.', 'Anything else? Sure!'],
  ['en', '- [x] Cleaning\n- [ ] Braces', 'Cleaning. Braces.'],
  ['en', '| Service | Price |\n|---|---:|\n| Cleaning | $60 |', 'Service, Price. Cleaning, $60.'],
  ['en', 'Yes.\n\n---\n\nNo.', 'Yes. No.'],
  ['en', '```\nYes.\n```', 'Yes.'],
  ['en', 'Use `opening_hours` now.', 'Use opening hours now.'],
  ['en', '~~Old~~ price \\*new\\*.', 'Old price new.'],
  ['en', 'We have * cleaning * braces.', 'We have, cleaning, braces.'],
  ['en', 'It is 3 * 4.', 'It is 3 × 4.'],
  // Links
  ['en', 'See [our site](https://example.com/a?b=c) now.', 'See our site now.'],
  ['en', 'See https://www.example.com/prices.', 'See example dot com slash prices.'],
  ['en', 'See <https://example.com/>.', 'See example dot com.'],
  ['en', 'Write to info@river-side.com!', 'Write to info at river dash side dot com!'],
  ['de', 'Siehe www.beispiel.de/preise.', 'Siehe beispiel Punkt de Schrägstrich preise.'],
  ['en', '![map](map.png) Here.', 'map Here.'],
  // HTML and speech markup
  ['en', '<b>Yes</b><br>we &amp; you.', 'Yes, we & you.'],
  ['en', '<p>We offer</p><ul><li>Braces</li><li>Whitening</li></ul>.', 'We offer, Braces, Whitening,.'],
  ['en', 'It&#8217;s &euro;5 &ndash; now.', 'It’s €5 – now.'],
  ['en', 'It is \\$5, {{name}}.', 'It is $5,.'],
  ['en', '~5 minutes.', '~5 minutes.'],
  ['en', '>10 people.', '>10 people.'],
  ['en', '#1 choice.', '#1 choice.'],
  ['en', '==Yes==, H~2~O and x^2^.', 'Yes, H2O and x².'],
  ['en', 'Sure :thumbs_up: at 10:30: yes.', 'Sure at 10:30: yes.'],
  ['en', 'Write to ann.lee+x@example.com.', 'Write to ann dot lee plus x at example dot com.'],
  // Accounts and cards
  ['de', 'IBAN DE89 3704 0044 0532 0130 00.', 'IBAN D E 8 9, 3 7 0 4, 0 0 4 4, 0 5 3 2, 0 1 3 0, 0 0.'],
  ['en', 'Card 4111 1111 1111 1234, yes.', 'Card 4 1 1 1, 1 1 1 1, 1 1 1 1, 1 2 3 4, yes.'],
  ['de', 'Unter (0 30) 12 34 56-0.', 'Unter 0, 3 0, 1 2, 3 4, 5 6, 0.'],
  ['pt', 'Ligue 21 123 4567.', 'Ligue 2 1, 1 2 3, 4 5 6 7.'],
  ['en', 'Visit example.com/prices?x=1 today.', 'Visit example dot com slash prices today.'],
  ['zh', '5元/月', '5元 每 月'],
  ['en', '<speak>Yes<break time="1s"/>.</speak>', 'Yes.'],
  ['en', 'It is 5 < 6 and 7 > 6.', 'It is 5 < 6 and 7 > 6.'],
  // Emoji
  ['en', 'Sure! 😀 See you 👍🏽👨‍👩‍👧 🇩🇪.', 'Sure! See you.'],
  ['en', '👋 Hello 1️⃣ :-)', 'Hello 1'],
  ['en', 'Home → office ✓', 'Home, office'],
  ['en', '*smiles* Sure! (laughs) See *you*.', 'Sure! See you.'],
  ['de', 'Gern. *lacht* Bis bald (nickt).', 'Gern. Bis bald.'],
  // Per
  ['en', 'It costs $5/month.', 'It costs $5 per month.'],
  ['de', 'Das kostet 5 €/Monat.', 'Das kostet 5 € pro Monat.'],
  ['fr', 'Cela coûte 5€/mois.', 'Cela coûte 5€ par mois.'],
  // Telephone numbers, figure by figure
  ['en', 'Call 020 7946 0018 now.', 'Call 0 2 0, 7 9 4 6, 0 0 1 8 now.'],
  ['en', 'Call (555) 010-4477.', 'Call 5 5 5, 0 1 0, 4 4 7 7.'],
  ['en', 'Call 555-0199.', 'Call 5 5 5, 0 1 9 9.'],
  ['en', 'It is 5550199, right?', 'It is 5 5 5, 0 1 9 9, right?'],
  ['en', 'Call 555 0199 now.', 'Call 5 5 5, 0 1 9 9 now.'],
  // Keys
  ['en', 'Press # to go on, or press *.', 'Press pound to go on, or press star.'],
  ['en', 'Press the * key, or "#".', 'Press the star key, or "pound".'],
  ['de', 'Drücken Sie die * Taste oder #.', 'Drücken Sie die Stern Taste oder Raute.'],
  ['fr', 'Tapez * pour finir.', 'Tapez étoile pour finir.'],
  ['en', 'Call 1-800-555-0199', 'Call 1, 8 0 0, 5 5 5, 0 1 9 9'],
  ['de', 'Unter +49 30 1234567.', 'Unter plus 4 9, 3 0, 1 2 3, 4 5 6 7.'],
  ['de', '+49 (0)30 1234567.', 'plus 4 9, 3 0, 1 2 3, 4 5 6 7.'],
  ['it', 'Al 333 1234567.', 'Al 3 3 3, 1 2 3, 4 5 6 7.'],
  ['fr', 'Au 0 800 123 456.', 'Au 0, 8 0 0, 1 2 3, 4 5 6.'],
  ['de', '030/123456-12 bitte', '0 3 0, 1 2 3, 4 5 6, 1 2 bitte'],
  ['fr', 'Au 01 23 45 67 89.', 'Au 0 1, 2 3, 4 5, 6 7, 8 9.'],
  ['es', 'Al +34 612 345 678.', 'Al más 3 4, 6 1 2, 3 4 5, 6 7 8.'],
  ['it', 'Lo 06 1234567.', 'Lo 0 6, 1 2 3, 4 5 6 7.'],
  ['pt', 'É (021) 98765-4321.', 'É 0 2 1, 9 8 7, 6 5, 4 3 2 1.'],
  ['nl', 'Bel 020-1234567.', 'Bel 0 2 0, 1 2 3, 4 5 6 7.'],
  ['pl', 'Tel +48 22 123 45 67.', 'Tel plus 4 8, 2 2, 1 2 3, 4 5, 6 7.'],
  ['hi', 'नंबर 09876543210 है।', 'नंबर 0 9 8, 7 6 5, 4 3 2, 1 0 है।'],
  ['ja', '電話は 03-1234-5678 です。', '電話は 0 3、1 2 3 4、5 6 7 8 です。'],
  ['zh', '请拨 13812345678。', '请拨 1 3 8，1 2 3，4 5 6，7 8。'],
  ['th', 'โทร 02-123-4567 ค่ะ', 'โทร 0 2, 1 2 3, 4 5 6 7 ค่ะ'],
  ['es', 'Al 912 345 678 o 612 34 56 78.', 'Al 9 1 2, 3 4 5, 6 7 8 o 6 1 2, 3 4, 5 6, 7 8.'],
  ['es', '912 345 678 € y 100 000 000.', '912 345 678 € y 100 000 000.'],
  ['pl', 'Tel. 22 123 45 67.', 'Tel. 2 2, 1 2 3, 4 5, 6 7.'],
  ['pt', '(11) 91234-5678', '1 1, 9 1 2, 3 4, 5 6 7 8'],
  ['zh', '电话010-12345678。', '电话0 1 0，1 2 3，4 5 6，7 8。'],
  ['zh', '13800138000。', '1 3 8，0 0 1，3 8 0，0 0。'],
  // Figures of other scripts
  ['hi', '९८७६५ ४३२१० पर, ₹५००।', '9 8 7, 6 5, 4 3 2, 1 0 पर, ₹500।'],
  ['th', '๕๐๐ บาท', '500 บาท'],
  ['ja', '２階、５００円です。', '2階、500円です。'],
  // Formulas, and what fills a form
  ['en', 'So \\(x^2\\), \\[a+b\\], $$\\frac{1}{2}$$.', 'So x², a+b, 1/2.'],
  ['en', 'Hi! {pause} There.', 'Hi! There.'],
  // Other figures
  ['en', 'On 12/25/2025, 2024-2025, 1,234,567.', 'On 12/25/2025, 2024-2025, 1,234,567.'],
  ['de', 'Am 01.03.2025, 08.30-17.00 Uhr, 0,5 l.', 'Am 01.03.2025, 08.30-17.00 Uhr, 0,5 l.'],
  ['en', 'On 2025-03-01 at 08:30-17:00 for $1000000.', 'On 2025-03-01 at 08:30-17:00 for $1000000.'],
  ['en', 'Extension 510001 in 2024 2025.', 'Extension 510001 in 2024 2025.'],
  ['fr', 'Il coûte 1 234 567 €.', 'Il coûte 1 234 567 €.'],
  // Nothing to be said before the first word
  ['en', '…\n\nYes.', 'Yes.'],
  ['en', '... We open.', 'We open.'],
  ['en', '- Yes.', 'Yes.'],
  ['es', '¿Sí? ¡Claro!', '¿Sí? ¡Claro!'],
  ['en', '-5 degrees.', '-5 degrees.'],
  // No list
  ['de', '3. Mai passt.', '3. Mai passt.'],
  ['de', '1. Mai passt.', '1. Mai passt.'],
  ['de', '1. Reinigung\n2. Füllung', 'Reinigung. Füllung.'],
  ['en', '2025. That was a year.', '2025. That was a year.'],
  ['zh', '1. 洗牙\n2. **补牙**', '洗牙。 补牙。'],
  ['ja', '九時から五時までです。😀どうぞ。', '九時から五時までです。どうぞ。'],
  ['th', '**เปิด** แปดโมง', 'เปิด แปดโมง'],
  ['sv', 'Det kostar **5 kr/mån**.', 'Det kostar 5 kr / mån.'],
];

describe('what a model writes, as plain speech', () => {
  it.each(READ)('%s: %j', (code, written, spoken) => {
    for (const length of [written.length, 1, 2, 3, 5]) {
      expect([length, said(written, code, length)]).toEqual([length, spoken]);
    }
  });

  it('gives a sentence away as soon as the next one begins', () => {
    const plain = new PlainSpeech(languageOf('en'));
    expect(['We', ' open', ' at', ' nine', '.', ' Do', ' you'].map((token) => plain.push(token))).toEqual([
      '',
      'We ',
      'open ',
      'at ',
      '',
      'nine. ',
      'Do ',
    ]);
    const chinese = new PlainSpeech(languageOf('zh'));
    expect(chinese.push('九点') + chinese.push('开门。')).toBe('九点开门。');
  });

  it('says no mark, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'ab1.*_`#[]()<>|~\n -'.split('')) }),
        fc.integer({ min: 1, max: 6 }),
        (text, length) => {
          expect(said(text, 'en', length)).not.toMatch(/[*`|[\]]|~~/);
        },
      ),
    );
  });
});
