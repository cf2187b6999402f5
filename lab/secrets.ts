import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { labFolder } from './paths.ts';

/** The lab's passwords: made on the first run, readable by its owner only, never in git. */
export interface Secrets {
  readonly ari: string;
  readonly softphone1: string;
  readonly softphone2: string;
}

/** As what the lab's two phones call (asterisk-conf/pjsip.conf). */
export const PHONE_NUMBERS = { softphone1: '1001', softphone2: '1002' } as const;

export function labSecrets(): Secrets {
  const path = join(labFolder(), 'secrets.json');
  const read = (): Secrets => JSON.parse(readFileSync(path, 'utf8')) as Secrets;
  try {
    return read();
  } catch {
    const word = (): string => randomBytes(12).toString('hex');
    const secrets: Secrets = { ari: word(), softphone1: word(), softphone2: word() };
    // Complete or not there at all; and if another process was first, its passwords count.
    const unfinished = `${path}.${process.pid}`;
    writeFileSync(unfinished, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
    try {
      linkSync(unfinished, path);
    } catch {
      // The other one's.
    }
    rmSync(unfinished);
    return read();
  }
}
