import type { ConfigDocument } from './document.ts';
import { pathText, type Path, type Problem } from './problems.ts';
import type { ProvidersFile } from './schema.ts';
import { problemAt } from './validate.ts';

interface Listener {
  readonly path: Path;
  readonly address: string;
  readonly port: number;
}

const EVERY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** TCP ports that the program would open twice: the second one would find that "another program" has it. */
export function ports(document: ConfigDocument, providers: ProvidersFile): Problem[] {
  const listeners = listenersOf(providers);
  return listeners.flatMap((one, index) => {
    const other = listeners.slice(0, index).find((before) => meet(before, one));
    if (!other) return [];
    const path = [...one.path, 'listenPort'];
    const message = `found ${one.port}, which ${pathText([...other.path, 'listenPort'])} has already`;
    return [problemAt(document, path, message)];
  });
}

function listenersOf({ gateways, monitoring, console, outgoing }: ProvidersFile): Listener[] {
  const all = [
    { path: ['monitoring'], on: monitoring.enabled, ...monitoring },
    { path: ['console'], on: console.enabled, ...console },
    { path: ['outgoing'], on: outgoing.token !== undefined, ...outgoing },
    { path: ['gateways', 'vonage'], on: gateways.vonage.enabled, ...gateways.vonage },
  ];
  return all
    .filter(({ on, listenPort }) => on && listenPort !== 0)
    .map(({ path, listenAddress, listenPort }) => ({ path, address: listenAddress, port: listenPort }));
}

function meet(one: Listener, other: Listener): boolean {
  const addresses = [one.address, other.address];
  return (
    one.port === other.port &&
    (one.address === other.address || addresses.some((each) => EVERY_ADDRESS.has(each)))
  );
}
