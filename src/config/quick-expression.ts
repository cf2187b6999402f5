import { runInNewContext } from 'node:vm';

const LETTERS = 200;
const SOON_MS = 1000;

/**
 * Whether a regular expression is done soon with what makes one with a repetition in a repetition try every way there is, which
 * may take years, in which nothing else happens. One that can't be read is as quick as any.
 */
export function isQuick(pattern: string, flags: string): boolean {
  const parts = pattern.match(/[\p{L}\p{N}]+/gu) ?? [];
  const repeated = [...parts, '1', 'a', 'A', '1 ', 'a ', 'A ', '1-', '1.', 'a1', 'A1', ' ', '-', '.', 'ä'];
  // What ends in a letter that doesn't belong there is no hit however it is divided.
  const texts = repeated.map((part) => `${part.repeat(LETTERS / part.length)}\0`);
  try {
    const tried = `const one = new RegExp(pattern, flags); for (const text of texts) text.replace(one, '')`;
    runInNewContext(tried, { texts, pattern, flags }, { timeout: SOON_MS });
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT';
  }
}
