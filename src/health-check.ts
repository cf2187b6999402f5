/**
 * Asks a running agent how it is, where there is no curl (a container's health check):
 *
 *     voice-agent health                  exit status 0 if it is ready for calls, else 1 and why not
 *     voice-agent health healthz          … if it is alive, ready or not
 *     voice-agent health readyz --url http://127.0.0.1:9464 --timeout-ms 3000
 *     … --json                            its answer is JSON anyhow; that there is none, too
 *
 * Without `--url` it asks where config/providers.yaml lets the agent listen: at MONITORING_LISTEN_ADDRESS
 * and MONITORING_LISTEN_PORT. Imports nothing of the program: it runs every few seconds.
 */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { authorityOf } from './lib/authority.ts';
import { http } from './lib/node-http.ts';

const USAGE = 'usage: voice-agent health [readyz | healthz] [--url URL] [--timeout-ms N] [--json]';
const LONGEST_ANSWER = 64 * 1024;

/** Runs the command; returns the exit status: 0 well, 1 not well or no answer, 2 wrong usage, which is told to `complain`. */
export async function healthCheckCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  print: (line: string) => void,
  complain = print,
): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        url: { type: 'string', default: addressOf(env) },
        'timeout-ms': { type: 'string', default: '3000' },
        json: { type: 'boolean', default: false },
      },
    });
  } catch {
    complain(USAGE);
    return 2;
  }
  const { values, positionals } = parsed;
  const [what = 'readyz', ...more] = positionals;
  const timeoutMs = Number(values['timeout-ms']);
  const url = `${values.url.replace(/\/+$/, '')}/${what}`;
  if (!['readyz', 'healthz'].includes(what) || more.length > 0 || !(timeoutMs > 0) || !URL.canParse(url)) {
    complain(USAGE);
    return 2;
  }
  const tell = (answer: string, trouble: string): void => {
    print(answer || (values.json ? JSON.stringify({ ready: false, error: trouble }) : trouble));
  };
  try {
    const { status, body } = await ask(url, timeoutMs);
    tell(body.trim(), `${url} answered with ${status}`);
    return status === 200 ? 0 : 1;
  } catch (error) {
    tell('', `no answer from ${url}: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** A server that listens on all addresses is asked at the loopback one. An empty variable counts as not set. */
function addressOf(env: Readonly<Record<string, string | undefined>>): string {
  const given = env['MONITORING_LISTEN_ADDRESS'] || '127.0.0.1';
  const address = given === '0.0.0.0' ? '127.0.0.1' : given === '::' ? '::1' : given;
  const port = env['MONITORING_LISTEN_PORT'] || '9464';
  return `http://${authorityOf(address, port)}`;
}

function ask(url: string, timeoutMs: number): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
        if (body.length > LONGEST_ANSWER) request.destroy(new Error('the answer has no end'));
      });
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
      response.on('error', reject);
    });
    request.on('error', (error) => {
      reject(error.name === 'AbortError' ? new Error(`nothing came within ${timeoutMs} ms`) : error);
    });
  });
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await healthCheckCommand(process.argv.slice(2), process.env, (line) => {
    process.stdout.write(`${line}\n`);
  });
}
