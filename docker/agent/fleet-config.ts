/**
 * A configuration for the nodes of a fleet: that of a folder, with other Asterisks.
 * node docker/agent/fleet-config.ts FROM TO NAME=URL …   e.g. asterisk-1=http://192.0.2.11:8088
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';

/** All else that the folder says of its first Asterisk holds for each of them. */
export function writeFleetConfig(
  from: string,
  to: string,
  asterisks: readonly { readonly name: string; readonly url: string }[],
): void {
  mkdirSync(to, { recursive: true });
  cpSync(from, to, { recursive: true });
  const path = join(to, 'providers.yaml');
  const document = parseDocument(readFileSync(path, 'utf8'));
  const { asterisk } = document.toJS() as { readonly asterisk?: readonly object[] };
  document.set(
    'asterisk',
    asterisks.map((own) => ({ ...asterisk?.[0], ...own })),
  );
  writeFileSync(path, document.toString());
}

if (import.meta.main) {
  const [from, to, ...pairs] = process.argv.slice(2);
  const asterisks = pairs.map((pair) => ({
    name: pair.slice(0, pair.indexOf('=')),
    url: pair.slice(pair.indexOf('=') + 1),
  }));
  if (from === undefined || to === undefined || asterisks.length === 0)
    throw new Error('It takes two folders and at least one Asterisk, NAME=URL');
  writeFleetConfig(from, to, asterisks);
}
