import { messageOf } from '../lib/errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { AgentProfile, CallInfo, MessageStore, ToolCall, ToolSpec } from './ports.ts';
import { TOOL } from './tool-names.ts';
import type { Ending } from './turn-states.ts';

/** Something that a model can do in a call. */
export interface AgentTool extends ToolSpec {
  /** Acts. Throws if it can't: the model is told, the caller stays on the line. */
  run(args: Readonly<Record<string, unknown>>, context: ToolContext): Promise<ToolOutcome>;
}

export interface ToolContext {
  readonly agent: AgentProfile;
  readonly call: CallInfo;
  readonly signal: AbortSignal;
}

export interface ToolOutcome {
  /** Told to the model, and kept in the history. */
  readonly result: string;
  /** The model must react to the result, though it has said something already. */
  readonly answer?: boolean;
  /** The call ends so, once what was said is out. */
  readonly ending?: Ending;
}

export type ToolTable = ReadonlyMap<string, AgentTool>;

export function toolTable(tools: readonly AgentTool[]): ToolTable {
  return new Map(tools.map((tool) => [tool.name, tool]));
}

/** Runs what the model asked for. An unknown tool, bad arguments or a failure are results like any other. */
export async function runTool(table: ToolTable, call: ToolCall, context: ToolContext): Promise<ToolOutcome> {
  const tool = table.get(call.name);
  if (!tool) {
    const known = [...table.keys()].join(', ');
    return { result: `error: there is no tool "${call.name}"; there are: ${known}`, answer: true };
  }
  if (call.malformed !== undefined) {
    return { result: `error: the arguments are no JSON object: ${call.malformed}`, answer: true };
  }
  try {
    return await tool.run(call.arguments, context);
  } catch (error) {
    return { result: `error: ${messageOf(error)}`, answer: true };
  }
}

/** The tools that every agent has: ends the call, lets the caller go on in the dialplan, takes a message. */
export function standardTools(options: {
  readonly agent: AgentProfile;
  readonly messages: MessageStore;
  readonly clock: Pick<Clock, 'wallClock'>;
}): AgentTool[] {
  const { knowledge } = options.agent;
  const tools = [hangUp];
  if (knowledge.departments.length > 0) tools.push(proceed(knowledge.departments.map(({ name }) => name)));
  if (knowledge.takesMessages) tools.push(takeMessage(options.messages, options.clock));
  return tools;
}

const hangUp: AgentTool = {
  name: TOOL.hangUp,
  description: 'Ends the call. Say goodbye first.',
  parameters: { type: 'object', properties: {} },
  run: () =>
    Promise.resolve({ result: 'the call ends', ending: { reason: 'agent-hung-up', way: 'hang-up' } }),
};

function proceed(departments: readonly string[]): AgentTool {
  return {
    name: TOOL.proceed,
    description: 'Puts the caller through to a department. Say so first.',
    parameters: {
      type: 'object',
      properties: { department: { type: 'string', enum: departments } },
      required: ['department'],
    },
    run(args) {
      const wanted = textOf(args, 'department').toLowerCase();
      const department = departments.find((name) => name.toLowerCase() === wanted);
      if (department === undefined) throw new Error(`department must be one of: ${departments.join(', ')}`);
      const variables = { VOICE_AGENT_RESULT: 'transfer', VOICE_AGENT_DEPARTMENT: department };
      return Promise.resolve({
        result: `the caller is put through to ${department}`,
        ending: { reason: 'transfer', way: 'proceed', variables },
      });
    },
  };
}

function takeMessage(messages: MessageStore, clock: Pick<Clock, 'wallClock'>): AgentTool {
  return {
    name: TOOL.takeMessage,
    description: "Stores the caller's message. Ask for the name and the telephone number first.",
    parameters: {
      type: 'object',
      properties: {
        name: { type: 'string' },
        number: { type: 'string', description: 'telephone number, digits only' },
        text: { type: 'string' },
      },
      required: ['name', 'number', 'text'],
    },
    async run(args, { agent, call }) {
      const [name, number, text] = ['name', 'number', 'text'].map((key) => textOf(args, key));
      await messages.keep({
        agent: agent.id,
        call,
        takenAt: clock.wallClock(),
        name: name ?? '',
        number: number ?? '',
        text: text ?? '',
      });
      return { result: 'the message is stored' };
    },
  };
}

function textOf(args: Readonly<Record<string, unknown>>, key: string): string {
  const value = args[key];
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') throw new TypeError(`${key} must be a text`);
  return value.trim();
}
