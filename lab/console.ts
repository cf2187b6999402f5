/** The agent's console, as the lab has it: on the address at which phones find the lab, with a token and a telephone. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LabAgent } from './agent.ts';
import { labFolder } from './paths.ts';
import { isPortFree } from './ports.ts';
import type { Secrets } from './secrets.ts';

interface ConsolePlace {
  readonly host: string;
  readonly secrets: Secrets;
}

const PORT = 8090;
const LOOPBACK = '127.0.0.1';
const CERTIFICATE_DAYS = '365';

/** What switches it on. Its usual port if that is free, else any. */
export async function consoleEnvironment({ host, secrets }: ConsolePlace): Promise<Record<string, string>> {
  const port = (await isPortFree('tcp', host, PORT)) ? PORT : 0;
  return {
    CONSOLE_ENABLED: 'true',
    CONSOLE_LISTEN_ADDRESS: host,
    CONSOLE_LISTEN_PORT: String(port),
    CONSOLE_OPERATE_TOKEN: secrets.console,
    CONSOLE_PHONE_USERNAME: 'webphone',
    CONSOLE_PHONE_PASSWORD: secrets.webphone,
    // On this machine a browser lends its microphone without; elsewhere it doesn't.
    ...(host === LOOPBACK ? {} : await certificate(host)),
  };
}

/** To be opened, with the token in it: it stays in the browser. */
export function consoleAddress({ consoleUrl }: LabAgent, { secrets }: ConsolePlace): string {
  return `${consoleUrl}/#token=${secrets.console}`;
}

/** A browser takes none that is over; a week before, it is made anew. */
async function isGood(certificate: string): Promise<boolean> {
  const check = ['x509', '-noout', '-checkend', String(7 * 86_400), '-in', certificate];
  return promisify(execFile)('openssl', check).then(
    () => true,
    () => false,
  );
}

/** One that nobody else vouches for: the browser asks once whether it is to be believed. */
async function certificate(host: string): Promise<Record<string, string>> {
  const [certificate, key] = ['crt', 'key'].map((end) => join(labFolder('tls'), `${host}.${end}`)) as [
    string,
    string,
  ];
  if (!(await isGood(certificate))) {
    await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...[
        '-days',
        CERTIFICATE_DAYS,
        '-subj',
        '/CN=ari-voice-agent lab',
        '-addext',
        `subjectAltName=IP:${host}`,
      ],
      ...['-keyout', key, '-out', certificate],
    ]);
  }
  return { CONSOLE_TLS_CERTIFICATE: certificate, CONSOLE_TLS_KEY: key };
}
