/** A model beside the agent (profile local-llm): the order of starting, and a reply. The model is played by a few lines. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { docker, needDocker } from './docker.ts';
import type { Variables } from './docker.ts';
import { expectThat } from './docker-checks.ts';
import type { Checks } from './docker-checks.ts';
import { callAgent } from './docker-test-phone.ts';
import type { Stack } from './docker-test-stack.ts';
import { exchange, PATIENCE } from './conversation.ts';
import { DEMO_CALLS, recordingOf } from './demo-calls.ts';
import { readSound } from './sound-file.ts';

const IMAGE = 'ari-voice-agent/stand-in-ollama:test';
const SAYS = 'The model beside me says hello.';

/** As `ollama serve`, `list` and `pull`: there is no model until it was fetched, which takes a while. */
const OLLAMA = `#!/usr/local/bin/node
const { createServer } = require('node:http');
const [, , command, model] = process.argv;
const at = 'http://' + (process.env.OLLAMA_HOST ?? '127.0.0.1:11434');
const ask = async (path) => process.exit((await fetch(at + path)).ok ? 0 : 1);
if (command === 'list') ask('/api/tags');
if (command === 'pull') setTimeout(ask, 4000, '/api/pull/' + model);
if (command === 'serve') {
  require('node:fs').writeFileSync('/root/.ollama/here', '');
  const models = new Set();
  createServer(async (request, response) => {
    if (request.url.startsWith('/api/pull/')) models.add(request.url.slice('/api/pull/'.length));
    if (request.method !== 'POST') return void response.end('{}');
    let body = '';
    for await (const piece of request) body += piece;
    if (!models.has(JSON.parse(body).model)) return void response.writeHead(404).end('{"error":{"message":"no such model"}}');
    response.setHeader('content-type', 'text/event-stream');
    const send = (delta, finish_reason = null) => response.write('data: ' + JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 0, model: 'x', choices: [{ index: 0, delta, finish_reason }] }) + '\\n\\n');
    send({ role: 'assistant', content: ${JSON.stringify(SAYS)} });
    send({}, 'stop');
    response.end('data: [DONE]\\n\\n');
  }).listen(11434, '0.0.0.0');
  process.on('SIGTERM', () => process.exit(0));
}
`;

export async function testModel(checks: Checks, stack: Stack): Promise<void> {
  await checks.that(
    'a model beside the agent (profile local-llm): it is waited for, and replies',
    async () => {
      await standIn(stack.variables);
      const before = { COMPOSE_PROFILES: stack.variables['COMPOSE_PROFILES'], VOICE_AGENT_LLM: undefined };
      try {
        await stack.up({
          ...{ COMPOSE_PROFILES: 'local-llm', VOICE_AGENT_LLM: 'openai-compatible' },
          ...{ LOCAL_LLM_IMAGE: IMAGE, OPENAI_BASE_URL: '', OPENAI_MODEL: '', OPENAI_API_KEY: '' },
        });
        const fetched = Date.parse(await stack.inspect('local-llm-model', '{{.State.FinishedAt}}'));
        const started = Date.parse(await stack.inspect('voice-agent', '{{.State.StartedAt}}'));
        expectThat(started >= fetched, 'the agent was started before the model was there');
        return await reply(stack);
      } finally {
        await stack.need('rm', '--stop', '--force', 'local-llm', 'local-llm-model');
        await stack.up(before);
        await docker(['image', 'rm', IMAGE]);
      }
    },
  );
}

async function reply(stack: Stack): Promise<string> {
  const test = await callAgent(stack, '510001');
  try {
    const plan = DEMO_CALLS.find(({ extension }) => extension === test.extension);
    const name = plan?.turns[1]?.name ?? '';
    const sound = readSound(recordingOf(plan?.voice ?? '', name).path);
    const view = { events: stack.containerLog.events, find: test.agentCall };
    const { replyText } = await exchange(test.call, { name, sound }, PATIENCE, view);
    expectThat(replyText === SAYS, `the agent said "${replyText ?? ''}"`);
    return replyText ?? '';
  } finally {
    await test.stop();
  }
}

async function standIn({ NODE_IMAGE = 'node:24-bookworm-slim' }: Variables): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ari-voice-agent-ollama-'));
  try {
    writeFileSync(join(folder, 'ollama'), OLLAMA, { mode: 0o755 });
    const recipe = `FROM ${NODE_IMAGE}\nCOPY ollama /usr/local/bin/ollama\nENTRYPOINT ["/usr/local/bin/ollama"]\nCMD ["serve"]\n`;
    writeFileSync(join(folder, 'Dockerfile'), recipe);
    await needDocker(['build', '--quiet', '--tag', IMAGE, folder]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
