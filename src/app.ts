import { join } from 'node:path';
import { ownAddressTowards } from './app/own-address.ts';
import { startMonitoring } from './app/monitoring.ts';
import { namesOf, ProviderPool } from './app/providers.ts';
import { openVonage } from './app/vonage.ts';
import { watchParts } from './app/watched-parts.ts';
import type { Config } from './config.ts';
import { standardTools, toolTable } from './dialog/agent-tools.ts';
import { announcerProfile, Desk, type StaffedAgent } from './dialog/call-desk.ts';
import { LatencyTracker } from './dialog/latency-tracker.ts';
import type { AgentProfile } from './dialog/agent-profile.ts';
import type { CallEvent } from './dialog/call-events.ts';
import type { MediaGateway, MediaSession, MessageStore } from './dialog/ports.ts';
import {
  DEFAULT_PHRASES,
  formatFor,
  PhraseCache,
  type PhraseRequest,
  type PhraseTexts,
} from './dialog/prepared-phrases.ts';
import { MediaGatewayFactory } from './gateways/media-gateway-factory.ts';
import { RtpMediaGateway } from './gateways/rtp-media-gateway.ts';
import { systemClock } from './lib/clock.ts';
import { messageOf } from './lib/errors.ts';
import { Listeners } from './lib/listeners.ts';
import { Scope } from './lib/scope.ts';
import type { AudioFormat } from './media/audio.ts';
import { CallRecords } from './observability/call-records.ts';
import { logCalls, type Logger } from './observability/logger.ts';
import { createMessageFile, MESSAGE_FILE } from './observability/message-file.ts';
import { startRecording } from './observability/recorder.ts';
import { expectedPhrases } from './providers/embedded/receptionist/expected-phrases.ts';
import { httpTool } from './tools/http-tool.ts';
import { CallRegistry } from './telephony/call-registry.ts';
import type { AsteriskCall } from './telephony/asterisk/asterisk-call.ts';
import { checkAriAccess } from './telephony/asterisk/ari-rest.ts';
import { DEFAULT_STASIS_SETTINGS } from './telephony/asterisk/stasis-options.ts';
import { startStasisApp, type StasisApp } from './telephony/asterisk/stasis-app.ts';

/** The whole program, running. */
export interface App {
  /** No new calls; running ones may end by themselves, then politely, then at once. Resolves when none is left. */
  drain(): Promise<void>;
  /** Ends everything. Idempotent. */
  close(): Promise<void>;
}

/** After `limits.drainMs`: for "I have to end this call now" to be said. */
const LAST_WORDS_MS = 15_000;

/** For the first sound of a phrase that is prepared at start: nobody waits for it. */
const PHRASE_PATIENCE_MS = 10_000;

const G711_FORMATS: readonly AudioFormat[] = [
  { encoding: 'ulaw', rateHz: 8000 },
  { encoding: 'alaw', rateHz: 8000 },
];

/**
 * Starts everything that the configuration names; what had been started is closed again if that fails,
 * or if it isn't wanted any more (`signal`; rejects with its reason then).
 */
export async function startApp(config: Config, log: Logger, signal?: AbortSignal): Promise<App> {
  const scope = new Scope('app');
  const close = (): Promise<void> =>
    scope.close().catch((trouble: unknown) => {
      log.error({}, messageOf(trouble));
    });
  const onAbort = (): void => void close();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const app = await assemble(config, log, scope);
    scope.signal.throwIfAborted();
    return app;
  } catch (error) {
    await close();
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

async function assemble(config: Config, log: Logger, scope: Scope): Promise<App> {
  const clock = systemClock;
  const monitoring = await startMonitoring(config, log, scope);
  // In a moment it is known what is wrong there; what the providers load takes seconds.
  await Promise.all(
    config.asterisk.map((server) => checkAriAccess(server, DEFAULT_STASIS_SETTINGS.requestMs)),
  );
  const records = await openRecords(config, log, scope);
  const logCall = logCalls(log, { texts: config.records.transcripts, targets: config.latencyTargets });
  const messages = createMessageFile(join(config.dataDir, MESSAGE_FILE));
  const providers = new ProviderPool(scope, log, config);
  const [gateway, vonage, { agents, announcer, phrases }] = await Promise.all([
    config.asterisk.length > 0 ? openGateway(config, log, scope) : undefined,
    openVonage(config, log, scope),
    staff(withAnnouncer(config), log, scope, messages, providers),
  ]);
  const record = config.records.recordings ? recorderOf(records, log) : undefined;
  const watchers = new Listeners<CallEvent>();
  for (const watcher of [monitoring, records])
    watchers.add((event) => {
      watcher.observe(event);
    });
  watchers.add(logCall);
  const desk = new Desk({
    agents,
    announcer,
    phrases,
    clock,
    scope,
    maxCalls: config.limits.maxCalls,
    whenFull: config.limits.whenFull,
    tracker: new LatencyTracker({ targets: config.latencyTargets }),
    observe: (event) => {
      watchers.emit(event);
    },
    tap: (call, agent, media) => {
      monitoring.follow(call, media);
      return record?.(call, agent, media) ?? (() => Promise.resolve());
    },
  });

  const registry = new CallRegistry<AsteriskCall>();
  const apps: StasisApp[] = [];
  for (const { variables, mediaAddress, ...server } of config.asterisk) {
    if (!gateway) break;
    scope.signal.throwIfAborted();
    const app = await startStasisApp({
      server,
      desk,
      gateway,
      clock,
      log,
      channelVariables: variables,
      registry,
      settings: { mediaAddress, fallbackLaw: config.gateways.rtp.codec },
    });
    scope.defer(() => app.close());
    apps.push(app);
    log.info({ server: server.name, version: app.version, app: server.app }, 'connected to Asterisk');
  }
  const vonageApp = vonage?.start(desk);
  watchParts(monitoring, { gateway, vonage: vonage?.gateway, vonageApp, providers, agents, apps });
  monitoring.started();
  const extensions = config.agents.flatMap((agent) => agent.extensions);
  const numbers = Object.keys(vonage ? config.gateways.vonage.numbers : {});
  log.info(
    { event: 'ready', extensions, numbers },
    `ready: answering ${[...extensions, ...numbers].join(', ')}`,
  );

  return {
    async drain() {
      monitoring.draining();
      log.info({ calls: desk.size }, 'draining: no new calls');
      for (const app of apps) app.drain();
      vonageApp?.drain();
      await desk.drain(config.limits.drainMs + LAST_WORDS_MS, config.limits.drainMs);
    },
    close: () => scope.close(),
  };
}

async function openRecords(config: Config, log: Logger, scope: Scope): Promise<CallRecords> {
  const records = new CallRecords({
    directory: config.dataDir,
    clock: systemClock,
    texts: config.records.transcripts,
    keepDays: config.records.keepDays,
    onTrouble: (message) => {
      log.warn({ part: 'records' }, message);
    },
  });
  await records.start();
  scope.defer(() => records.close());
  return records;
}

/** Records both sides of a call while it runs. */
function recorderOf(records: CallRecords, log: Logger) {
  return (call: string, _agent: string, { heard, sent }: MediaSession) => {
    const onTrouble = (message: string): void => {
      log.warn({ call, part: 'recording' }, message);
    };
    const recording = records.recordingPath(call).then(
      (path) => (path === undefined ? undefined : startRecording({ path, heard, sent, onTrouble })),
      (error: unknown) => {
        onTrouble(messageOf(error));
        return undefined;
      },
    );
    return async () => {
      await (await recording)?.stop();
    };
  };
}

async function openGateway(config: Config, log: Logger, scope: Scope): Promise<MediaGateway> {
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
    law: codec,
    realtime,
    silenceSuppression,
    ...(advertised === undefined ? {} : { advertisedAddress: advertised }),
    ...(remote === undefined ? {} : { remote }),
    onWarning: (message) => {
      log.warn({ part: 'media' }, message);
    },
  });
  scope.defer(() => gateway.close());
  if (gateway instanceof RtpMediaGateway) {
    const { advertisedAddress, threads } = gateway.report;
    const places = threads.map(({ port }) => `${advertisedAddress}:${port}`).join(', ');
    const { scheduling } = threads[0] ?? {};
    const pace =
      scheduling &&
      `; ${scheduling.policy === 'fifo' ? 'in real time' : `not in real time (${scheduling.reason})`}`;
    log.info({ part: 'media' }, `media comes to ${places}${pace ?? ''}`);
    log.debug({ part: 'media', ...gateway.report }, 'media gateway');
  }
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

/** Opens every provider that an agent uses and prepares what can be said before a call. */
async function staff(
  config: Config,
  log: Logger,
  scope: Scope,
  messages: MessageStore,
  pool: ProviderPool,
): Promise<{ agents: StaffedAgent[]; announcer: StaffedAgent; phrases: PhraseCache }> {
  const phrases = new PhraseCache();
  const httpTools = config.httpTools.map(httpTool);
  const { source: given } = config.gateways.rtp;
  const source: AudioFormat | undefined = given && { encoding: given.encoding, rateHz: given.sampleRateHz };
  const { voice, language, unknownExtension, busy, trouble } = config.announcements;

  const hire = async (profile: AgentProfile, texts: PhraseTexts): Promise<StaffedAgent> => {
    const choice = config.providers.byAgent[profile.id] ?? config.providers.default;
    const [vad, stt, llm, tts] = await Promise.all([
      pool.vad(choice),
      pool.stt(choice),
      pool.llm(choice),
      pool.tts(choice),
    ]);
    const request: PhraseRequest = {
      owner: profile.id,
      texts,
      tts: await pool.tts(choice, PHRASE_PATIENCE_MS),
      voice: profile.voice,
      language: profile.language,
      formats: wanted(profile, config),
      source,
      onProviderTrouble: (trouble) => {
        log.warn({ agent: profile.id, ...trouble }, trouble.message);
      },
    };
    const again = await phrases.prepare(request, scope.signal, (phrase, error) => {
      log.warn({ agent: profile.id, phrase, err: error }, 'a phrase could not be prepared');
    });
    // Nobody waits for a cloud that is away at start.
    void phrases.complete(request, again, systemClock, scope.signal).then((done) => {
      if (done && again.length > 0)
        log.info({ agent: profile.id, phrases: again }, 'phrases are prepared now');
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
      parts: { vad, stt, llm, tts },
      tools: toolTable(tools),
      expected: expectedPhrases(profile),
      source,
    };
  };

  const announcer = await hire(announcerProfile(voice, language), {
    unknownExtension,
    busy,
    apology: trouble,
  });
  const agents = await Promise.all(
    config.agents.map((profile) =>
      hire(profile, { ...DEFAULT_PHRASES, apology: trouble, greeting: profile.greeting }),
    ),
  );
  return { agents, announcer, phrases };
}

/** Formats in which an agent's phrases may leave. */
function wanted(profile: AgentProfile, config: Config): readonly AudioFormat[] {
  const { enabled, sampleRateHz } = config.gateways.vonage;
  return [
    ...G711_FORMATS.filter(
      ({ encoding }) =>
        config.asterisk.length > 0 && (profile.codec === 'auto' || profile.codec === encoding),
    ),
    ...(enabled ? [{ encoding: 'pcm_s16', rateHz: sampleRateHz } as const] : []),
  ];
}
