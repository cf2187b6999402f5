import type { ConfigDocument } from './document.ts';
import { didYouMean } from './nearest.ts';
import { found, type Path, type Problem } from './problems.ts';
import { items, problemAt, textAt, valueAt } from './validate.ts';

const VONAGE: Path = ['gateways', 'vonage'];
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** What the Vonage gateway can't do without, and what it is told of agents and numbers. */
export function vonage(agents: ConfigDocument, providers: ConfigDocument): Problem[] {
  const at = (key: string): string | undefined => textAt(providers, [...VONAGE, key]);
  const problem = (key: string, message: string): Problem => problemAt(providers, [...VONAGE, key], message);
  const enabled = String(valueAt(providers.data, [...VONAGE, 'enabled'])) === 'true';
  const problems = [...numbers(agents, providers), ...departments(providers)];
  if (!enabled) {
    if (items(providers.data, ['asterisk']).length > 0) return problems;
    const message = 'no server is named and gateways.vonage is not enabled: no call could ever come in';
    return [...problems, problemAt(providers, ['asterisk'], message)];
  }
  const publicUrl = at('publicUrl');
  if (publicUrl === undefined) {
    const needed = 'needed: the https address at which Vonage reaches this machine (VONAGE_PUBLIC_URL)';
    problems.push(problem('publicUrl', needed));
  } else if (URL.canParse(publicUrl)) {
    const { protocol, hostname } = new URL(publicUrl);
    if (protocol !== 'https:' && !LOOPBACK.test(hostname)) {
      problems.push(
        problem('publicUrl', `found "${publicUrl}", needed: https, as what callers say goes over it`),
      );
    }
  }
  const unsigned = String(valueAt(providers.data, [...VONAGE, 'allowUnsigned'])) === 'true';
  if (at('signatureSecret') === undefined && !unsigned) {
    const needed =
      "needed: the signature secret of the account (VONAGE_SIGNATURE_SECRET); without it anybody's requests " +
      'would be taken for calls, which allowUnsigned: true permits';
    problems.push(problem('signatureSecret', needed));
  }
  const uses = ['signatureSecret', 'privateKey'].filter((key) => at(key) !== undefined);
  if (at('applicationId') === undefined && uses.length > 0) {
    const needed = `needed with ${uses.join(' and ')}: the id of the Vonage application (VONAGE_APPLICATION_ID)`;
    problems.push(problem('applicationId', needed));
  }
  return problems;
}

/** Numbers as Vonage writes them, and the extensions or agents that they stand for. */
function numbers(agents: ConfigDocument, providers: ConfigDocument): Problem[] {
  const list = items(agents.data, ['agents']);
  const ids = list.map((path) => textAt(agents, [...path, 'id']));
  const extensions = list.flatMap((path) =>
    items(agents.data, [...path, 'extensions']).map((extension) => textAt(agents, extension)),
  );
  const known = [...extensions, ...ids].filter((name) => name !== undefined);
  return keysAt(providers, 'numbers').flatMap((number) => {
    const path: Path = [...VONAGE, 'numbers', number];
    const target = textAt(providers, path);
    const problems: Problem[] = [];
    if (!/^\+?[1-9]\d{2,14}$/.test(number)) {
      problems.push(
        problemAt(providers, path, 'the key must be a telephone number with its country code, in quotes'),
      );
    }
    if (target !== undefined && !known.includes(target)) {
      const message = `${found(target, path)}, needed: an extension or an id of agents.yaml${didYouMean(target, known)}`;
      problems.push(problemAt(providers, path, message));
    }
    return problems;
  });
}

function departments(providers: ConfigDocument): Problem[] {
  return keysAt(providers, 'departments').flatMap((department) => {
    const path: Path = [...VONAGE, 'departments', department];
    const to = textAt(providers, path);
    if (to === undefined || /^(\+?[1-9]\d{6,14}|sips?:[^\s@]+@[^\s@]+)$/i.test(to)) return [];
    const needed = 'needed: a telephone number with its country code, or sip:name@host';
    return [problemAt(providers, path, `${found(to, path)}, ${needed}`)];
  });
}

function keysAt(document: ConfigDocument, key: string): string[] {
  const value = valueAt(document.data, [...VONAGE, key]);
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}
