import { existsSync, readFileSync, statSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, VoiceAgentError } from '../lib/errors.ts';
import { DATABASE_FILE, type DatabasePlace } from '../store/database-place.ts';
import { openDatabase, type Database } from '../store/database.ts';

/** Where the agent has its records, as the environment says to both. An empty variable counts as not set. Throws STORE_UNAVAILABLE. */
export function placeOfRecords(dataFolder: string, env = process.env): DatabasePlace {
  const url = env['VOICE_AGENT_DATABASE'] || addressIn(env['VOICE_AGENT_DATABASE_FILE'] ?? '');
  return url === '' ? { kind: 'sqlite', path: join(dataFolder, DATABASE_FILE) } : { kind: 'postgres', url };
}

function addressIn(file: string): string {
  try {
    return file === '' ? '' : readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new VoiceAgentError(
      'STORE_UNAVAILABLE',
      `VOICE_AGENT_DATABASE_FILE names a file that can't be read: ${messageOf(error)}`,
    );
  }
}

/** As `npm start` finds it. */
export function dataFolder(env = process.env): string {
  return env['VOICE_AGENT_DATA_DIR'] || 'var';
}

/** Undefined: no call was ever kept there. Throws STORE_UNAVAILABLE, with the user to be where it is another's. */
export async function openRecords(
  place: DatabasePlace,
  folder: string,
  { program, onWarning }: { readonly program: string; readonly onWarning: (message: string) => void },
): Promise<Database | undefined> {
  if (place.kind === 'sqlite') {
    try {
      await access(place.path, constants.R_OK | constants.W_OK);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      // It is never made here: it would belong to the wrong user.
      if (code === 'ENOENT') return undefined;
      const why =
        code === 'ENOTDIR'
          ? `${folder} is no folder, but a file`
          : `${place.path} can't be used (${code}): ${remedy(folder, program)}`;
      throw new VoiceAgentError('STORE_UNAVAILABLE', why);
    }
  }
  return openDatabase({ place, onWarning });
}

function remedy(folder: string, program: string): string {
  const uid = existsSync(folder) ? statSync(folder).uid : undefined;
  const name = uid === undefined ? undefined : (userName(uid) ?? `#${uid}`);
  return name === undefined || uid === process.getuid?.()
    ? 'is its disk mounted read-only?'
    : `it belongs to ${name}; run it as that user: sudo -u '${name}' ${program} --data ${folder}`;
}

function userName(uid: number): string | undefined {
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  return users.map((line) => line.split(':')).find(([, , id]) => id === String(uid))?.[0];
}
