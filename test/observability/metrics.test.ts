import { beforeEach, describe, expect, it } from 'vitest';
import { NO_MEDIA } from '../../src/dialog/contract/call-media.ts';
import type { CallEvent } from '../../src/dialog/contract/call-events.ts';
import type { EndReason } from '../../src/dialog/contract/end-reason.ts';
import type { MediaSession } from '../../src/dialog/contract/ports.ts';
import type { MediaStats } from '../../src/dialog/contract/call-media.ts';
import type { HealthReport } from '../../src/observability/health-checks.ts';
import { createMetrics, type Metrics, type MetricsOptions } from '../../src/observability/metrics.ts';
import { ASTERISK_LOST } from '../../src/telephony/asterisk/call-states.ts';
import { Exposition } from '../support/prometheus-text.ts';
import { callInfo } from '../support/scripted-line.ts';

type Body = CallEvent extends infer E ? (E extends CallEvent ? Omit<E, 'call' | 'at'> : never) : never;

let metrics: Metrics;
let health: HealthReport;

const options = (): MetricsOptions => ({
  version: '1.2.3',
  agents: ['alice', 'tom'],
  maxCalls: 7,
  tools: () => new Set(['hang_up']),
  readings: {
    health: () => health,
    eventLoopDelayMs: () => 12,
    asterisk: () => [{ server: 'local', connected: true, connections: 2, events: 30, malformed: 1 }],
    mediaThreads: () => [
      { name: 'media-1', alive: true, restarts: 3, sessions: 2, unknownPeers: 5 },
      { name: 'vonage-edge', alive: true, restarts: 0, sessions: 0 },
    ],
    breakers: () => [{ part: 'llm', provider: 'groq', open: true }],
    providers: () => [
      {
        part: 'tts',
        provider: 'flite',
        requests: 4,
        threads: [{ name: 'tts-0', alive: false, restarts: 5 }],
      },
      { part: 'end-of-turn', provider: 'smart-turn-v3', requests: 0, threads: [], unanswered: 6 },
    ],
  },
});

function tell(call: string, at: number, ...events: Body[]): void {
  for (const event of events) metrics.observe({ call, at, ...event });
}

async function read(): Promise<Exposition> {
  const { contentType, body } = await metrics.text();
  expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  return new Exposition(body);
}

function ended(reason: EndReason, media: Partial<MediaStats> = {}): Body {
  return { type: 'ended', reason, variables: {}, media: { ...NO_MEDIA, ...media } };
}

function session(stats: () => Partial<MediaStats>, queuedMs = 0): MediaSession {
  const part: Partial<MediaSession> = {
    stats: () => ({ ...NO_MEDIA, queuedMs, ...stats() }),
  };
  return part as MediaSession;
}

beforeEach(() => {
  health = { ready: true, checks: [{ name: 'media', ok: true }] };
  metrics = createMetrics(options());
});

describe('the metrics of calls', () => {
  it('count calls by agent and reason, and those in progress', async () => {
    tell('a', 0, { type: 'started', info: callInfo(), agent: 'alice' });
    tell('b', 0, { type: 'started', info: callInfo(), agent: 'alice' });
    tell('c', 0, { type: 'started', info: callInfo(), agent: 'tom' });
    tell('a', 61_000, ended('caller-hung-up'));
    const now = await read();
    expect(now.value('voice_agent_calls_started_total', { agent: 'alice' })).toBe(2);
    expect(now.value('voice_agent_calls_running', { agent: 'alice' })).toBe(1);
    expect(now.value('voice_agent_calls_running')).toBe(2);
    expect(now.value('voice_agent_calls_ended_total', { agent: 'alice', reason: 'caller-hung-up' })).toBe(1);
    expect(now.value('voice_agent_calls_ended_total', { agent: 'tom', reason: 'failed' })).toBe(0);
    expect(now.value('voice_agent_calls_ended_total', { agent: 'tom', reason: ASTERISK_LOST })).toBe(0);
    expect(now.value('voice_agent_call_duration_seconds_sum', { agent: 'alice' })).toBe(61);
    expect(now.value('voice_agent_call_duration_seconds_bucket', { agent: 'alice', le: '60' })).toBe(0);
    expect(now.value('voice_agent_call_duration_seconds_bucket', { agent: 'alice', le: '120' })).toBe(1);
  });

  it('have the stages of each turn’s latency in seconds', async () => {
    const marks = {
      speechEnd: 1000,
      turnEnd: 1500,
      sttStart: 1400,
      sttFinal: 1450,
      llmStart: 1450,
      llmFirstToken: 1550,
      llmEnd: 1800,
      ttsStart: 1560,
      ttsFirstAudio: 1640,
      firstPacket: 1650,
    };
    tell(
      'a',
      0,
      { type: 'started', info: callInfo(), agent: 'alice' },
      { type: 'answered', setUpMs: 40 },
      { type: 'greeting-started', afterAnswerMs: 16 },
      { type: 'caller-said', turn: 1, text: 'hello', understood: true, via: 'speech' },
      { type: 'latency', turn: 1, marks },
      { type: 'caller-said', turn: 2, text: 'mumble', understood: false, via: 'speech' },
      { type: 'latency', turn: 2, marks: { speechEnd: 1000, firstPacket: 3000 } },
    );
    const now = await read();
    const sum = (stage: string): number | undefined =>
      now.value('voice_agent_turn_latency_seconds_sum', { agent: 'alice', stage });
    expect(sum('total')).toBeCloseTo(2.65);
    expect(sum('pause')).toBeCloseTo(0.5);
    expect(sum('stt')).toBeCloseTo(0.05);
    expect(sum('llm')).toBeCloseTo(0.1);
    expect(sum('llm_whole')).toBeCloseTo(0.35);
    expect(sum('tts')).toBeCloseTo(0.08);
    expect(now.value('voice_agent_early_start_saved_seconds_sum', { agent: 'alice' })).toBeCloseTo(0.05);
    expect(sum('saved')).toBeUndefined();
    const within = (le: string): number | undefined =>
      now.value('voice_agent_turn_latency_seconds_bucket', { stage: 'total', le });
    expect([within('0.6'), within('0.7'), within('2.5'), within('+Inf')]).toEqual([0, 1, 2, 2]);
    expect(now.value('voice_agent_turns_total', { understood: 'true', via: 'speech' })).toBe(1);
    expect(now.value('voice_agent_turns_total', { understood: 'false' })).toBe(1);
    expect(now.value('voice_agent_call_setup_seconds_sum')).toBeCloseTo(0.04);
    expect(now.value('voice_agent_greeting_delay_seconds_sum')).toBeCloseTo(0.016);
  });

  it('count what happens in calls', async () => {
    tell(
      'a',
      0,
      { type: 'started', info: callInfo(), agent: 'tom' },
      { type: 'barge-in', turn: 1, playedMs: 300 },
      {
        type: 'sound-judged',
        turn: 1,
        judgement: 'no-interruption',
        by: 'words',
        words: 'mhm',
        soundMs: 400,
        pausedMs: 600,
      },
      { type: 'dtmf', digit: '7' },
      { type: 'dtmf', digit: '8' },
      { type: 'held' },
      { type: 'unheld' },
      { type: 'tool', name: 'hang_up', result: 'the call ends' },
      { type: 'trouble', part: 'media', message: 'gone' },
      {
        type: 'trouble',
        part: 'llm',
        message: 'slow',
        provider: 'groq',
        kind: 'rate-limited',
        outcome: 'retried',
      },
      { type: 'usage', provider: 'groq', turn: 1, inputTokens: 900, outputTokens: 40 },
      { type: 'transfer', target: 'Anna Müller', outcome: 'busy', ringMs: 900 },
    );
    const now = await read();
    expect(now.value('voice_agent_tokens_total', { agent: 'tom', provider: 'groq', direction: 'in' })).toBe(
      900,
    );
    expect(now.value('voice_agent_tokens_total', { provider: 'groq', direction: 'out' })).toBe(40);
    expect(now.value('voice_agent_barge_ins_total', { agent: 'tom' })).toBe(1);
    expect(now.value('voice_agent_barge_ins_total', { agent: 'alice' })).toBe(0);
    const sound = { agent: 'tom', judgement: 'no-interruption' };
    expect(now.value('voice_agent_sounds_into_speech_total', { ...sound, by: 'words' })).toBe(1);
    expect(now.value('voice_agent_pause_seconds_sum', sound)).toBeCloseTo(0.6);
    expect(now.value('voice_agent_dtmf_digits_total', { agent: 'tom' })).toBe(2);
    expect(now.value('voice_agent_holds_total', { agent: 'tom' })).toBe(1);
    expect(now.value('voice_agent_transfers_total', { agent: 'tom', outcome: 'busy' })).toBe(1);
    expect(now.value('voice_agent_tool_calls_total', { agent: 'tom', tool: 'hang_up' })).toBe(1);
    expect(
      now.value('voice_agent_troubles_total', { part: 'media', provider: '', kind: '', outcome: '' }),
    ).toBe(1);
    const known = { part: 'llm', provider: 'groq', kind: 'rate-limited', outcome: 'retried' };
    expect(now.value('voice_agent_troubles_total', known)).toBe(1);
  });

  it('ignore what comes after the end of a call, or before its beginning', async () => {
    tell('a', 0, { type: 'barge-in', turn: 1, playedMs: 1 }, ended('failed', { packetsSent: 5 }));
    tell('b', 0, { type: 'started', info: callInfo(), agent: 'alice' }, ended('failed'), ended('failed'));
    const now = await read();
    expect(now.value('voice_agent_barge_ins_total')).toBe(0);
    expect(now.value('voice_agent_calls_running')).toBe(0);
    expect(now.value('voice_agent_calls_ended_total', { reason: 'failed' })).toBe(1);
    expect(now.value('voice_agent_media_packets_sent_total')).toBe(0);
  });
});

describe('the metrics of media', () => {
  it('grow while a call runs, and never shrink when it ends', async () => {
    let packetsSent = 100;
    tell('a', 0, { type: 'started', info: callInfo(), agent: 'alice' });
    metrics.follow(
      'a',
      session(
        () => ({ packetsSent, packetsLost: 2, jitterMs: 3, sendLatenessMs: 0.5, sendLatenessMaxMs: 1.5 }),
        440,
      ),
    );
    const first = await read();
    expect(first.value('voice_agent_media_packets_sent_total')).toBe(100);
    expect(first.value('voice_agent_media_packets_lost_total')).toBe(2);
    expect(first.value('voice_agent_media_jitter_worst_seconds')).toBeCloseTo(0.003);
    expect(first.value('voice_agent_media_send_lateness_worst_seconds')).toBeCloseTo(0.0015, 5);
    expect(first.value('voice_agent_media_send_lateness_recent_seconds')).toBeCloseTo(0.0005, 5);
    expect(first.value('voice_agent_media_queued_seconds')).toBeCloseTo(0.44);
    expect(first.value('voice_agent_media_jitter_seconds_count')).toBe(0);

    packetsSent = 150;
    expect((await read()).value('voice_agent_media_packets_sent_total')).toBe(150);
    const account = {
      packetsSent: 160,
      packetsReceived: 170,
      packetsLost: 2,
      jitterMs: 4,
      sendLatenessMaxMs: 15,
    };
    tell('a', 9000, ended('caller-hung-up', account));
    const last = await read();
    expect(last.value('voice_agent_media_packets_sent_total')).toBe(160);
    expect(last.value('voice_agent_media_packets_lost_total')).toBe(2);
    expect(last.value('voice_agent_media_jitter_worst_seconds')).toBe(0);
    expect(last.value('voice_agent_media_queued_seconds')).toBe(0);
    expect(last.value('voice_agent_media_jitter_seconds_sum')).toBeCloseTo(0.004);
    expect(last.value('voice_agent_media_send_lateness_seconds_bucket', { le: '0.01' })).toBe(0);
    expect(last.value('voice_agent_media_send_lateness_seconds_bucket', { le: '0.02' })).toBe(1);
  });

  it('count announcements by their account', async () => {
    tell('a', 0, { type: 'started', info: callInfo(), agent: 'tom' }, ended('busy', { packetsReceived: 9 }));
    expect((await read()).value('voice_agent_media_packets_received_total')).toBe(9);
  });
});

describe('the metrics of the program', () => {
  it('are read when they are asked for', async () => {
    const before = await read();
    expect(before.value('voice_agent_build_info', { version: '1.2.3' })).toBe(1);
    expect(before.value('voice_agent_ready')).toBe(1);
    expect(before.value('voice_agent_check_ok', { check: 'media' })).toBe(1);
    expect(before.value('voice_agent_calls_limit')).toBe(7);
    expect(before.value('voice_agent_event_loop_delay_seconds')).toBeCloseTo(0.012);
    expect(before.value('voice_agent_asterisk_connected', { server: 'local' })).toBe(1);
    expect(before.value('voice_agent_asterisk_connections_total', { server: 'local' })).toBe(2);
    expect(before.value('voice_agent_asterisk_events_total', { server: 'local' })).toBe(30);
    expect(before.value('voice_agent_asterisk_events_malformed_total', { server: 'local' })).toBe(1);
    expect(before.value('voice_agent_media_thread_up', { thread: 'media-1' })).toBe(1);
    expect(before.value('voice_agent_media_thread_restarts_total', { thread: 'media-1' })).toBe(3);
    expect(before.value('voice_agent_media_packets_from_unknown_peers_total')).toBe(5);
    expect(before.value('voice_agent_media_packets_from_strangers_total')).toBe(5);
    expect(before.value('voice_agent_media_sessions', { thread: 'media-1' })).toBe(2);
    expect(before.value('voice_agent_provider_requests', { part: 'tts', provider: 'flite' })).toBe(4);
    expect(before.value('voice_agent_provider_unanswered_total', { part: 'end-of-turn' })).toBe(6);
    expect(before.value('voice_agent_provider_unanswered_total', { part: 'tts' })).toBeUndefined();
    expect(before.value('voice_agent_speech_thread_up', { thread: 'tts-0' })).toBe(0);
    expect(before.value('voice_agent_speech_thread_restarts_total', { thread: 'tts-0' })).toBe(5);
    expect(before.value('voice_agent_provider_breaker_open', { part: 'llm', provider: 'groq' })).toBe(1);
    expect(before.value('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(before.value('nodejs_eventloop_lag_p99_seconds')).toBeDefined();

    health = { ready: false, checks: [{ name: 'media', ok: false, reason: 'dead' }] };
    const after = await read();
    expect(after.value('voice_agent_ready')).toBe(0);
    expect(after.value('voice_agent_check_ok', { check: 'media' })).toBe(0);
    // Totals that are kept elsewhere are not added up by reading them.
    expect(after.value('voice_agent_asterisk_events_total')).toBe(30);
  });

  it('have names and units as Prometheus wants them, and each its help', async () => {
    const { types, help } = await read();
    const own = [...types].filter(([name]) => name.startsWith('voice_agent_'));
    expect(own.length).toBeGreaterThan(35);
    for (const [name, type] of own) {
      expect(help.get(name), name).toMatch(/^[A-Z0-9].{10,}\.$/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(name, name).not.toMatch(/milliseconds|_ms\b|_ms_/);
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    }
  });
});

describe('labels', () => {
  const PRIVATE = [
    '+4930123456',
    '5551234',
    'Anna Müller',
    'PJSIP/softphone1-00000001',
    '1763834400.42',
    'I have a toothache',
    'call_anna_mueller',
    'vip',
    '314159',
  ];

  it('hold nothing of a call: no number, name, channel or text', async () => {
    const info = callInfo({
      key: { server: 'local', channel: '1763834400.42' },
      dialled: '5551234',
      caller: { number: '+4930123456', name: 'Anna Müller' },
      variables: { CHANNEL: 'PJSIP/softphone1-00000001', CLASS: 'vip' },
    });
    tell(
      'local/1763834400.42',
      0,
      { type: 'started', info, agent: 'alice' },
      { type: 'caller-said', turn: 1, text: 'I have a toothache', understood: true, via: 'speech' },
      { type: 'agent-said', turn: 1, text: 'I have a toothache', interrupted: false },
      { type: 'dtmf', digit: '314159' },
      { type: 'tool', name: 'call_anna_mueller', result: 'I have a toothache' },
      { type: 'trouble', part: 'line', message: 'PJSIP/softphone1-00000001 is gone' },
      {
        type: 'trouble',
        part: 'llm',
        message: 'x',
        provider: 'Anna Müller',
        kind: '+4930123456',
        outcome: 'I have a toothache',
      } as unknown as Body,
      {
        type: 'ended',
        reason: 'PJSIP/softphone1-00000001 left',
        variables: { CLASS: 'vip' },
        media: NO_MEDIA,
      } as unknown as Body,
    );
    const { body } = await metrics.text();
    expect(PRIVATE.filter((text) => body.includes(text))).toEqual([]);
    const now = await read();
    expect(now.value('voice_agent_calls_ended_total', { reason: 'other' })).toBe(1);
    expect(now.value('voice_agent_tool_calls_total', { tool: 'other' })).toBe(1);
    const others = { part: 'llm', provider: 'other', kind: 'other', outcome: 'other' };
    expect(now.value('voice_agent_troubles_total', others)).toBe(1);
  });

  it('are few, whatever comes', async () => {
    const before = (await read()).samples.length;
    const letters = 'abcdefghijklmnopqrstuvwxyz';
    for (let n = 0; n < 500; n++) {
      const word = `reason-${letters[n % 26] ?? ''}${letters[Math.floor(n / 26)] ?? ''}`;
      tell(`c${n}`, 0, { type: 'started', info: callInfo(), agent: 'alice' }, ended(word as EndReason));
    }
    const now = await read();
    expect(now.value('voice_agent_calls_ended_total')).toBe(500);
    expect(now.value('voice_agent_calls_ended_total', { reason: 'other' })).toBe(440);
    expect(now.samples.length - before).toBeLessThan(100);
  });
});
