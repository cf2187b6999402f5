/** What a start needn't load. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { PROJECT } from '../../../lab/paths.ts';

const SCRIPT = `
import { createRequire } from 'node:module';
import { createGroqLlm } from './src/providers/groq/groq-llm.ts';
import { loadSdkHttp } from './src/providers/sdk-http.ts';
import { GROQ_LLM } from './test/support/provider-defaults.ts';
const { cache } = createRequire(import.meta.url);
const isLoaded = () => Object.keys(cache).some((file) => file.includes('/node_modules/undici/'));
const model = createGroqLlm({ ...GROQ_LLM, apiKey: 'x', onTrouble() {} });
const told = [isLoaded()];
await loadSdkHttp();
told.push(isLoaded());
await model.close();
console.log(JSON.stringify(told));`;

it('a model is there before what its questions go by is loaded, which may come at any time', async () => {
  const args = ['--input-type=module', '--eval', SCRIPT];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: PROJECT });
  expect(JSON.parse(stdout)).toEqual([false, true]);
});
