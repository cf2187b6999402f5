/** What came as JSON, of which nothing is known yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** A list is none. */
export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object's fields; none of what isn't one. */
export function fieldsOf(value: unknown): Fields {
  return isObject(value) ? value : {};
}
