/** What is done to a fleet, and seen of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SippCall } from '../sipp.ts';
import { until, type Fleet, type FleetCalls, type FleetNode } from './fleet.ts';
import { ms, percentile, type FleetReport } from './report.ts';
import type { FleetSettings, Part } from './settings.ts';

export interface PartContext {
  readonly fleet: Fleet;
  readonly settings: FleetSettings;
  readonly report: FleetReport;
  readonly signal: AbortSignal;
}

/** Of `limits`: calls at a time of the whole fleet, and of one caller. */
const FLEET_LIMIT = 8;
const CALLER_LIMIT = 2;

export const PART_RUNS: Readonly<Record<Part, (context: PartContext) => Promise<void>>> = {
  entry,
  spread,
  'short-calls': shortCalls,
  'claim-cost': claimCost,
  growth,
  'node-killed': (context) => nodeDies('node-killed', context),
  'node-frozen': (context) => nodeDies('node-frozen', context),
  'node-cut-off': (context) => nodeDies('node-cut-off', context),
  'node-stalled': nodeStalled,
  'asterisk-killed': asteriskKilled,
  'database-killed': databaseKilled,
  'rolling-drain': rollingDrain,
  limits,
};

/** Callers who listen, for `holdMs` after the last has called; `all`: each was spoken to within `watchMs` after that. */
async function listened(
  fleet: Fleet,
  { rate }: FleetSettings,
  count: number,
  { holdMs, watchMs }: { readonly holdMs: number; readonly watchMs: number },
): Promise<{ readonly calls: FleetCalls; readonly all: boolean }> {
  const callingMs = (count / rate) * 1000;
  const calls = await fleet.call({ count, listening: true, rate, holdMs: callingMs + holdMs });
  return { calls, all: await calls.allSpokenTo(callingMs + watchMs) };
}

function busiest(fleet: Fleet, calls: FleetCalls): FleetNode | undefined {
  return [...fleet.nodes].sort((a, b) => calls.at(b).length - calls.at(a).length)[0];
}

/** How many of these calls of a node another one has had. */
function takenFrom(victim: FleetNode, its: readonly number[], fleet: Fleet, calls: FleetCalls): number {
  const others = fleet.nodes.filter((node) => node !== victim);
  return its.filter((index) => others.some((node) => node.callers.has(calls.numbers[index] ?? ''))).length;
}

/** In-dialog requests by UDP and TLS, and who calls without being a trunk. */
async function entry({ fleet, report }: PartContext): Promise<void> {
  const part = 'entry';
  const through = async (transport: 'udp' | 'tls'): Promise<void> => {
    const calls = await fleet.call({ count: 4, rate: 4, holdMs: 600, askAnew: true, transport });
    const ended = await calls.sipp.finished();
    const whole = ended.filter(({ end }) => end === 'caller').length;
    if (whole < 4) report.data[`${part} ${transport}`] = calls.sipp.output;
    report.judge(part, `${transport}: call, re-INVITE, BYE`, `${whole} of 4`, '4 of 4', whole === 4);
    await calls.stop();
  };
  await Promise.all([through('udp'), through('tls')]);
  const loads = await loadsOf(fleet);
  report.judge(part, 'calls that Kamailio still counts', String(sum(loads)), '0', sum(loads) === 0);
}

async function spread({ fleet, settings, report, signal }: PartContext): Promise<void> {
  const part = 'spread';
  const count = settings.spread;
  await fleet.quiet();
  const { calls, all } = await listened(fleet, settings, count, {
    holdMs: settings.holdMs,
    watchMs: settings.watchMs,
  });
  const nodesTell = (): number[] => fleet.nodes.map((node) => calls.at(node).length);
  // What they write comes later than what they say.
  await until(() => sum(nodesTell()) >= count, 10_000, signal);
  const byNode = nodesTell();
  const byAsterisk = await loadsOf(fleet);
  const ratio = (values: readonly number[]): number => Math.max(...values) / (sum(values) / values.length);
  report.judge(part, 'callers who were spoken to', all ? `all ${count}` : 'not all', 'all', all);
  for (const [what, values] of [
    ['node', byNode],
    ['Asterisk', byAsterisk],
  ] as const)
    report.measure(
      part,
      `${count} calls, by ${what}`,
      `${values.join(', ')}: max/mean ${ratio(values).toFixed(2)}`,
      '≤ 1.2',
      ratio(values) <= 1.2,
    );
  await calls.end();
  const ended = await judgeCuts(part, calls, report);
  for (const node of fleet.nodes) {
    const declined = [...(await node.declined())].map(([reason, count]) => `${reason} ${count}`);
    if (declined.length > 0) report.tell(part, `offers that ${node.name} declined`, declined.join(', '));
  }
  report.data[part] = { byNode, byAsterisk, calls: ended };
  await calls.stop();
}

async function shortCalls({ fleet, settings, report }: PartContext): Promise<void> {
  const part = 'short-calls';
  const calls = await fleet.call({ count: settings.calls, rate: settings.rate, atATime: 40, holdMs: 200 });
  const ended = await calls.sipp.finished();
  judgeClaims(part, fleet, calls, ended, report);
  await calls.stop();
  const [first, ...others] = fleet.nodes;
  if (!first || settings.calls < 100) return;
  // One node alone still takes every call.
  await Promise.all(others.map((node) => node.drain()));
  const alone = await fleet.call({
    count: Math.round(settings.calls / 10),
    rate: settings.rate / 2,
    atATime: 40,
    holdMs: 200,
  });
  judgeClaims(`${part}, one node`, fleet, alone, await alone.sipp.finished(), report);
  await alone.stop();
  await Promise.all(others.map((node) => node.start()));
}

function judgeClaims(
  part: string,
  fleet: Fleet,
  calls: FleetCalls,
  ended: readonly SippCall[],
  report: FleetReport,
): void {
  const nodes = fleet.claimersOf(ended.map(({ number }) => number));
  const twice = [...nodes.values()].filter((had) => had.length > 1).length;
  const never = [...nodes.values()].filter((had) => had.length === 0).length;
  // How it ends is judged elsewhere: SIPp gives up a call in which Asterisk asks anew (re-INVITE), some in a thousand.
  const answered = ended.filter(({ answeredAt }) => answeredAt !== undefined).length;
  const times = answerTimes(ended);
  report.judge(part, 'calls, answered', `${ended.length}, ${answered}`, 'all', answered === ended.length);
  report.judge(part, 'claimed by two nodes', String(twice), '0', twice === 0);
  report.measure(part, 'claimed by none', String(never), '0', never === 0);
  const shares = fleet.nodes.map((node) => calls.numbers.filter((number) => node.callers.has(number)).length);
  report.tell(part, 'calls by node', shares.join(', '));
  report.tell(part, 'INVITE to 200', `p50 ${ms(percentile(times, 0.5))}, p99 ${ms(percentile(times, 0.99))}`);
  report.data[part] = { shares, times, failed: ended.filter(({ end }) => end !== 'caller') };
  if (answered < ended.length) report.data[`${part}, SIPp`] = calls.sipp.output;
}

/** Calls one after the other, offered to all nodes; then the same to one node by plain Stasis(). */
async function claimCost({ fleet, report }: PartContext): Promise<void> {
  const part = 'claim-cost';
  const count = 100;
  const measure = async (what: string): Promise<void> => {
    const calls = await fleet.call({ count, rate: 5, atATime: 1, holdMs: 50 });
    const times = answerTimes(await calls.sipp.finished());
    await calls.stop();
    report.data[`${part}, ${what}`] = times;
    report.tell(
      part,
      `INVITE to 200, ${what}`,
      `p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms (${times.length} calls)`,
    );
  };
  await measure(`StasisBroadcast() to ${fleet.nodes.length} nodes`);
  const [plain, ...others] = fleet.nodes;
  if (!plain) return;
  await Promise.all(others.map((node) => node.drain()));
  await measure('StasisBroadcast() to 1 node');
  await plain.drain();
  // Nodes tell the dialplan to offer calls; this one isn't one.
  for (const { asterisk } of fleet.asterisks)
    await asterisk.ari('POST', '/asterisk/variable?variable=VOICE_AGENT_FLEET&value=');
  await plain.start({ VOICE_AGENT_NODE: '' });
  await measure('Stasis()');
  await plain.drain();
  await Promise.all(fleet.nodes.map((node) => node.start()));
}

/** What each node costs each Asterisk, and each call the nodes that don't get it. */
async function growth({ fleet, report }: PartContext): Promise<void> {
  const part = 'growth';
  const idleMs = 10_000;
  const count = 100;
  await fleet.warmUp();
  const hosts = [...fleet.asterisks, ...fleet.nodes].map(({ host }) => host);
  const all = (): { cpuMs: number; bytes: number }[] =>
    hosts.map((host) => ({ cpuMs: host.cpuMs(), bytes: host.bytes }));
  const states = [all()];
  await sleep(idleMs);
  states.push(all());
  const since = Date.now();
  // Nobody listens, and nobody stays: mostly the offer, the claim and the set-up.
  const calls = await fleet.call({ count, rate: 5, holdMs: 50 });
  await judgeCuts(part, calls, report);
  const tookMs = Date.now() - since;
  states.push(all());
  await calls.stop();
  const grown = (from: number, index: number): { cpuMs: number; bytes: number } => ({
    cpuMs: (states[from + 1]?.[index]?.cpuMs ?? 0) - (states[from]?.[index]?.cpuMs ?? 0),
    bytes: (states[from + 1]?.[index]?.bytes ?? 0) - (states[from]?.[index]?.bytes ?? 0),
  });
  const machines = hosts.map((host, index) => {
    const idle = grown(0, index);
    const busy = grown(1, index);
    const its = fleet.nodes.find((node) => node.host === host);
    return {
      name: host.name,
      connections: [8088, 5432].map((port) => host.connectionsTo(port)),
      idleCpu: idle.cpuMs / idleMs,
      idleBytesPerS: idle.bytes / (idleMs / 1000),
      cpuMsPerOffer: (busy.cpuMs - (idle.cpuMs / idleMs) * tookMs) / count,
      bytesPerOffer: (busy.bytes - (idle.bytes / idleMs) * tookMs) / count,
      calls: its && calls.numbers.filter((number) => its.callers.has(number)).length,
    };
  });
  for (const one of machines) {
    report.tell(
      part,
      one.name,
      `idle ${(100 * one.idleCpu).toFixed(1)} % of a core, ${(one.idleBytesPerS / 1000).toFixed(1)} kB/s; ` +
        `${one.cpuMsPerOffer.toFixed(1)} ms and ${(one.bytesPerOffer / 1000).toFixed(1)} kB for each call of the fleet` +
        (one.calls === undefined
          ? ''
          : ` (it got ${one.calls} of ${count}); connections to ARI ${one.connections[0]}, PostgreSQL ${one.connections[1]}`),
    );
  }
  report.data[part] = machines;
}

/** One node goes in the middle of its calls, without a word. Then it comes back. */
async function nodeDies(
  part: 'node-killed' | 'node-frozen' | 'node-cut-off',
  { fleet, settings, report, signal }: PartContext,
): Promise<void> {
  const count = settings.atATime;
  const watchMs = settings.watchMs;
  await fleet.quiet();
  const { calls, all } = await listened(fleet, settings, count, {
    holdMs: settings.holdMs,
    watchMs: watchMs,
  });
  report.judge(part, 'callers who were spoken to before', all ? `all ${count}` : 'not all', 'all', all);
  const victim = busiest(fleet, calls);
  if (!victim) return;
  const its = calls.at(victim);
  const others = calls.numbers.map((_, index) => index).filter((index) => !its.includes(index));
  const at = Date.now();
  if (part === 'node-killed') await victim.kill();
  else if (part === 'node-frozen') victim.freeze();
  else victim.host.cutOff();
  await until(
    () => its.every((index) => calls.ears.of(index).spokenToAfter(at + 50) !== undefined),
    watchMs,
    signal,
  );
  await sleep(500);
  const before = Date.now();
  const returns = async (): Promise<void> => {
    if (part === 'node-killed') await victim.start();
    else if (part === 'node-frozen') victim.thaw();
    else victim.host.reconnect();
    // So long at least it is seen that it doesn't touch what isn't its own any more.
    await sleep(settings.short ? 0 : 5000);
  };
  const back = returns();
  // Who waits for it learns of it.
  back.catch(() => undefined);
  if (!settings.short) await back;
  await calls.end();
  const ended = await calls.finished();
  const spoken = its.map((index) => (calls.ears.of(index).spokenToAfter(at + 50) ?? Infinity) - at);
  const gaps = its.map((index) => calls.ears.of(index).longestGapMs(at, before));
  const elsewhere = takenFrom(victim, its, fleet, calls);
  const lost = its.filter((index) => ended[index]?.end !== 'caller').length;
  report.tell(part, 'its calls, of all', `${its.length} of ${count}`);
  report.judge(part, 'its calls that were lost', String(lost), '0', lost === 0);
  report.judge(
    part,
    'its calls that another node took over',
    `${elsewhere} of ${its.length}`,
    'all',
    elsewhere === its.length,
  );
  report.measure(
    part,
    'without a packet, longest',
    ms(Math.max(...gaps)),
    '≤ 3000 ms',
    Math.max(...gaps) <= 3000,
  );
  report.tell(
    part,
    'spoken to again',
    `after ${ms(percentile(spoken, 0.5))}, at the latest ${ms(Math.max(...spoken))}`,
  );
  const othersGaps = others.map((index) => calls.ears.of(index).longestGapMs(at, before));
  const othersCut = others.filter(
    (index) => ended[index]?.end !== 'caller' && calls.cameToAgent(calls.numbers[index] ?? ''),
  ).length;
  report.judge(part, "other nodes' calls that were cut", String(othersCut), '0', othersCut === 0);
  report.tell(part, "other nodes' calls, longest without a packet", ms(Math.max(0, ...othersGaps)));
  report.data[part] = { its, spoken, gaps, othersGaps, calls: ended };
  await Promise.all([calls.stop(), back]);
  if (settings.short) return;
  await comesBack(part, victim, { fleet, settings, report, signal });
}

/** New calls go to it again. */
async function comesBack(
  part: string,
  node: FleetNode,
  { fleet, settings, report }: PartContext,
): Promise<void> {
  const count = settings.atATime;
  await fleet.warmUp();
  const calls = await fleet.call({
    count,
    rate: settings.rate,
    holdMs: (count / settings.rate) * 1000 + 1500,
  });
  await judgeCuts(`${part}, afterwards`, calls, report);
  const its = calls.numbers.filter((number) => node.callers.has(number)).length;
  report.judge(
    part,
    'back, it takes its share',
    `${its} of ${count}`,
    `≥ ${Math.floor(count / 6)}`,
    its >= Math.floor(count / 6),
  );
  await calls.stop();
}

/** The main thread of one node stands still for two seconds, as by work that takes too long. */
async function nodeStalled({ fleet, settings, report, signal }: PartContext): Promise<void> {
  const part = 'node-stalled';
  const count = settings.atATime;
  await fleet.quiet();
  const { calls } = await listened(fleet, settings, count, {
    holdMs: settings.holdMs,
    watchMs: settings.watchMs,
  });
  const victim = busiest(fleet, calls);
  if (!victim) return;
  const its = calls.at(victim);
  const blocked = victim.stall();
  const { from, until: till } = await blocked;
  // So long others might take its callers.
  await sleep(4000);
  const at = calls.at(victim);
  const elsewhere = takenFrom(victim, its, fleet, calls);
  report.tell(
    part,
    'its main thread stood still for',
    `${till - from} ms, with ${its.length} of ${count} calls`,
  );
  report.judge(
    part,
    'its calls that it has still',
    `${at.length} of ${its.length}`,
    'all',
    at.length === its.length,
  );
  report.judge(part, 'its calls that another node took', String(elsewhere), '0', elsewhere === 0);
  const gaps = its.map((index) => calls.ears.of(index).longestGapMs(from, till + 4000));
  report.tell(part, 'its calls, longest without a packet', ms(Math.max(...gaps)));
  await calls.end();
  report.data[part] = { its, gaps, calls: await judgeCuts(part, calls, report) };
  await calls.stop();
  await until(() => victim.running === 0, 5000, signal);
}

async function asteriskKilled({ fleet, settings, report, signal }: PartContext): Promise<void> {
  const part = 'asterisk-killed';
  const count = settings.atATime;
  const victim = fleet.asterisks[0];
  if (!victim) return;
  const { calls } = await listened(fleet, settings, count, { holdMs: 30_000, watchMs: 5000 });
  const loads = await loadsOf(fleet);
  const at = Date.now();
  await victim.kill();
  // Callers who come now.
  const later = await fleet.call({ count: 20, rate: 2, holdMs: 500 });
  const laterEnded = await later.sipp.finished();
  const left = await until(
    async () => (await fleet.kamailio.asterisks()).some(({ active }) => !active),
    10_000,
    signal,
  );
  const ended = await calls.sipp.finished();
  const silent = calls.numbers
    .map((_, index) => index)
    .filter((index) => (calls.ears.of(index).at.at(-1) ?? 0) < at + 2000);
  const hungUp = silent.filter((index) => ended[index]?.end === 'callee');
  const after = hungUp.map((index) => (ended[index]?.endedAt ?? NaN) - at);
  report.tell(part, 'its calls, of all (lost: their sound went through it)', `${silent.length} of ${count}`);
  report.judge(
    part,
    'its callers are hung up, not left in silence',
    `${hungUp.length} of ${silent.length}`,
    'all',
    hungUp.length === silent.length,
  );
  report.tell(
    part,
    'hung up after',
    `${ms(percentile(after, 0.5))}, at the latest ${ms(Math.max(...after))}`,
  );
  const othersCut = ended.filter((call, index) => !silent.includes(index) && call.end !== 'caller').length;
  report.judge(part, "the other Asterisk's calls that were cut", String(othersCut), '0', othersCut === 0);
  const times = answerTimes(laterEnded);
  const answered = laterEnded.filter(({ end }) => end === 'caller').length;
  report.judge(
    part,
    'new calls, answered',
    `${answered} of ${laterEnded.length}`,
    'all',
    answered === laterEnded.length,
  );
  report.tell(
    part,
    'new calls, INVITE to 200',
    `p50 ${ms(percentile(times, 0.5))}, longest ${ms(Math.max(...times))}`,
  );
  report.judge(part, 'Kamailio leaves it out', left ? 'yes' : 'no', 'yes', left);
  await Promise.all([calls.stop(), later.stop()]);
  await victim.start();
  const back = await until(
    async () => (await fleet.kamailio.asterisks()).every(({ active }) => active),
    20_000,
    signal,
  );
  report.judge(part, 'started again, it gets calls', back ? 'yes' : 'no', 'yes', back);
  report.data[part] = { loads, calls: ended, later: laterEnded };
  // The nodes connect again within 1.5 s.
  await sleep(3000);
  const again = await fleet.call({ count: 12, rate: 4, holdMs: 500 });
  await judgeCuts(`${part}, afterwards`, again, report);
  await again.stop();
}

async function databaseKilled({ fleet, settings, report }: PartContext): Promise<void> {
  const part = 'database-killed';
  const count = settings.atATime;
  const { calls } = await listened(fleet, settings, count, { holdMs: 9000, watchMs: 5000 });
  const at = Date.now();
  await fleet.database.kill();
  const later = await fleet.call({ count: 24, rate: 4, holdMs: 500 });
  await judgeCuts(`${part}, new calls meanwhile`, later, report);
  await sleep(2000);
  const until = Date.now();
  await fleet.database.resume();
  const ended = await judgeCuts(`${part}, running calls`, calls, report);
  const gaps = calls.numbers.map((_, index) => calls.ears.of(index).longestGapMs(at, until));
  report.tell(part, 'away for', `${((until - at) / 1000).toFixed(1)} s`);
  report.tell(part, 'running calls, longest without a packet', ms(Math.max(...gaps)));
  report.data[part] = { gaps, calls: ended };
  await Promise.all([calls.stop(), later.stop()]);
}

/** Every node is drained and started anew, one after the other, while calls come and go. */
async function rollingDrain({ fleet, settings, report, signal }: PartContext): Promise<void> {
  const part = 'rolling-drain';
  const calls = await fleet.call({
    count: 2000,
    rate: settings.rate / 4,
    holdMs: settings.short ? 2000 : 4000,
  });
  const drained: string[] = [];
  for (const node of fleet.nodes.slice(0, settings.drained)) {
    await until(() => node.running > (settings.short ? 0 : 1), 10_000, signal);
    const at = Date.now();
    const running = node.running;
    const status = await node.drain();
    drained.push(
      `${node.name}: ${running} calls, ${((Date.now() - at) / 1000).toFixed(1)} s, status ${status ?? '–'}`,
    );
    await node.start();
  }
  calls.sipp.makeNoMore();
  report.tell(part, 'drained', drained.join('; '));
  const ended = await judgeCuts(part, calls, report);
  report.data[part] = { drained, calls: ended };
  judgeClaims(part, fleet, calls, ended, report);
  await calls.stop();
}

/** Calls at a time of the whole fleet, and from one number: with the database, and without. */
async function limits({ fleet, report, signal }: PartContext): Promise<void> {
  const part = 'limits';
  const anew = async (environment: Readonly<Record<string, string>>): Promise<void> => {
    await Promise.all(fleet.nodes.map((node) => node.drain()));
    await Promise.all(fleet.nodes.map((node) => node.start(environment)));
    // Until each knows of all others.
    await sleep(1000);
  };
  /** How many of them came to an agent; the others hear that all lines are busy. */
  const taken = async (count: number, from?: string): Promise<number> => {
    const before = fleet.callsBegun;
    // One after the other: what the nodes know of each other is up to half a second old.
    const calls = await fleet.call({ count, rate: 1, holdMs: count * 1000 + 6000, ...(from && { from }) });
    await until(() => calls.sipp.calls().length === count, count * 1000 + 10_000, signal);
    await sleep(3500);
    const result = fleet.callsBegun - before;
    await calls.end();
    await calls.stop();
    await fleet.quiet();
    return result;
  };
  const expect = (what: string, measured: number, wanted: number): void => {
    report.judge(part, what, String(measured), String(wanted), measured === wanted);
  };
  await anew({
    VOICE_AGENT_FLEET_MAX_CALLS: String(FLEET_LIMIT),
    VOICE_AGENT_FLEET_MAX_CALLS_PER_CALLER: String(CALLER_LIMIT),
  });
  expect(
    `of ${FLEET_LIMIT + 4} calls at a time, where the fleet may have ${FLEET_LIMIT}`,
    await taken(FLEET_LIMIT + 4),
    FLEET_LIMIT,
  );
  expect(
    `of ${CALLER_LIMIT + 3} from one number, where it may have ${CALLER_LIMIT}`,
    await taken(CALLER_LIMIT + 3, '12025550123'),
    CALLER_LIMIT,
  );
  await fleet.database.kill();
  await sleep(3000);
  expect(
    `the same while the database is away`,
    await taken(CALLER_LIMIT + 3, '12025550123'),
    CALLER_LIMIT + 3,
  );
  await fleet.database.resume();
  await anew({});
}

/** Whoever was hung up, or never got through. */
async function judgeCuts(part: string, calls: FleetCalls, report: FleetReport): Promise<SippCall[]> {
  const ended = await calls.finished();
  const failed = ended.filter(({ end }) => end !== 'caller');
  // Who hears that all lines are busy, since every node is late, isn't cut off.
  const busy = failed.filter(({ number }) => !calls.cameToAgent(number)).length;
  if (busy > 0) report.measure(part, `of ${ended.length} calls, came to no agent`, String(busy), '0', false);
  const not = failed.filter(({ number }) => calls.cameToAgent(number));
  const why = [
    ...new Set(not.map(({ end, status }) => (status === undefined ? end : `${end} ${status}`))),
  ].join(', ');
  report.judge(
    part,
    `of ${ended.length} calls, cut off or never answered`,
    `${not.length}${why && ` (${why})`}`,
    '0',
    not.length === 0,
  );
  if (not.length > 0) report.data[`${part}, SIPp`] = { not, said: calls.sipp.output };
  return ended;
}

function answerTimes(calls: readonly SippCall[]): number[] {
  return calls.flatMap(({ askedAt, answeredAt }) =>
    askedAt === undefined || answeredAt === undefined ? [] : [answeredAt - askedAt],
  );
}

async function loadsOf(fleet: Fleet): Promise<number[]> {
  const loads = await fleet.kamailio.asterisks();
  return fleet.asterisks.map(({ host }) => loads.find(({ uri }) => uri.endsWith(host.address))?.load ?? 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
