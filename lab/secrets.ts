import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { labFolder } from './paths.ts';

/** The lab's passwords: made on the first run, readable by its owner only, never in git. */
export interface Secrets {
  readonly ari: string;
  readonly softphone1: string;
  readonly softphone2: string;
  /** Of the console's telephone. */
  readonly webphone: string;
  /** Who has it may operate the console. */
  readonly console: string;
}

/** As what the lab's two phones call (asterisk-conf/pjsip.conf). */
export const PHONE_NUMBERS = { softphone1: '1001', softphone2: '1002' } as const;

export function labSecrets(): Secrets {
  const path = join(labFolder(), 'secrets.json');
  const read = (): Partial<Secrets> => JSON.parse(readFileSync(path, 'utf8')) as Partial<Secrets>;
  const word = (): string => randomBytes(12).toString('hex');
  const complete = (there: Partial<Secrets>): Secrets => ({
    ari: word(),
    softphone1: word(),
    softphone2: word(),
    webphone: word(),
    console: word(),
    ...there,
  });
  // Complete or not there at all; and if another process was first, its passwords count.
  const unfinished = `${path}.${process.pid}`;
  const write = (secrets: Secrets, put: typeof linkSync): void => {
    writeFileSync(unfinished, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
    put(unfinished, path);
  };
  try {
    const there = read();
    const secrets = complete(there);
    // Those of an earlier version lack some.
    if (Object.keys(there).length < Object.keys(secrets).length) write(secrets, renameSync);
    return secrets;
  } catch {
    try {
      write(complete({}), linkSync);
    } catch {
      // The other one's.
    }
    rmSync(unfinished, { force: true });
    return complete(read());
  }
}
