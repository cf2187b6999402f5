import { afterEach, beforeEach, expect, it } from 'vitest';
import { ProviderPool } from '../../../src/app/providers.ts';
import { Scope } from '../../../src/lib/scope.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { shippedConfig } from '../../support/shipped-config.ts';
import { ModelFolder, smartTurnGraph } from '../../support/smart-turn-file.ts';

let folder: ModelFolder;
let scope: Scope;
const lines: string[] = [];
beforeEach(async () => {
  folder = await ModelFolder.make();
  scope = new Scope('test');
  lines.length = 0;
});
afterEach(async () => {
  await scope.close();
  await folder.remove();
});

function pool(model?: string): ProviderPool {
  const write = (line: string): void => void lines.push((JSON.parse(line) as { msg: string }).msg);
  const config = shippedConfig(model === undefined ? {} : { VOICE_AGENT_END_OF_TURN_MODEL: model });
  return new ProviderPool(scope, createLogger({ level: 'info', format: 'json', write }), config);
}

it('opens the end-of-turn model that the configuration names once for all agents, and closes it at the end', async () => {
  const providers = pool(await folder.write('model.onnx', smartTurnGraph()));
  const [one, other] = await Promise.all([providers.endOfTurn(), providers.endOfTurn()]);
  expect(one).toBe(other);
  expect(lines).toEqual(['end-of-turn: smart-turn-v3']);
  const alive = () => providers.statuses().flatMap(({ threads }) => threads.map((thread) => thread.alive));
  expect(providers.statuses()).toMatchObject([
    { part: 'end-of-turn', provider: 'smart-turn-v3', requests: 0, unanswered: 0 },
  ]);
  expect(alive()).toEqual([true]);
  await scope.close();
  expect(alive()).toEqual([false]);
});

it('has no end-of-turn model where none is named', async () => {
  expect(await pool().endOfTurn()).toBeUndefined();
});

it('says of a file that is none what is wrong with it', async () => {
  const path = await folder.write('model.onnx', Buffer.from('not found'));
  await expect(pool(path).endOfTurn()).rejects.toMatchObject({ code: 'END_OF_TURN_UNAVAILABLE' });
});
