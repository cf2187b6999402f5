import type { CallRecord, Saying } from '../src/dialog/call/call-record.ts';
import { duration, texts } from './texts.ts';

/** Who said what, as a conversation. `onWord`: hear it from that place on, milliseconds since the call began. */
export function Transcript({
  record,
  onWord,
  atMs,
  hearing = '',
  saying,
}: {
  readonly record: CallRecord;
  readonly onWord?: (atMs: number) => void;
  /** What is being played. */
  readonly atMs?: number | undefined;
  /** What the caller is saying now, as far as it is understood. */
  readonly hearing?: string | undefined;
  /** What the agent is saying now: as far as it was heard, and what is to come. */
  readonly saying?: { readonly heard: string; readonly unheard: string } | undefined;
}) {
  const t = texts.value;
  const said = [...record.said].sort((a, b) => a.atMs - b.atMs);
  return (
    <ol class="transcript" onKeyDown={onWord && moveToWord}>
      {said.map((saying, n) => (
        <li key={n} class={`saying ${saying.who}${atMs !== undefined && isNow(saying, atMs) ? ' now' : ''}`}>
          <Bubble saying={saying} onWord={onWord} />
        </li>
      ))}
      {/* What changes ten times a second is read aloud when it is whole. */}
      {hearing !== '' && (
        <li class="saying caller hearing" aria-hidden="true">
          <div class="saying-head">
            <span class="who">{t.caller}</span>
          </div>
          <p>{hearing} …</p>
        </li>
      )}
      {saying && (
        <li class="saying agent speaking" aria-hidden="true">
          <div class="saying-head">
            <span class="who">{t.agent}</span>
          </div>
          <p>
            <span class="heard">{saying.heard}</span>
            <span class="unheard">{saying.unheard}</span>
          </p>
        </li>
      )}
    </ol>
  );
}

function Bubble({
  saying,
  onWord,
}: {
  readonly saying: Saying;
  readonly onWord: ((atMs: number) => void) | undefined;
}) {
  const t = texts.value;
  const { who, text = '', unheard, atMs, via, understood, interrupted } = saying;
  const name = who === 'caller' ? t.caller : t.agent;
  return (
    <>
      <div class="saying-head">
        <span class="who">{name}</span>
        <time>{duration(atMs)}</time>
      </div>
      <p class={understood === false ? 'unsure' : ''}>
        {text === '' && unheard === undefined ? (
          <em class="dim">{understood === false ? t.notUnderstood : t.notKept}</em>
        ) : via === 'dtmf' ? (
          t.keys(text)
        ) : onWord ? (
          <Words saying={saying} onWord={onWord} />
        ) : (
          text
        )}
        {interrupted === true && (
          <span class="cut" title={t.interrupted}>
            {' '}
            ⁄⁄
          </span>
        )}
        {unheard !== undefined && (
          <span class="unheard" title={t.unheard}>
            <span class="hidden"> ({t.unheard}:)</span>
            {unheard}
          </span>
        )}
      </p>
    </>
  );
}

/** One word of each saying is a stop of the Tab key; the arrows lead to the others. */
function moveToWord(event: KeyboardEvent): void {
  const { key, target } = event;
  if (!(target instanceof HTMLElement) || !target.classList.contains('word')) return;
  const next =
    key === 'ArrowRight'
      ? target.nextElementSibling
      : key === 'ArrowLeft'
        ? target.previousElementSibling
        : undefined;
  if (!(next instanceof HTMLElement) || !next.classList.contains('word')) return;
  event.preventDefault();
  next.focus();
}

/** Where each word lies isn't kept: its place is that of its letters in the text. */
function Words({ saying, onWord }: { readonly saying: Saying; readonly onWord: (atMs: number) => void }) {
  const { text = '', atMs, endMs = atMs } = saying;
  const words = text.match(/\S+\s*/g) ?? [];
  let letters = 0;
  return (
    <>
      {words.map((word, n) => {
        const at = atMs + ((endMs - atMs) * letters) / text.length;
        letters += word.length;
        return (
          <button
            key={n}
            class="word"
            tabIndex={n === 0 ? 0 : -1}
            title={texts.value.listenAt(duration(at))}
            onClick={() => {
              onWord(at);
            }}
          >
            {word}
          </button>
        );
      })}
    </>
  );
}

function isNow({ atMs, endMs }: Saying, now: number): boolean {
  return now >= atMs && now <= (endMs ?? atMs + 1000);
}
