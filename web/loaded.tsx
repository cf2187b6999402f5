import { useEffect, useState } from 'preact/hooks';
import { explain, get } from './api.ts';
import { texts } from './texts.ts';

export type Loaded<T> =
  | { readonly is: 'loading' }
  | { readonly is: 'there'; readonly value: T; readonly again: () => void }
  | { readonly is: 'trouble'; readonly message: string; readonly again: () => void };

/** What the server has at a path; `everyMs`: asked again and again. */
export function useLoaded<T>(path: string, everyMs?: number): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ is: 'loading' });
  const [asked, ask] = useState(0);
  const again = (): void => {
    ask((n) => n + 1);
  };
  useEffect(() => {
    let wanted = true;
    const load = (): void => {
      get<T>(path).then(
        (value) => {
          if (wanted) setLoaded({ is: 'there', value, again });
        },
        (error: unknown) => {
          if (wanted) setLoaded({ is: 'trouble', message: explain(error), again });
        },
      );
    };
    load();
    const timer = everyMs === undefined ? undefined : setInterval(load, everyMs);
    return () => {
      wanted = false;
      clearInterval(timer);
    };
  }, [path, everyMs, asked]);
  return loaded;
}

/** Shown only if it takes long enough to be noticed. */
export function Loading() {
  return (
    <p class="loading dim" role="status">
      {texts.value.loading}
    </p>
  );
}
