import type { Milliseconds } from '../../lib/clock.ts';

/*
 * What Whisper hears where nobody speaks, or hardly: it was trained on subtitles. github.com/openai/whisper/discussions/679
 * and 928; arxiv.org/abs/2501.11378 (Barański et al. 2025, a "bag of hallucinations").
 */

/** Of subtitles: nobody says this on the telephone. */
const SUBTITLES =
  /amara\.?org|subtitles? (?:by|provided)|untertitel(?:ung)?(?: (?:der|des|im auftrag|von|aufgrund|durch|erstellt|wurden)|[:.!]*$)|sous-titr|subt[ií]tulos|sottotitoli|legendas (?:pela|por)|ondertitel|napisy (?:stworzone|wykonane)|字幕|ご視聴|チャンネル登録|请不吝点赞|thank(?:s| you)(?: so much| very much)? for watching|(?:like and|please) subscribe(?: to (?:my|our|the|this)|[.!]*$)|don't forget to subscribe|see you (?:in the )?next (?:video|time)|transcri(?:bed|ption) by|castingwords|otter\.ai|suscr[ií]b|iscrivetevi al|abonnez-vous|inscreva-se no canal|abonniert? (?:den|unseren|meinen) kanal|dank f[üu]r (?:ihre|eure) aufmerksamkeit|copyright (?:\d|wdr|swr|zdf|ard|ndr|mdr|br\b|australian)|^(?:swr|wdr|zdf|ard|mdr|ndr|br) \d{4}|시청해|구독|mbc 뉴스|vielen dank f[üu]rs zuschauen|merci d['’]avoir regard[ée]|gracias por ver|obrigad[oa] por assistir|grazie per (?:la visione|aver guardato)|bedankt voor het kijken|dziękuję za (?:uwagę|oglądanie)|продолжение следует|(?:subs|translat\w+|par|by) (?:by )?www\.\S+|^\W*www\.\S+\W*$|\[?♪/iu;

/** The same in other languages, and who made the subtitles. */
const MORE_SUBTITLES =
  /^©|thank you for your attention|translat(?:ed|ions?) by|beadaholique|soustitreur|vous abonner|iscriviti al|^legendas? (?:\p{Lu}|p)|abonneer je|dziękuję za ob|subskryb|ďakujem za pozornosť|děkuji za pozornost|takk for at (?:du|dere)|자막|abone ol|^ترجمة\W*$|\btv \p{L}+ \d{4}\W*$|dzięki za (?:oglądanie|uwagę)|napisy:|देखने के लिए धन्यवाद|चैनल को सब्सक्राइब|明[鏡镜]|(?:[谢謝]{2}|感[谢謝])(?:大家|各位|您的)?[觀观收][看聽听]|zdjęcia i montaż|ที่รับชม|ติดตามตอนต่อไป|спасибо за (?:просмотр|внимание)|субтитр|дякую за перегляд|субтитри|[iİ]zlediğiniz için|altyazı|للمشاهدة|نانسي قنقر|في القناة|tack f[öo]r att (?:ni|du)|textning|undertekst|tekst(?:et|ing) a[fv]|kiitos katsomisesta|tekstitys|titulky|felirat|υπότιτλοι|mulțumesc pentru vizionare|hvala što (?:pratite|ste)|phụ đề|đăng ký kênh|đã theo dõi|terima kasih (?:telah|sudah) menonton|כתוביות|תודה (?:על ה|ש)צפי/iu;

/** A whole text of these words is one, too; within others they are said. */
const WHOLE =
  /^\W*(?:thank(?:s| you)(?: so much| very much)? for listening|see you in the next one|we(?:'ll| will) be right back|satsang with mooji|das war['’]s f[üu]r heute)\W*$/i;

/** A sound that is described, and a word that goes round and round. */
const NO_SPEECH =
  /^\s*(?:<\|[^|]*\|>\s*)+$|^\W*(.{1,4}?)\1{9,}\W*$|^\W*((?:[\p{L}']+[\s,.!?]+){2,4}?)\2{4,}|^\s*(?:\[[^\]]*\]|\([^)]*\)|\*[^*]*\*)[\s.]*$|^\W*([\p{L}']+)(?:[\s,.]+\3){7,}\W*$/iu;

/** What is said on the telephone, too, but takes its time. */
const SHORT: Readonly<Record<string, readonly string[]>> = {
  en: [
    'thank you',
    'thanks',
    'thank you very much',
    'thank you so much',
    'bye',
    'bye bye',
    'goodbye',
    'you',
    'so',
    'the end',
    "i'm sorry",
    'oh',
    'okay',
    'hmm',
    'uh',
    'um',
    'the',
  ],
  de: ['vielen dank', 'danke', 'danke schön', 'tschüss', 'bis zum nächsten mal', "das war's"],
  fr: ['merci', 'merci beaucoup', 'au revoir', 'à bientôt'],
  es: ['gracias', 'muchas gracias', 'adiós', 'hasta luego', 'hasta la próxima', 'chao'],
  it: ['grazie', 'grazie mille', 'grazie a tutti', 'ciao', 'arrivederci'],
  pt: ['obrigado', 'obrigada', 'tchau', 'até logo', 'até a próxima', 'muito obrigado'],
  nl: ['dank je wel', 'dank u wel', 'bedankt', 'tot ziens', 'doei'],
  pl: ['dziękuję', 'dzięki', 'do widzenia', 'pa pa'],
  hi: ['धन्यवाद', 'शुक्रिया'],
  ja: ['ありがとうございました', 'ありがとうございます', 'おやすみなさい'],
  zh: ['谢谢', '谢谢大家', '再见', '多谢', '謝謝', '謝謝大家', '再見', '多謝'],
  th: ['ขอบคุณครับ', 'ขอบคุณค่ะ', 'ขอบคุณ'],
  ko: ['감사합니다', '고맙습니다'],
  ru: ['спасибо', 'до свидания', 'пока'],
  uk: ['дякую', 'до побачення'],
  tr: ['teşekkürler', 'teşekkür ederim', 'hoşça kal'],
  ar: ['شكرا', 'شكرا لك'],
  sv: ['tack', 'tack så mycket', 'hej då'],
  da: ['tak', 'mange tak', 'farvel'],
  no: ['takk', 'takk for meg', 'ha det'],
  fi: ['kiitos', 'kiitoksia', 'näkemiin'],
  cs: ['děkuji', 'na shledanou'],
  hu: ['köszönöm', 'viszontlátásra'],
  ro: ['mulțumesc', 'la revedere'],
  el: ['ευχαριστώ', 'ευχαριστώ πολύ'],
  he: ['תודה', 'תודה רבה'],
  vi: ['cảm ơn', 'cảm ơn các bạn'],
  id: ['terima kasih'],
};

/** Hardly anybody says one of them in less, the detector's margins included. */
const SHORT_MS: Milliseconds = 500;
/** Nobody speaks nearly as fast: an auctioneer has 25 letters a second. Signs of Chinese and Japanese are syllables. */
const LETTERS_PER_S = 60;
const SIGNS_PER_S = 30;

/** Whether a text of so much voiced sound is one that Whisper has made up, or holds no word at all. */
export function isPhantom(text: string, voicedMs: Milliseconds, language: string): boolean {
  if (
    !/[\p{L}\p{N}]/u.test(text) ||
    [SUBTITLES, MORE_SUBTITLES, WHOLE, NO_SPEECH].some((one) => one.test(text))
  )
    return true;
  const letters = text.match(/[\p{L}\p{M}\p{N}]/gu)?.length ?? 0;
  const signs = text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu)?.length ?? 0;
  const least = (1000 * (letters - signs)) / LETTERS_PER_S + (1000 * signs) / SIGNS_PER_S;
  if (voicedMs < least) return true;
  const words = text
    .toLowerCase()
    .replaceAll('’', "'")
    .replaceAll(/[^\p{L}\p{M}\p{N}' ]+/gu, ' ')
    .trim();
  // English ones come up in every language.
  const known = [...(SHORT[language.slice(0, 2).toLowerCase()] ?? []), ...(SHORT['en'] ?? [])];
  return voicedMs < SHORT_MS && isMadeOf(words.replaceAll(/ +/g, ' '), known);
}

/** What begins the words of somebody who speaks. */
const BEGINNINGS: readonly string[] = ['okay', 'oh', 'so', 'hmm', 'uh', 'um', 'the'];

/** Of these phrases, one after another: "thank you bye". */
function isMadeOf(words: string, phrases: readonly string[]): boolean {
  return phrases.some(
    (phrase) =>
      words === phrase ||
      (!BEGINNINGS.includes(phrase) &&
        words.startsWith(`${phrase} `) &&
        isMadeOf(words.slice(phrase.length + 1), phrases)),
  );
}
