import type { Milliseconds } from '../../lib/clock.ts';
import { AriError, isGone } from './ari-error.ts';
import { ariBase, openAriOperations, refusal, type AriOperations } from './ari-client.ts';
import { openAriHttp, type AriServer } from './ari-http.ts';
import {
  parseApplication,
  parseBridge,
  parseChannel,
  type AriApplication,
  type AriBridge,
  type AriChannel,
} from './ari-model.ts';

interface ExternalMediaRequest {
  /** Our own id for the channel. */
  readonly channelId: string;
  readonly app: string;
  /** `address:port` that Asterisk sends RTP to. An IP address: Asterisk resolves a name synchronously. */
  readonly externalHost: string;
  /** A format with a static payload type: `ulaw` or `alaw`. */
  readonly format: string;
}

export interface DialplanPlace {
  readonly context: string;
  readonly extension: string;
  readonly priority: number;
}

/**
 * The operations that call control needs. All reject with an `AriError`; "gone already" is success
 * where the purpose is that it be gone, and is told by `false`.
 */
export interface AriRest {
  version(): Promise<string>;
  /** Undefined: nobody has registered that app, and no channel waits in it. */
  application(name: string): Promise<AriApplication | undefined>;
  channels(): Promise<AriChannel[]>;
  bridges(): Promise<AriBridge[]>;
  bridge(id: string): Promise<AriBridge | undefined>;
  /** A variable, or a function such as `CHANNEL(audionativeformat)`; undefined when it isn't set. */
  variable(channel: string, name: string): Promise<string | undefined>;
  setVariable(channel: string, name: string, value: string): Promise<void>;
  answer(channel: string): Promise<void>;
  hangUp(channel: string): Promise<boolean>;
  /** On in the dialplan, at the priority after `Stasis()` or at `place`. */
  proceed(channel: string, place?: DialplanPlace): Promise<boolean>;
  createExternalMedia(request: ExternalMediaRequest): Promise<AriChannel>;
  createBridge(id: string): Promise<void>;
  addToBridge(bridge: string, channels: readonly string[]): Promise<void>;
  destroyBridge(id: string): Promise<boolean>;
  /** See `AriHttp.dropIdle`. */
  dropIdle(): void;
  close(): void;
}

/**
 * Makes sure that ARI is there, lets us in and lets us write; then loads its operations. Rejects with
 * ARI_UNREACHABLE, ARI_UNAUTHORIZED or ARI_TIMEOUT, in a sentence that says what to do.
 */
export async function openAriRest(server: AriServer, timeoutMs: Milliseconds): Promise<AriRest> {
  await checkAccess(server, timeoutMs);
  return restOf(server, await openAriOperations(server, timeoutMs));
}

async function checkAccess(server: AriServer, timeoutMs: Milliseconds): Promise<void> {
  const http = openAriHttp(server, timeoutMs);
  try {
    const where = `${ariBase(server)}/ari/`;
    const probe = async (method: string, path: string, expected: number): Promise<void> => {
      const url = `${where}${path}`;
      const answer = await http.request({ method, url });
      if (answer.status === expected) return;
      if (answer.status !== 404) throw refusal(server, method, url, answer);
      const message = `${where} of Asterisk "${server.name}" is a web server without ARI: is res_ari loaded and enabled (ari.conf: enabled = yes), and the URL right?`;
      throw new AriError('ARI_UNREACHABLE', message, answer.status);
    };
    await probe('GET', 'asterisk/info?only=system', 200);
    // Deleting what can't exist tells whether this user may write: 404 if so, 403 if not.
    await probe('DELETE', 'bridges/may-this-user-write', 404);
  } finally {
    http.close();
  }
}

function restOf(server: AriServer, operations: AriOperations): AriRest {
  const call = operations.call.bind(operations);

  function checked<T>(value: T | undefined, what: string): T {
    if (value !== undefined) return value;
    throw new AriError(
      'ARI_REQUEST_FAILED',
      `Asterisk "${server.name}" answered ${what} with something else`,
    );
  }

  return {
    async version() {
      const info = (await call('asterisk', 'getInfo', { only: 'system' })) as {
        system?: { version?: unknown };
      };
      return typeof info.system?.version === 'string' ? info.system.version : 'unknown';
    },
    application: (applicationName) =>
      unlessGone(async () => parseApplication(await call('applications', 'get', { applicationName }))),
    channels: async () => listOf(await call('channels', 'list'), parseChannel),
    bridges: async () => listOf(await call('bridges', 'list'), parseBridge),
    bridge: (bridgeId) => unlessGone(async () => parseBridge(await call('bridges', 'get', { bridgeId }))),
    variable: (channelId, variable) =>
      unlessGone(async () => {
        const answer = (await call('channels', 'getChannelVar', { channelId, variable })) as {
          value?: unknown;
        };
        return typeof answer.value === 'string' && answer.value !== '' ? answer.value : undefined;
      }),
    async setVariable(channelId, variable, value) {
      await call('channels', 'setChannelVar', { channelId, variable, value });
    },
    async answer(channelId) {
      await call('channels', 'answer', { channelId });
    },
    hangUp: (channelId) => unlessGoneAlready(() => call('channels', 'hangup', { channelId })),
    proceed: (channelId, place) =>
      unlessGoneAlready(() => call('channels', 'continueInDialplan', { channelId, ...place })),
    async createExternalMedia({ channelId, app, externalHost, format }) {
      const channel = await call('channels', 'externalMedia', {
        channelId,
        app,
        external_host: externalHost,
        format,
        encapsulation: 'rtp',
        transport: 'udp',
        connection_type: 'client',
        direction: 'both',
      });
      return checked(parseChannel(channel), 'the creation of an external channel');
    },
    async createBridge(bridgeId) {
      await call('bridges', 'createWithId', { bridgeId, type: 'mixing', name: bridgeId });
    },
    async addToBridge(bridgeId, channels) {
      await call('bridges', 'addChannel', { bridgeId, channel: channels.join(',') });
    },
    destroyBridge: (bridgeId) => unlessGoneAlready(() => call('bridges', 'destroy', { bridgeId })),
    dropIdle: () => {
      operations.dropIdle();
    },
    close: () => {
      operations.close();
    },
  };
}

async function unlessGone<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

async function unlessGoneAlready(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

function listOf<T>(value: unknown, parse: (item: unknown) => T | undefined): T[] {
  if (!Array.isArray(value)) return [];
  return value.map(parse).filter((item) => item !== undefined);
}
