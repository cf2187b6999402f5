/** The agent (src/main.ts) with the Vonage cloud as its only telephony, and an emulated Vonage that calls it. */
import { join } from 'node:path';
import { startVonageCloud, type CloudOptions, type VonageCloud } from '../test/support/vonage/cloud.ts';
import { LabAgent } from './agent.ts';
import { writeEditedConfig, type ConfigEdit } from './edited-config.ts';
import { freePorts } from './ports.ts';

export interface VonageLabOptions {
  /** Its records, its log, its configuration. */
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Texts that are replaced in the copy of config/: [old, new]. */
  readonly edits?: readonly (readonly [string, string])[];
  readonly cloud?: CloudOptions;
  readonly rateHz?: 8000 | 16_000 | 24_000;
  readonly signal?: AbortSignal;
}

/** Numbers that are nobody's (555-01xx), and the extensions that they stand for. */
export const VONAGE_NUMBERS = { '510001': '12025550101', '510002': '12025550102' } as const;
/** Where callers are put through to. */
export const APPOINTMENTS_NUMBER = '12025550151';

export interface VonageLab {
  readonly cloud: VonageCloud;
  readonly agent: LabAgent;
  /** The agent's listener. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Resolves when calls are taken. Throws UserError. */
export async function startVonageLab(options: VonageLabOptions): Promise<VonageLab> {
  const cloud = await startVonageCloud(options.cloud);
  try {
    const port = await freePorts('tcp');
    const url = `http://127.0.0.1:${port}`;
    const { account } = cloud;
    const agent = await LabAgent.start({
      settled: true,
      dataFolder: join(options.folder, 'data'),
      logFile: join(options.folder, 'agent.log'),
      configFolder: writeVonageConfig(join(options.folder, 'config'), options.edits ?? []),
      environment: {
        VONAGE_ENABLED: 'true',
        VONAGE_LISTEN_PORT: String(port),
        VONAGE_PUBLIC_URL: url,
        VONAGE_SAMPLE_RATE_HZ: String(options.rateHz ?? 16_000),
        VONAGE_APPLICATION_ID: account.applicationId,
        VONAGE_PRIVATE_KEY: account.privateKey,
        VONAGE_SIGNATURE_SECRET: account.signatureSecret,
        VONAGE_API_URL: cloud.url,
        ...options.environment,
      },
      ...(options.signal && { signal: options.signal }),
    });
    cloud.link({ answerUrl: `${url}/answer`, eventUrl: `${url}/event`, fallbackUrl: `${url}/fallback` });
    return {
      cloud,
      agent,
      url,
      async stop() {
        // It ends its calls with the cloud's help.
        await agent.stop();
        await cloud.close();
      },
    };
  } catch (error) {
    await cloud.close();
    throw error;
  }
}

/** The configuration that the project ships, without Asterisk and with numbers. */
function writeVonageConfig(folder: string, edits: readonly ConfigEdit[]): string {
  const numbers = Object.entries(VONAGE_NUMBERS).map(([extension, number]) => `'${number}': '${extension}'`);
  return writeEditedConfig(folder, [
    [/^asterisk:\n(?: .*\n)+/gm, 'asterisk: []\n'],
    ['numbers: {}', `numbers: { ${numbers.join(', ')} }`],
    ['departments: {}', `departments: { appointments: '${APPOINTMENTS_NUMBER}' }`],
    ...edits,
  ]);
}
