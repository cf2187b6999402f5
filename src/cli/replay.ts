import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { dataFolder, openRecords, placeOfRecords } from '../calls/open-records.ts';
import { didYouMean } from '../config/nearest.ts';
import type { CallRecord } from '../dialog/call/call-record.ts';
import type { TurnLogSettings } from '../dialog/contract/call-events.ts';
import { messageOf } from '../lib/errors.ts';
import { json } from '../lib/printed.ts';
import { compare, decisionsIn, type Compared } from '../replay/decisions.ts';
import { loggedCall, NoReplay } from '../replay/logged-call.ts';
import { replayCall } from '../replay/replay-call.ts';
import { callId } from '../store/call-rows.ts';
import { findCall } from '../store/reader.ts';
import { EX_OK, wrongUsage, type Output } from './command.ts';

/**
 * Takes a call's turns again, from its record and its recording, and prints what was decided then and is decided now. Returns
 * the exit status: 0 if that is the same, 1 if it isn't, or if the call can't be replayed.
 */
export async function replayCommand(
  args: readonly string[],
  { print, complain }: Output,
  env = process.env,
): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        set: { type: 'string', multiple: true, default: [] },
        data: { type: 'string', default: dataFolder(env) },
      },
    });
  } catch {
    return wrongUsage('replay', complain);
  }
  const { values, positionals } = parsed;
  const [first, second] = positionals;
  const isFile = first?.endsWith('.json') === true;
  if (first === undefined || positionals.length > (isFile ? 2 : 1)) return wrongUsage('replay', complain);
  try {
    const { record, recording } = isFile ? await inFiles(first, second) : await kept(first, values.data);
    const call = loggedCall(record, recording);
    const changed = changesIn(values.set, call.settings);
    const compared = compare(decisionsIn(call.steps), decisionsIn(await replayCall(call, changed)));
    if (values.json) print(json({ call: call.name, settings: { ...call.settings, ...changed }, compared }));
    else {
      if (!call.sound) complain('there is no recording: what the detector heard is taken from the log');
      if (call.masked.length > 0)
        complain(
          `words were taken out of turns ${call.masked.join(', ')}: what follows from them isn’t known`,
        );
      describe(compared).forEach(print);
    }
    return compared.every(({ same }) => same) ? EX_OK : 1;
  } catch (error) {
    complain(messageOf(error));
    return 1;
  }
}

interface Found {
  readonly record: CallRecord;
  readonly recording: Uint8Array | undefined;
}

/** What `voice-agent calls export NAME` has written, and a recording. */
async function inFiles(path: string, recording: string | undefined): Promise<Found> {
  const read = jsonOf(await readFile(path, 'utf8'));
  const [record, ...more] = Array.isArray(read) ? (read as unknown[]) : [read];
  if (more.length > 0)
    throw new NoReplay(`${path} has ${more.length + 1} calls: one at a time (voice-agent calls export NAME)`);
  if (!isRecord(record)) throw new NoReplay(`${path} is no record of a call (voice-agent calls export NAME)`);
  return { record, recording: recording === undefined ? undefined : await readFile(recording) };
}

/** Undefined: it isn't JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(read: unknown): read is CallRecord {
  return typeof read === 'object' && read !== null && 'call' in read && 'info' in read;
}

async function kept(name: string, folder: string): Promise<Found> {
  const nobody = new NoReplay(`there is no call "${name}", or there are several; see: voice-agent calls`);
  let warned = '';
  const database = await openRecords(placeOfRecords(folder), folder, {
    program: 'voice-agent replay',
    onWarning: (message) => (warned = message),
  });
  if (!database) throw nobody;
  try {
    const record = await findCall(database, name);
    if (!record) throw warned === '' ? nobody : new NoReplay(warned);
    const { recording } = record;
    const path = join(folder, 'calls', dirname(callId(record)), recording ?? '');
    return { record, recording: recording === undefined ? undefined : await readFile(path) };
  } finally {
    await database.close();
  }
}

/** `NAME=VALUE`, for settings that the call was held with. */
function changesIn(given: readonly string[], settings: TurnLogSettings): Readonly<Record<string, unknown>> {
  const changed: Record<string, unknown> = {};
  for (const one of given) {
    const [name = '', value = ''] = one.split('=');
    const before = settings[name];
    if (before === undefined || typeof before === 'object') {
      const names = Object.keys(settings).filter((known) => typeof settings[known] !== 'object');
      throw new NoReplay(
        `--set ${name}: there is no such setting${didYouMean(name, names)}; there are ${names.join(', ')}`,
      );
    }
    changed[name] = valueLike(before, value, one);
  }
  if (typeof changed['eagerPauseMs'] === 'number') changed['earlyStart'] = changed['eagerPauseMs'] > 0;
  return changed;
}

const WORDS: Readonly<Record<string, readonly string[]>> = {
  patience: ['quick', 'normal', 'relaxed'],
  interruption: ['pause', 'stop'],
  filler: ['words', 'tone'],
};

function valueLike(before: unknown, value: string, given: string): unknown {
  if (typeof before === 'boolean' && ['true', 'false'].includes(value)) return value === 'true';
  if (typeof before === 'number' && value !== '' && Number(value) >= 0) return Number(value);
  const [name = ''] = given.split('=');
  if (typeof before === 'string' && (WORDS[name] ?? [value]).includes(value)) return value;
  const like = WORDS[name]?.join(', ') ?? (typeof before === 'number' ? 'a number' : `a ${typeof before}`);
  throw new NoReplay(`--set ${given}: ${name} is one of: ${like}`);
}

/** A line for each decision: when it was made, and is now. */
function describe(compared: readonly Compared[]): string[] {
  const different = compared.filter(({ same }) => !same).length;
  return [
    '        then       now',
    ...compared.map(({ was, is, same }) => {
      const sign = same ? ' ' : was && is ? '~' : was ? '-' : '+';
      const decision = is ?? was;
      const text = [decision?.what, decision?.detail].filter(Boolean).join(': ');
      return `${sign} ${stamp(was?.at)} ${stamp(is?.at)}  ${text}`;
    }),
    '',
    different === 0
      ? `${compared.length} decisions, all as they were`
      : `${different} of ${compared.length} decisions are others (- only then, + only now, ~ sooner or later)`,
  ];
}

function stamp(at: number | undefined): string {
  return at === undefined ? '         –' : `${(at / 1000).toFixed(2).padStart(8)} s`;
}
