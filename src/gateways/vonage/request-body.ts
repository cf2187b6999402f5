import type { IncomingMessage } from 'node:http';

/**
 * The body of a request as text. A number is the status to refuse it with: 413 too large, 400 not UTF-8;
 * 0: it was broken off, no answer is expected.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<string | number> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve(413);
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    request.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes <= maxBytes) {
        parts.push(part);
        return;
      }
      request.pause();
      resolve(413);
    });
    request.on('end', () => {
      try {
        resolve(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts)));
      } catch {
        resolve(400);
      }
    });
    request.on('close', () => {
      resolve(0);
    });
  });
}
