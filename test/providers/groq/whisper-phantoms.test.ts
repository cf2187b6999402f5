import { describe, expect, it } from 'vitest';
import { isPhantom } from '../../../src/providers/groq/whisper-phantoms.ts';

describe('of what Whisper hears', () => {
  it.each([
    [' Thank you.', 330, 'en'],
    ['Bye.', 200, 'en-GB'],
    ['you', 260, 'en'],
    ['.', 1500, 'en'],
    [' ... ', 900, 'en'],
    ['♪', 900, 'en'],
    ['Thanks for watching!', 2500, 'en'],
    ['Untertitel der Amara.org-Community', 2000, 'de'],
    ["Sous-titres réalisés par la communauté d'Amara.org", 3000, 'fr'],
    ['ご視聴ありがとうございました', 2000, 'ja'],
    ['请不吝点赞 订阅 转发', 2000, 'zh'],
    ['Vielen Dank.', 300, 'de'],
    ['Thank you.', 330, 'de'],
    ['❤️', 500, 'fr'],
    ['[Music]', 1000, 'en'],
    ['(upbeat music)', 1500, 'en'],
    ['*cough*', 400, 'en'],
    ['the the the the the the the the', 1500, 'en'],
    ['SWR 2021', 1200, 'de'],
    ['¡Suscríbete al canal!', 1500, 'es'],
    ['시청해주셔서 감사합니다.', 2000, 'ko'],
    ['Transcription by CastingWords', 2000, 'en'],
    ['I would like to make an appointment for next week', 400, 'en'],
    ['Thanks for listening.', 1200, 'en'],
    ["We'll be right back.", 900, 'en'],
    ['Dzięki za oglądanie!', 900, 'pl'],
    ['देखने के लिए धन्यवाद', 900, 'hi'],
    ['明鏡需要您的支持 歡迎訂閱明鏡', 1500, 'zh'],
    ['โปรดติดตามตอนต่อไป', 1200, 'th'],
    ['감사합니다.', 330, 'ko'],
    ['Субтитры сделал DimaTorzok', 1500, 'ru'],
    ['Спасибо.', 300, 'ru'],
    ['İzlediğiniz için teşekkürler.', 1200, 'tr'],
    ['ترجمة نانسي قنقر', 1200, 'ar'],
    ['Tack för att ni tittade.', 1200, 'sv'],
    ['Titulky vytvořil JohnyX', 1200, 'cs'],
    ['TV GELDERLAND 2021', 1500, 'nl'],
    ['Grazie a tutti.', 400, 'it'],
    ['Zdjęcia i montaż', 1000, 'pl'],
    ['谢谢观看', 1000, 'zh'],
    ['謝謝大家', 400, 'zh'],
  ])('%j in %d ms of %s is made up', (text, voicedMs, language) => {
    expect(isPhantom(text, voicedMs, language)).toBe(true);
  });

  it.each([
    ['Thank you.', 600, 'en'],
    ['Yes.', 250, 'en'],
    ['No', 180, 'en'],
    ['Ja', 160, 'de'],
    ['What does a cleaning cost?', 1200, 'en'],
    ['はい、そうです', 900, 'ja'],
    ['はい', 250, 'ja'],
    ['九点', 400, 'zh'],
    ['Okay, thank you.', 450, 'en'],
    ['Thanks for listening to me, goodbye.', 1800, 'en'],
    ['Спасибо.', 700, 'ru'],
    ['Der Fernseher ist von 2021', 1500, 'de'],
    ['No, no, no, no.', 900, 'en'],
    ['Danke, das war alles.', 1100, 'de'],
    ['Tuesday (or Wednesday)', 1300, 'en'],
  ])('%j in %d ms of %s was said', (text, voicedMs, language) => {
    expect(isPhantom(text, voicedMs, language)).toBe(false);
  });
});
