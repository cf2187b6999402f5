import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { ownAddressTowards } from './app/own-address.ts';
import { connectAll, openAll } from './app/asterisks.ts';
import { orAllThatIsWrong } from './app/at-once.ts';
import { fleetPart, joinFleet, openFleet } from './app/fleet.ts';
import { startMonitoring } from './app/monitoring.ts';
import { namesOf, ProviderPool } from './app/providers.ts';
import { keepRules, redactedEvents } from './app/keep-rules.ts';
import { Recorders } from './app/recorders.ts';
import { openOutgoing } from './app/outgoing.ts';
import { returnLargePieces, UnusedMemory } from './app/unused-memory.ts';
import { watchAsterisk, watchParts } from './app/watched-parts.ts';
import type { Config } from './config.ts';
import { standardTools, toolTable } from './dialog/reply/agent-tools.ts';
import { callName } from './dialog/call/admitted-call.ts';
import { announcerProfile, Desk, type StaffedAgent } from './dialog/call/call-desk.ts';
import { LatencyTracker } from './dialog/call/latency-tracker.ts';
import type { AgentProfile } from './dialog/contract/agent-profile.ts';
import type { CallEvent } from './dialog/contract/call-events.ts';
import type { MessageStore } from './dialog/contract/ports.ts';
import { agentTexts } from './dialog/language/own-phrases.ts';
import {
  formatFor,
  PhraseCache,
  type PhraseRequest,
  type PhraseTexts,
} from './dialog/reply/prepared-phrases.ts';
import type { PhraseName } from './dialog/turn/turn-states.ts';
import { MediaGatewayFactory } from './gateways/media-gateway-factory.ts';
import type { RtpMediaGateway } from './gateways/rtp-media-gateway.ts';
import { onAbort } from './lib/abort.ts';
import { systemClock, type Milliseconds } from './lib/clock.ts';
import { messageOf } from './lib/errors.ts';
import { FailureDomain } from './lib/failure-domain.ts';
import { Listeners } from './lib/listeners.ts';
import { Scope } from './lib/scope.ts';
import type { AudioFormat } from './media/audio.ts';
import { CODEC_NAMES, codecOf } from './media/codec.ts';
import { watchEventLoop } from './observability/health-event-loop.ts';
import { logCalls, type Logger } from './observability/logger.ts';
import { expectedPhrases } from './providers/embedded/receptionist/expected-phrases.ts';
import { keepSpeech } from './providers/kept-speech.ts';
import { SpeechStore } from './providers/speech-store.ts';
import type { OnAbandoned } from './threads/supervised-thread.ts';
import { httpTool } from './tools/http-tool.ts';
import type { AriRest } from './telephony/asterisk/ari-rest.ts';
import { startStasisApp, type StasisApp } from './telephony/asterisk/stasis-app.ts';

/** The whole program, running. */
export interface App {
  /**
   * No new calls; running ones may end by themselves, then politely, then at once. Resolves when none is left.
   * `withinMs`: they are asked in time to end, and those that don't are left to `close`, which sends them on.
   */
  drain(withinMs?: Milliseconds): Promise<void>;
  /** Ends everything. Idempotent. */
  close(): Promise<void>;
}

/**
 * A thread hangs in native code and can't be ended: neither can the process then, unless it is killed. `needed`: no
 * other can take its place, as it keeps its port.
 */
export type OnThreadAbandoned = (thread: string, needed: boolean) => void;

/** For each thing that is closed at the end: a media thread that hangs takes up to 6 s (policies.ts). */
const CLOSE_MS = 10_000;

/** After `limits.drainMs`: for "I have to end this call now" to be said. */
const LAST_WORDS_MS = 15_000;

/** For what earlier runs have left in the store to be read, once everything else is ready: callers may be waiting. */
const INTERRUPTED_MS = 3000;

/** For callers who wait at start to be received. */
const RECEIVED_MS = 10_000;

/** For the first sound of a phrase that is prepared at start: nobody waits for it. */
const PHRASE_PATIENCE_MS = 10_000;

/** What a call may begin with: calls aren't taken before. A phrase that isn't there yet is synthesised when it is wanted. */
const FIRST_WORDS: ReadonlySet<PhraseName> = new Set(['greeting', 'sayAgain']);

/**
 * Starts everything that the configuration names; what had been started is closed again if that fails,
 * or if it isn't wanted any more (`signal`; rejects with its reason then).
 */
export async function startApp(
  config: Config,
  log: Logger,
  signal?: AbortSignal,
  onAbandoned: OnThreadAbandoned = () => undefined,
): Promise<App> {
  const scope = new Scope('app', { clock: systemClock, actionMs: CLOSE_MS });
  const close = (): Promise<void> =>
    scope.close().catch((trouble: unknown) => {
      log.error({}, messageOf(trouble));
    });
  const withdraw = signal && onAbort(signal, () => void close());
  try {
    const app = await assemble(config, log, scope, onAbandoned);
    scope.signal.throwIfAborted();
    return app;
  } catch (error) {
    await close();
    signal?.throwIfAborted();
    throw error;
  } finally {
    withdraw?.();
  }
}

async function assemble(
  config: Config,
  log: Logger,
  scope: Scope,
  onAbandoned: OnThreadAbandoned,
): Promise<App> {
  const clock = systemClock;
  const eventLoop = watchEventLoop(clock);
  scope.defer(() => {
    eventLoop.close();
  });
  // In a moment it is known what is wrong there; what the providers load takes longer.
  const [monitoring, asterisks] = await orAllThatIsWrong(
    [startMonitoring(config, log, scope, eventLoop), openAll(config, log, scope)],
    config,
  );
  await returnLargePieces();
  const rules = keepRules(config);
  // What it needs takes as long to load as everything before: who has made a mistake has been told of it by now.
  const { openRecords } = await import('./app/records.ts');
  const records = await openRecords(config, rules, log, scope, monitoring);
  const forLog = redactedEvents(rules, config.records.redact.cards);
  const logCall = logCalls(log, { texts: config.records.transcripts, targets: config.latencyTargets });
  const onListenerAbandoned = (thread: string): void => {
    onAbandoned(thread, true);
  };
  const providers = new ProviderPool(scope, log, config, (thread) => {
    onAbandoned(thread, false);
  });
  const [gateway, vonage, { agents, announcer, phrases, prepareRest }] = await Promise.all([
    config.asterisk.length > 0 ? openGateway(config, log, scope, onListenerAbandoned) : undefined,
    config.gateways.vonage.enabled
      ? import('./app/vonage.ts').then(({ openVonage }) =>
          openVonage(config, log, scope, onListenerAbandoned),
        )
      : undefined,
    staff(withAnnouncer(config), log, scope, records, providers),
  ]);
  const interrupted = await records.interrupted(INTERRUPTED_MS);
  // What is in there of calls that other nodes have says nothing soon.
  if (config.fleet.node !== undefined)
    scope.defer(
      clock.at(clock.now() + RECEIVED_MS, () => {
        interrupted.clear();
      }),
    );
  const fleet = await openFleet({ config, log, scope, records, monitoring }, (call, said) => {
    interrupted.set(call, said);
  });
  const recorders = config.records.recordings ? new Recorders(records, log, rules) : undefined;
  const page = config.console.enabled
    ? (await import('./app/console.ts')).openConsole(config, rules, records, log, scope)
    : undefined;
  const watchers = new Listeners<CallEvent>();
  for (const watcher of [monitoring, records, recorders, page, fleet])
    watchers.add((event) => {
      watcher?.observe(event);
    });
  watchers.add((event) => {
    logCall(forLog(event));
    if (event.type === 'started')
      void FailureDomain.outside(() => providers.finish('called')).then((any) => {
        if (any) memory.prepared();
      });
  });
  const desk = new Desk({
    agents,
    announcer,
    phrases,
    clock,
    scope,
    earlier: (info) => {
      const name = callName(info);
      const messages = interrupted.get(name);
      interrupted.delete(name);
      if (messages)
        log.warn({ call: name, messages: messages.length }, 'a call that another run has left goes on');
      return messages;
    },
    ...config.limits,
    eventLoopDelayMs: () => eventLoop.delayMs(),
    tracker: new LatencyTracker({ targets: config.latencyTargets }),
    observe: (event) => {
      watchers.emit(event);
    },
    tap: (call, agent, media) => {
      monitoring.follow(call, media);
      records.follow(call, media);
      page?.follow(call, media);
      return recorders?.record(call, agent, media) ?? (() => Promise.resolve());
    },
  });

  const memory = new UnusedMemory({ clock, isIdle: () => desk.size === 0 });
  scope.defer(() => {
    memory.close();
  });
  watchers.add((event) => {
    if (event.type !== 'ended') return;
    FailureDomain.outside(() => {
      memory.afterCall();
    });
  });

  fleet?.start(desk);
  const apps: StasisApp[] = [];
  let draining = false;
  const connect = async (
    { variables, mediaAddress, ...server }: Config['asterisk'][number],
    rest?: AriRest,
  ): Promise<StasisApp> => {
    if (!gateway) throw new Error('there is no gateway for an Asterisk’s calls');
    const app = await startStasisApp({
      server,
      ...(rest && { rest }),
      desk,
      gateway,
      clock,
      log,
      channelVariables: variables,
      settings: { mediaAddress, fallbackCodec: config.gateways.rtp.codec },
      fleet: fleetPart(fleet, server.app),
    });
    joinFleet(fleet, app);
    if (draining) app.drain();
    scope.defer(() => app.close(), `the Asterisk server ${server.name}`);
    apps.push(app);
    watchAsterisk(monitoring, app);
    log.info({ server: server.name, version: app.version, app: server.app }, 'connected to Asterisk');
    return app;
  };
  await connectAll(config, asterisks, connect, { scope, clock, log, monitoring });
  const vonageApp = vonage?.start(desk);
  await openOutgoing({ config, log, scope, apps, watchers });
  watchParts(monitoring, { gateway, vonage: vonage?.gateway, vonageApp, providers, agents, apps });
  // A process that is killed has it, too; later it would hold up calls (0.4 s, after an upgrade only).
  flushCompileCache();
  monitoring.started();
  const extensions = config.agents.flatMap((agent) => agent.extensions);
  const numbers = Object.keys(vonage ? config.gateways.vonage.numbers : {});
  log.info(
    { event: 'ready', extensions, numbers, ...spent() },
    `ready: answering ${[...extensions, ...numbers].join(', ')}`,
  );
  const prepared = Promise.all([records.begin(), providers.finish('ready'), prepareRest()]).then(() => {
    if (!scope.signal.aborted) log.info({ event: 'prepared' }, 'all that could wait is prepared');
  });
  await page?.start({ desk, monitoring, providers, gateway });
  void prepared.then(() => {
    memory.prepared();
  });

  return {
    async drain(withinMs) {
      monitoring.draining();
      log.info({ calls: desk.size }, 'draining: no new calls');
      draining = true;
      fleet?.drain();
      for (const app of apps) app.drain();
      vonageApp?.drain();
      const { drainMs } = config.limits;
      if (withinMs === undefined) await desk.drain(drainMs + LAST_WORDS_MS, drainMs);
      else await desk.drain(Infinity, Math.min(drainMs, withinMs - LAST_WORDS_MS));
    },
    close: () => scope.close(),
  };
}

/** What the program has taken so far, of time and of the processors. */
function spent(): { readonly tookMs: number; readonly cpuMs: number } {
  const { user, system } = process.cpuUsage();
  return { tookMs: Math.round(process.uptime() * 1000), cpuMs: Math.round((user + system) / 1000) };
}

async function openGateway(
  config: Config,
  log: Logger,
  scope: Scope,
  onAbandoned: OnAbandoned,
): Promise<RtpMediaGateway> {
  const {
    listenAddress,
    listenPort,
    advertisedAddress,
    workers,
    codec,
    remote,
    realtime,
    silenceSuppression,
  } = config.gateways.rtp;
  const [firstAsterisk] = config.asterisk;
  const advertised =
    advertisedAddress === 'auto' && firstAsterisk
      ? await ownAddressTowards(new URL(firstAsterisk.url).hostname)
      : advertisedAddress;
  const gateway = await MediaGatewayFactory.create('rtp', {
    listenAddress,
    port: listenPort,
    threads: workers,
    codec,
    realtime,
    silenceSuppression,
    // Asterisk tells of keys in events; no peer of ExternalMedia's sends any.
    telephoneEventPayloadType: remote === undefined ? 'none' : 101,
    ...(advertised === undefined ? {} : { advertisedAddress: advertised }),
    ...(remote === undefined ? {} : { remote }),
    supervision: { onAbandoned },
    onWarning: (message) => {
      log.warn({ part: 'media' }, message);
    },
  });
  scope.defer(() => gateway.close(), 'the RTP gateway');
  // Another part may have failed meanwhile: what is wrong shall be the last thing told.
  scope.signal.throwIfAborted();
  const { report } = gateway;
  const places = report.threads.map(({ port }) => `${report.advertisedAddress}:${port}`).join(', ');
  const { scheduling, io } = report.threads[0] ?? {};
  const pace =
    scheduling &&
    `; ${scheduling.policy === 'fifo' ? 'in real time' : `not in real time (${scheduling.reason})`}`;
  const oneByOne = io?.by === 'dgram' && remote === undefined ? `; packets one by one (${io.reason})` : '';
  log.info({ part: 'media' }, `media comes to ${places}${pace ?? ''}${oneByOne}`);
  log.debug({ part: 'media', ...report }, 'media gateway');
  return gateway;
}

/** The announcer only speaks: what else an agent has to have is lent by one, and not opened for it. */
function withAnnouncer(config: Config): Config {
  const { providers, agents, announcements } = config;
  const { id } = announcerProfile(announcements.voice, announcements.language);
  const lent = providers.byAgent[agents[0]?.id ?? ''] ?? providers.default;
  const choice = { ...lent, tts: providers.default.tts };
  return { ...config, providers: { ...providers, byAgent: { ...providers.byAgent, [id]: choice } } };
}

interface Staff {
  readonly agents: StaffedAgent[];
  readonly announcer: StaffedAgent;
  readonly phrases: PhraseCache;
  /** Prepares what needn't be there for the first moment of a call. Never rejects. */
  readonly prepareRest: () => Promise<void>;
}

/** Opens every provider that an agent uses and prepares what a call begins with. */
async function staff(
  config: Config,
  log: Logger,
  scope: Scope,
  messages: MessageStore,
  pool: ProviderPool,
): Promise<Staff> {
  const phrases = new PhraseCache();
  const kept = new SpeechStore(join(config.dataDir, 'phrases'), (message) => {
    log.warn({ part: 'phrases' }, message);
  });
  /** What is still to be done when the first call may come. */
  const later: (() => Promise<void>)[] = [];
  const httpTools = config.httpTools.map(httpTool);
  const { source: given } = config.gateways.rtp;
  const source: AudioFormat | undefined = given && { encoding: given.encoding, rateHz: given.sampleRateHz };
  const { announcements } = config;

  const hire = async (profile: AgentProfile, texts: PhraseTexts): Promise<StaffedAgent> => {
    const choice = config.providers.byAgent[profile.id] ?? config.providers.default;
    const [vad, stt, llm, tts, endOfTurn] = await Promise.all([
      pool.vad(choice),
      pool.stt(choice),
      pool.llm(choice),
      pool.tts(choice),
      pool.endOfTurn(),
    ]);
    const request: PhraseRequest = {
      owner: profile.id,
      texts,
      tts: keepSpeech(await pool.tts(choice, PHRASE_PATIENCE_MS), pool.soundOf(choice), kept),
      voice: profile.voice,
      language: profile.language,
      formats: wanted(profile, config),
      source,
      onProviderTrouble: (trouble) => {
        log.warn({ agent: profile.id, ...trouble }, trouble.message);
      },
    };
    const prepare = (names: readonly PhraseName[]): Promise<PhraseName[]> =>
      phrases.prepare(
        request,
        scope.signal,
        (phrase, error) => {
          if (!scope.signal.aborted)
            log.warn({ agent: profile.id, phrase, err: error }, 'a phrase could not be prepared');
        },
        names,
      );
    const names = Object.keys(texts) as PhraseName[];
    const again = await prepare(names.filter((name) => FIRST_WORDS.has(name)));
    later.push(async () => {
      expectedPhrases(profile); // put together before a call wants them
      again.push(...(await prepare(names.filter((name) => !FIRST_WORDS.has(name)))));
      // Nobody waits for a cloud that is away at start.
      void phrases.complete(request, again, systemClock, scope.signal).then((done) => {
        if (done && again.length > 0)
          log.info({ agent: profile.id, phrases: again }, 'phrases are prepared now');
      });
    });
    const tools = [
      ...standardTools({ agent: profile, messages, clock: systemClock }),
      ...httpTools.filter(({ name }) => profile.tools?.includes(name)),
    ];
    const offered = source && formatFor(tts, source, source);
    if (offered?.encoding !== source?.encoding || offered?.rateHz !== source?.rateHz) {
      log.warn(
        { tts: choice.tts.names, source },
        "the voice doesn't give this format: the wire's own is used",
      );
    }
    // Another part may have failed meanwhile: what is wrong shall be the last thing told.
    scope.signal.throwIfAborted();
    if (profile.extensions.length > 0)
      log.info(
        { agent: profile.id, ...namesOf(choice) },
        `${profile.name} answers ${profile.extensions.join(', ')}`,
      );
    return {
      profile,
      parts: { vad, stt, llm, tts, endOfTurn },
      tools: toolTable(tools),
      get expected() {
        return expectedPhrases(profile);
      },
      source,
    };
  };

  const announcer = await hire(announcerProfile(announcements.voice, announcements.language), {
    unknownExtension: announcements.unknownExtension,
    busy: announcements.busy,
    apology: announcements.trouble,
  });
  const agents = await Promise.all(
    config.agents.map((profile) =>
      hire(profile, {
        ...agentTexts(profile, announcements),
        greeting: profile.greeting,
        ...(profile.callOpening !== undefined && { callOpening: profile.callOpening }),
      }),
    ),
  );
  const prepareRest = async (): Promise<void> => {
    await Promise.all(later.map((prepare) => prepare()));
    // One in a turn: calls are going on.
    while (phrases.convertNext()) await setImmediate();
    await kept.tidy();
  };
  return { agents, announcer, phrases, prepareRest };
}

/** Formats in which an agent's phrases may leave: those of each codec that its calls can have, and Vonage's. */
function wanted(profile: AgentProfile, config: Config): readonly AudioFormat[] {
  const { enabled, sampleRateHz } = config.gateways.vonage;
  const codecs = profile.codec === 'auto' ? CODEC_NAMES : [profile.codec];
  const formats: AudioFormat[] = [
    ...(config.asterisk.length > 0 ? codecs.map((name) => codecOf(name).queueFormat) : []),
    ...(enabled ? [{ encoding: 'pcm_s16', rateHz: sampleRateHz } as const] : []),
  ];
  return [...new Map(formats.map((format) => [`${format.encoding} ${format.rateHz}`, format])).values()];
}
