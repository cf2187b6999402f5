import { useState } from 'preact/hooks';
import { explain, Refused, signIn } from './api.ts';
import { Icon } from './icons.tsx';
import { texts } from './texts.ts';

export function SignInPage() {
  const t = texts.value;
  const [token, setToken] = useState('');
  const [trouble, setTrouble] = useState('');
  const submit = (event: Event): void => {
    event.preventDefault();
    signIn(token).catch((error: unknown) => {
      setTrouble(error instanceof Refused && error.status === 401 ? t.wrongToken : t.trouble(explain(error)));
    });
  };
  return (
    <main class="sign-in">
      <form class="card" onSubmit={submit}>
        <span class="brand">
          <Icon name="brand" />
        </span>
        <h1>{t.signIn}</h1>
        <p class="dim">{t.signInHow}</p>
        <label>
          {t.token}
          <input
            type="password"
            autocomplete="current-password"
            required
            value={token}
            onInput={(event) => {
              setToken(event.currentTarget.value);
            }}
          />
        </label>
        <p class="trouble" role="alert">
          {trouble}
        </p>
        <button class="primary">{t.signIn}</button>
      </form>
    </main>
  );
}
