import { readFileSync } from 'node:fs';
import { loadConfig, type Config } from '../config.ts';
import { shownConfig } from '../config/shown-config.ts';
import type { CallActions } from '../console/console-server.ts';
import { LiveCalls } from '../console/live-calls.ts';
import type { AgentSummary, TestCall } from '../console/protocol.ts';
import { SignIn } from '../console/sign-in.ts';
import { spokenBy, type CallRecord, type Saying } from '../dialog/call/call-record.ts';
import type { Desk } from '../dialog/call/call-desk.ts';
import type { CallEvent, TurnGlimpse } from '../dialog/contract/call-events.ts';
import type { MediaSession } from '../dialog/contract/ports.ts';
import type { RtpMediaGateway } from '../gateways/rtp-media-gateway.ts';
import { systemClock } from '../lib/clock.ts';
import { messageOf, VoiceAgentError } from '../lib/errors.ts';
import type { Scope } from '../lib/scope.ts';
import { withoutTexts, type Logger } from '../observability/logger.ts';
import type { KeepRules } from '../store/call-rows.ts';
import { keptRest } from '../store/redaction.ts';
import type { Store } from '../store/store.ts';
import { redactedEvents, wordsSoFar } from './keep-rules.ts';
import { KNOWN_PROVIDERS } from './known-providers.ts';
import { codecsOf, loopCall } from './loop-call.ts';
import type { Monitoring } from './monitoring.ts';
import { namesOf, type ProviderPool } from './providers.ts';
import { placeOfRecords } from './records.ts';

/** The console, told of the calls; nobody can look at it before `start`. */
export interface OpenConsole {
  observe(event: CallEvent): void;
  follow(call: string, media: MediaSession): void;
  /** Throws CONSOLE_PORT_UNAVAILABLE. */
  start(parts: ShownParts): Promise<void>;
}

/** What of the running program is shown. */
export interface ShownParts {
  readonly desk: Desk;
  readonly monitoring: Monitoring;
  readonly providers: Pick<ProviderPool, 'states'>;
  /** Of Asterisk's calls, if there are any. */
  readonly gateway: RtpMediaGateway | undefined;
}

export function openConsole(
  config: Config,
  rules: KeepRules,
  store: Store,
  log: Logger,
  scope: Scope,
): OpenConsole {
  const { console: settings, records, dataDir } = config;
  let parts: ShownParts | undefined;
  const live = new LiveCalls({
    clock: systemClock,
    startOf: (call) => store.recordOf(call)?.startedAt ?? new Date(systemClock.wallClock()).toISOString(),
    glimpseOf: (call) => parts?.desk.find(call)?.glimpse,
    shown: (call, glimpse) => shownGlimpse(glimpse, store.recordOf(call), rules),
    outOfUse: () =>
      (parts?.providers.states ?? [])
        .filter(({ state }) => state === 'open')
        .map(({ part, provider }) => ({ part, provider })),
  });
  const shown = redactedEvents(rules, records.redact.cards);
  const onTrouble = (message: string, error?: unknown): void => {
    log.warn({ part: 'console', ...(error !== undefined && { err: error }) }, message);
  };
  return {
    observe: (event) => {
      // Nobody looks at a call step by step.
      if (event.type === 'turn-log') return;
      live.observe(records.transcripts ? shown(event) : withoutTexts(event));
    },
    follow: (call, media) => {
      live.follow(call, media);
    },
    async start(running) {
      parts = running;
      const { desk, monitoring, providers, gateway } = running;
      // Its packages and the database's take half a second to load: calls are taken already.
      const { History } = await import('../console/history.ts');
      const { startConsole } = await import('../console/console-server.ts');
      const history = new History({
        place: placeOfRecords(config),
        folder: dataDir,
        now: () => systemClock.wallClock(),
        onWarning: onTrouble,
      });
      scope.defer(() => history.close(), "the console's records");
      const { listenAddress, listenPort, operateToken, viewToken, hostNames, proxy, tls, phone } = settings;
      const { asteriskUrl = config.asterisk[0]?.url, username, password } = phone;
      const { certificate, key } = tls;
      const page = await startConsole({
        address: listenAddress,
        port: listenPort,
        ...(certificate !== undefined &&
          key !== undefined && { tls: { certificate: pem(certificate), key: pem(key) } }),
        signIn: new SignIn({
          tokens: {
            ...(operateToken !== undefined && { operate: operateToken }),
            ...(viewToken !== undefined && { view: viewToken }),
          },
          ...(proxy && { proxy }),
          hostNames: hostNames ?? (isLoopback(listenAddress) ? [] : undefined),
        }),
        live,
        history,
        actions: actionsOn(desk),
        health: () => ({ ...monitoring.health(), breakers: providers.states }),
        configuration: () => ({ inForce: shownConfig(config, process.env), problems: problemsNow() }),
        testCall: gateway && (() => testCalls(config, gateway)),
        about: {
          agents: config.agents.map((agent) => summaryOf(agent, config)),
          latencyTargetMs: config.latencyTargets.totalMs,
          keeps: { texts: records.transcripts, recordings: records.recordings },
        },
        ...(username !== undefined &&
          password !== undefined &&
          asteriskUrl !== undefined && { phone: { username, password, asteriskUrl } }),
        clock: systemClock,
        onTrouble,
      });
      scope.defer(() => page.close(), 'the console');
      log.info({ event: 'console', url: page.url }, `console: ${page.url}`);
    },
  };
}

function actionsOn(desk: Desk): CallActions {
  return {
    hangUp(name) {
      const call = desk.find(name);
      call?.finish({ reason: 'operator-hung-up', phrase: 'goodbye', way: 'hang-up' });
      return call !== undefined;
    },
    say(name, text) {
      const call = desk.find(name);
      call?.say(text);
      return call !== undefined;
    },
    putThrough: (name, target) => desk.find(name)?.putThrough(target) ?? false,
  };
}

/** Those who sign in on this machine reach it by no other name. */
function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** What may be shown of where a call stands: a number in it may have begun in what was said before. */
function shownGlimpse(glimpse: TurnGlimpse, record: CallRecord | undefined, rules: KeepRules): TurnGlimpse {
  const { words, saying, ...rest } = glimpse;
  if (!record || !rules.texts) return { ...rest, words: '' };
  const { agent } = record;
  const before = (who: Saying['who']): string[] =>
    spokenBy(who, record).map(({ saying }) => saying.text ?? '');
  const redact = (turns: string): string => rules.redact(turns, 'said so far', agent);
  const agentSaid = before('agent');
  return {
    ...rest,
    words: words === '' ? '' : wordsSoFar(words, before('caller'), rules.redact, agent),
    ...(saying && {
      saying: {
        heard: wordsSoFar(saying.heard, agentSaid, rules.redact, agent),
        unheard: keptRest([...agentSaid, saying.heard], saying.unheard, redact),
      },
    }),
  };
}

/** A call through each Asterisk and back, in each codec that agents use, by the gateway that has their calls. */
async function testCalls(config: Config, gateway: RtpMediaGateway): Promise<TestCall[]> {
  const calls: TestCall[] = [];
  for (const server of config.asterisk)
    for (const codec of codecsOf(config)) {
      const {
        roundTripMs,
        rating,
        dangerous: _,
        ...call
      } = await loopCall(server, gateway, codec, {
        app: 'voice-agent-test-call',
      });
      calls.push({
        ...call,
        server: server.name,
        ...(roundTripMs !== undefined && { roundTripMs }),
        ...(rating && { mos: rating.mos }),
      });
    }
  return calls;
}

/** What the next start would say. */
function problemsNow(): string[] {
  try {
    loadConfig({ env: process.env, known: KNOWN_PROVIDERS });
    return [];
  } catch (error) {
    return messageOf(error).split('\n').filter(Boolean);
  }
}

function summaryOf(agent: Config['agents'][number], { providers, gateways }: Config): AgentSummary {
  const { id, name, extensions, language, voice, transferTargets } = agent;
  const { enabled, numbers } = gateways.vonage;
  return {
    id,
    name,
    extensions,
    numbers: Object.entries(enabled ? numbers : {}).flatMap(([number, to]) =>
      extensions.includes(to) ? [number] : [],
    ),
    language,
    voice,
    targets: transferTargets.map((target) => target.name),
    providers: namesOf(providers.byAgent[id] ?? providers.default),
  };
}

function pem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new VoiceAgentError('CONFIG_INVALID', `console.tls: ${path} can't be read: ${messageOf(error)}`);
  }
}
