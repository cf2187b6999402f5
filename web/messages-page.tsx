import { useState } from 'preact/hooks';
import type { Message } from '../src/console/protocol.ts';
import { agentName, explain, post, session } from './api.ts';
import { Empty } from './empty.tsx';
import { Icon } from './icons.tsx';
import { useKeptFocus } from './kept-focus.ts';
import { Loading, useLoaded } from './loaded.tsx';
import { moment, nameOf, texts } from './texts.ts';
import { Trouble } from './trouble.tsx';

const SHOWN = ['isNew', 'done', 'allMessages'] as const;

export function MessagesPage() {
  const t = texts.value;
  const loaded = useLoaded<readonly Message[]>('/api/messages');
  const [shown, show] = useState<(typeof SHOWN)[number]>('isNew');
  const all = loaded.is === 'there' ? loaded.value : [];
  const messages = all.filter(({ done }) => shown === 'allMessages' || done === (shown === 'done'));
  const place = useKeptFocus<HTMLDivElement>(messages.length);
  return (
    <div class="messages" ref={place} tabIndex={-1}>
      <h1>{t.messages}</h1>
      {loaded.is === 'loading' && <Loading />}
      {loaded.is === 'trouble' && <Trouble {...loaded} />}
      {all.length > 0 && (
        <div class="filters">
          {SHOWN.map((one) => (
            <button
              key={one}
              class="chip"
              aria-pressed={shown === one}
              onClick={() => {
                show(one);
              }}
            >
              {t[one]}
            </button>
          ))}
        </div>
      )}
      {loaded.is === 'there' && messages.length === 0 && (
        <Empty
          title={all.length === 0 ? t.noMessages : shown === 'done' ? t.noneDone : t.noneOpen}
          how={t.noMessagesHow}
        />
      )}
      <ul class="cards">
        {loaded.is === 'there' &&
          messages.map((message) => <Note key={message.id} message={message} again={loaded.again} />)}
      </ul>
    </div>
  );
}

function Note({ message, again }: { readonly message: Message; readonly again: () => void }) {
  const t = texts.value;
  const [trouble, setTrouble] = useState('');
  const { id, call, takenAt, agent, calledFrom, text, done } = message;
  const mark = (): void => {
    post('/api/messages/done', { id }).then(again, (error: unknown) => {
      setTrouble(t.trouble(explain(error)));
    });
  };
  return (
    <li class={`card message${done ? ' over' : ''}`}>
      <div class="call-head">
        <div>
          <h2>{nameOf(message)}</h2>
          {calledFrom !== undefined && <p>{t.calledFrom(calledFrom)}</p>}
          <p class="dim">
            {agentName(agent)} ·{' '}
            {call === undefined ? moment(takenAt) : <a href={`#/call/${call}`}>{moment(takenAt)}</a>}
          </p>
        </div>
        {done ? (
          <span class="tag">{t.done}</span>
        ) : session.value?.role === 'operate' ? (
          <button onClick={mark}>
            <Icon name="check" /> {t.markDone}
          </button>
        ) : (
          <span class="tag on">{t.isNew}</span>
        )}
      </div>
      <p>{text}</p>
      {trouble !== '' && (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
    </li>
  );
}
