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
  /** A format with a static payload type, such as `ulaw`. */
  readonly format: string;
}

interface OriginateRequest {
  /** Our own id for the channel. */
  readonly channelId: string;
  /** As in the dialplan's Dial(): `PJSIP/softphone2`. */
  readonly endpoint: string;
  readonly app: string;
  /** The channel for which it is called: gives its formats and its accounting. */
  readonly originator: string;
  /** `Name <number>`; empty: Asterisk's own. */
  readonly callerId: string;
  readonly timeoutS: number;
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
  /** When this Asterisk was started, as it says: another value is another life. Undefined: it doesn't say. */
  startedAt(): Promise<string | undefined>;
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
  /** Calls somebody, who comes into the app when he answers. */
  originate(request: OriginateRequest): Promise<void>;
  /** The channel hears it ring (the tone of indications.conf when it is answered already), or nothing of that any more. */
  ring(channel: string, on: boolean): Promise<void>;
  musicOnHold(channel: string, on: boolean): Promise<void>;
  /** Keys as the channel's technology sends them; returns before they are all out. */
  sendDtmf(channel: string, digits: string): Promise<void>;
  createExternalMedia(request: ExternalMediaRequest): Promise<AriChannel>;
  createBridge(id: string): Promise<void>;
  addToBridge(bridge: string, channels: readonly string[]): Promise<void>;
  removeFromBridge(bridge: string, channel: string): Promise<void>;
  destroyBridge(id: string): Promise<boolean>;
  /** See `AriHttp.dropIdle`. */
  dropIdle(): void;
  close(): void;
}

/** Makes sure of access (`checkAriAccess`), then loads ARI's operations. Rejects as that does. */
export async function openAriRest(server: AriServer, timeoutMs: Milliseconds): Promise<AriRest> {
  await checkAriAccess(server, timeoutMs);
  return restOf(server, await openAriOperations(server, timeoutMs));
}

/**
 * Makes sure that ARI is there, lets us in and lets us write. Rejects with ARI_UNREACHABLE,
 * ARI_UNAUTHORIZED or ARI_TIMEOUT, in a sentence that says what to do.
 */
export async function checkAriAccess(server: AriServer, timeoutMs: Milliseconds): Promise<void> {
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
    async startedAt() {
      const info = (await call('asterisk', 'getInfo', { only: 'status' })) as {
        status?: { startup_time?: unknown };
      };
      return typeof info.status?.startup_time === 'string' ? info.status.startup_time : undefined;
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
    async originate({ timeoutS, callerId, ...request }) {
      const shown = callerId === '' ? {} : { callerId };
      await call('channels', 'originateWithId', { ...request, ...shown, timeout: timeoutS });
    },
    async ring(channelId, on) {
      await call('channels', on ? 'ring' : 'ringStop', { channelId });
    },
    async musicOnHold(channelId, on) {
      await call('channels', on ? 'startMoh' : 'stopMoh', { channelId });
    },
    async sendDtmf(channelId, dtmf) {
      await call('channels', 'sendDTMF', { channelId, dtmf });
    },
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
    async removeFromBridge(bridgeId, channel) {
      await call('bridges', 'removeChannel', { bridgeId, channel });
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
