import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, copyFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config.ts';
import { allKeys, keysAt } from '../../src/config/keys.ts';
import { agentsFile, environmentSchema, providersFile } from '../../src/config/schema.ts';
import { KNOWN_PROVIDERS } from '../../src/app/known-providers.ts';

const docs = readFileSync('docs/configuration.md', 'utf8');
const rows = new Map(
  docs
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => [/^\| `([^`]+)`/.exec(line)?.[1] ?? '', line.split(/ +\| +/)] as const),
);

/** Keys that aren't sections of further keys. */
const leaves = [
  ...allKeys(agentsFile),
  ...allKeys(providersFile(KNOWN_PROVIDERS)),
  ...allKeys(environmentSchema),
].filter(
  ({ key }, _, all) =>
    !all.some(({ key: other }) => other.startsWith(`${key}.`) || other.startsWith(`${key}[].`)),
);

describe('docs/configuration.md', () => {
  it('has a line for every key of the schemas', () => {
    expect(leaves.length).toBeGreaterThan(60);
    expect(leaves.map(({ key }) => key).filter((key) => !rows.has(key))).toEqual([]);
  });

  it('has no line for a key that is in no schema', () => {
    const known = new Set(leaves.map(({ key }) => key));
    const keys = [...rows.keys()].filter((key) => /[.[]/.test(key));
    expect(keys.filter((key) => !known.has(key))).toEqual([]);
  });

  it('names the defaults that the schemas have', () => {
    const wrong = leaves.flatMap(({ key, default: value, required }) => {
      const cell = rows.get(key)?.[1] ?? '';
      if (value === undefined || value === '')
        return cell === (required ? '–' : 'none') ? [] : [`${key}: ${cell}`];
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return cell === `\`${text}\`` || cell === `"${text}"` ? [] : [`${key}: ${cell}, not ${text}`];
    });
    expect(wrong).toEqual([]);
  });

  it('has a line for every variable that the shipped providers.yaml takes, with its default and its key', () => {
    const taken: string[][] = [];
    const look = (value: unknown, key: string): void => {
      if (typeof value === 'object' && value !== null)
        for (const [name, inside] of Object.entries(value))
          look(inside, Array.isArray(value) ? `${key}[]` : key === '' ? name : `${key}.${name}`);
      const [, name, hasDefault, fallback = ''] = /^\$\{(\w+)(:-)?(.*)\}$/.exec(String(value)) ?? [];
      if (name === undefined) return;
      taken.push([
        name,
        hasDefault === undefined ? '–' : fallback === '' ? 'none' : `\`${fallback}\``,
        `\`${key}\``,
      ]);
    };
    look(parse(readFileSync('config/providers.yaml', 'utf8')), '');
    expect(taken.length).toBeGreaterThan(40);
    const told = taken.map(([name = '']) => [name, ...(rows.get(name)?.slice(1, 3) ?? [])]);
    expect(told.map((cells) => cells.map((cell) => cell.replace(/ +\|$/, '')))).toEqual(taken);
  });

  it('has examples that work', () => {
    const blocks = [...docs.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block);
    expect(blocks).toHaveLength(2);
    const yaml = blocks.join('');
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    try {
      mkdirSync(join(folder, 'config'));
      writeFileSync(join(folder, 'config', 'agents.yaml'), yaml);
      copyFileSync('config/providers.yaml', join(folder, 'config', 'providers.yaml'));
      const config = loadConfig({
        env: { ARI_PASSWORD: 'x', SHOP_KEY: 'y' },
        known: KNOWN_PROVIDERS,
        cwd: folder,
      });
      expect(config.agents[0]).toMatchObject({ id: 'bakery', voice: 'slt', codec: 'auto' });
      expect(config.httpTools[0]).toMatchObject({ headers: { Authorization: 'Bearer y' }, maxBytes: 65536 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the keys of a section', () => {
  it('are known for suggestions, through lists, defaults and conversions', () => {
    expect(keysAt(agentsFile, ['agents', 0, 'limits'])).toContain('silenceMs');
    expect(keysAt(agentsFile, ['agents', 3, 'knowledge', 'openingHours'])).toContain('sunday');
    expect(keysAt(providersFile(KNOWN_PROVIDERS), ['providers', 'agents', 'alice'])).toEqual([
      'vad',
      'stt',
      'llm',
      'tts',
    ]);
    expect(keysAt(agentsFile, ['nowhere'])).toEqual([]);
  });
});
