import { z } from 'zod';

/**
 * A check of a tool's arguments by their JSON schema: undefined, or what is wrong with them, in words
 * for a model. Throws when the schema is invalid, or uses what isn't supported (`if`/`then`, remote `$ref`).
 */
export function argumentsCheck(
  schema: Readonly<Record<string, unknown>>,
): (args: Readonly<Record<string, unknown>>) => string | undefined {
  const checked = z.fromJSONSchema(schema);
  return (args) => {
    const result = checked.safeParse(args);
    if (result.success) return undefined;
    return result.error.issues
      .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
      .join('; ');
  };
}
