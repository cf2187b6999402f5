import type { z } from 'zod';

/** Every section's settings, by its name in providers.yaml. */
export type AllSettings = Readonly<Record<string, unknown>>;

/** What a user may set for a provider, or for several of one owner: a section of `providers` in providers.yaml. */
export class SettingsSection<Schema extends z.ZodType = z.ZodType> {
  /** Its key in providers.yaml. */
  readonly name: string;
  /** Whose service it is, as people say it. */
  readonly owner: string;
  /** The variable of the environment from which the shipped providers.yaml takes its `apiKey`. */
  readonly keyVariable: string;
  readonly schema: Schema;

  constructor(of: Pick<SettingsSection<Schema>, 'name' | 'owner' | 'keyVariable' | 'schema'>) {
    this.name = of.name;
    this.owner = of.owner;
    this.keyVariable = of.keyVariable;
    this.schema = of.schema;
  }

  /** What holds where nothing is set. */
  get defaults(): z.infer<Schema> {
    return this.schema.parse({});
  }

  /** Its own among all. They have been checked: this gives them their type back. */
  in(settings: AllSettings): z.infer<Schema> {
    return this.schema.parse(settings[this.name]);
  }
}

export type SettingsOf<Section extends SettingsSection> = z.infer<Section['schema']>;
