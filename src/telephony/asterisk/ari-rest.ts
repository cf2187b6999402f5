import { fieldsOf } from '../../lib/fields.ts';
import type { Milliseconds } from '../../lib/clock.ts';
import { AriError, isChannelGone, isGone } from './ari-error.ts';
import { ariBase, openAriClient, refusal, type AriApi, type AriClient } from './ari-client.ts';
import { AriHttp, type AriHttpAnswer, type AriServer } from './ari-http.ts';
import {
  parseApplication,
  parseBridge,
  parseChannel,
  textOf,
  type AriApplication,
  type AriBridge,
  type AriChannel,
} from './ari-model.ts';

/**
 * The operations that call control needs. All reject with an `AriError`; "gone already" is success
 * where the purpose is that it be gone, and is told by `false`.
 */
export class AriRest {
  readonly #server: AriServer;
  readonly #client: AriClient;

  private constructor(server: AriServer, client: AriClient) {
    this.#server = server;
    this.#client = client;
  }

  /** Makes sure of access (`checkAriAccess`), then loads ARI's operations. Rejects as that does. */
  static async open(server: AriServer, timeoutMs: Milliseconds): Promise<AriRest> {
    await checkAriAccess(server, timeoutMs);
    return new AriRest(server, await openAriClient(server, timeoutMs));
  }

  async version(): Promise<string> {
    const { system } = fieldsOf(await this.#call((ari) => ari.asterisk.getInfo({ only: 'system' })));
    return textOf(fieldsOf(system)['version']) || 'unknown';
  }

  /** When this Asterisk was started, as it says: another value is another life. Undefined: it doesn't say. */
  async startedAt(): Promise<string | undefined> {
    const { status } = fieldsOf(await this.#call((ari) => ari.asterisk.getInfo({ only: 'status' })));
    const { startup_time } = fieldsOf(status);
    return typeof startup_time === 'string' ? startup_time : undefined;
  }

  /** Undefined when it isn't set. */
  async globalVariable(variable: string): Promise<string | undefined> {
    const answer = await this.#find((ari) => ari.asterisk.getGlobalVar({ variable }));
    return textOf(fieldsOf(answer)['value']) || undefined;
  }

  async setGlobalVariable(variable: string, value: string): Promise<void> {
    await this.#call((ari) => ari.asterisk.setGlobalVar({ variable, value }));
  }

  /** Undefined: nobody has registered that app, and no channel waits in it. */
  async application(applicationName: string): Promise<AriApplication | undefined> {
    return parseApplication(await this.#find((ari) => ari.applications.get({ applicationName })));
  }

  /** All that Asterisk knows, with or without a consumer. */
  async applications(): Promise<AriApplication[]> {
    return listOf(await this.#call((ari) => ari.applications.list()), parseApplication);
  }

  /** Takes a call that was offered (`CallBroadcast`). `lost`: another has it; `over`: it is offered no more. */
  async claim(channelId: string, application: string): Promise<'won' | 'lost' | 'over'> {
    try {
      await this.#call((ari) => ari.events.claimChannel({ channelId, application }));
      return 'won';
    } catch (error) {
      if (isGone(error)) return 'over';
      if (error instanceof AriError && error.status === 409) return 'lost';
      throw error;
    }
  }

  /** Out of whatever app the channel is in, into this one: a `StasisStart` there. False: it is gone. */
  move(channelId: string, app: string, args: readonly string[]): Promise<boolean> {
    const appArgs = args.join(',');
    return this.#unlessGone((ari) => ari.channels.move({ channelId, app, appArgs }));
  }

  async channels(): Promise<AriChannel[]> {
    return listOf(await this.#call((ari) => ari.channels.list()), parseChannel);
  }

  /**
   * A variable, or a function such as `CHANNEL(audionativeformat)`; undefined when it isn't set. When the channel itself
   * is gone, it rejects (`isChannelGone`).
   */
  async variable(channelId: string, variable: string): Promise<string | undefined> {
    try {
      const answer = await this.#call((ari) => ari.channels.getChannelVar({ channelId, variable }));
      return textOf(fieldsOf(answer)['value']) || undefined;
    } catch (error) {
      if (isGone(error) && !isChannelGone(error)) return undefined;
      throw error;
    }
  }

  async setVariable(channelId: string, variable: string, value: string): Promise<void> {
    await this.#call((ari) => ari.channels.setChannelVar({ channelId, variable, value }));
  }

  async answer(channelId: string): Promise<void> {
    await this.#call((ari) => ari.channels.answer({ channelId }));
  }

  hangUp(channelId: string): Promise<boolean> {
    return this.#unlessGone((ari) => ari.channels.hangup({ channelId }));
  }

  /** On in the dialplan, at the priority after `Stasis()` or at `place`. */
  proceed(
    channelId: string,
    place?: { readonly context: string; readonly extension: string; readonly priority: number },
  ): Promise<boolean> {
    return this.#unlessGone((ari) => ari.channels.continueInDialplan({ channelId, ...place }));
  }

  /** A channel to somebody, which comes into the app at once; their telephone rings when it is dialled. */
  async createChannel(request: Parameters<AriApi['channels']['create']>[0]): Promise<void> {
    await this.#call((ari) => ari.channels.create(request));
  }

  /** `timeout`: seconds after which Asterisk hangs up by itself. */
  async dial(channelId: string, timeout: number): Promise<void> {
    await this.#call((ari) => ari.channels.dial({ channelId, timeout }));
  }

  /** Calls somebody, who comes into the app when they answer. */
  async originate(request: Parameters<AriApi['channels']['originateWithId']>[0]): Promise<void> {
    await this.#call((ari) => ari.channels.originateWithId(request));
  }

  /** The channel hears it ring (the tone of indications.conf when it is answered already), or music. */
  async startSound(channelId: string, sound: 'ringing' | 'music'): Promise<void> {
    const about = { channelId };
    await this.#call(({ channels }) => (sound === 'music' ? channels.startMoh(about) : channels.ring(about)));
  }

  async stopSound(channelId: string, sound: 'ringing' | 'music'): Promise<void> {
    const about = { channelId };
    await this.#call(({ channels }) =>
      sound === 'music' ? channels.stopMoh(about) : channels.ringStop(about),
    );
  }

  /** Keys as the channel's technology sends them; returns before they are all out. */
  async sendDtmf(channelId: string, dtmf: string): Promise<void> {
    await this.#call((ari) => ari.channels.sendDTMF({ channelId, dtmf }));
  }

  /** `externalHost`: the `address:port` that Asterisk sends RTP to. */
  async createExternalMedia(
    channelId: string,
    app: string,
    { externalHost, format }: { readonly externalHost: string; readonly format: string },
  ): Promise<AriChannel> {
    const made = await this.#call((ari) =>
      ari.channels.externalMedia({
        ...{ channelId, app, external_host: externalHost, format },
        encapsulation: 'rtp',
        transport: 'udp',
        connection_type: 'client',
        direction: 'both',
      }),
    );
    const channel = parseChannel(made);
    if (channel) return channel;
    const message = `Asterisk "${this.#server.name}" answered the creation of an external channel with something else`;
    throw new AriError('ARI_REQUEST_FAILED', message);
  }

  async bridges(): Promise<AriBridge[]> {
    return listOf(await this.#call((ari) => ari.bridges.list()), parseBridge);
  }

  async bridge(bridgeId: string): Promise<AriBridge | undefined> {
    return parseBridge(await this.#find((ari) => ari.bridges.get({ bridgeId })));
  }

  async createBridge(bridgeId: string): Promise<void> {
    await this.#call((ari) => ari.bridges.createWithId({ bridgeId, type: 'mixing', name: bridgeId }));
  }

  async addToBridge(bridgeId: string, channels: readonly string[]): Promise<void> {
    await this.#call((ari) => ari.bridges.addChannel({ bridgeId, channel: channels.join(',') }));
  }

  async removeFromBridge(bridgeId: string, channel: string): Promise<void> {
    await this.#call((ari) => ari.bridges.removeChannel({ bridgeId, channel }));
  }

  destroyBridge(bridgeId: string): Promise<boolean> {
    return this.#unlessGone((ari) => ari.bridges.destroy({ bridgeId }));
  }

  /** See `AriHttp.dropIdle`. */
  dropIdle(): void {
    this.#client.dropIdle();
  }

  close(): void {
    this.#client.close();
  }

  #call(operation: Operation): Promise<unknown> {
    return this.#client.call(operation);
  }

  /** Undefined: there is no such thing. */
  async #find(operation: Operation): Promise<unknown> {
    try {
      return await this.#call(operation);
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  /** False: it was gone already. */
  async #unlessGone(operation: Operation): Promise<boolean> {
    try {
      await this.#call(operation);
      return true;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }
}

type Operation = (ari: AriApi) => PromiseLike<unknown>;

/**
 * Makes sure that ARI is there, lets us in and lets us write. Rejects with ARI_UNREACHABLE, ARI_UNAUTHORIZED or
 * ARI_TIMEOUT, in a sentence that says what to do.
 */
export async function checkAriAccess(server: AriServer, timeoutMs: Milliseconds): Promise<void> {
  const http = new AriHttp(server, timeoutMs);
  try {
    const where = `${ariBase(server)}/ari/`;
    const probe = async (method: string, path: string, expected: number): Promise<void> => {
      const url = `${where}${path}`;
      const answer = await http.request({ method, url });
      if (answer.status === expected) return;
      const strange = elsewhere(method, answer);
      if (strange !== undefined) {
        const place = `${where} of Asterisk "${server.name}"`;
        throw new AriError('ARI_UNREACHABLE', `${place} ${strange}`, answer.status);
      }
      if (answer.status !== 404 && answer.status !== 200) throw refusal(server, method, url, answer);
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

/** What an answer says that was given by somebody in front of Asterisk, with what to do; undefined: it may be Asterisk's. */
function elsewhere(method: string, { status, headers, body }: AriHttpAnswer): string | undefined {
  if (status >= 300 && status < 400) {
    const to = (headers.location ?? 'another address').replace(/[?#].*$/, '');
    return `sends on to ${to}: write the address behind which ARI is (ARI_URL)`;
  }
  if (status >= 502 && status <= 504)
    return `answers ${status}: a proxy is there, and no Asterisk behind it answers`;
  // To read is forbidden to no user of ARI's.
  const isPage = /^\s*</.test(body);
  if (status === 403 && (method === 'GET' || isPage))
    return 'answers 403: something in front of Asterisk forbids it (a proxy, a page to sign in at)';
  return status === 500 && !isPage ? 'answers 500: Asterisk’s own log says why' : undefined;
}

/** Whether that module is loaded, such as `chan_rtp.so`. */
export async function hasModule(
  server: AriServer,
  module: string,
  timeoutMs: Milliseconds,
): Promise<boolean> {
  const http = new AriHttp(server, timeoutMs);
  try {
    const url = `${ariBase(server)}/ari/asterisk/modules/${module}`;
    return (await http.request({ method: 'GET', url })).status !== 404;
  } finally {
    http.close();
  }
}

/** Makes sure that Asterisk can give us sound. Rejects with ARI_REQUEST_FAILED, and says what to do. */
export async function checkSound(server: AriServer, timeoutMs: Milliseconds): Promise<void> {
  if (await hasModule(server, 'chan_rtp.so', timeoutMs)) return;
  const message = `Asterisk "${server.name}" has no module chan_rtp.so loaded, through which the sound of calls comes: asterisk -rx "module load chan_rtp.so", and load it in modules.conf`;
  throw new AriError('ARI_REQUEST_FAILED', message, 404);
}

function listOf<T>(value: unknown, parse: (item: unknown) => T | undefined): T[] {
  if (!Array.isArray(value)) return [];
  return value.map(parse).filter((item) => item !== undefined);
}
