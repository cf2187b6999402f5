import { readFileSync } from 'node:fs';
import { loadConfig, type Config } from '../config.ts';
import { shownConfig } from '../config/shown-config.ts';
import type { CallActions } from '../console/console-server.ts';
import { History } from '../console/history.ts';
import { LiveCalls } from '../console/live-calls.ts';
import type { AgentSummary } from '../console/protocol.ts';
import { SignIn } from '../console/sign-in.ts';
import type { Desk } from '../dialog/call/call-desk.ts';
import type { CallEvent, TurnGlimpse } from '../dialog/contract/call-events.ts';
import type { MediaSession } from '../dialog/contract/ports.ts';
import { systemClock } from '../lib/clock.ts';
import { messageOf, VoiceAgentError } from '../lib/errors.ts';
import type { Scope } from '../lib/scope.ts';
import { withoutTexts, type Logger } from '../observability/logger.ts';
import type { KeepRules } from '../store/call-rows.ts';
import type { Store } from '../store/store.ts';
import { redactedEvents, wordsSoFar } from './keep-rules.ts';
import { KNOWN_PROVIDERS } from './known-providers.ts';
import type { Monitoring } from './monitoring.ts';
import { namesOf } from './providers.ts';
import { placeOfRecords } from './records.ts';

/** The console, told of the calls; nobody can look at it before `start`. */
export interface OpenConsole {
  observe(event: CallEvent): void;
  follow(call: string, media: MediaSession): void;
  turn(call: string, turn: TurnGlimpse): void;
  /** Throws CONSOLE_PORT_UNAVAILABLE. */
  start(desk: Desk, monitoring: Monitoring): Promise<void>;
}

/** Undefined: it is switched off. */
export function openConsole(
  config: Config,
  rules: KeepRules,
  store: Store,
  log: Logger,
  scope: Scope,
): OpenConsole | undefined {
  const { console: settings, records, dataDir } = config;
  if (!settings.enabled) return undefined;
  const live = new LiveCalls((call) => store.recordOf(call)?.startedAt ?? new Date().toISOString());
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
    turn: (call, { phase, words }) => {
      const { agent = '', said = [] } = store.recordOf(call) ?? {};
      const before = said.flatMap(({ who, via, text }) =>
        who === 'caller' && via !== 'dtmf' && text !== undefined ? [text] : [],
      );
      live.turn(call, {
        phase,
        words: records.transcripts ? wordsSoFar(words, before, rules.redact, agent) : '',
      });
    },
    async start(desk, monitoring) {
      const history = new History({
        place: placeOfRecords(config),
        folder: dataDir,
        now: () => systemClock.wallClock(),
        onWarning: onTrouble,
      });
      scope.defer(() => history.close(), "the console's records");
      const { listenAddress, listenPort, operateToken, viewToken, proxy, tls, phone } = settings;
      const { asteriskUrl = config.asterisk[0]?.url, username, password } = phone;
      const { certificate, key } = tls;
      // Its server's packages take a quarter of a second to load: calls are taken already.
      const { startConsole } = await import('../console/console-server.ts');
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
        }),
        live,
        history,
        actions: actionsOn(desk),
        health: () => monitoring.health(),
        configuration: () => ({ inForce: shownConfig(config, process.env), problems: problemsNow() }),
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

/** What the next start would say. */
function problemsNow(): string[] {
  try {
    loadConfig({ env: process.env, known: KNOWN_PROVIDERS });
    return [];
  } catch (error) {
    return messageOf(error).split('\n').filter(Boolean);
  }
}

function summaryOf(agent: Config['agents'][number], { providers }: Config): AgentSummary {
  const { id, name, extensions, language, voice, transferTargets } = agent;
  return {
    id,
    name,
    extensions,
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
