import { fillPlaces, placesIn } from '../lib/places.ts';
import type { CallInfo } from '../dialog/contract/call-info.ts';
import type { CallPlace } from '../dialog/contract/tool-names.ts';

type Arguments = Readonly<Record<string, unknown>>;

const CALL_VALUES: Readonly<Record<CallPlace, (call: CallInfo) => string>> = {
  'call.callerNumber': ({ caller }) => caller.number ?? '',
  'call.callerName': ({ caller }) => caller.name ?? '',
  'call.dialled': ({ dialled }) => dialled,
};

/**
 * The address that is asked. Whatever the arguments are, only what was left open of path and query is
 * filled: they are encoded, and can't walk to another folder. Throws when one is missing or no plain value.
 */
export function addressOf(template: string, args: Arguments, call: CallInfo): URL {
  const text = fillPlaces(template, (name) => encodeURIComponent(valueOf(name, args, call)));
  const [path = ''] = text.split(/[?#]/);
  if (path.split('/').some((part) => part === '.' || part === '..')) {
    throw new Error('"." and ".." can not be values here');
  }
  return new URL(text);
}

/**
 * A header's value: no line break gets into it. Names that mean nothing stay as they are: a secret may
 * have braces in it. Throws as `addressOf` does.
 */
export function headerText(template: string, args: Arguments, call: CallInfo): string {
  const encode = (value: string): string => value.replace(/[^\x20-\x7e]/g, '?');
  return fillPlaces(template, (name) =>
    isOfCall(name) || Object.hasOwn(args, name) ? encode(valueOf(name, args, call)) : `{${name}}`,
  );
}

/** The arguments that have no place in `template`. */
export function argumentsBeside(template: string, args: Arguments): [string, unknown][] {
  const placed = placesIn(template);
  return Object.entries(args).filter(([name, value]) => !placed.includes(name) && value !== undefined);
}

function valueOf(name: string, args: Arguments, call: CallInfo): string {
  return isOfCall(name) ? CALL_VALUES[name](call) : plain(name, args[name]);
}

function isOfCall(name: string): name is CallPlace {
  return Object.hasOwn(CALL_VALUES, name);
}

function plain(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`${name} is missing`);
}
