import { parseArgs } from 'node:util';
import { KNOWN_PROVIDERS } from '../app/known-providers.ts';
import type { CallNews } from '../app/outgoing.ts';
import { loadConfig } from '../config.ts';
import type { Environment } from '../config/environment.ts';
import { authorityOf } from '../lib/authority.ts';
import { messageOf, VoiceAgentError } from '../lib/errors.ts';
import { EX_CONFIG, wrongUsage, type Output } from './command.ts';

/**
 * Lets the running agent call somebody, and tells how it went. Returns the exit status. Ctrl-C ends the command, not the
 * call.
 */
export async function callCommand(
  args: readonly string[],
  env: Environment,
  { print, complain }: Output,
): Promise<number> {
  const order = orderOf(args);
  if (!order) return wrongUsage('call', complain);
  try {
    return await call(order, env, print);
  } catch (error) {
    complain(messageOf(error));
    return error instanceof VoiceAgentError && error.code === 'CONFIG_INVALID' ? EX_CONFIG : 1;
  }
}

interface Order {
  readonly number: string;
  readonly agent: string;
  readonly note: string | undefined;
  readonly json: boolean;
}

function orderOf(args: readonly string[]): Order | undefined {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        agent: { type: 'string' },
        note: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const [number, ...others] = positionals;
    const { agent, note, json } = values;
    return number === undefined || agent === undefined || others.length > 0
      ? undefined
      : { number, agent, note, json };
  } catch {
    return undefined; // an option that doesn't exist
  }
}

async function call(
  { number, agent, note, json }: Order,
  env: Environment,
  print: Output['print'],
): Promise<number> {
  const { token, listenAddress, listenPort } = loadConfig({ env, known: KNOWN_PROVIDERS }).outgoing;
  if (token === undefined) {
    throw new Error(
      'agents make no calls: set VOICE_AGENT_CALL_TOKEN (outgoing.token), for the agent and for this command',
    );
  }
  const url = `http://${authorityOf(listenAddress, listenPort)}/calls`;
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
    if (json) print(JSON.stringify(news));
    else if (news.state === 'calling') print(`calling ${number}: ${news.call}`);
    else if (news.state === 'answered') print('answered');
    else print(`ended: ${news.reason}`);
    hasAnswered ||= news.state === 'answered';
    if (news.state !== 'ended') continue;
    return hasAnswered && news.reason !== 'voicemail' ? 0 : 1;
  }
  throw new Error('the agent has gone away: the records say how the call ended (voice-agent calls)');
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
