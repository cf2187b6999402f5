import type { ToolCall, ToolSpec } from '../../dialog/contract/conversation.ts';
import type { ToolCallDelta } from './chat-wire.ts';
import { lastObject, toolNamed, type WrittenCall } from './written-tools.ts';

export type KnownTool = Pick<ToolSpec, 'name' | 'parameters'>;

interface Unfinished {
  readonly index: number;
  id: string;
  name: string;
  text: string;
}

/**
 * Tool calls that arrive in fragments: first `{index, id, name}`, then the arguments bit by bit. A new id is a new
 * call, also where a server gives all of them the same index, or none; and so is a new name behind whole arguments,
 * where it gives no ids. (Some make up an id for every fragment: one without a name goes on with the call.)
 */
export class ToolDeltas {
  readonly #calls: Unfinished[] = [];
  readonly #tools: readonly KnownTool[];

  /** `tools`: those that the agent has. */
  constructor(tools: readonly KnownTool[] = []) {
    this.#tools = tools;
  }

  add(deltas: readonly ToolCallDelta[]): void {
    for (const { index: place, id: given, function: fragment } of deltas) {
      const id = typeof given === 'string' ? given : '';
      const index = typeof place === 'number' ? place : undefined;
      const known = this.#calls.findLast((one) => index === undefined || one.index === index);
      const name = typeof fragment?.name === 'string' ? fragment.name : '';
      const call = known && !this.#isAnother(known, id, name) ? known : this.#begin(index);
      call.id ||= id;
      // Some servers say it with each fragment.
      if (name !== call.name) call.name += name;
      call.text += textOf(fragment?.arguments);
    }
  }

  /** One that stood in the model's words. */
  addWritten({ name, arguments: text }: WrittenCall): void {
    Object.assign(this.#begin(undefined), { name, text });
  }

  #isAnother(known: Unfinished, id: string, name: string): boolean {
    const isWhole = isJson(known.text);
    if (id !== '' && known.id !== '') return id !== known.id && (name !== '' || isWhole);
    return name !== '' && isWhole && this.#tools.some((tool) => tool.name === name);
  }

  #begin(index: number | undefined): Unfinished {
    const call = { index: index ?? this.#calls.length, id: '', name: '', text: '' };
    this.#calls.push(call);
    return call;
  }

  /**
   * All calls, whole, in the model's order, each with an id of its own. Arguments that are no JSON object are passed on
   * as they are; a call without a name is none.
   */
  finish(): ToolCall[] {
    const known = this.#tools.map(({ name }) => name);
    const ids = new Set<string>();
    return this.#calls
      .toSorted((one, other) => one.index - other.index)
      .filter(({ name }) => name.trim() !== '')
      .map(({ id: given, name: written, text }, at) => {
        const name = toolNamed(written, known);
        const tool = this.#tools.find((one) => one.name === name);
        const id = given === '' || ids.has(given) ? `tool-${at}` : given;
        ids.add(id);
        return { id, name, ...parsed(text, tool) };
      });
  }
}

function textOf(given: unknown): string {
  if (typeof given === 'string') return given;
  return typeof given === 'object' && given !== null ? JSON.stringify(given) : '';
}

function parsed(text: string, tool: KnownTool | undefined): Pick<ToolCall, 'arguments' | 'malformed'> {
  if (text.trim() === '') return { arguments: {} };
  try {
    let value: unknown = JSON.parse(text);
    // Some models write JSON within JSON.
    if (typeof value === 'string' && value.trimStart().startsWith('{')) value = JSON.parse(value);
    // Some models write `null` for "no arguments".
    if (value === null) return { arguments: {} };
    if (typeof value === 'object' && !Array.isArray(value)) {
      return { arguments: named(value as Record<string, unknown>, tool) };
    }
    // `transfer("sales")`: without names, in the order in which the tool has them.
    const names = propertiesOf(tool);
    const list: readonly unknown[] = Array.isArray(value) ? (value as unknown[]) : [value];
    // `hang_up(None)`
    const values = list.slice(0, list.findLastIndex((one) => one !== null) + 1);
    if (tool && values.length <= names.length) {
      return {
        arguments: Object.fromEntries(values.map((one, at): [string, unknown] => [names[at] ?? '', one])),
      };
    }
  } catch {
    // Quotes of the other kind, a comma too many, a fence around it, the same twice: what is there as a whole is meant.
    const object = lastObject(text);
    if (object) return { arguments: named(object, tool) };
  }
  return { arguments: {}, malformed: text };
}

function propertiesOf(tool: KnownTool | undefined): readonly string[] {
  return Object.keys(tool?.parameters['properties'] ?? {});
}

/** Arguments under the names that the tool gives them: `Target`, `callBack` are its `target`, `call_back`. */
function named(
  given: Readonly<Record<string, unknown>>,
  tool: KnownTool | undefined,
): Record<string, unknown> {
  const names = propertiesOf(tool);
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => {
      const own = names.includes(key)
        ? key
        : names.find((name) => plain(name) === plain(key) && !(name in given));
      return [own ?? key, value];
    }),
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
