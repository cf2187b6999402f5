import type { ConfigDocument } from './document.ts';
import type { Path, Problem } from './problems.ts';
import { problemAt, textAt, valueAt } from './validate.ts';

/** What belongs together in the console's section. */
export function consolePage(providers: ConfigDocument): Problem[] {
  const at = (...keys: string[]): Path => ['console', ...keys];
  const has = (...keys: string[]): boolean => textAt(providers, at(...keys)) !== undefined;
  const enabled = String(valueAt(providers.data, at('enabled'))) === 'true';
  const problems: Problem[] = [];
  const complain = (path: Path, message: string): void => {
    problems.push(problemAt(providers, path, message));
  };
  if (
    enabled &&
    !has('operateToken') &&
    !has('viewToken') &&
    valueAt(providers.data, at('proxy')) === undefined
  ) {
    complain(
      at('enabled'),
      'nobody could sign in: set console.operateToken (CONSOLE_OPERATE_TOKEN), or console.proxy',
    );
  }
  const token = textAt(providers, at('viewToken'));
  if (token !== undefined && token === textAt(providers, at('operateToken')))
    complain(at('viewToken'), 'is the operateToken: whoever may only look on could hang up, too');
  for (const [one, other, section] of [
    ['certificate', 'key', 'tls'],
    ['username', 'password', 'phone'],
  ] as const) {
    if (has(section, one) !== has(section, other))
      complain(at(section), `${one} and ${other} belong together: set both, or neither`);
  }
  return problems;
}
