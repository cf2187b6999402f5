import type { EndOfTurn, Score, Share, Times } from './score.ts';

/** A row of the report. */
export interface Row {
  /** The settings. */
  readonly inForce: Readonly<Record<string, string | number>>;
  readonly score: Score;
  /** Missing: it wasn't swept. */
  readonly endOfTurn?: EndOfTurn | undefined;
}

const percent = ({ n, of }: Share): string => (of === 0 ? '–' : `${((100 * n) / of).toFixed(0)} %`);
const share = (one: Share): string => `${percent(one)} (${one.n}/${one.of})`;
const ms = (value: number | undefined): string => (value === undefined ? '–' : value.toFixed(0));
const both = ({ p50, p95 }: Times): string => `${ms(p50)} / ${ms(p95)}`;

/** The tables that `make bench-turns` prints. */
export function tables(rows: readonly Row[]): string {
  const parts = [
    table(
      'In force',
      ['', ...Object.keys(rows[0]?.inForce ?? {})],
      rows.map(({ score, inForce }) => [score.variant, ...Object.values(inForce).map(String)]),
    ),
    table(
      'Yields: the agent stops when it is really interrupted (onset of the sound to quiet on the wire, ms)',
      ['', 'of', 'within 2 s', 'within 0.3 s', 'p50 / p95', 'void'],
      rows.flatMap(({ score }) =>
        score.yields
          .filter(({ yielded }) => yielded.of > 0)
          .map((one) => [
            score.variant,
            one.of,
            share(one.yielded),
            share(one.in300),
            both(one.times),
            `${one.void}`,
          ]),
      ),
    ),
    table(
      'Disturbances: what becomes of the answer (gap: silence within it, ms)',
      ['', 'of', 'calls', 'unbroken', 'resumed', 'gap p50 / p95', 'lost', 'false turns'],
      rows.flatMap(({ score }) =>
        score.disturbances
          .filter(({ calls }) => calls > 0)
          .map((one) => {
            const of = one.calls - one.void;
            const cell = (n: number): string => share({ n, of });
            return [
              score.variant,
              one.of,
              one.void === 0 ? `${of}` : `${of} (+ ${one.void} void)`,
              cell(one.unbroken),
              cell(one.resumed),
              both(one.gap),
              cell(one.lost),
              `${one.falseTurns}`,
            ];
          }),
      ),
    ),
    table(
      'Turns (response: end of speech to the first packet of the answer, ms)',
      [
        '',
        'interrupted by the agent, per turn',
        'response p50 / p95',
        'answers',
        'unanswered',
        'numbers whole',
        'numbers arrived',
      ],
      rows.map(({ score }) => [
        score.variant,
        `${(score.interruptions.n / Math.max(1, score.interruptions.of)).toFixed(2)} (${score.interruptions.n}/${score.interruptions.of})`,
        both(score.responses),
        `${score.responses.n}`,
        `${score.responses.unanswered}`,
        share(score.numbers.whole),
        share(score.numbers.arrived),
      ]),
    ),
    table(
      'Cut off in a pause, by its length (ms), and by whether what was said until then could be the whole',
      ['', 'pause', 'all', 'could be the whole', 'open'],
      rows.flatMap(({ score }) =>
        score.holds.map((hold) => [
          score.variant,
          `${hold.ms}`,
          share(hold.all),
          share(hold.whole),
          share(hold.open),
        ]),
      ),
    ),
    table(
      'Nobody there, or nobody but the agent itself',
      ['', 'of', 'calls', 'false turns', 'ended by itself'],
      rows.flatMap(({ score }) =>
        score.falseTurns
          .filter(({ calls }) => calls > 0)
          .map((one) => [score.variant, one.of, `${one.calls}`, `${one.turns}`, `${one.ended}`]),
      ),
    ),
  ];
  const swept = rows.filter(({ endOfTurn }) => endOfTurn);
  if (swept.length > 0) {
    parts.push(
      table(
        'Cut-offs against dead air (the pause is swept; pauses as long as people make them; model and voice need no time)',
        [
          '',
          'holds',
          'cut off at 300 ms mean dead air',
          'at 600 ms',
          'mean dead air at 5 % cut-offs',
          'at 10 %',
        ],
        swept.map(({ score, endOfTurn }) => {
          const part = (value: number | undefined): string =>
            value === undefined ? '–' : `${(100 * value).toFixed(1)} %`;
          return [
            score.variant,
            `${endOfTurn?.points[0]?.holds.of ?? 0}`,
            part(endOfTurn?.cutAt[300]),
            part(endOfTurn?.cutAt[600]),
            ms(endOfTurn?.deadAirAt[5]),
            ms(endOfTurn?.deadAirAt[10]),
          ];
        }),
      ),
    );
  }
  return parts.join('\n');
}

function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = lines.map((line) =>
    `  ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
  return `\n${title}\n${text.join('\n')}\n`;
}

// ── The same as a picture ─────────────────────────────────────────────────────────────────────

const COLOURS = {
  unbroken: '#2f7d4f',
  resumed: '#d9a441',
  lost: '#b6423a',
  line: ['#2b5d8c', '#b6423a', '#2f7d4f', '#7a4f9a'],
};
const WIDTH = 900;
const BAR = 18;

/** Bars of what became of disturbed answers, and the curves of cut-offs against dead air. */
export function svg(rows: readonly Row[], title: string): string {
  const parts: string[] = [];
  let y = 60;
  for (const { score } of rows) {
    parts.push(label(20, y, score.variant, 'bold'));
    y += 10;
    for (const one of score.disturbances.filter(({ calls }) => calls > 0)) {
      const of = Math.max(1, one.calls - one.void);
      let x = 200;
      parts.push(label(190, y + BAR - 5, one.of, 'normal', 'end'));
      for (const kind of ['unbroken', 'resumed', 'lost'] as const) {
        const width = (600 * one[kind]) / of;
        parts.push(`<rect x="${x}" y="${y}" width="${width}" height="${BAR - 3}" fill="${COLOURS[kind]}"/>`);
        if (width > 30)
          parts.push(
            `<text x="${x + width / 2}" y="${y + BAR - 6}" fill="#fff" text-anchor="middle">${one[kind]}</text>`,
          );
        x += width;
      }
      y += BAR;
    }
    y += 30;
  }
  const curves = rows.filter(({ endOfTurn }) => endOfTurn);
  if (curves.length > 0) {
    const [left, top, width, height] = [80, y + 10, 600, 260];
    parts.push(label(left, top - 12, 'Cut-offs (%) against mean dead air (ms)', 'bold'));
    parts.push(`<path d="M${left},${top}v${height}h${width}" fill="none" stroke="#444"/>`);
    for (const tick of [0, 25, 50, 75, 100])
      parts.push(label(left - 8, top + height * (1 - tick / 100) + 4, `${tick}`, 'normal', 'end'));
    for (const tick of [0, 500, 1000, 1500, 2000])
      parts.push(label(left + (width * tick) / 2000, top + height + 16, `${tick}`, 'normal', 'middle'));
    curves.forEach(({ score, endOfTurn }, index) => {
      const points = (endOfTurn?.points ?? []).map(({ deadAirMs, cut }) => {
        const x = left + (width * Math.min(2000, deadAirMs)) / 2000;
        return `${x.toFixed(1)},${(top + height * (1 - cut)).toFixed(1)}`;
      });
      const colour = COLOURS.line[index % COLOURS.line.length] ?? '#000';
      parts.push(`<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`);
      parts.push(
        `<text x="${left + width + 10}" y="${top + 14 + 16 * index}" fill="${colour}">${escaped(score.variant)}</text>`,
      );
    });
    y = top + height + 40;
  }
  const legend = (['unbroken', 'resumed', 'lost'] as const).map(
    (kind, index) =>
      `<rect x="${200 + 120 * index}" y="32" width="12" height="12" fill="${COLOURS[kind]}"/>${label(217 + 120 * index, 43, kind)}`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    label(20, 22, title, 'bold'),
    ...legend,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function label(x: number, y: number, text: string, weight = 'normal', anchor = 'start'): string {
  return `<text x="${x}" y="${y}" font-weight="${weight}" text-anchor="${anchor}">${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
