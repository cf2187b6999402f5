/** In the program's data directory, where no server is configured. */
export const DATABASE_FILE = 'records.sqlite';

/** Where records are: in a file of this machine, or in a PostgreSQL server. */
export type DatabasePlace =
  | { readonly kind: 'sqlite'; readonly path: string }
  /** `url`: `postgresql://user:password@host:5432/database`, or whatever libpq understands. */
  | { readonly kind: 'postgres'; readonly url: string };

/** For people; without the password. */
export function placeText(place: DatabasePlace): string {
  if (place.kind === 'sqlite') return place.path;
  if (!URL.canParse(place.url)) return 'PostgreSQL';
  const { hostname, port, pathname } = new URL(place.url);
  return `PostgreSQL at ${hostname || 'a local socket'}${port && `:${port}`}${pathname}`;
}
