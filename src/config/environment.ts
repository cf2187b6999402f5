import { readFileSync } from 'node:fs';
import { messageOf } from '../lib/errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Substituted =
  | { readonly text: string; readonly fromEnvironment: boolean }
  /** `problem` says which variable is missing or can't be read. */
  | { readonly problem: string };

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Replaces `${NAME}` and `${NAME:-default}`. Where NAME isn't set but NAME_FILE is, the value is that file's
 * content without its last line break. An empty variable counts as not set, as in the shell's `:-`.
 */
export function substitute(text: string, env: Environment): Substituted {
  const problems: string[] = [];
  let fromEnvironment = false;
  const open = /\$\{[^}\n]{0,40}\}?/.exec(text.replace(VARIABLE, ''))?.[0];
  if (open !== undefined)
    problems.push(
      `${open} is no variable: write \${NAME} or \${NAME:-default}, NAME of letters, digits and _`,
    );
  const result = text.replace(VARIABLE, (_, name: string, fallback: string | undefined) => {
    const value = lookUp(name, env);
    if ('problem' in value) {
      problems.push(value.problem);
      return '';
    }
    fromEnvironment ||= value.text !== '';
    if (value.text !== '') return value.text;
    if (fallback !== undefined) return fallback;
    problems.push(`\${${name}} is not set: set ${name}, or ${name}_FILE to the path of a file that holds it`);
    return '';
  });
  return problems.length > 0 ? { problem: problems.join('; ') } : { text: result, fromEnvironment };
}

/** True if the text takes its whole value from one variable and gives no default for it but "none" (`:-`). */
export function isBareVariable(text: string): boolean {
  return /^\$\{[A-Za-z_][A-Za-z0-9_]*(:-)?\}$/.test(text.trim());
}

/** The variable's value, or that of the file that NAME_FILE names; empty: neither is set. */
export function lookUp(name: string, env: Environment): { text: string } | { problem: string } {
  const value = env[name];
  if (value !== undefined && value !== '') return { text: value };
  const file = env[`${name}_FILE`];
  if (file === undefined || file === '') return { text: '' };
  try {
    return { text: readFileSync(file, 'utf8').replace(/\r?\n$/, '') };
  } catch (error) {
    return { problem: `${name}_FILE names a file that can't be read: ${messageOf(error)}` };
  }
}

/** Shorter ones would take words out of any message. */
const SHORTEST_SECRET = 8;
const NOT_SHOWN = '(a secret, not shown)';
/** `//user:password@`, which may have been cut off behind the password. */
const IN_ADDRESS = /(\/\/[^\s/:@"']*:)(?!\d+…)[^\s/@"'…]+[@…]/g;
/** So much of a long value is shown at most (problems.ts, `found`). */
const SHOWN = 56;

/** A message about the configuration without the passwords and keys of the environment, wherever they may have got into it. */
export function withoutSecrets(text: string, env: Environment): string {
  const names = Object.keys(env)
    .map((name) => name.replace(/_FILE$/, ''))
    .filter((name) => /(PASSWORD|SECRET|TOKEN|KEY)$/.test(name))
    // The path of a file, unless somebody has put the key itself there.
    .filter((name) => name !== 'CONSOLE_TLS_KEY' || env[name]?.includes('-----') === true);
  return names
    .map((name) => lookUp(name, env))
    .flatMap((value) => ('text' in value && value.text.length >= SHORTEST_SECRET ? [value.text] : []))
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .flatMap((secret) => [secret, secret.slice(0, SHOWN)])
    .reduce(
      (shown, secret) => shown.replaceAll(secret, NOT_SHOWN),
      text.replace(IN_ADDRESS, `$1${NOT_SHOWN}@`),
    );
}
