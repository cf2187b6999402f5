/** What the doctor says of a PostgreSQL server. */
import { expect, it } from 'vitest';
import { lookAtRecords } from '../../../src/cli/doctor/records.ts';
import type { Finding } from '../../../src/cli/doctor/finding.ts';
import { freePorts } from '../../../lab/ports.ts';
import { PostgresServer } from '../../support/postgres.ts';

async function findings(databaseUrl?: string): Promise<Finding[]> {
  const found: Finding[] = [];
  await lookAtRecords({ databaseUrl }, (finding) => void found.push(finding));
  return found;
}

it('says whether the server that has the records lets the agent in, and touches nothing there', async () => {
  const server = await PostgresServer.start();
  try {
    const url = await server.database();
    expect(await findings(url)).toEqual([
      {
        state: 'ok',
        text: expect.stringMatching(/^PostgreSQL at .+ lets the agent in \(\d+\.\d+/) as string,
      },
    ]);
    const [refused] = await findings(url.replace(/[^/]+$/, 'none'));
    expect(refused).toMatchObject({
      state: 'bad',
      text: expect.stringContaining('"none" does not exist') as string,
    });
  } finally {
    await server.stop();
  }
  const [away] = await findings(`postgresql://voice:secret@127.0.0.1:${await freePorts('tcp')}/voice`);
  expect(away).toMatchObject({ state: 'bad', text: expect.stringContaining('ECONNREFUSED') as string });
  expect(away?.text).not.toContain('secret');
  expect(await findings()).toEqual([]);
});
