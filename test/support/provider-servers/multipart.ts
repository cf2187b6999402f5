export interface FormPart {
  readonly name: string;
  /** Only files have one. */
  readonly filename?: string;
  readonly data: Uint8Array;
}

/** The parts of a `multipart/form-data` body (RFC 7578). */
export function parseMultipart(body: Buffer, contentType: string): FormPart[] {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) throw new Error(`no boundary in ${contentType}`);
  const mark = Buffer.from(`--${boundary}`);
  const parts: FormPart[] = [];
  for (let from = body.indexOf(mark); from >= 0;) {
    const to = body.indexOf(mark, from + mark.length);
    if (to < 0) break;
    const part = body.subarray(from + mark.length + 2, to - 2);
    const headEnd = part.indexOf('\r\n\r\n');
    const head = part.toString('utf8', 0, headEnd);
    const filename = /filename="([^"]*)"/.exec(head)?.[1];
    parts.push({
      name: /[; ]name="([^"]*)"/.exec(head)?.[1] ?? '',
      ...(filename === undefined ? {} : { filename }),
      data: new Uint8Array(part.subarray(headEnd + 4)),
    });
    from = to;
  }
  return parts;
}
