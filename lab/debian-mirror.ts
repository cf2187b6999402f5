import { execFileSync } from 'node:child_process';
import { UserError } from './user-error.ts';

/**
 * The Debian mirror of this machine's apt (or MIRROR), and what apt is told of how to reach it: proxy, dates. As
 * docker/asterisk/root-fs.sh finds them. Throws UserError.
 */
export function debianMirror(): { mirror: string; settings: string[] } {
  const run = (file: string, ...args: string[]): string => execFileSync(file, args, { encoding: 'utf8' });
  const settings = run('apt-config', 'dump')
    .split('\n')
    .filter((line) => /^Acquire::(http|https|Check|Retries|Force)/.test(line));
  const named = process.env['MIRROR'];
  if (named !== undefined && named !== '') return { mirror: named, settings };
  const targets = run('apt-get', 'indextargets', '--format', '$(ORIGIN) $(REPO_URI)', 'Created-By: Packages');
  const mirror = targets
    .split('\n')
    .map((line) => line.split(' '))
    .find(([origin, uri]) => origin === 'Debian' && uri !== undefined && !uri.includes('security'))?.[1];
  if (mirror === undefined)
    throw new UserError('No Debian mirror is known to apt here: name one with MIRROR=.');
  return { mirror, settings };
}
