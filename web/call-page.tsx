import { useMemo, useState } from 'preact/hooks';
import type { CallDetail } from '../src/console/protocol.ts';
import { agentName, session } from './api.ts';
import { Chart } from './chart.tsx';
import { Events } from './events.tsx';
import { Icon } from './icons.tsx';
import { Fact } from './live-page.tsx';
import { Loading, useLoaded } from './loaded.tsx';
import { Player, type PlayerControl } from './player.tsx';
import {
  count,
  decimal,
  duration,
  inWords,
  milliseconds,
  momentInFull,
  nameOf,
  percent,
  texts,
} from './texts.ts';
import { Transcript } from './transcript.tsx';
import { Trouble } from './trouble.tsx';
import { Waterfalls } from './waterfall.tsx';

/** A call that goes on has more to show, and its recording is there a moment after its end. */
const untilAllIsThere = (detail?: CallDetail): number | undefined =>
  detail && (!detail.record.ended || detail.recording === 'running') ? 1000 : undefined;

export function CallPage({ id }: { readonly id: string }) {
  const loaded = useLoaded<CallDetail>(`/api/call?id=${encodeURIComponent(id)}`, untilAllIsThere);
  if (loaded.is === 'loading') return <Loading />;
  if (loaded.is === 'trouble') return <Trouble {...loaded} />;
  return <Call detail={loaded.value} />;
}

function Call({ detail }: { readonly detail: CallDetail }) {
  const t = texts.value;
  const { id, record, recording } = detail;
  const [player, setPlayer] = useState<PlayerControl>();
  const [atMs, setAt] = useState<number>();
  const targetMs = session.value?.latencyTargetMs ?? 700;
  // A recording begins with the media, which is there when the call is answered.
  const offsetMs = record.setUpMs ?? 0;
  return (
    <div class="call">
      <a class="back" href="#/history">
        <Icon name="back" /> {t.back}
      </a>
      <div class="call-head">
        <div>
          <h1>{nameOf(record.info.caller)}</h1>
          <p class="dim">
            {record.info.dialled} · {agentName(record.agent)} · {momentInFull(record.startedAt)}
          </p>
        </div>
        <div class="call-state">
          <span class="tag">{record.ended ? inWords(t.reasons, record.ended.reason) : t.stillRunning}</span>
          {record.ended && <time class="elapsed">{duration(record.ended.durationMs)}</time>}
        </div>
      </div>
      {recording === 'there' ? (
        <Player
          url={`/api/recording?id=${encodeURIComponent(id)}`}
          onReady={setPlayer}
          onTime={(ms) => {
            setAt(ms + offsetMs);
          }}
        />
      ) : (
        <p class="dim card">{recording === 'running' ? t.recordingRuns : t.noRecording}</p>
      )}
      <div class="columns">
        <section class="card" aria-label={t.conversation}>
          <h2>{t.conversation}</h2>
          {player && <p class="hidden">{t.keyMoves}</p>}
          <Transcript
            record={record}
            atMs={atMs}
            {...(player && {
              onWord: (ms: number) => {
                player.playFrom(ms - offsetMs);
              },
            })}
          />
        </section>
        <section>
          <div class="card">
            <h2>{t.latency}</h2>
            <p class="dim small">{t.latencyHow}</p>
            <Waterfalls latencies={record.latencies} targetMs={targetMs} />
          </div>
          <Facts detail={detail} />
          <Packets detail={detail} />
          <Events record={record} />
          <div class="card">
            <h2>{t.download}</h2>
            <div class="actions start">
              {(['wav', 'txt', 'json', 'vtt'] as const)
                .filter((as) => as !== 'wav' || recording === 'there')
                .map((as) => (
                  <a
                    key={as}
                    class="button"
                    href={`/api/download?as=${as}&id=${encodeURIComponent(id)}`}
                    download
                  >
                    <Icon name="download" /> {t.downloads[as]}
                  </a>
                ))}
            </div>
          </div>
        </section>
      </div>
    </div>
  );
}

function lostShare({
  packetsLost,
  packetsReceived,
}: {
  packetsLost: number;
  packetsReceived: number;
}): number {
  return packetsLost / Math.max(1, packetsLost + packetsReceived);
}

function Facts({ detail: { record } }: { readonly detail: CallDetail }) {
  const t = texts.value;
  const { ended, setUpMs, greetingMs, cost, usage = {} } = record;
  const tokens = Object.values(usage).reduce(
    (sum, { inputTokens, outputTokens }) => sum + inputTokens + outputTokens,
    0,
  );
  return (
    <dl class="card numbers">
      <Fact name={t.setUp} value={milliseconds(setUpMs)} />
      <Fact name={t.greeting} value={milliseconds(greetingMs)} />
      <Fact name={t.mean} value={milliseconds(ended?.latency?.meanMs)} />
      <Fact name={t.worst} value={milliseconds(ended?.latency?.worstMs)} />
      <Fact
        name={t.lost}
        value={ended ? t.ofPackets(count(ended.media.packetsLost), percent(lostShare(ended.media), 2)) : '–'}
      />
      <Fact name={t.jitter} value={ended ? `${decimal(ended.media.jitterMs, 1)} ms` : '–'} />
      {cost && <Fact name={t.cost} value={`${decimal(cost.amount, 3)} ${cost.currency}`} />}
      {tokens > 0 && <Fact name={t.tokens} value={count(tokens)} />}
    </dl>
  );
}

function Packets({ detail: { packets } }: { readonly detail: CallDetail }) {
  const t = texts.value;
  const [x, series] = useMemo(
    () => [
      packets.map(({ atMs }) => atMs),
      [
        { label: t.jitter, colour: '--caller-strong', values: packets.map(({ jitterMs }) => jitterMs) },
        { label: t.lateness, colour: '--agent-strong', values: packets.map(({ latenessMs }) => latenessMs) },
        { label: t.lostPackets, colour: '--bad', values: packets.map(({ lost }) => lost) },
      ],
    ],
    [packets, t],
  );
  // Noted every ten seconds: one point is no line.
  if (packets.length < 2) return null;
  return (
    <div class="card">
      <h2>{t.packets}</h2>
      <Chart x={x} series={series} unit="" label={t.packets} />
    </div>
  );
}
