import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LlmEvent } from '../../../../src/dialog/contract/conversation.ts';
import { createOpenAiLlm, type OpenAiLlmOptions } from '../../../../src/providers/openai/openai-llm.ts';
import { noUnhandledRejections } from '../../../support/leaks.ts';
import { OPENAI_LLM } from '../../../support/provider-defaults.ts';
import {
  AZURE_API_VERSION,
  startGroqServer,
  type GroqServer,
  type GroqServerOptions,
} from '../../../support/provider-servers/groq-server.ts';
import { replyRequest } from '../../../support/reply-request.ts';

noUnhandledRejections();

/** What the SDK would take for itself. */
const ELSEWHERE = {
  OPENAI_API_KEY: 'sk-of-another-program',
  OPENAI_ADMIN_KEY: 'sk-admin-of-another-program',
  OPENAI_BASE_URL: 'http://127.0.0.1:1/v1',
  OPENAI_ORG_ID: 'org-of-another-program',
  OPENAI_PROJECT_ID: 'proj-of-another-program',
};
const closing: (() => Promise<void>)[] = [];
beforeEach(() => {
  Object.assign(process.env, ELSEWHERE);
});
afterEach(async () => {
  for (const name of Object.keys(ELSEWHERE)) Reflect.deleteProperty(process.env, name);
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(options: GroqServerOptions): Promise<GroqServer> {
  const server = await startGroqServer(options);
  closing.push(() => server.close());
  return server;
}

async function ask(options: Partial<OpenAiLlmOptions>): Promise<LlmEvent[]> {
  const llm = createOpenAiLlm({ ...OPENAI_LLM, ...options });
  closing.push(() => llm.close());
  const events: LlmEvent[] = [];
  for await (const event of llm.reply(
    replyRequest('what does a cleaning cost'),
    new AbortController().signal,
  ))
    events.push(event);
  return events;
}

const textOf = (events: readonly LlmEvent[]): string =>
  events.map((event) => (event.type === 'text' ? event.text : '')).join('');

describe('an OpenAI-compatible server', () => {
  it('is asked under a plain /v1 without a key, with usage asked for', async () => {
    const local = await serve({ flavour: 'plain' });
    const events = await ask({ baseUrl: `${local.url}/v1/`, model: 'qwen3' });
    expect(textOf(events)).toBe('Of course.');
    expect(events.at(-1)).toMatchObject({ type: 'usage', outputTokens: 2 });
    expect(local.chats[0]).toMatchObject({
      model: 'qwen3',
      max_tokens: 400,
      stream_options: { include_usage: true },
    });
  });

  it.each(['/v1', '/v1beta/openai', '/api/v3', '/openai/v1', ''])(
    'is asked under the address as it was given: with the path "%s"',
    async (base) => {
      const server = await serve({ flavour: 'plain', base, apiKey: 'sk-1' });
      expect(textOf(await ask({ apiKey: 'sk-1', baseUrl: `${server.url}${base}` }))).toBe('Of course.');
    },
  );

  it('at an address without its version says what may be missing', async () => {
    const server = await serve({ flavour: 'plain' });
    await expect(ask({ baseUrl: server.url })).rejects.toThrow('is /v1 missing from baseUrl?');
  });

  it.each(['/v1/', '/v1//', '//v1'])('is asked at the same place, with the path "%s"', async (path) => {
    const server = await serve({ flavour: 'plain' });
    expect(textOf(await ask({ baseUrl: `${server.url}${path}` }))).toBe('Of course.');
  });

  it('at an address with a wrong path says what was asked', async () => {
    const server = await serve({ flavour: 'plain' });
    await expect(ask({ baseUrl: `${server.url}/v2` })).rejects.toThrow(
      '/v2/chat/completions; is baseUrl right?',
    );
  });

  it('is told nothing that stands in the environment for other programs', async () => {
    const server = await serve({ flavour: 'plain' });
    await ask({ baseUrl: `${server.url}/v1` });
    expect(server.chatHeaders[0]).not.toHaveProperty('authorization');
    expect(JSON.stringify(server.chatHeaders)).not.toContain('of-another-program');
  });

  it('is told the limit of tokens and the effort by the names that it knows', async () => {
    const server = await serve({ flavour: 'plain' });
    const baseUrl = `${server.url}/v1`;
    await ask({ baseUrl, maxTokensAs: 'max_completion_tokens', reasoningEffort: 'minimal' });
    expect(server.chats[0]).toMatchObject({ max_completion_tokens: 400, reasoning_effort: 'minimal' });
    expect(server.chats[0]).not.toHaveProperty('max_tokens');
  });
});

describe('a deployment at Azure', () => {
  it('is asked with the version in the query, and the key in a header of its own', async () => {
    const azure = await serve({ flavour: 'azure', apiKey: 'azure-key' });
    const baseUrl = `${azure.url}/openai/deployments/agent`;
    const events = await ask({ baseUrl, apiKey: 'azure-key', apiVersion: AZURE_API_VERSION });
    expect(textOf(events)).toBe('Of course.');
    expect(events.at(-1)).toMatchObject({ type: 'usage', outputTokens: 2 });
    expect(azure.chatHeaders[0]).not.toHaveProperty('authorization');
  });

  it('fails in words that hold no key when the key is wrong', async () => {
    const azure = await serve({ flavour: 'azure', apiKey: 'azure-key' });
    const asked = ask({
      baseUrl: `${azure.url}/openai/deployments/agent`,
      apiKey: 'wrong-key-42',
      apiVersion: AZURE_API_VERSION,
    });
    const failure = await asked.catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: 'unauthorized', code: 'LLM_FAILED' });
    expect((failure as Error).message).not.toContain('wrong-key-42');
  });
});
