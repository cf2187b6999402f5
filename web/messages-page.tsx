import type { Message } from '../src/console/protocol.ts';
import { post, session } from './api.ts';
import { Icon } from './icons.tsx';
import { Empty, nameOf } from './live-page.tsx';
import { useLoaded } from './loaded.ts';
import { moment, texts } from './texts.ts';
import { Trouble } from './trouble.tsx';

export function MessagesPage() {
  const t = texts.value;
  const loaded = useLoaded<readonly Message[]>('/api/messages');
  return (
    <div class="messages">
      <h1>{t.messages}</h1>
      {loaded.is === 'trouble' && <Trouble {...loaded} />}
      {loaded.is === 'there' && loaded.value.length === 0 && (
        <Empty title={t.noMessages} how={t.noMessagesHow} />
      )}
      {loaded.is === 'there' && (
        <ul class="cards">
          {loaded.value.map((message) => (
            <li key={message.id} class={`card message${message.done ? ' over' : ''}`}>
              <div class="call-head">
                <div>
                  <h2>{nameOf(message)}</h2>
                  <p class="dim">
                    {message.agent} ·{' '}
                    {message.call === undefined ? (
                      moment(message.takenAt)
                    ) : (
                      <a href={`#/call/${message.call}`}>{moment(message.takenAt)}</a>
                    )}
                  </p>
                </div>
                {message.done ? (
                  <span class="tag">{t.done}</span>
                ) : session.value?.role === 'operate' ? (
                  <button
                    onClick={() => void post('/api/messages/done', { id: message.id }).then(loaded.again)}
                  >
                    <Icon name="check" /> {t.markDone}
                  </button>
                ) : (
                  <span class="tag on">{t.isNew}</span>
                )}
              </div>
              <p>{message.text}</p>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
