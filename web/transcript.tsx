import type { CallRecord, Saying } from '../src/dialog/call/call-record.ts';
import { duration, texts } from './texts.ts';

/** Who said what, as a conversation. `onWord`: hear it from that place on, milliseconds since the call began. */
export function Transcript({
  record,
  onWord,
  atMs,
  hearing = '',
}: {
  readonly record: CallRecord;
  readonly onWord?: (atMs: number) => void;
  /** What is being played. */
  readonly atMs?: number | undefined;
  /** What the caller is saying now, as far as it is understood. */
  readonly hearing?: string | undefined;
}) {
  const said = [...record.said].sort((a, b) => a.atMs - b.atMs);
  return (
    <ol class="transcript">
      {said.map((saying, n) => (
        <li key={n} class={`saying ${saying.who}${atMs !== undefined && isNow(saying, atMs) ? ' now' : ''}`}>
          <Bubble saying={saying} onWord={onWord} />
        </li>
      ))}
      {hearing !== '' && (
        <li class="saying caller hearing">
          <p>{hearing} …</p>
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
  const { who, text = '', atMs, via, understood, interrupted } = saying;
  const name = who === 'caller' ? t.caller : t.agent;
  return (
    <>
      <div class="saying-head">
        <span class="who">{name}</span>
        <time>{duration(atMs)}</time>
      </div>
      <p class={understood === false ? 'unsure' : ''}>
        {text === '' ? (
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
      </p>
    </>
  );
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
