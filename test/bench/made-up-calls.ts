/** Calls that nobody has made, for benches: many, and the same each time. */
import { addToRecord, beginRecord } from '../../src/dialog/call/call-record.ts';
import { NO_MEDIA } from '../../src/dialog/contract/call-media.ts';
import { KEEP_ALL, rowsOf } from '../../src/store/call-rows.ts';
import type { Database } from '../../src/store/database.ts';
import { writeRows } from '../../src/store/write-rows.ts';
import { callInfo } from '../support/scripted-line.ts';

export const TURNS = 5;
const WORDS_IN_TURN = 10;
const AT_ONCE = 100;
/** As in a language, the n-th most frequent word is as frequent as 1/n (Zipf). */
export const VOCABULARY = 8000;

let seed = 1;
export function random(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}

/** The word of that rank: syllables, each of a consonant and a vowel. */
export function word(rank = Math.floor(VOCABULARY ** random())): string {
  let text = '';
  for (let rest = rank + 400; rest > 0; rest = Math.floor(rest / 20))
    text +=
      [
        'ba',
        'de',
        'fi',
        'go',
        'ku',
        'la',
        'me',
        'ni',
        'po',
        'ru',
        'sa',
        'te',
        'vi',
        'wo',
        'zu',
        'cha',
        'she',
        'thi',
        'bro',
        'stu',
      ][rest % 20] ?? '';
  return text;
}

/** One in thirty is in a script without spaces. */
export function sentence(): string {
  const rare = random() < 1 / 30 ? UNSPACED[Math.floor(random() * UNSPACED.length)] : undefined;
  if (rare !== undefined) return rare;
  return Array.from({ length: WORDS_IN_TURN }, () => word()).join(' ');
}

const UNSPACED = [
  '明日の午後三時に歯医者の予約をお願いしたいのですが',
  '我想预约一下明天下午的牙医请问还有位置吗',
  'ขอจองโต๊ะสำหรับสองคนพรุ่งนี้ตอนเย็นได้ไหมครับ',
];

/** A part of a sentence in a script without spaces. */
export function phrase(): string {
  const sentence = UNSPACED[Math.floor(random() * UNSPACED.length)] ?? '';
  const from = Math.floor(random() * (sentence.length - 3));
  return sentence.slice(from, from + 3);
}

/** The number of the n-th call's caller. */
export function numberOf(n: number): string {
  return `0${String(100_000_000 + ((n * 7_919) % 900_000_000))}`;
}

/** A pause of half a second, and then what a cloud takes: most answers come quickly, few late, the latest after 3 s. */
function marksOf(n: number, at: number) {
  const late = (part: number): number => ((n * part) % 997) / 997;
  const turnEnd = at + 500;
  const llmStart = turnEnd + 20 + 60 * late(31);
  const llmFirstToken = llmStart + 120 + 150 * late(57) + 1700 * late(113) ** 12;
  const ttsFirstAudio = llmFirstToken + 80 + 120 * late(71);
  return {
    ...{ speechEnd: at, sttStart: at + 400, sttFinal: turnEnd + 20, turnEnd, llmStart, llmFirstToken },
    ...{ ttsStart: llmFirstToken + 15, ttsFirstAudio, firstPacket: ttsFirstAudio + 4 + 20 * late(91) },
  };
}

function record(n: number) {
  const call = `local/${n}`;
  const number = numberOf(n);
  const info = callInfo({ key: { server: 'local', channel: String(n) }, caller: { number, name: word() } });
  const startedAt = new Date(Date.UTC(2026, 0, 1) + n * 20_000).toISOString();
  let under = beginRecord({ type: 'started', call, at: 0, info, agent: 'alice' }, startedAt);
  for (let turn = 1; turn <= TURNS; turn += 1) {
    const at = turn * 5000;
    const marks = marksOf(n * TURNS + turn, at);
    under = addToRecord(under, {
      type: 'caller-said',
      call,
      at,
      turn,
      text: sentence(),
      understood: true,
      via: 'speech',
    });
    under = addToRecord(under, { type: 'latency', call, at, turn, marks });
    under = addToRecord(under, { type: 'agent-said', call, at, turn, text: sentence(), interrupted: false });
  }
  return addToRecord(under, {
    type: 'ended',
    call,
    at: 30_000,
    reason: 'caller-hung-up',
    variables: {},
    media: NO_MEDIA,
  }).record;
}

/** Fills a database with so many calls. */
export async function fill(database: Database, calls: number): Promise<void> {
  seed = 1;
  for (let n = 0; n < calls; n += AT_ONCE) {
    const writes = Array.from({ length: AT_ONCE }, (_, one) => rowsOf(record(n + one), KEEP_ALL)).flat();
    await database.db.transaction().execute((trx) => writeRows({ ...database, db: trx }, writes));
  }
}
