import { withoutSecrets, type Environment } from './environment.ts';
import { isSecret } from './problems.ts';

const HIDDEN = '•••';

/**
 * A configuration as it may be shown: plain data without keys and passwords, what tools send in headers, the database's
 * address, which holds a password, and what `env` has as a secret, wherever it may have got into it.
 */
export function shownConfig(config: object, env: Environment): unknown {
  const text = JSON.stringify({ ...config, databaseUrl: undefined }, (key, value: unknown) => {
    if (key === 'headers' && typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.keys(value).map((name) => [name, HIDDEN]));
    return typeof value === 'string' && isSecret([key]) ? HIDDEN : value;
  });
  return JSON.parse(withoutSecrets(text, env));
}
