const PLACE = /\{([\w.-]+)\}/g;

/** Names of the places `{name}` in a text. */
export function placesIn(template: string): string[] {
  return [...template.matchAll(PLACE)].map(([, name = '']) => name);
}

/** The text with its places filled. */
export function fillPlaces(template: string, valueOf: (name: string) => string): string {
  return template.replace(PLACE, (_, name: string) => valueOf(name));
}
