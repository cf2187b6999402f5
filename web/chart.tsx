import { useEffect, useRef } from 'preact/hooks';
import { duration, language } from './texts.ts';
import { colour, theme } from './theme.ts';

export interface Series {
  readonly label: string;
  /** A colour of style.css: `--caller`. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

const HEIGHT = 170;
const AXIS_WIDTH = 56;

/** Lines over time. `x`: milliseconds of the call, or seconds since the epoch where they are `days`. */
export function Chart({
  x,
  series,
  unit,
  days = false,
  label,
}: {
  readonly x: readonly number[];
  readonly series: readonly Series[];
  readonly unit: string;
  readonly days?: boolean;
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
      const date = new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'short' });
      const at = (value: number): string => (days ? date.format(value * 1000) : duration(value));
      const plot = new UPlot(
        {
          width: current.clientWidth,
          height: HEIGHT,
          scales: { x: { time: days }, y: { range: (_plot, _min, max) => [0, Math.max(max * 1.1, 1)] } },
          cursor: { y: false },
          legend: { live: true },
          axes: [
            { ...axis, values: (_plot, splits) => splits.map(at) },
            {
              ...axis,
              size: AXIS_WIDTH,
              values: (_plot, splits) => splits.map((value) => `${value}${unit}`),
            },
          ],
          series: [
            { value: (_plot, value: number | null) => (value === null ? '' : at(value)), label: '' },
            ...series.map(({ label: name, colour: stroke }) => ({
              label: name,
              stroke: colour(stroke),
              width: 2,
              points: { show: x.length < 3 },
              value: (_plot: unknown, value: number | null) =>
                value === null ? '–' : `${Math.round(value * 10) / 10}${unit}`,
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
  }, [x, series, shown, tag]);
  return <div class="chart" ref={place} role="img" aria-label={label} />;
}
