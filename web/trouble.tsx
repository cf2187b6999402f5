import { texts } from './texts.ts';

export function Trouble({ message, again }: { readonly message: string; readonly again: () => void }) {
  const t = texts.value;
  return (
    <p class="banner" role="alert">
      {t.trouble(message)} <button onClick={again}>{t.retry}</button>
    </p>
  );
}
