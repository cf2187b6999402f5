import type { TurnLogSettings, TurnStep } from '../contract/call-events.ts';
import type { Milliseconds } from '../../lib/clock.ts';
import { policiesFor, type TurnAction, type TurnEvent, type TurnSettings } from './turn-states.ts';
import type { AgentProfile } from '../contract/agent-profile.ts';

/*
 * What the turn machine was told and what it decided, as plain data that JSON can hold. An event stands there with its
 * fields as they are (but for a tick, which follows from the states), of an action what names it. So `voice-agent
 * replay` can have the same events handled again, and say which decisions are other ones.
 */

/** As many steps are gathered at most before they are told. */
const MOST = 400;

/** Gathers a call's steps, in order. */
export class TurnLog {
  #steps: TurnStep[] = [];
  #partial = '';
  #settings: TurnLogSettings | undefined;

  constructor(settings: TurnLogSettings) {
    this.#settings = settings;
  }

  /** `more`: what else is known of it. */
  told(event: TurnEvent, more?: Readonly<Record<string, unknown>>): void {
    if (event.type === 'tick') return;
    if (event.type === 'partial') {
      if (event.text === this.#partial) return;
      this.#partial = event.text;
    }
    const { type, at, ...fields } = event;
    this.#steps.push({ ...brief({ ...fields, ...more }), at, told: type });
  }

  did(action: TurnAction, at: Milliseconds): void {
    const { do: did, ...fields } = action;
    if (did === 'tone' || did === 'stop-filler') return;
    this.#steps.push({ ...brief(fields), at, did });
  }

  get isFull(): boolean {
    return this.#steps.length >= MOST;
  }

  /** What was gathered, which is forgotten here. */
  take(): { readonly settings?: TurnLogSettings; readonly steps: readonly TurnStep[] } {
    const [steps, settings] = [this.#steps, this.#settings];
    this.#steps = [];
    this.#settings = undefined;
    return { steps, ...(settings && { settings }) };
  }
}

/** The fields of an event or action, without those that can't be kept or are logged elsewhere (what a reply answers, who is called). */
function brief(fields: object): Readonly<Record<string, unknown>> {
  const kept = Object.entries(fields).flatMap(([name, value]): [string, unknown][] => {
    if (value === undefined || name === 'input') return [];
    if (name === 'transfer') return [[name, transferIn(value as TransferLike)]];
    if (name === 'ending' && (value as { way: string }).way === 'transfer')
      return [[name, transferIn(value as TransferLike)]];
    if (name === 'phrase' && typeof value === 'object') return [[name, 'spoken']];
    // Its words stand in what the recogniser has told.
    if (name === 'sound') return Object.entries(value as object).filter(([key]) => key !== 'words');
    return [[name, value]];
  });
  return Object.fromEntries(kept);
}

interface TransferLike {
  readonly way: string;
  readonly target: { readonly name: string };
}

function transferIn({ way, target: { name } }: TransferLike): object {
  return { way, target: { name }, call: { id: '', name: '', arguments: {} } };
}

/** A call's settings as the log has them: all but the policies, which are made from the others. */
export function loggedSettings(
  settings: TurnSettings,
  { language, limits, patience, filler }: Pick<AgentProfile, 'language' | 'limits' | 'patience' | 'filler'>,
): TurnLogSettings {
  const {
    endpointing: _endpointing,
    interruption,
    fillers: _fillers,
    prompts: _prompts,
    ...plain
  } = settings;
  const { silenceMs, silencePrompts, fillerMs } = limits;
  return {
    ...plain,
    ...{ language, patience, filler, fillerMs, silenceMs, silencePrompts, interruption: interruption.atOnce },
  };
}

/** The settings that a log has. */
export function settingsFrom(logged: TurnLogSettings): TurnSettings {
  const known = logged as unknown as Omit<TurnSettings, 'interruption'> &
    Pick<AgentProfile, 'language' | 'patience' | 'filler'> &
    AgentProfile['limits'] & { readonly interruption: 'pause' | 'stop' };
  const policies = policiesFor({ ...known, limits: known });
  return {
    ...known,
    ...policies,
    failureLimit: known.failureLimit,
    interruption: { ...policies.interruption, atOnce: known.interruption },
  };
}
