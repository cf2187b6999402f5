import './style.css';
import { signal } from '@preact/signals';
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { agentAway, begin, session, signOut } from './api.ts';
import { CallPage } from './call-page.tsx';
import { FiguresPage } from './figures-page.tsx';
import { HealthPage } from './health-page.tsx';
import { HistoryPage } from './history-page.tsx';
import { Icon } from './icons.tsx';
import { LivePage } from './live-page.tsx';
import { calls, watchCalls } from './live-state.ts';
import { MessagesPage } from './messages-page.tsx';
import { SignInPage } from './sign-in-page.tsx';
import { chooseLanguage, language, texts } from './texts.ts';
import { switchTheme } from './theme.ts';

const route = signal(routeOf(location.hash));
const PLACES = ['live', 'history', 'messages', 'figures', 'health'] as const;

function routeOf(hash: string): { readonly place: string; readonly rest: string } {
  const [place = 'live', ...rest] = hash.replace(/^#\//, '').split('/');
  return {
    place: place === '' || place.startsWith('#') ? 'live' : place,
    rest: decodeURIComponent(rest.join('/')),
  };
}

window.addEventListener('hashchange', () => {
  route.value = routeOf(location.hash);
  document.querySelector('main')?.focus({ preventScroll: true });
  window.scrollTo(0, 0);
});

function App() {
  document.documentElement.lang = language.value;
  document.title = `${texts.value.product} · ${titleOf(route.value.place)}`;
  if (session.value === undefined) return null;
  return session.value === null ? <SignInPage /> : <Console />;
}

function titleOf(place: string): string {
  const t = texts.value;
  return PLACES.includes(place as 'live') ? t[place as (typeof PLACES)[number]] : t.history;
}

function Console() {
  const t = texts.value;
  const { place, rest } = route.value;
  useEffect(watchCalls, []);
  const running = calls.value.filter(({ record }) => !record.ended).length;
  return (
    <div class="console">
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.querySelector('main')?.focus();
        }}
      >
        {t.skip}
      </a>
      <header>
        <a class="brand" href="#/live" aria-label={t.product}>
          <Icon name="brand" />
          <span>{t.product}</span>
        </a>
        <nav>
          {PLACES.map((one) => (
            <a
              key={one}
              href={`#/${one}`}
              aria-current={place === one || (one === 'history' && place === 'call') ? 'page' : undefined}
            >
              <Icon name={one} />
              <span>{t[one]}</span>
              {one === 'live' && running > 0 && <b class="count">{running}</b>}
            </a>
          ))}
        </nav>
        <div class="tools">
          <button class="quiet" title={t.theme} aria-label={t.theme} onClick={switchTheme}>
            <Icon name="theme" />
          </button>
          <button
            class="quiet language"
            lang={language.value === 'en' ? 'de' : 'en'}
            onClick={() => {
              chooseLanguage(language.value === 'en' ? 'de' : 'en');
            }}
          >
            {language.value === 'en' ? 'Deutsch' : 'English'}
          </button>
          <button class="quiet" title={t.signOut} aria-label={t.signOut} onClick={() => void signOut()}>
            <Icon name="leave" />
          </button>
        </div>
      </header>
      {agentAway.value && (
        <p class="banner" role="status">
          {t.away}
        </p>
      )}
      <main tabIndex={-1}>
        {place === 'history' ? (
          <HistoryPage />
        ) : place === 'call' ? (
          <CallPage key={rest} id={rest} />
        ) : place === 'messages' ? (
          <MessagesPage />
        ) : place === 'figures' ? (
          <FiguresPage />
        ) : place === 'health' ? (
          <HealthPage />
        ) : (
          <LivePage />
        )}
      </main>
    </div>
  );
}

void begin().then(() => {
  render(<App />, document.body);
});
