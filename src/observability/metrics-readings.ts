import { Counter, Gauge, type Registry } from 'prom-client';

/** One value of a metric, with its labels. */
export interface Reading {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Description {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** A gauge whose values are read at each scrape. */
export function readGauge(
  registry: Registry,
  { name, help, labels = [] }: Description,
  read: () => readonly Reading[],
): void {
  new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels: of = {}, value } of read()) this.set({ ...of }, value);
    },
  });
}

/** A counter whose totals are kept elsewhere, and read at each scrape. They only grow. */
export function readCounter(
  registry: Registry,
  { name, help, labels = [] }: Description,
  read: () => readonly Reading[],
): void {
  new Counter({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels: of = {}, value } of read()) this.inc({ ...of }, value);
    },
  });
}
