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
    ['九点', 400, 'zh'],
    ['Okay, thank you.', 450, 'en'],
    ['No, no, no, no.', 900, 'en'],
    ['Danke, das war alles.', 1100, 'de'],
    ['Tuesday (or Wednesday)', 1300, 'en'],
  ])('%j in %d ms of %s was said', (text, voicedMs, language) => {
    expect(isPhantom(text, voicedMs, language)).toBe(false);
  });
});
