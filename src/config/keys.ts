import type { z } from 'zod';

/** What a schema says about itself, as far as messages and the documentation need it. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly out?: z.core.$ZodType;
  readonly defaultValue?: unknown;
}

function definition(schema: z.core.$ZodType): Definition {
  return schema._zod.def;
}

/** The schema behind optional, default and conversions. */
function bare(schema: z.core.$ZodType): Definition {
  const def = definition(schema);
  if (def.innerType) return bare(def.innerType);
  if (def.type === 'pipe' && def.in && def.out) {
    // preprocess: (transform → schema); transform: (schema → transform)
    return bare(definition(def.in).type === 'transform' ? def.out : def.in);
  }
  return def;
}

/** The keys that may stand in the section at `path`. */
export function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  let current: z.core.$ZodType | undefined = schema;
  for (const step of path) {
    const def: Definition | undefined = current && bare(current);
    current = def?.shape?.[String(step)] ?? def?.element ?? def?.valueType;
  }
  return current ? Object.keys(bare(current).shape ?? {}) : [];
}

export interface DocumentedKey {
  /** Such as `agents[].limits.silenceMs` or `providers.agents.*.llm`. */
  readonly key: string;
  readonly default: unknown;
  /** Must be there (as far as its section is). */
  readonly required: boolean;
}

/** Every key of a schema, sections included, with its default. */
export function allKeys(schema: z.core.$ZodType, prefix = ''): DocumentedKey[] {
  const def = bare(schema);
  if (def.shape) {
    return Object.entries(def.shape).flatMap(([name, child]) => {
      const key = prefix === '' ? name : `${prefix}.${name}`;
      const own = definition(child);
      const value = own.type === 'default' ? own.defaultValue : undefined;
      const required = !['default', 'prefault', 'optional'].includes(own.type);
      return [{ key, default: value, required }, ...allKeys(child, key)];
    });
  }
  if (def.element) return allKeys(def.element, `${prefix}[]`);
  if (def.valueType) return allKeys(def.valueType, `${prefix}.*`);
  return [];
}
