import { table } from './figures.ts';

/** Signs before a number, as each language says them: ISO 639-1 code → sign → words. Those that aren't here are left as they are. */
const WORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  de: table(
    '≥=mindestens;≤=höchstens;>=mehr als;<=weniger als;±=plus minus;≈=etwa;~=etwa;§=Paragraf;#=Nummer',
  ),
  fr: table(
    '≥=au moins;≤=au plus;>=plus de;<=moins de;±=plus ou moins;≈=environ;~=environ;§=paragraphe;#=numéro',
  ),
  es: table('≥=al menos;≤=como máximo;>=más de;<=menos de;±=más menos;≈=unos;~=unos;§=párrafo;#=número'),
  it: table('≥=almeno;≤=al massimo;>=più di;<=meno di;±=più o meno;≈=circa;~=circa;§=paragrafo;#=numero'),
  pt: table(
    '≥=pelo menos;≤=no máximo;>=mais de;<=menos de;±=mais ou menos;≈=cerca de;~=cerca de;§=parágrafo;#=número',
  ),
  nl: table(
    '≥=minstens;≤=hoogstens;>=meer dan;<=minder dan;±=plus min;≈=ongeveer;~=ongeveer;§=paragraaf;#=nummer',
  ),
  pl: table(
    '≥=co najmniej;≤=co najwyżej;>=więcej niż;<=mniej niż;±=plus minus;≈=około;~=około;§=paragraf;#=numer',
  ),
  hi: table('≥=कम से कम;≤=ज़्यादा से ज़्यादा;>=से ज़्यादा;<=से कम;±=प्लस माइनस;≈=लगभग;~=लगभग;#=नंबर'),
  th: table('≥=อย่างน้อย;≤=ไม่เกิน;>=มากกว่า;<=น้อยกว่า;±=บวกลบ;≈=ประมาณ;~=ประมาณ;#=หมายเลข'),
  zh: table('≥=至少;≤=至多;>=超过;<=不到;±=正负;≈=大约;~=大约;#=第'),
  ja: table('±=プラスマイナス;≈=約;~=約;#=番号'),
};

/** What a sign is called in that language; undefined: nobody says it. */
export function signName(code: string, sign: string): string | undefined {
  return WORDS[code]?.[sign];
}
