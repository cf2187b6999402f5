import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { speakable } from '../../../../src/providers/embedded/tts/speakable.ts';

const said = (text: string): string =>
  speakable(text)
    .map((unit) => unit.say)
    .filter((words) => words !== '')
    .join(' ');

describe('what is written is said as', () => {
  it.each([
    // Times
    ['9:30', 'nine thirty'],
    ['at 9:00', "at nine o'clock"],
    ['9:05', 'nine oh five'],
    ['9:30 a.m.', 'nine thirty A M'],
    ['9 a.m. sharp', 'nine A M sharp'],
    ['10am', 'ten A M'],
    ['5:15pm', 'five fifteen P M'],
    ['17:00', 'seventeen hundred'],
    ['24h', 'twenty four hours'],
    ['1h 30m', 'one hour thirty minutes'],
    ['0900 hours', 'zero nine hundred hours'],
    ['09:00:00', "nine o'clock"],
    ['16:9', 'sixteen to nine'],
    ['Dec 24–26', 'December twenty fourth to twenty sixth'],
    ['$20-30', 'twenty to thirty dollars'],
    ['12" wide', 'twelve inches wide'],
    ['"room 12"', 'room twelve'],
    ['3 x 4', 'three times four'],
    ['0:30', 'zero thirty'],
    ['from 9-5', 'from nine to five'],
    ['9:00–17:30', "nine o'clock to seventeen thirty"],
    ['Mon–Fri', 'Monday to Friday'],
    ['on Mon. and Tues.', 'on Monday and Tuesday'],
    // Money
    ['£49', 'forty nine pounds'],
    ['$49', 'forty nine dollars'],
    ['$1', 'one dollar'],
    ['€20', 'twenty euros'],
    ['£49.50', 'forty nine pounds fifty'],
    ['$0.99', 'ninety nine cents'],
    ['£1,250', 'one thousand two hundred and fifty pounds'],
    ['$1.5m', 'one point five million dollars'],
    ['£2 million', 'two million pounds'],
    ['£5–£10', 'five pounds to ten pounds'],
    // Telephone numbers and codes
    ['020 7946 0018', 'zero two zero, seven nine four six, zero zero one eight'],
    ['+44 20 7946 0018', 'plus four four, two zero, seven nine four six, zero zero one eight'],
    ['555-0199', 'five five five, zero one nine nine'],
    ['(555) 010-4477', 'five five five, zero one zero, four four seven seven'],
    ['07700900123', 'zero seven seven zero zero nine zero zero one two three'],
    ['510001', 'five one zero zero zero one'],
    ['0042', 'zero zero four two'],
    ['room B12', 'room B one two'],
    ['A4', 'ay four'],
    // Numbers
    ['1,234', 'one thousand two hundred and thirty four'],
    ['3.5', 'three point five'],
    ['20%', 'twenty percent'],
    ['-5', 'minus five'],
    ['5km', 'five kilometers'],
    ['1km', 'one kilometer'],
    ['the 21st', 'the twenty first'],
    ['2nd floor', 'second floor'],
    ['in 2024', 'in twenty twenty four'],
    ['in 1905', 'in nineteen oh five'],
    ['in 2005', 'in two thousand and five'],
    // Dates
    ['3 May', 'the third of May'],
    ['on the 3rd May', 'on the third of May'],
    ['May 3', 'May third'],
    ['2025-05-12', 'the twelfth of May twenty twenty five'],
    ['12/25/2025', 'December twenty fifth twenty twenty five'],
    ['on 25/12/2025', 'on December twenty fifth twenty twenty five'],
    ['25.12.2025', 'December twenty fifth twenty twenty five'],
    ['by 12/25', 'by December twenty fifth'],
    ['2025/12/25', 'December twenty fifth twenty twenty five'],
    ['Dec. 25', 'December twenty fifth'],
    ['25 Dec', 'the twenty fifth of December'],
    ['2024-2025', 'twenty twenty four to twenty twenty five'],
    ['2024–25', 'twenty twenty four to twenty five'],
    ['the 1990s', 'the nineteen nineties'],
    ["in the '80s", 'in the eighties'],
    ['the 2000s', 'the two thousands'],
    ['the 1900s', 'the nineteen hundreds'],
    ['24/7', 'twenty four seven'],
    // Money in other places and by other names
    ['50€', 'fifty euros'],
    ['50 €', 'fifty euros'],
    ['1.234,50 €', 'one thousand two hundred and thirty four euros fifty'],
    ['R$50', 'fifty reais'],
    ['US$1', 'one U S dollar'],
    ['USD 50', 'fifty dollars'],
    ['50 EUR', 'fifty euros'],
    ['₹500', 'five hundred rupees'],
    ['-$5', 'minus five dollars'],
    ['try 5', 'try five'],
    ['$10000', 'ten thousand dollars'],
    // In short, and from one to another
    ['$20 per h', 'twenty dollars per hour'],
    ['$5 per mo', 'five dollars per month'],
    ['05/2025', 'May twenty twenty five'],
    ['9:00 AM - 5:00 PM', 'nine A M to five P M'],
    ['Jan 5 – Feb 10', 'January fifth to February tenth'],
    ['5 – 3', 'five, three'],
    ['5% – 10%', 'five percent to ten percent'],
    ['Mon.-Fri', 'Monday to Friday'],
    ['Sat & Sun', 'Saturday and Sunday'],
    ['M-F', 'Monday to Friday'],
    ['1.5M users', 'one point five million users'],
    ['5G', 'five G'],
    ['10 sq ft', 'ten square feet'],
    ['Rm. 101', 'room one zero one'],
    ['Mt. Hood', 'mount Hood'],
    ['Ft. Worth', 'fort Worth'],
    ['max. 5', 'maximum five'],
    ['10–15 min', 'ten to fifteen minutes'],
    ['5-10 kg', 'five to ten kilograms'],
    ['Rs. 500', 'five hundred rupees'],
    ['pp. 5-7', 'pages five to seven'],
    ['the mid-90s', 'the mid nineties'],
    ['§ 5', 'section five'],
    // Numbers that are dialled
    ['call 911', 'call nine one one'],
    ['~20 min', 'about twenty minutes'],
    ['<5 min', 'less than five minutes'],
    ['(> 3 days)', 'more than three days,'],
    ['±2 mm', 'plus or minus two millimeters'],
    ['.5 miles', 'zero point five miles'],
    ['5/day', 'five per day'],
    ['mid-1980s', 'mid nineteen eighties'],
    ['Louis XIV', 'Louis the fourteenth'],
    ['World War II', 'World War two'],
    ['World War I.', 'World War one.'],
    ['Chapter IV', 'Chapter four'],
    ['Vitamin C', 'Vitamin C'],
    ['I am X', 'I am X'],
    ['a 5\'10" man', 'a five foot ten man'],
    ['10^6', 'ten to the power of six'],
    ['C#', 'C sharp'],
    ['#parking', 'hashtag parking'],
    ['3‰', 'three per mille'],
    ['w/o sugar', 'without sugar'],
    ['802.11ac', 'eight hundred and two point eleven ac'],
    ['dial 112 now', 'dial one one two now'],
    ['extension 204', 'extension two zero four'],
    ['we have 911 of them', 'we have nine one one of them'],
    ['555.010.4477', 'five five five, zero one zero, four four seven seven'],
    ['1-800-555-0199', 'one, eight zero zero, five five five, zero one nine nine'],
    // Parts
    ['1/2 cup', 'one half cup'],
    ['3/4', 'three quarters'],
    ['2 1/2 cups', 'two and a half cups'],
    ['½ cup', 'one half cup'],
    ['1½ cups', 'one and a half cups'],
    ['2/3', 'two thirds'],
    // Units
    ['20 kg', 'twenty kilograms'],
    ['1 kg', 'one kilogram'],
    ['1.5 kg', 'one point five kilograms'],
    ['1 ft', 'one foot'],
    ['20 °C', 'twenty degrees celsius'],
    ['60 km/h', 'sixty kilometers an hour'],
    ['30 m²', 'thirty square meters'],
    ['10 min walk', 'ten minutes walk'],
    ['2000 mg', 'two thousand milligrams'],
    ['15000 people', 'fifteen thousand people'],
    ['3 × 4', 'three times four'],
    ['5 − 3 ≈ 2', 'five minus three about two'],
    ['5 ≥ 4 ≠ 3', 'five at least four is not three'],
    ['5², x³.', 'five squared, X cubed.'],
    ['version 2.0.1', 'version two point zero point one'],
    ['at 00:00', 'at midnight'],
    // Abbreviations
    ['Dr. Smith', 'doctor Smith'],
    ['Dr Smith', 'doctor Smith'],
    ['12 Mill St.', 'twelve Mill street'],
    ["St. Mary's", "saint Mary's"],
    ['Mr. and Mrs. Jones', 'mister and missus Jones'],
    ['No. 5', 'number five'],
    ['no, 5', 'no, five'],
    ['ext. 12', 'extension twelve'],
    ['e.g. tea', 'for example tea'],
    ['I sat in the sun', 'I sat in the sun'],
    ['the UK and the US', 'the U K and the U S'],
    // Addresses
    ['info@example.com', 'info at example dot com'],
    ['www.example.co.uk', 'W W W dot example dot co dot U K'],
    // Signs
    ['salt & vinegar', 'salt and vinegar'],
    ['**Yes** — of course!', 'Yes, of course!'],
    ['- one thing', 'one thing'],
    ['wait—what', 'wait what'],
    ['“Hello,” she said (twice)…', 'Hello, she said twice.'],
    ['it’s a café', "it's a cafe"],
    ["we're", 'weir'],
    ['Is it? Yes!', 'Is it? Yes!'],
    ['你好 hello 🙂', 'hello'],
    ['🙂–/ and Ann–🙂', 'and Ann'],
  ])('%s: %s', (written, spoken) => {
    expect(said(written)).toBe(spoken);
  });

  it('says nothing that flite would not take for a word', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme-ascii' })),
        (text) => {
          for (const { say } of speakable(text))
            expect(say).toMatch(/^(?:[A-Za-z']+,?(?: |$))*[.?!]?$|^(?:[A-Za-z']+,? )*[A-Za-z']+[.,?!]?$/);
        },
      ),
    );
  });

  it('keeps every written word, in order', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9£$%.,:'()-]{1,8}$/);
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const text = words.join(' ');
        const kept = speakable(text)
          .map((unit) => unit.text)
          .join(' ');
        expect(kept).toBe(text);
      }),
    );
  });
});
