import { useEffect, useRef } from 'preact/hooks';
import { duration, language, texts } from './texts.ts';
import { colour, theme } from './theme.ts';

export interface Series {
  readonly label: string;
  /** A colour of style.css: `--caller`. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

const HEIGHT = 190;
const AXIS_WIDTH = 64;
const AXIS_HEIGHT = 32;
/** Of a bar: the share of its day's width, and at most so many pixels. */
const BAR = { share: 0.6, widest: 28 };
const DAY_S = 86_400;
/** An axis that is shorter would have halves. */
const WHOLE_UP_TO = 4;
/** So few points are lost without dots. */
const FEW = 15;

/**
 * Lines over time, or `bars`, each in front of the one before it. `x`: milliseconds of the call, or seconds since the epoch where they are `days`, of which so many are shown
 * up to today. `whole`: there are no halves of what is counted.
 */
export function Chart({
  x,
  series,
  unit,
  days,
  whole = false,
  bars = false,
  label,
}: {
  readonly x: readonly number[];
  readonly series: readonly Series[];
  readonly unit: string;
  readonly days?: number;
  readonly whole?: boolean;
  readonly bars?: boolean;
  readonly label: string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const shown = theme.value;
  const tag = language.value;
  useEffect(() => {
    let destroy = (): void => undefined;
    let wanted = true;
    void import('uplot').then(({ default: UPlot }) => {
      const { current } = place;
      if (!current || !wanted) return;
      const axis = {
        stroke: colour('--dim'),
        grid: { stroke: colour('--line'), width: 1 },
        ticks: { show: false },
        font: '12px system-ui',
      };
      const dayWidth = (current.clientWidth - AXIS_WIDTH) / (days ?? x.length);
      const widest = Math.min(BAR.widest, BAR.share * dayWidth);
      const paths = bars ? UPlot.paths.bars?.({ size: [BAR.share, widest], radius: 0.15 }) : undefined;
      const number = new Intl.NumberFormat(tag, { maximumFractionDigits: whole ? 0 : 1 });
      const date = new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'short' });
      const at = (value: number): string =>
        days === undefined ? duration(value) : date.format(value * 1000);
      const today = Math.floor(Date.now() / 1000 / DAY_S) * DAY_S;
      const plot = new UPlot(
        {
          width: current.clientWidth,
          height: HEIGHT,
          scales: {
            x: {
              time: days !== undefined,
              ...(days !== undefined && {
                // Half a day on either side: for the first and the last bar, or dot.
                range: [Math.min(today - (days - 1) * DAY_S, x[0] ?? today) - DAY_S / 2, today + DAY_S / 2],
              }),
            },
            y: { range: (_plot, _min, max) => [0, Math.max(max * 1.1, whole ? WHOLE_UP_TO : 1)] },
          },
          cursor: { y: false },
          legend: { live: true },
          axes: [
            { ...axis, size: AXIS_HEIGHT, values: (_plot, splits) => splits.map(at) },
            {
              ...axis,
              size: AXIS_WIDTH,
              values: (_plot, splits) => splits.map((value) => `${number.format(value)}${unit}`),
            },
          ],
          series: [
            {
              value: (_plot, value: number | null) => (value === null ? '' : at(value)),
              label: texts.value.time,
            },
            ...series.map(({ label: name, colour: stroke }) => ({
              label: name,
              stroke: colour(stroke),
              width: bars ? 0 : 2,
              points: { show: !bars && x.length < FEW },
              ...(paths && { fill: colour(stroke), paths }),
              value: (_plot: unknown, value: number | null) =>
                value === null ? '–' : `${number.format(value)}${unit}`,
            })),
          ],
        },
        [[...x], ...series.map(({ values }) => [...values])],
        current,
      );
      const observer = new ResizeObserver(() => {
        plot.setSize({ width: current.clientWidth, height: HEIGHT });
      });
      observer.observe(current);
      destroy = () => {
        observer.disconnect();
        plot.destroy();
      };
    });
    return () => {
      wanted = false;
      destroy();
    };
  }, [x, series, shown, tag, days, whole, bars]);
  return <div class="chart" ref={place} role="img" aria-label={label} />;
}
