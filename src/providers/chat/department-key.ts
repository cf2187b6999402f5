import type { LlmEvent, ReplyRequest } from '../../dialog/contract/conversation.ts';
import { TOOL } from '../../dialog/contract/tool-names.ts';
import { languageOf } from '../../dialog/language/known-languages.ts';

/**
 * What comes of a key that stands for a department: the caller is put through, whatever a model would make of it.
 * Undefined: the caller has pressed no such key, or can't be put through.
 */
export function departmentOfKey({ agent, history, tools = [] }: ReplyRequest): LlmEvent[] | undefined {
  const last = history.at(-1);
  if (last?.role !== 'caller' || last.via !== 'dtmf') return undefined;
  const department = agent.knowledge.departments.find(({ digit }) => digit === last.text);
  if (!department || !tools.some(({ name }) => name === TOOL.proceed)) return undefined;
  const text = agent.phrases?.oneMoment ?? languageOf(agent.language).phrases.oneMoment;
  const call = {
    id: `key-${history.length}`,
    name: TOOL.proceed,
    arguments: { department: department.name },
  };
  return [...(text === undefined ? [] : [{ type: 'text' as const, text }]), { type: 'tool', call }];
}
