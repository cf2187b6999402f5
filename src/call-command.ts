/**
 * Lets the running agent call somebody, and tells how it went:
 *
 *     npm run call -- NUMBER --agent ID [--note "what it is about"]
 *
 * Exit status 0: they have answered, and talked with the agent; 1: not, or it couldn't be ordered. Ctrl-C ends the
 * command, not the call.
 */
import { parseArgs } from 'node:util';
import { KNOWN_PROVIDERS } from './app/known-providers.ts';
import type { CallNews } from './app/outgoing.ts';
import { loadConfig } from './config.ts';
import { messageOf, VoiceAgentError } from './lib/errors.ts';

const USAGE = 'usage: npm run call -- NUMBER --agent ID [--note TEXT]';

/** The command with these arguments; returns its exit status. */
export async function call(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  print: (line: string) => void,
): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { agent: { type: 'string' }, note: { type: 'string' } },
  });
  const [number] = positionals;
  const { agent, note } = values;
  if (number === undefined || positionals.length > 1 || agent === undefined) throw new Error(USAGE);
  const { token, listenAddress, listenPort } = loadConfig({ env, known: KNOWN_PROVIDERS }).outgoing;
  if (token === undefined) {
    throw new Error(
      'agents make no calls: set VOICE_AGENT_CALL_TOKEN (outgoing.token), for the agent and for this command',
    );
  }
  const host = listenAddress.includes(':') ? `[${listenAddress}]` : listenAddress;
  const url = `http://${host}:${listenPort}/calls`;
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ number, agent, note }),
  }).catch((error: unknown) => {
    throw new Error(
      `no agent takes orders for calls at ${url}: is it running? (${messageOf((error as Error).cause)})`,
    );
  });
  if (!answer.ok || !answer.body) throw new Error(await refusalOf(answer));
  let hasAnswered = false;
  for await (const news of linesOf(answer.body)) {
    if (news.state === 'calling') print(`calling ${number}: ${news.call}`);
    if (news.state === 'answered') print('answered');
    hasAnswered ||= news.state === 'answered';
    if (news.state !== 'ended') continue;
    print(`ended: ${news.reason}`);
    return hasAnswered && news.reason !== 'voicemail' ? 0 : 1;
  }
  throw new Error('the agent has gone away: the records say how the call ended (npm run calls)');
}

async function refusalOf(answer: Response): Promise<string> {
  const text = await answer.text();
  try {
    return (JSON.parse(text) as { error: string }).error;
  } catch {
    return `the agent answered with status ${answer.status}`;
  }
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<CallNews> {
  let rest = '';
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as CallNews;
  }
}

if (import.meta.main) {
  call(process.argv.slice(2), process.env, (line) => process.stdout.write(`${line}\n`)).then(
    (status) => {
      process.exitCode = status;
    },
    (error: unknown) => {
      process.stderr.write(`${messageOf(error)}\n`);
      process.exitCode = error instanceof VoiceAgentError && error.code === 'CONFIG_INVALID' ? 78 : 1;
    },
  );
}
