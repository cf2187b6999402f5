import { useEffect, useRef, useState } from 'preact/hooks';
import { session } from './api.ts';
import { Icon } from './icons.tsx';
import { Meter } from './meter.tsx';
import {
  dial,
  hangUp,
  lastFailure,
  missing,
  openPhone,
  phone,
  phoneLevels,
  press,
  setMuted,
} from './phone-state.ts';
import { useKeptFocus } from './kept-focus.ts';
import { duration, inWords, texts } from './texts.ts';
import { useTicks } from './ticks.ts';

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];

/** Calls the agents with the browser's microphone. */
export function Phone() {
  const t = texts.value;
  const account = session.value?.phone;
  const state = phone.value;
  const [number, setNumber] = useState('');
  const [microphone, setMicrophone] = useState('');
  const [speaker, setSpeaker] = useState('');
  const place = useKeptFocus<HTMLElement>(state.is === 'in-call');
  useEffect(() => {
    if (account) void openPhone(account);
  }, [account]);
  if (!account) {
    return session.value?.role === 'operate' ? <p class="card dim small">{t.noPhone}</p> : null;
  }
  const call = (to: string): void => void dial(to, microphone, speaker);
  return (
    <section class="card phone" aria-label={t.phone} ref={place} tabIndex={-1}>
      <div class="call-head">
        <h2>{t.phone}</h2>
        <span class={`tag${state.is === 'ready' || state.is === 'in-call' ? ' on' : ''}`} role="status">
          {state.is === 'in-call' ? (state.at === undefined ? t.calling : t.connected) : t[state.is]}
        </span>
      </div>
      {missing.value !== undefined && (
        <p class="trouble small" role="alert">
          {t[missing.value]}
        </p>
      )}
      {lastFailure.value !== undefined && (
        <p class="trouble small" role="alert">
          {t.callFailed(inWords(t.callCauses, lastFailure.value))}
        </p>
      )}
      {state.is === 'in-call' ? (
        <InCall {...state} />
      ) : (
        <>
          <ul class="dial">
            {session.value?.agents.flatMap(({ id, name, extensions }) =>
              extensions.map((extension) => (
                <li key={`${id} ${extension}`}>
                  <span>
                    <b>{name}</b>
                    <span class="dim">{extension}</span>
                  </span>
                  <button
                    class="call-button round"
                    disabled={state.is !== 'ready'}
                    aria-label={`${t.call} ${name}, ${extension}`}
                    title={t.call}
                    onClick={() => {
                      call(extension);
                    }}
                  >
                    <Icon name="call" />
                  </button>
                </li>
              )),
            )}
          </ul>
          <details>
            <summary>{t.more}</summary>
            <form
              class="number"
              onSubmit={(event) => {
                event.preventDefault();
                call(number.trim());
              }}
            >
              <input
                aria-label={t.number}
                placeholder={t.number}
                inputMode="tel"
                required
                pattern="[0-9*#+]+"
                value={number}
                onInput={(event) => {
                  setNumber(event.currentTarget.value);
                }}
              />
              <button disabled={state.is !== 'ready'}>{t.call}</button>
            </form>
            <Devices kind="audioinput" label={t.microphone} chosen={microphone} onChoose={setMicrophone} />
            <Devices kind="audiooutput" label={t.speaker} chosen={speaker} onChoose={setSpeaker} />
          </details>
        </>
      )}
    </section>
  );
}

function InCall({
  number,
  at,
  muted,
}: {
  readonly number: string;
  readonly at?: number;
  readonly muted: boolean;
}) {
  const t = texts.value;
  const [keypad, showKeypad] = useState(false);
  const keypadButton = useRef<HTMLButtonElement>(null);
  useTicks(at !== undefined);
  const { you, far } = phoneLevels.value;
  const agent = session.value?.agents.find(({ extensions }) => extensions.includes(number));
  return (
    <div
      class="in-call"
      onKeyDown={({ key, ctrlKey, altKey, metaKey }) => {
        if (!keypad || ctrlKey || altKey || metaKey) return;
        if (KEYS.includes(key)) press(key);
        if (key !== 'Escape') return;
        showKeypad(false);
        keypadButton.current?.focus();
      }}
    >
      <div class="in-call-who">
        <b>{agent?.name ?? number}</b>
        <time class="elapsed">{at === undefined ? '' : duration(performance.now() - at)}</time>
      </div>
      <div class="labelled-meters">
        <span>{t.you}</span>
        <Meter side="caller" label={t.you} dbov={muted ? undefined : you} />
        <span>{agent?.name ?? t.agent}</span>
        <Meter side="agent" label={agent?.name ?? t.agent} dbov={far} />
      </div>
      <div class="phone-buttons">
        <button
          class="round"
          aria-pressed={muted}
          aria-label={muted ? t.unmute : t.mute}
          title={muted ? t.unmute : t.mute}
          onClick={() => {
            setMuted(!muted);
          }}
        >
          <Icon name="mute" />
        </button>
        <button
          class="round"
          ref={keypadButton}
          aria-expanded={keypad}
          aria-label={t.keypad}
          title={t.keypad}
          onClick={() => {
            showKeypad(!keypad);
          }}
        >
          <Icon name="keypad" />
        </button>
        <button class="round hang-up" aria-label={t.endCall} title={t.endCall} onClick={hangUp}>
          <Icon name="hangUp" />
        </button>
      </div>
      {keypad && (
        <div class="keys">
          {KEYS.map((key) => (
            <button
              key={key}
              onClick={() => {
                press(key);
              }}
            >
              {key}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** Devices have names only when the page was allowed to use one. */
function Devices({
  kind,
  label,
  chosen,
  onChoose,
}: {
  readonly kind: MediaDeviceKind;
  readonly label: string;
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}) {
  const [devices, setDevices] = useState<readonly MediaDeviceInfo[]>([]);
  useEffect(() => {
    const { mediaDevices } = navigator;
    const look = (): void =>
      void mediaDevices.enumerateDevices().then((all) => {
        setDevices(all.filter((one) => one.kind === kind && one.deviceId !== '' && one.label !== ''));
      });
    look();
    mediaDevices.addEventListener('devicechange', look);
    return () => {
      mediaDevices.removeEventListener('devicechange', look);
    };
  }, [kind]);
  return (
    <label class="device">
      <span class="dim small">{label}</span>
      <select
        value={chosen}
        onChange={(event) => {
          onChoose(event.currentTarget.value);
        }}
      >
        <option value="">{texts.value.standard}</option>
        {devices.map(({ deviceId, label: name }) => (
          <option key={deviceId} value={deviceId}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
