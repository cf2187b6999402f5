import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { messageOf } from '../lib/errors.ts';
import type { ConfigDocument } from './document.ts';
import { found, type Path, type Problem } from './problems.ts';
import { problemAt, textAt, valueAt } from './validate.ts';

const TLS: Path = ['console', 'tls'];

/** That the console's certificate and key can be read, and belong together: it is opened when calls are taken already. */
export function tlsFiles(providers: ConfigDocument, cwd: string): Problem[] {
  if (String(valueAt(providers.data, ['console', 'enabled'])) !== 'true') return [];
  const files = (['certificate', 'key'] as const).map((name) => read(providers, name, cwd));
  const problems = files.flatMap(({ problem }) => problem ?? []);
  const [certificate, key] = files.map(({ pem }) => pem);
  if (problems.length > 0 || certificate === undefined || key === undefined) return problems;
  try {
    createSecureContext({ cert: certificate, key });
    return [];
  } catch (error) {
    const why = messageOf(error);
    const message = /mismatch/.test(why)
      ? 'the key isn’t the one of the certificate'
      : `certificate and key can't be used (${why})`;
    return [problemAt(providers, TLS, message)];
  }
}

function read(
  providers: ConfigDocument,
  name: 'certificate' | 'key',
  cwd: string,
): { readonly pem?: string; readonly problem?: Problem } {
  const path = [...TLS, name];
  const file = textAt(providers, path);
  if (file === undefined) return {};
  let pem: string;
  try {
    pem = readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    return { problem: problemOf(`a PEM file that can be read (${messageOf(error)})`) };
  }
  const needed = neededOf(name, pem);
  return needed === undefined ? { pem } : { problem: problemOf(needed) };

  function problemOf(what: string): Problem {
    return problemAt(providers, path, `${found(file, path)}, needed: ${what}`);
  }
}

/** Undefined: it is what it should be, as far as its headings tell. */
function neededOf(name: 'certificate' | 'key', pem: string): string | undefined {
  const isKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem);
  const isCertificate = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/.test(pem);
  if (name === 'certificate') {
    if (isCertificate) return undefined;
    return isKey ? 'a certificate: this is a key' : 'a PEM file with a certificate';
  }
  if (!isKey) return isCertificate ? 'a key: this is a certificate' : 'a PEM file with a private key';
  return /ENCRYPTED/.test(pem)
    ? 'a key without a passphrase (openssl pkey -in KEY -out KEY-WITHOUT)'
    : undefined;
}
