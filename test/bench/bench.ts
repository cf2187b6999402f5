/**
 * All benches that have tables, one after another: `make bench`, or `make bench PART=density,packages`. Each leaves its raw
 * figures, its table and its picture in OUT (default: docs/benchmarks); `make bench PART=verify` makes tables
 * and pictures of the raw files anew and fails where one isn't what stands there.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { made, PARTS, type Part } from './tables.ts';

const given = (name: string): string | undefined => process.env[name]?.trim() || undefined;
const out = resolve(given('OUT') ?? new URL('../../docs/benchmarks', import.meta.url).pathname);

function rawFile(name: string): string {
  return readFileSync(join(out, `${name}.json`), 'utf8');
}

function run(name: string, part: Part): boolean {
  process.stdout.write(`\n${part.title} (${name})\n`);
  const program = new URL(`${name}.bench.ts`, import.meta.url).pathname;
  // What the caller asks for comes after what the part asks for by itself; unset and empty are the same: make hands on both.
  const asked = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ''));
  const env = { ...part.settings, ...asked, JSON_FILE: join(out, `${name}.json`) };
  const { status } = spawnSync(process.execPath, [program], { stdio: 'inherit', env });
  if (status !== 0) return false;
  for (const [file, text] of made(name, part, rawFile(name))) writeFileSync(join(out, file), text);
  return true;
}

/** True: the raw file's tables and pictures are what stands there. */
function verify(name: string, part: Part): boolean {
  if (!existsSync(join(out, `${name}.json`))) return true;
  const others = made(name, part, rawFile(name)).filter(
    ([file, text]) => readFileSync(join(out, file), 'utf8') !== text,
  );
  for (const [file] of others) process.stdout.write(`${file} isn't what ${name}.json says\n`);
  if (others.length === 0) process.stdout.write(`${name}: right\n`);
  return others.length === 0;
}

const names = given('PART')?.split(',') ?? Object.keys(PARTS);
const action = names[0] === 'verify' ? verify : run;
const parts = Object.entries(PARTS).filter(([name]) => action === verify || names.includes(name));
const unknown = action === verify ? undefined : names.find((name) => !(name in PARTS));
if (unknown !== undefined) {
  process.stderr.write(
    `PART=${unknown} is not known; it can be ${Object.keys(PARTS).join(', ')} or verify\n`,
  );
  process.exit(2);
}
mkdirSync(out, { recursive: true });
if (!parts.map(([name, part]) => action(name, part)).every(Boolean)) process.exitCode = 1;
