import { describe, expect, it } from 'vitest';
import { automatic } from '../../src/config/automatic.ts';
import type { KnownProvider } from '../../src/config/known-providers.ts';
import { SettingsSection } from '../../src/settings/settings-section.ts';
import { section, text } from '../../src/settings/values.ts';

function cloud(name: string, owner: string, rank?: number): KnownProvider {
  const schema = section({ apiKey: text.optional() });
  return {
    name,
    needsKey: true,
    languages: 'any',
    section: new SettingsSection({ name, owner, keyVariable: `${name.toUpperCase()}_API_KEY`, schema }),
    ...(rank === undefined ? {} : { rank }),
  };
}
const OWN: KnownProvider = { name: 'own', languages: ['en'], rank: 100 };
const FIRST = cloud('first', 'One', 10);
const SECOND = cloud('second', 'Two', 20);
const ALL = [OWN, SECOND, FIRST];

const choose = (
  keys: readonly string[],
  lacks: Readonly<Record<string, string>> = {},
  providers: readonly KnownProvider[] = ALL,
) =>
  automatic(
    providers,
    ({ name }) => keys.includes(name),
    ({ name }) => lacks[name],
  );

describe('auto', () => {
  it('takes the lowest rank first, whatever the order of the table', () => {
    expect(choose(['first', 'second'])).toEqual({
      names: ['first', 'second', 'own'],
      why: "One's key is set, and Two's key is set",
    });
  });

  it('leaves out providers whose key is missing, and says which keys would have mattered', () => {
    expect(choose(['second'])).toEqual({ names: ['second', 'own'], why: "Two's key is set" });
    expect(choose([])).toEqual({ names: ['own'], why: "no key of One's or Two's is set" });
  });

  it('leaves out providers that lack something for the agent, and says what', () => {
    expect(choose(['first', 'second'], { first: 'no German', own: 'English only' })).toEqual({
      names: ['second'],
      why: "Two's key is set; first can't take its place: no German; own can't take its place: English only",
    });
  });

  it('names the first usable provider if none can serve the agent, so that the error says what it lacks', () => {
    expect(choose([], { own: 'English only' })?.names).toEqual(['own']);
    expect(choose(['first'], { first: 'no German', own: 'English only' })?.names).toEqual(['first']);
  });

  it('never takes a provider without a rank', () => {
    expect(choose(['by-name'], {}, [OWN, cloud('by-name', 'Three')])).toEqual({
      names: ['own'],
      why: 'there is no other',
    });
  });

  it('finds no provider if none has a rank', () => {
    expect(choose(['by-name'], {}, [cloud('by-name', 'Three')])).toBeUndefined();
  });
});
