/*
 * Models go on with the conversation by themselves: "We open at nine.\nCaller: thanks\nAgent: bye". What stands behind
 * such a label is nobody's word, as ordinary as it looks; but "Name: Ann" on a line of its own is an ordinary answer.
 */

/** Whose turn begins at a place of the text. `partly`: that isn't to be seen yet. */
export type NextTurn =
  | { readonly at: number; readonly is: 'partly' }
  /** Nothing that follows was said. */
  | { readonly at: number; readonly is: 'theirs' }
  /** What was asked is repeated, up to where the agent's own words begin. */
  | { readonly at: number; readonly is: 'repeated' }
  | { readonly at: number; readonly is: 'own'; readonly length: number };

/** No answer has such a label otherwise. */
const SURE = ['user', 'human', 'gpt4 correct user', 'q'];
/** Callers, as a transcript calls them; a note of their message may have the same words. */
const THEIRS = [
  ...['caller', 'the caller', 'the customer', 'customer', 'client', 'guest', 'visitor', 'patient'],
  ...[
    'anrufer',
    'anruferin',
    'anrufer/in',
    'anrufende',
    'nutzer',
    'benutzer',
    'kunde',
    'kundin',
    'mensch',
    'gast',
  ],
  ...['llamante', 'usuario', 'usuaria', 'cliente', 'humano', 'interlocutor', 'persona que llama'],
  ...[
    'appelant',
    'appelante',
    'utilisateur',
    'utilisatrice',
    'cliente',
    'humain',
    'interlocuteur',
    'correspondant',
  ],
  ...['chiamante', 'utente', 'umano', 'interlocutore', 'beller', 'gebruiker', 'klant', 'mens'],
  ...['dzwoniący', 'dzwoniąca', 'rozmówca', 'rozmówczyni', 'użytkownik', 'klient', 'klientka', 'człowiek'],
  ...['chamador', 'chamante', 'utilizador', 'usuário', 'usuária', 'quem liga'],
  ...['कॉलर', 'उपयोगकर्ता', 'ग्राहक', 'यूज़र', 'मानव', 'फोन करने वाला', 'फ़ोन करने वाला'],
  ...['発信者', '通話者', 'ユーザー', 'ユーザ', 'お客様', 'お客さま', '顧客', '利用者', '人間', 'お電話の方'],
  ...['来电者', '来电人', '呼叫者', '用户', '客户', '顾客', '人类', '來電者', '用戶', '客戶', '顧客', '人類'],
  ...['ผู้โทร', 'ผู้โทรเข้า', 'ผู้ใช้', 'ลูกค้า', 'มนุษย์'],
];
const OWN = [
  ...[
    'response',
    'answer',
    'assistant',
    'agent',
    'the agent',
    'ai',
    'ai assistant',
    'bot',
    'receptionist',
    'operator',
    'gpt4 correct assistant',
  ],
  ...[
    'assistent',
    'assistentin',
    'agentin',
    'mitarbeiter',
    'mitarbeiterin',
    'ki',
    'asistente',
    'agente',
    'recepcionista',
  ],
  ...[
    'assistante',
    'agente',
    'réceptionniste',
    'ia',
    'assistente',
    'receptioniste',
    'medewerker',
    'atendente',
  ],
  ...['asystent', 'asystentka', 'agentka', 'recepcjonistka', 'recepcjonista', 'konsultant', 'konsultantka'],
  ...['एजेंट', 'सहायक', 'रिसेप्शनिस्ट', 'エージェント', 'アシスタント', 'オペレーター', '受付', '担当者'],
  ...['助手', '助理', '客服', '代理', '智能助手', '接待员', '接待員', 'ผู้ช่วย', 'เจ้าหน้าที่', 'พนักงาน'],
];

const any = (names: readonly string[]): string =>
  names.toSorted((one, other) => other.length - one.length).join('|');
/** `**Caller:**`, `[Caller]:`, `### User:`, `👤 User:`, `Caller (Ann):`, `Caller 2:`. */
const BEFORE = String.raw`(?:[*_#>[(<"]+ ?|\p{Extended_Pictographic}\uFE0F? ?){0,2}`;
const BEHIND = String.raw`(?: ?\([^()\n]{1,30}\)| \d)?[*_\])>"]{0,3}\s?[:：][*_]{0,3}[ \t]*`;
const LABEL = new RegExp(`^${BEFORE}(?:(${any(SURE)})|(${any(THEIRS)})|(${any(OWN)}))${BEHIND}`, 'iu');
const OWN_LABEL = new RegExp(`(?<=^|[\\s.!?…。！？।</>|\\p{Lo}])${BEFORE}(?:${any(OWN)})${BEHIND}`, 'iu');
/** What is left of a template's marks where a server drops its special tokens: a line of its own, or glued to a sentence's end. */
const NAKED = ['user', 'human', 'assistant', 'model', 'system'];
const NAKED_LINE = new RegExp(`^(?:${any(NAKED)})[ \\t]*\\n`);
/** Where the words of a repeated question end. */
export const OWN_TURN = new RegExp(
  `${OWN_LABEL.source}|(?:^|[\\s.!?…])(?:assistant|model)[ \\t]*\\n\\s*`,
  'iu',
);
const ROLES = [...SURE, ...THEIRS, ...OWN];
/** The same two, as far as they may be there; the first half of a sign, too. */
const BEFORE_BEGUN = /^(?:[*_#>[(<"]+ ?|\p{Extended_Pictographic}\uFE0F? ?|\p{Cs})*/u;
const BEHIND_BEGUN = /^(?: ?\([^()\n]{0,30}\)?| \d?)?[*_\])>"]{0,3}\s?$/;
/** Any line that says of what it tells: "Number: 555 0199". */
const LINE = /^\s*(?:[-*•]\s*)?\**\p{L}[\p{L}\p{M} '’-]{0,30}\**\s?[:：]/u;
/** Where a line or a sentence begins. */
const BEGINNINGS =
  /^\s*|\n\s*|(?<=[.!?…।]["'”’»)\]*_]{0,3})[ \t]+|(?<=[.!?…]["'”’)\]]{0,2})(?=[a-z]{1,9}\s*$|(?:user|human|assistant|model|system)[ \t]*\n)|(?<=[。！？]["'”’»)\]」』]{0,2})[ \t]*/gu;

/** The first place at which another turn begins. `before`: the last of what stands before the text. */
export function nextTurn(before: string, text: string, isLast: boolean): NextTurn | undefined {
  const all = `${before}${text}`;
  for (const { index, 0: blank } of all.matchAll(BEGINNINGS)) {
    const from = index + blank.length;
    if (from < before.length || from === all.length) continue;
    const at = from - before.length;
    const rest = all.slice(from);
    const said = all.slice(0, from);
    const naked = isNote(said) ? undefined : NAKED_LINE.exec(rest)?.[0];
    if (naked !== undefined) {
      if (said.trim() !== '') return { at, is: 'theirs' };
      return /^(?:assistant|model)/.test(naked)
        ? { at, is: 'own', length: naked.length }
        : { at, is: 'repeated' };
    }
    const label = LABEL.exec(rest);
    if (!label) {
      if (!isLast && isBegun(rest)) return { at, is: 'partly' };
      continue;
    }
    const [whole, sure, theirs] = label;
    const isLineBegun = blank.includes('\n');
    if (sure === undefined && theirs === undefined) {
      if (said.trim() === '' || (isLineBegun && !isNote(said)))
        return { at, is: 'own', length: whole.length };
      continue;
    }
    if (said.trim() === '') return { at, is: 'repeated' };
    if (sure !== undefined) return { at, is: 'theirs' };
    const is = isLineBegun ? ofLine(said, rest, isLast) : ofSentence(rest, isLast);
    if (is !== 'words') return { at, is };
  }
  return undefined;
}

/** It may become a label. */
function isBegun(rest: string): boolean {
  if (NAKED.some((name) => `${name}\n`.startsWith(rest))) return true;
  const bare = rest.replace(BEFORE_BEGUN, '').toLowerCase();
  return ROLES.some(
    (role) => role.startsWith(bare) || (bare.startsWith(role) && BEHIND_BEGUN.test(bare.slice(role.length))),
  );
}

/** On a line of its own, it begins a turn unless the line before it, or behind it, is one of a note. */
function ofLine(said: string, rest: string, isLast: boolean): 'partly' | 'theirs' | 'words' {
  if (isNote(said)) return 'words';
  const next = /\n\s*(\S[^\n]*)(\n?)/.exec(rest);
  const line = next?.[1] ?? '';
  const isKnown = isLast || next?.[2] === '\n' || /[:：]/.test(line) || line.length > 40;
  if (!isKnown) return 'partly';
  return LINE.test(line) && !LABEL.test(line) ? 'words' : 'theirs';
}

/** In the middle of a line, only if the agent's turn follows: "Caller: thanks Agent: bye". */
function ofSentence(rest: string, isLast: boolean): 'partly' | 'theirs' | 'words' {
  const [line = '', ...more] = rest.split('\n');
  if (OWN_LABEL.test(line)) return 'theirs';
  return isLast || more.length > 0 ? 'words' : 'partly';
}

/** The last line is one of a note, or announces it. */
function isNote(said: string): boolean {
  const last = said.trimEnd().split('\n').at(-1) ?? '';
  return /[:：][*_]*$/.test(last) || (LINE.test(last) && !LABEL.test(last));
}
