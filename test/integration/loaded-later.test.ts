/** What a start needn't load. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { PROJECT } from '../../lab/paths.ts';

const SCRIPT = `
import { createRequire, registerHooks } from 'node:module';
const loaded = [];
registerHooks({
  load(url, context, next) {
    loaded.push(url);
    return next(url, context);
  },
});
const { cache } = createRequire(import.meta.url);
const isLoaded = (folder) => [...loaded, ...Object.keys(cache)].some((file) => file.includes('/' + folder + '/'));
const told = () => ({
  undici: isLoaded('node_modules/undici'),
  sdk: isLoaded('node_modules/groq-sdk'),
  kysely: isLoaded('node_modules/kysely'),
  cartesia: isLoaded('node_modules/@cartesia'),
  figures: isLoaded('src/providers/figures'),
  // Node's own fetch and WebSocket.
  web: process.moduleLoadList.some((name) => name.endsWith('internal/deps/undici/undici')),
});
await import('./src/app.ts');
await import('./src/app/records.ts');
await import('./src/app/console.ts');
await import('./src/providers/cartesia/cartesia-tts.ts');
await import('./src/providers/cartesia/cartesia-stt.ts');
const { createGroqLlm } = await import('./src/providers/groq/groq-llm.ts');
const { GROQ_LLM } = await import('./test/support/provider-defaults.ts');
const model = createGroqLlm({ ...GROQ_LLM, apiKey: 'x', onTrouble() {} });
const before = told();
const { loadSdk } = await import('./src/providers/sdk-http.ts');
await loadSdk(() => import('groq-sdk'));
const { undici, sdk } = told();
await model.close();
console.log(JSON.stringify({ before, after: { undici, sdk } }));`;

it('what nobody wants before calls are taken isn’t loaded before, and what a model’s questions go by at any time', async () => {
  const args = ['--input-type=module', '--eval', SCRIPT];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: PROJECT });
  expect(JSON.parse(stdout)).toEqual({
    before: { undici: false, sdk: false, kysely: false, cartesia: false, figures: false, web: false },
    after: { undici: true, sdk: true },
  });
});
