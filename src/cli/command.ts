/** What `voice-agent NAME` does. */
export interface Command {
  /** For the list of commands: one line. */
  readonly summary: string;
  /** Lines of usage, without the program's name, and what is to be known. */
  readonly usage: readonly string[];
  readonly about: string;
  /** Resolves with the exit status; undefined: what was started ends the program. */
  run(args: readonly string[], out: Output): Promise<number | undefined>;
}

/** Where lines go: the answer, and what else is to be said. */
export interface Output {
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}

/** Exit statuses, as sysexits.h has them; 1: no, or not found. */
export const EX_OK = 0;
export const EX_USAGE = 64;
export const EX_CONFIG = 78;

/** Says where the command's usage stands; returns the exit status. */
export function wrongUsage(name: string, complain: (line: string) => void): number {
  complain(`it can't be used like this; see: voice-agent help ${name}`);
  return EX_USAGE;
}
