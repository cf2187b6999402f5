/** Tables and pictures of what was measured: pure, so that they can be made again from the raw files. */

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function markdown({ head, rows }: Table): string {
  const widths = head.map((title, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length), title.length, 3),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Curves over the number of calls; both axes are logarithmic. */
export interface Curves {
  readonly title: string;
  readonly unit: string;
  readonly curves: readonly {
    readonly name: string;
    readonly points: readonly (readonly [number, number])[];
  }[];
}

export interface Bars {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly { readonly name: string; readonly value: number }[];
}

const COLOURS = ['#1b6ca8', '#d9822b', '#3c8f4a', '#b03a48', '#7a5aa6', '#555', '#9a8c1a'];
const WIDTH = 760;

export function svg(of: Curves | Bars): string {
  const [body, height] = 'curves' in of ? curves(of) : bars(of);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    text(20, 22, `${of.title}, ${of.unit}`, 'font-weight="bold"'),
    ...body,
    '</svg>\n',
  ].join('\n');
}

function curves({ curves: given }: Curves): [string[], number] {
  // Zero has no place on a logarithmic axis.
  const all = given.map(({ name, points }) => ({ name, points: points.filter(([, y]) => y > 0) }));
  const [left, top, width, height] = [70, 45, 530, 300];
  const points = all.flatMap(({ points }) => points);
  const [least, most] = [Math.min(...points.map(([x]) => x)), Math.max(...points.map(([x]) => x), 2)];
  const low = 10 ** Math.floor(Math.log10(Math.min(...points.map(([, y]) => y))));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...points.map(([, y]) => y))));
  const along = (x: number): number => left + (width * Math.log(x / least)) / Math.log(most / least);
  const up = (y: number): number => top + height - (height * Math.log(y / low)) / Math.log(high / low);
  const parts = [`<path d="M${left},${top}v${height}h${width}" fill="none" stroke="#444"/>`];
  for (let tick = low; tick <= high * 1.001; tick *= 10) {
    parts.push(text(left - 8, up(tick) + 4, String(Number(tick.toPrecision(3))), 'text-anchor="end"'));
    parts.push(`<path d="M${left},${up(tick).toFixed(1)}h${width}" stroke="#ddd"/>`);
  }
  for (const x of [...new Set(points.map(([calls]) => calls))]) {
    parts.push(text(along(x), top + height + 16, String(x), 'text-anchor="middle"'));
  }
  parts.push(text(left + width / 2, top + height + 34, 'calls', 'text-anchor="middle"'));
  all.forEach(({ name, points }, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? '#000';
    const path = points.map(([x, y]) => `${along(x).toFixed(1)},${up(y).toFixed(1)}`).join(' ');
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    parts.push(text(left + width + 12, top + 14 + 18 * index, name, `fill="${colour}"`));
  });
  return [parts, top + height + 50];
}

function bars({ bars: all }: Bars): [string[], number] {
  const [left, width] = [330, 330];
  const most = Math.max(...all.map(({ value }) => value));
  const least = Math.min(...all.map(({ value }) => value)) / 2;
  const parts = all.flatMap(({ name, value }, index) => {
    const y = 40 + 20 * index;
    // Logarithmic: what costs a hundred times more is to be seen beside what doesn't.
    const length = (width * Math.log(value / least)) / Math.log(most / least);
    return [
      text(left - 10, y + 12, name, 'text-anchor="end"'),
      `<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="15" fill="${COLOURS[0] ?? ''}"/>`,
      text(left + length + 6, y + 12, value >= 100 ? value.toFixed(0) : value.toPrecision(3), ''),
    ];
  });
  return [parts, 55 + 20 * all.length];
}

function text(x: number, y: number, words: string, attributes: string): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped}</text>`;
}
