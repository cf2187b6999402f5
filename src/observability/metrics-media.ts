import { Histogram, type Registry } from 'prom-client';
import type { CallObserver } from '../dialog/contract/call-events.ts';
import type { MediaSession } from '../dialog/contract/ports.ts';
import type { MediaStats } from '../dialog/contract/call-media.ts';
import { readCounter, readGauge } from './metrics-readings.ts';

/** The counters of a session that are added up, and what each counts. */
const TOTALS = {
  packetsReceived: ['packets_received_total', 'Packets from callers that were taken.'],
  packetsSent: ['packets_sent_total', 'Packets to callers.'],
  packetsLost: ['packets_lost_total', 'Packets of callers that did not come in time, late ones included.'],
  packetsLate: ['packets_late_total', 'Packets of callers that came too late to be heard.'],
  packetsDuplicate: ['packets_duplicate_total', 'Packets of callers that came twice.'],
  packetsMalformed: ['packets_malformed_total', 'Packets of callers that could not be read.'],
  rtcpReceived: ['rtcp_received_total', 'RTCP packets of callers; Asterisk sends none.'],
  eventsReceived: [
    'telephone_events_received_total',
    'Telephone-event packets (RFC 4733) where keys are due.',
  ],
  noiseReceived: ['comfort_noise_received_total', 'Comfort noise packets (RFC 3389) of callers.'],
  framesConcealed: ['frames_concealed_total', 'Gaps of 20 ms that were filled with something alike.'],
  framesDropped: ['frames_dropped_total', 'Frames of 20 ms that a full queue refused.'],
} as const satisfies Partial<Record<keyof MediaStats, readonly [string, string]>>;

type Total = keyof typeof TOTALS;

const JITTER_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16];
/** A packet lasts 20 ms: one that leaves later than that is heard as a gap by a phone with a short buffer. */
const LATENESS_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.5, 1];

export interface MediaMetrics {
  /** Counts a running call's media from now on, until its `ended` event has the account of it. */
  follow(call: string, media: MediaSession): void;
  readonly observe: CallObserver;
}

/** Media of all calls: totals grow while the calls run, and keep what ended calls had. */
export function countMedia(registry: Registry): MediaMetrics {
  /** Calls that have begun; with their media as soon as there is any. */
  const running = new Map<string, MediaSession | undefined>();
  const past = Object.fromEntries(Object.keys(TOTALS).map((name) => [name, 0])) as Record<Total, number>;
  const live = (): MediaStats[] => [...running.values()].flatMap((media) => media?.stats() ?? []);

  for (const [stat, [name, help]] of Object.entries(TOTALS) as [Total, (typeof TOTALS)[Total]][]) {
    readCounter(registry, { name: `voice_agent_media_${name}`, help }, () => [
      { value: live().reduce((sum, stats) => sum + stats[stat], past[stat]) },
    ]);
  }
  readGauge(
    registry,
    {
      name: 'voice_agent_media_jitter_worst_seconds',
      help: 'Interarrival jitter (RFC 3550): the highest of all running calls.',
    },
    () => [{ value: Math.max(0, ...live().map(({ jitterMs }) => jitterMs)) / 1000 }],
  );
  readGauge(
    registry,
    {
      name: 'voice_agent_media_send_lateness_worst_seconds',
      help: 'How late the latest packet of all running calls left, against its deadline.',
    },
    () => [{ value: Math.max(0, ...live().map(({ sendLatenessMaxMs }) => sendLatenessMaxMs)) / 1000 }],
  );
  readGauge(
    registry,
    {
      name: 'voice_agent_media_send_lateness_recent_seconds',
      help: 'How late packets leave at present (smoothed over a second), of the running call that fares worst; limits.maxMediaLatenessMs.',
    },
    () => [{ value: Math.max(0, ...live().map(({ sendLatenessMs }) => sendLatenessMs)) / 1000 }],
  );
  readGauge(
    registry,
    {
      name: 'voice_agent_media_queued_seconds',
      help: 'Speech of all running calls that waits to be sent (playout rings and what is behind them).',
    },
    () => [{ value: live().reduce((sum, { queuedMs }) => sum + queuedMs, 0) / 1000 }],
  );
  const jitter = new Histogram({
    name: 'voice_agent_media_jitter_seconds',
    help: 'Interarrival jitter (RFC 3550) of a call at its end.',
    buckets: JITTER_SECONDS,
    registers: [registry],
  });
  const lateness = new Histogram({
    name: 'voice_agent_media_send_lateness_seconds',
    help: 'How late the latest packet of a call left, against its deadline.',
    buckets: LATENESS_SECONDS,
    registers: [registry],
  });

  return {
    follow(call, media) {
      if (running.has(call)) running.set(call, media);
    },
    observe(event) {
      if (event.type === 'started') running.set(event.call, undefined);
      if (event.type !== 'ended' || !running.delete(event.call)) return;
      const { media } = event;
      for (const stat of Object.keys(TOTALS) as Total[]) past[stat] += media[stat];
      if (media.packetsReceived > 0) jitter.observe(media.jitterMs / 1000);
      if (media.packetsSent > 0) lateness.observe(media.sendLatenessMaxMs / 1000);
    },
  };
}
