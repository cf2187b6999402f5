import { readFileSync } from 'node:fs';

/** One thing that comes from outside: a packet, a message, a request, a file. */
export type Frame = string | Uint8Array;
/** What comes one after the other in one call, connection or start. */
export type Session = readonly Frame[];

/** Something that reads what others have sent. */
export interface FuzzTarget {
  /** What real parts send. */
  readonly corpus: readonly Session[];
  /** Throws, or rejects with, what is wrong; what the code says of bad input is right. */
  run(session: Session): void | Promise<void>;
  close?(): Promise<void>;
}

/** A session's frames as a line of JSON: text, and bytes as `{"hex":"80…"}`. */
export function sessionToJson(session: Session): string {
  return JSON.stringify(
    session.map((frame) => (typeof frame === 'string' ? frame : { hex: Buffer.from(frame).toString('hex') })),
  );
}

export function sessionFromJson(line: string): Session {
  const frames = JSON.parse(line) as readonly (string | { readonly hex: string })[];
  return frames.map((frame) =>
    typeof frame === 'string' ? frame : new Uint8Array(Buffer.from(frame.hex, 'hex')),
  );
}

/** The sessions of `corpus/<name>.jsonl`, one a line. */
export function readCorpus(name: string): readonly Session[] {
  const text = readFileSync(new URL(`./corpus/${name}.jsonl`, import.meta.url), 'utf8');
  return text.trim().split('\n').map(sessionFromJson);
}

/** Text or bytes as bytes. */
export function bytesOf(frame: Frame): Uint8Array {
  return typeof frame === 'string' ? Buffer.from(frame) : frame;
}

export function textOf(frame: Frame): string {
  return typeof frame === 'string' ? frame : Buffer.from(frame).toString('latin1');
}

/** For what must be true of whatever came. */
export function must(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(`it must be true: ${what}`);
}
