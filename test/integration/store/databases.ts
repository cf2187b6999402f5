/** Both kinds of database, for tests that must be true of either. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import type { DatabasePlace } from '../../../src/store/database-place.ts';
import { openDatabase, type Database } from '../../../src/store/database.ts';
import { PostgresServer } from '../../support/postgres.ts';

export const KINDS = ['sqlite', 'postgres'] as const;
export type Kind = (typeof KINDS)[number];

let server: Promise<PostgresServer> | undefined;
const closers: (() => unknown)[] = [];

/** Closes and deletes after each test what it has opened. */
export function cleanDatabases(): void {
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  afterAll(async () => {
    await (await server)?.stop();
    server = undefined;
  });
}

export function closeLater(close: () => unknown): void {
  closers.push(close);
}

export function postgres(): Promise<PostgresServer> {
  server ??= PostgresServer.start();
  return server;
}

export async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'store-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An empty one. */
export async function newPlace(kind: Kind): Promise<DatabasePlace> {
  return kind === 'sqlite'
    ? { kind, path: join(await tempFolder(), 'records.sqlite') }
    : { kind, url: await (await postgres()).database() };
}

export async function open(place: DatabasePlace): Promise<Database> {
  const database = await openDatabase({ place, onWarning: () => undefined });
  closers.push(() => database.close());
  return database;
}
