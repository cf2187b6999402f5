import { useEffect, useState } from 'preact/hooks';
import { explain, get } from './api.ts';
import { texts } from './texts.ts';

export type Loaded<T> =
  | { readonly is: 'loading' }
  | { readonly is: 'there'; readonly value: T; readonly again: () => void }
  | { readonly is: 'trouble'; readonly message: string; readonly again: () => void };

const never = (): undefined => undefined;

/** What the server has at a path. `againMs`: how long after that (or, if it wasn't to be had, after nothing) it is asked for anew. */
export function useLoaded<T>(path: string, againMs: (value?: T) => number | undefined = never): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ is: 'loading' });
  const [asked, ask] = useState(0);
  const again = (): void => {
    ask((n) => n + 1);
  };
  useEffect(() => {
    let wanted = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (shown: Loaded<T>): void => {
      if (!wanted) return;
      setLoaded(shown);
      const ms = againMs(shown.is === 'there' ? shown.value : undefined);
      if (ms !== undefined) timer = setTimeout(load, ms);
    };
    const load = (): void => {
      get<T>(path).then(
        (value) => {
          show({ is: 'there', value, again });
        },
        (error: unknown) => {
          show({ is: 'trouble', message: explain(error), again });
        },
      );
    };
    load();
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [path, againMs, asked]);
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
