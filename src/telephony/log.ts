/** Where this folder's news goes; a pino logger fits. Fields never hold credentials. */
export interface TelephonyLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
