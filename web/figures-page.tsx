import { useMemo, useState } from 'preact/hooks';
import type { Health } from '../src/console/protocol.ts';
import type { Figures } from '../src/store/figures.ts';
import { agentName } from './api.ts';
import { AgentSelect } from './agent-select.tsx';
import { Chart } from './chart.tsx';
import { Breakers } from './health-page.tsx';
import { Empty } from './empty.tsx';
import { Loading, useLoaded } from './loaded.tsx';
import { count, decimal, inWords, milliseconds, percent, texts } from './texts.ts';
import { Trouble } from './trouble.tsx';

const DAY_S = 86_400;
const RANGES = [7, 30, 90] as const;

export function FiguresPage() {
  const t = texts.value;
  const [days, setDays] = useState<number>(RANGES[1]);
  const [agent, setAgent] = useState('');
  const query = new URLSearchParams({
    days: String(days),
    agent,
    offset: String(-new Date().getTimezoneOffset()),
  });
  const loaded = useLoaded<Figures>(`/api/figures?${query.toString()}`);
  return (
    <div class="figures">
      <h1>{t.figures}</h1>
      <div class="filters">
        <AgentSelect value={agent} onChange={setAgent} />
        {RANGES.map((range) => (
          <button
            key={range}
            class="chip"
            aria-pressed={days === range}
            onClick={() => {
              setDays(range);
            }}
          >
            {t.lastDays(range)}
          </button>
        ))}
      </div>
      {loaded.is === 'loading' && <Loading />}
      {loaded.is === 'trouble' && <Trouble {...loaded} />}
      {loaded.is === 'there' &&
        (loaded.value.days.length === 0 ? (
          <Empty title={t.nothingYet} how={t.noCallsHow} />
        ) : (
          <Shown figures={loaded.value} range={days} />
        ))}
    </div>
  );
}

function Shown({ figures, range }: { readonly figures: Figures; readonly range: number }) {
  const t = texts.value;
  const health = useLoaded<Health>('/api/health');
  const [stage, chooseStage] = useState('total');
  const { days, stages, stageDays, reasons, agents, sounds, troubles } = figures;
  const all = (of: (day: Figures['days'][number]) => number): number =>
    days.reduce((sum, day) => sum + of(day), 0);
  const calls = all((day) => day.calls);
  const total = stages.find((one) => one.stage === 'total');
  const lost = all((day) => day.lostPercent * day.calls) / calls;
  const jitter = all((day) => day.jitterMs * day.calls) / calls;
  const charts = useMemo(() => {
    const x = days.map(({ day }) => day * DAY_S);
    const line = (
      label: string,
      colour: string,
      of: (day: Figures['days'][number]) => number | undefined,
    ) => ({
      label,
      colour,
      values: days.map((day) => of(day) ?? null),
    });
    return {
      x,
      latency: (['p50', 'p95'] as const).map((p) =>
        line(
          p,
          p === 'p50' ? '--agent-strong' : '--stage-tts',
          ({ day }) => stageDays.find((one) => one.day === day && one.stage === stage)?.[p],
        ),
      ),
      calls: [
        line(t.calls, '--caller-strong', (day) => day.calls),
        line(t.failed, '--bad', ({ failed }) => failed),
      ],
      line: [
        line(`${t.lost} %`, '--bad', ({ lostPercent }) => lostPercent),
        line(`${t.jitter} ms`, '--caller-strong', ({ jitterMs }) => jitterMs),
        line('MOS', '--good', ({ lostPercent }) => meanOpinion(lostPercent)),
      ],
    };
  }, [days, stageDays, stage, t]);
  return (
    <>
      <dl class="tiles">
        <Tile name={t.calls} value={count(calls)} />
        <Tile name={t.failed} value={percent(all(({ failed }) => failed) / calls)} />
        <Tile name={`${t.latency}, p50`} value={milliseconds(total?.p50)} />
        <Tile name={`${t.latency}, p95`} value={milliseconds(total?.p95)} />
        <Tile
          name={t.bargeIns}
          value={count(sounds.interruptions)}
          more={t.falseOnes(count(sounds.others))}
        />
        <Tile
          name="MOS"
          value={decimal(meanOpinion(lost), 2)}
          more={`${percent(lost / 100, 2)} ${t.lost}, ${decimal(jitter, 1)} ms ${t.jitter}`}
        />
      </dl>
      <div class="halves">
        <section class="card">
          <div class="chart-head">
            <h2>{t.latency}</h2>
            <select
              aria-label={t.stage}
              value={stage}
              onChange={(event) => {
                chooseStage(event.currentTarget.value);
              }}
            >
              {stages.map(({ stage: one }) => (
                <option key={one} value={one}>
                  {stageName(one)}
                </option>
              ))}
            </select>
          </div>
          <Chart x={charts.x} series={charts.latency} unit=" ms" days={range} label={t.latency} />
        </section>
        <section class="card">
          <div class="chart-head">
            <h2>{t.calls}</h2>
          </div>
          <Chart x={charts.x} series={charts.calls} unit="" days={range} whole bars label={t.calls} />
        </section>
        <section class="card">
          <h2>{t.byStage}</h2>
          <Bars
            heading={t.columns.percentiles}
            rows={stages.map(({ stage: one, p50, p95 }) => ({
              name: stageName(one),
              value: p95,
              inner: p50,
              text: `${milliseconds(p50)} · ${milliseconds(p95)}`,
            }))}
          />
          <p class="dim small">{t.percentilesHow}</p>
        </section>
        <section class="card">
          <h2>{t.ended}</h2>
          <Bars
            rows={reasons.map((one) => ({
              name: inWords(t.reasons, one.reason),
              value: one.calls,
              text: count(one.calls),
            }))}
          />
        </section>
        <section class="card">
          <h2>{t.lines}</h2>
          <Chart x={charts.x} series={charts.line} unit="" days={range} label={t.lines} />
          <p class="dim small">{t.mosHow}</p>
        </section>
        <section class="card">
          <h2>{t.byAgent}</h2>
          <Bars
            heading={t.columns.agents}
            rows={agents.map(({ agent, calls: value, p50, p95 }) => ({
              name: agentName(agent),
              value,
              text: `${count(value)} · ${milliseconds(p50)} · ${milliseconds(p95)}`,
            }))}
          />
          <h2>{t.troubles}</h2>
          {troubles.length === 0 ? (
            <p class="dim">{t.noTroubles}</p>
          ) : (
            <Bars
              rows={troubles.map(({ part, provider, kind, times, stoodIn }) => ({
                name: [inWords(t.parts, part), provider, inWords(t.kinds, kind)].filter(Boolean).join(' · '),
                value: times,
                text: [count(times), stoodIn > 0 ? t.stoodIn(count(stoodIn)) : '']
                  .filter(Boolean)
                  .join(' · '),
              }))}
            />
          )}
        </section>
        {health.is === 'there' && <Breakers breakers={health.value.breakers} />}
      </div>
    </>
  );
}

function stageName(stage: string): string {
  const t = texts.value;
  return stage === 'total' ? t.whole : inWords(t.stages, stage);
}

function Tile({
  name,
  value,
  more,
}: {
  readonly name: string;
  readonly value: string;
  readonly more?: string;
}) {
  return (
    <div class="card tile">
      <dt>{name}</dt>
      <dd>{value}</dd>
      {more !== undefined && <dd class="dim small">{more}</dd>}
    </div>
  );
}

interface BarRow {
  readonly name: string;
  readonly value: number;
  /** A part of it that is drawn darker. */
  readonly inner?: number;
  readonly text: string;
}

/** `heading`: of what stands behind the bars. */
function Bars({ rows, heading }: { readonly rows: readonly BarRow[]; readonly heading?: string }) {
  const greatest = Math.max(1, ...rows.map(({ value }) => value));
  const part = (value: number): string => `${((100 * value) / greatest).toFixed(1)}%`;
  return (
    <ul class="figure-bars">
      {heading !== undefined && <li class="n dim small">{heading}</li>}
      {rows.map(({ name, value, inner, text }) => (
        <li key={name}>
          <span>{name}</span>
          <span class="figure-track">
            <i style={{ width: part(value) }} />
            {inner !== undefined && <b style={{ width: part(inner) }} />}
          </span>
          <span class="n">{text}</span>
        </li>
      ))}
    </ul>
  );
}

/**
 * What listeners would give it, 1 to 4.4: ITU-T G.107 for G.711 with concealment (Bpl 25.1, G.113 table I.4), of the loss
 * alone, for the delay on the line isn't known.
 */
function meanOpinion(lostPercent: number): number {
  const rating = 93.2 - (95 * lostPercent) / (lostPercent + 25.1);
  return 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6;
}
