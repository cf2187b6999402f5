import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { apiDoc } from './ari-api-docs.ts';

/**
 * An ARI on a loopback port that speaks the real wire (HTTP with api-docs, events over WebSocket) and
 * keeps channels and bridges by Asterisk's rules, as far as call control can see them. It does on command
 * what a real one does on a bad day.
 */
export interface AriServerOptions {
  readonly username?: string;
  readonly password?: string;
  readonly readOnly?: boolean;
}

export interface FakeChannel {
  readonly id: string;
  name: string;
  state: string;
  caller: { name: string; number: string };
  dialplan: { context: string; exten: string; priority: number; app_name: string; app_data: string };
  readonly variables: Record<string, string>;
  /** The Stasis app that it is in; undefined: in the dialplan. */
  app: string | undefined;
  /** The app that called it: gets its events already while it rings. */
  readonly calledBy?: string;
  /** What became of it, in order: `answered`, `continued`, …. */
  readonly history: string[];
}

export interface AriRequest {
  readonly method: string;
  /** Without `/ari` and the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly url: string;
}

/** What a fault does to a request instead of, or before, its answer. */
export type Fault =
  | { readonly status: number; readonly body?: string }
  /** Does the work, and answers with a body that is no JSON. */
  | { readonly garble: true }
  /** Waits for this before the answer. */
  | { readonly wait: Promise<unknown> }
  /** Does the work and cuts the connection. */
  | { readonly cut: true };

interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

const OK: Reply = { status: 204 };
const missing = (what: string): Reply => ({ status: 404, body: { message: `${what} not found` } });

export class AriServer {
  /** Global ones. */
  readonly variables = new Map<string, string>();
  readonly channels = new Map<string, FakeChannel>();
  readonly bridges = new Map<string, Set<string>>();
  readonly requests: AriRequest[] = [];
  /** Looked at for each request. */
  fault: (request: AriRequest) => Fault | undefined = () => undefined;
  /** When the external channel comes into its app: before or after the answer to its creation, or never. */
  externalEnters: 'before' | 'after' | 'never' = 'after';
  /** chan_rtp is loaded. */
  hasRtp = true;
  /** Event streams are refused, requests aren't. */
  refuseStreams = false;
  /** As behind a proxy that passes on requests, and no WebSockets. */
  passesUpgrades = true;
  /** Its modules for events are loaded. */
  hasEvents = true;
  /** What the creation of an external channel names. */
  externalAddress: string | undefined = '127.0.0.1';
  /** Its port, for each external channel. */
  externalPort: () => number = () => 10042;

  readonly #options: Required<AriServerOptions>;
  /** Apps that Asterisk knows, with or without a consumer. */
  readonly #apps = new Set<string>();
  readonly #consumers = new Map<string, WebSocket>();
  readonly #sockets = new Set<Socket>();
  #http: Server | undefined;
  #webSockets: WebSocketServer | undefined;
  #port = 0;
  #serial = 0;
  #life = 1;

  constructor(options: AriServerOptions = {}) {
    this.#options = { username: 'agent', password: 'secret of "ari"', readOnly: false, ...options };
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** As `GET /asterisk/info` gives it. */
  get #startedAt(): string {
    return `2026-01-01T00:00:0${this.#life}.000+0000`;
  }

  get credentials(): { username: string; password: string } {
    const { username, password } = this.#options;
    return { username, password };
  }

  /** Apps with a consumer. */
  get apps(): string[] {
    return [...this.#consumers.keys()];
  }

  /** TCP connections that are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  async start(): Promise<void> {
    const http = createServer((request, response) => void this.#onRequest(request, response));
    const webSockets = new WebSocketServer({ noServer: true });
    http.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    http.on('upgrade', (request, socket, head) => {
      const app = new URL(request.url ?? '', this.url).searchParams.get('app') ?? '';
      const refusals = [
        [!this.#knows(request), '401 Unauthorized'],
        [!this.hasEvents, '404 Not Found'],
        [!this.passesUpgrades, '426 Upgrade Required'],
        [this.refuseStreams, '503 Service Unavailable'],
        // As Asterisk 22.10 answers: "HTTP request is missing param: [app]".
        [app === '', '400 Bad Request'],
      ] as const;
      const [, refusal] = refusals.find(([applies]) => applies) ?? [];
      if (refusal !== undefined) {
        socket.end(`HTTP/1.1 ${refusal}\r\ncontent-length: 0\r\n\r\n`);
        return;
      }
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        this.#register(app, webSocket);
      });
    });
    http.listen(this.#port, '127.0.0.1');
    await once(http, 'listening');
    this.#port = (http.address() as AddressInfo).port;
    this.#http = http;
    this.#webSockets = webSockets;
  }

  /** Asterisk goes; with `crash` its channels and bridges do too. It comes back with `start` at the same port. */
  async stop({ crash = false } = {}): Promise<void> {
    if (crash) {
      this.#life += 1;
      this.channels.clear();
      this.bridges.clear();
      this.#apps.clear();
    }
    const http = this.#http;
    this.#http = undefined;
    if (!http) return;
    const closed = once(http, 'close');
    http.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#webSockets?.close();
    this.#consumers.clear();
    await closed;
  }

  /** A caller comes into the app. Returns the channel. */
  call({
    app = 'voice-agent',
    exten = '510001',
    id = `1700000000.${++this.#serial}`,
    /** `Down`: somebody is to be called through it. */
    state = 'Ring',
    silently = false,
  } = {}) {
    const channel: FakeChannel = {
      id,
      name: `PJSIP/alice-${id}`,
      state,
      caller: { name: 'Alice', number: '1001' },
      dialplan: {
        context: 'voice-agent-call',
        exten,
        priority: 4,
        app_name: 'Stasis',
        app_data: `${app},${exten}`,
      },
      variables: { 'CHANNEL(audionativeformat)': '(alaw)' },
      app,
      history: [],
    };
    this.channels.set(id, channel);
    this.#apps.add(app);
    if (!silently) this.#emit(app, { type: 'StasisStart', args: [exten], channel: this.#model(channel) });
    return channel;
  }

  /** `id` takes the place of `old` in its bridge, as after an attended transfer by the caller's phone. */
  replace(old: string, id: string): FakeChannel {
    const before = this.channels.get(old);
    if (!before) throw new Error(`no channel ${old}`);
    const app = before.app ?? '';
    const after: FakeChannel = { ...before, id, name: `PJSIP/bob-${id}`, history: [] };
    after.caller = { name: 'Bob', number: '1002' };
    after.dialplan = { context: 'phones', exten: 'bob', priority: 1, app_name: 'Stasis', app_data: app };
    this.channels.set(id, after);
    for (const members of this.bridges.values()) if (members.has(old)) members.add(id);
    const model = this.#model(after);
    this.#emit(app, { type: 'StasisStart', args: [], channel: model, replace_channel: this.#model(before) });
    this.hangUp(old);
    return after;
  }

  /** Who was called by `originate` answers, and comes into the app. */
  pickUp(id: string): void {
    const channel = this.channels.get(id);
    if (channel?.calledBy === undefined) throw new Error(`nobody is called as ${id}`);
    channel.app = channel.calledBy;
    channel.state = 'Up';
    channel.dialplan = { ...channel.dialplan, app_name: 'Stasis', app_data: channel.app };
    this.#emit(channel.app, { type: 'ChannelStateChange', channel: this.#model(channel) });
    this.#emit(channel.app, { type: 'StasisStart', args: [], channel: this.#model(channel) });
  }

  /**
   * The channel hangs up, with the events of that unless `silently`. `cause`: of ITU-T Q.850; a phone that
   * is busy gave 17 and 'User busy', one that rang in vain 19 (seen with Asterisk 22.10).
   */
  hangUp(id: string, { silently = false, cause = 16, causeText = 'Normal Clearing' } = {}): void {
    const channel = this.channels.get(id);
    if (!channel) return;
    this.channels.delete(id);
    for (const members of this.bridges.values()) members.delete(id);
    channel.history.push('hung up');
    const app = channel.app ?? channel.calledBy;
    if (silently || app === undefined) return;
    if (channel.app !== undefined) this.#emit(app, { type: 'StasisEnd', channel: this.#model(channel) });
    this.#emit(app, {
      type: 'ChannelDestroyed',
      cause,
      cause_txt: causeText,
      channel: this.#model(channel),
    });
  }

  /** An event about a channel, such as `ChannelHold`. */
  tell(id: string, type: string, fields: object = {}): void {
    const channel = this.channels.get(id);
    if (channel?.app !== undefined)
      this.#emit(channel.app, { type, channel: this.#model(channel), ...fields });
  }

  /** Any text on the event stream of `app`. */
  sendRaw(app: string, text: string): void {
    this.#consumers.get(app)?.send(text);
  }

  /** Cuts the event stream of `app`. */
  dropStream(app = 'voice-agent'): void {
    this.#consumers.get(app)?.terminate();
    this.#consumers.delete(app);
  }

  /** The event stream of `app` becomes half-open: nothing comes any more, and nothing is answered. */
  freezeStream(app = 'voice-agent'): void {
    const webSocket = this.#consumers.get(app);
    this.#consumers.delete(app);
    webSocket?.pause();
  }

  /** Requests for `path` (a regular expression) by `method`. */
  requestsFor(method: string, path: RegExp): AriRequest[] {
    return this.requests.filter((request) => request.method === method && path.test(request.path));
  }

  #register(app: string, webSocket: WebSocket): void {
    const before = this.#consumers.get(app);
    if (before) {
      before.send(JSON.stringify({ type: 'ApplicationReplaced', application: app }));
      before.close();
    }
    this.#consumers.set(app, webSocket);
    this.#apps.add(app);
    this.#forgetApps();
    webSocket.on('close', () => {
      if (this.#consumers.get(app) === webSocket) this.#consumers.delete(app);
      this.#forgetApps();
    });
  }

  /** Asterisk forgets apps that are over only when one is registered or unregistered. */
  #forgetApps(): void {
    const used = new Set([...this.channels.values()].map(({ app }) => app));
    for (const app of this.#apps) {
      if (!this.#consumers.has(app) && !used.has(app)) this.#apps.delete(app);
    }
  }

  #emit(app: string, event: object): void {
    const whole = { application: app, timestamp: '2026-01-01T00:00:00.000+0000', ...event };
    this.#consumers.get(app)?.send(JSON.stringify(whole));
  }

  #model(channel: FakeChannel): object {
    const { id, name, state, caller, dialplan } = channel;
    return { id, name, state, caller, connected: { name: '', number: '' }, dialplan, language: 'en' };
  }

  #knows(request: IncomingMessage): boolean {
    const { username, password } = this.#options;
    return request.headers.authorization === `Basic ${btoa(`${username}:${password}`)}`;
  }

  async #onRequest(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '', this.url);
    const request: AriRequest = {
      method: incoming.method ?? '',
      path: url.pathname.replace(/^\/ari/, ''),
      query: url.searchParams,
      url: incoming.url ?? '',
    };
    incoming.resume();
    const answer = (status: number, body = ''): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    };
    if (!this.#knows(incoming)) {
      answer(401, '{"message":"Authentication required"}');
      return;
    }
    if (!url.pathname.startsWith('/ari/')) {
      answer(404, 'nothing here');
      return;
    }
    this.requests.push(request);
    const fault = this.fault(request);
    if (fault && 'wait' in fault) await fault.wait;
    if (fault && 'status' in fault) {
      answer(fault.status, fault.body ?? '{"message":"told to fail"}');
      return;
    }
    const { status, body } = this.#answer(request);
    if (fault && 'cut' in fault) incoming.socket.destroy();
    else if (fault && 'garble' in fault) answer(200, '{"id": "half a');
    else answer(status, body === undefined ? '' : JSON.stringify(body));
  }

  #answer(request: AriRequest): Reply {
    const [resource = '', id = '', verb = ''] = request.path.split('/').slice(1).map(decodeURIComponent);
    if (resource === 'api-docs') {
      const doc = apiDoc(id, `${this.url}/ari`);
      return doc ? { status: 200, body: doc } : missing('Document');
    }
    if (this.#options.readOnly && request.method !== 'GET') {
      return { status: 403, body: { message: 'Write access denied' } };
    }
    if (resource === 'asterisk' && id === 'variable') return this.#globalVariable(request);
    if (resource === 'asterisk' && id === 'modules') return this.hasRtp ? OK : missing('Module');
    if (resource === 'asterisk') {
      const status = { startup_time: this.#startedAt, last_reload_time: this.#startedAt };
      return { status: 200, body: { system: { version: '22.0-fake' }, status } };
    }
    if (resource === 'applications') return this.#application(id);
    if (resource === 'channels') return this.#channel(request, id, verb);
    return this.#bridge(request, id, verb);
  }

  #globalVariable({ method, query }: AriRequest): Reply {
    const name = query.get('variable') ?? '';
    if (method === 'POST') {
      this.variables.set(name, query.get('value') ?? '');
      return OK;
    }
    // As Asterisk: what isn't set is empty.
    return { status: 200, body: { value: this.variables.get(name) ?? '' } };
  }

  #application(name: string): Reply {
    const channel_ids = [...this.channels.values()].filter(({ app }) => app === name).map(({ id }) => id);
    if (!this.#apps.has(name)) return missing('Application');
    return { status: 200, body: { name, channel_ids, bridge_ids: [], endpoint_ids: [], device_names: [] } };
  }

  #channel({ method, query }: AriRequest, id: string, verb: string): Reply {
    if (id === '') {
      return { status: 200, body: [...this.channels.values()].map((channel) => this.#model(channel)) };
    }
    // Seen: a phone that isn't registered can't be created, either.
    if (id === 'create') return { status: 500, body: { error: 'Allocation failed' } };
    if (id === 'externalMedia') return this.#externalMedia(query);
    if (method === 'POST' && verb === '') return this.#originate(query, id);
    const channel = this.channels.get(id);
    if (!channel) return missing('Channel');
    if (method === 'DELETE' && verb === '') {
      this.hangUp(id);
      return OK;
    }
    if (verb === 'variable') {
      const name = query.get('variable') ?? '';
      if (method === 'POST') {
        channel.variables[name] = query.get('value') ?? '';
        return OK;
      }
      const value = channel.variables[name];
      return value === undefined ? missing('Variable') : { status: 200, body: { value } };
    }
    if (channel.app === undefined)
      return { status: 409, body: { message: 'Channel not in Stasis application' } };
    if (verb === 'ring' || verb === 'moh') {
      channel.history.push(`${verb}${method === 'DELETE' ? ' no more' : ''}`);
      return OK;
    }
    if (verb === 'dtmf') {
      channel.history.push(`dtmf ${query.get('dtmf') ?? ''}`);
      return OK;
    }
    if (verb === 'answer') {
      channel.state = 'Up';
      channel.history.push('answered');
      return OK;
    }
    const { app } = channel;
    channel.history.push('continued');
    channel.app = undefined;
    channel.dialplan = {
      context: query.get('context') ?? channel.dialplan.context,
      exten: query.get('extension') ?? channel.dialplan.exten,
      priority: Number(query.get('priority') ?? channel.dialplan.priority + 1),
      app_name: 'NoOp',
      app_data: '',
    };
    for (const members of this.bridges.values()) members.delete(id);
    this.#emit(app, { type: 'StasisEnd', channel: this.#model(channel) });
    return OK;
  }

  /** A phone that nobody knows, or that isn't registered, is no channel (seen: 500, "Allocation failed"). */
  #originate(query: URLSearchParams, id: string): Reply {
    const endpoint = query.get('endpoint') ?? '';
    const app = query.get('app') ?? '';
    if (this.channels.has(id))
      return { status: 409, body: { message: 'Channel with given unique ID already exists' } };
    if (endpoint.endsWith('/nobody')) return { status: 500, body: { error: 'Allocation failed' } };
    if (!this.channels.has(query.get('originator') ?? '')) return missing('Originator channel');
    const channel: FakeChannel = {
      id,
      name: `${endpoint}-00000007`,
      state: 'Ringing',
      caller: { name: '', number: '' },
      dialplan: {
        context: 'phones',
        exten: 's',
        priority: 1,
        app_name: 'AppDial2',
        app_data: '(Outgoing Line)',
      },
      variables: {},
      app: undefined,
      calledBy: app,
      history: [`from ${query.get('callerId') ?? ''}`],
    };
    this.channels.set(id, channel);
    this.#emit(app, { type: 'Dial', dialstatus: '', peer: this.#model(channel) });
    this.#emit(app, { type: 'ChannelStateChange', channel: this.#model(channel) });
    return { status: 200, body: this.#model(channel) };
  }

  #externalMedia(query: URLSearchParams): Reply {
    const id = query.get('channelId') ?? '';
    const app = query.get('app') ?? '';
    if (this.channels.has(id)) return { status: 500, body: { message: 'Internal error' } };
    const channel: FakeChannel = {
      id,
      name: `UnicastRTP/${query.get('external_host') ?? ''}-0x7f00`,
      state: 'Down',
      caller: { name: '', number: '' },
      dialplan: { context: 'default', exten: 's', priority: 1, app_name: 'AppDial2', app_data: '' },
      variables: {},
      app: undefined,
      history: [`format ${query.get('format') ?? ''}`],
    };
    this.channels.set(id, channel);
    const enter = (): void => {
      if (!this.channels.has(id)) return;
      channel.app = app;
      channel.state = 'Up';
      channel.dialplan = { ...channel.dialplan, app_name: 'Stasis', app_data: app };
      this.#emit(app, { type: 'StasisStart', args: [], channel: this.#model(channel) });
    };
    const answered = this.#model(channel);
    if (this.externalEnters === 'before') enter();
    if (this.externalEnters === 'after') setImmediate(() => setImmediate(enter));
    const channelvars = this.externalAddress
      ? { UNICASTRTP_LOCAL_ADDRESS: this.externalAddress, UNICASTRTP_LOCAL_PORT: String(this.externalPort()) }
      : {};
    return { status: 200, body: { ...answered, channelvars } };
  }

  #bridge({ method, query }: AriRequest, id: string, verb: string): Reply {
    const model = (bridge: string, members: Set<string>): object => ({
      id: bridge,
      technology: 'simple_bridge',
      bridge_type: 'mixing',
      channels: [...members],
    });
    if (id === '') {
      return { status: 200, body: [...this.bridges].map(([bridge, members]) => model(bridge, members)) };
    }
    if (method === 'POST' && verb === '') {
      const members = this.bridges.get(id) ?? new Set<string>();
      this.bridges.set(id, members);
      return { status: 200, body: model(id, members) };
    }
    const members = this.bridges.get(id);
    if (!members) return missing('Bridge');
    if (method === 'GET') return { status: 200, body: model(id, members) };
    if (method === 'DELETE') {
      this.bridges.delete(id);
      return OK;
    }
    const wanted = (query.get('channel') ?? '').split(',');
    for (const channel of wanted) {
      const found = this.channels.get(channel);
      if (!found) return { status: 400, body: { message: 'Channel not found' } };
      if (found.app === undefined) {
        return { status: 422, body: { message: 'Channel not in Stasis application' } };
      }
    }
    if (verb === 'removeChannel') {
      if (!wanted.every((channel) => members.has(channel))) {
        return { status: 422, body: { message: 'Channel not in this bridge' } };
      }
      for (const channel of wanted) members.delete(channel);
      return OK;
    }
    for (const channel of wanted) members.add(channel);
    return OK;
  }

  /** Bridges destroyed by somebody else, with the event of it. */
  destroyBridge(id: string, app = 'voice-agent'): void {
    this.bridges.delete(id);
    this.#emit(app, { type: 'BridgeDestroyed', bridge: { id, channels: [] } });
  }
}
