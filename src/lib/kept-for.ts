/**
 * `make`, asked once for each key: what it gives is kept for good. For what takes long to make (Intl's take up to 20 ms), by keys of
 * which there are few. What it throws isn't kept.
 */
export function keptFor<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const kept = new Map<Key, { readonly value: Value }>();
  return (key) => {
    const known = kept.get(key);
    if (known) return known.value;
    const value = make(key);
    kept.set(key, { value });
    return value;
  };
}
