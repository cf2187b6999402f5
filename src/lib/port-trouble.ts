const REMEDIES: Readonly<Record<string, (setting: string) => string>> = {
  EADDRINUSE: (setting) =>
    `another program (or another instance of this one) has it; choose another ${setting}, or 0 for any free one`,
  EADDRNOTAVAIL: () => 'no interface of this machine has that address; choose one of its own, or 0.0.0.0',
  EACCES: () => 'ports below 1024 need privileges; choose a higher one',
};

/** Why a port can't be had, by the system's error, and what to do; `setting` is what the user knows the port as. */
export function portTrouble(
  { code = '', message }: { readonly code?: string | undefined; readonly message: string },
  setting = 'port',
): string {
  return `${REMEDIES[code]?.(setting) ?? message} (${code})`;
}
