import { messageOf } from '../../lib/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { AgentProfile, TransferTarget } from '../contract/agent-profile.ts';
import type { CallInfo } from '../contract/call-info.ts';
import type { CallLine, MessageStore } from '../contract/ports.ts';
import type { ToolCall, ToolSpec } from '../contract/conversation.ts';
import { TOOL } from '../contract/tool-names.ts';
import type { FollowUp } from '../turn/turn-states.ts';

/** Something that a model can do in a call. */
export interface AgentTool extends ToolSpec {
  /** Acts. Throws if it can't: the model is told, the caller stays on the line. */
  run(args: Readonly<Record<string, unknown>>, context: ToolContext): Promise<ToolOutcome>;
}

export interface ToolContext {
  readonly agent: AgentProfile;
  readonly call: CallInfo;
  readonly line: Pick<CallLine, 'sendDtmf'>;
  readonly signal: AbortSignal;
  /** The model's own call of the tool. */
  readonly toolCall: ToolCall;
}

export interface ToolOutcome {
  /** Told to the model, and kept in the history. */
  readonly result: string;
  /** The model must react to the result, though it has said something already. */
  readonly answer?: boolean;
  /** How the call ends, or who is called, once what was said is out. */
  readonly ending?: FollowUp;
}

export type ToolTable = ReadonlyMap<string, AgentTool>;

export function toolTable(tools: readonly AgentTool[]): ToolTable {
  return new Map(tools.map((tool) => [tool.name, tool]));
}

/** Runs what the model asked for. An unknown tool, bad arguments or a failure are results like any other. */
export async function runTool(
  table: ToolTable,
  call: ToolCall,
  context: Omit<ToolContext, 'toolCall'>,
): Promise<ToolOutcome> {
  const tool = table.get(call.name);
  if (!tool) {
    const known = [...table.keys()].join(', ');
    return { result: `error: there is no tool "${call.name}"; there are: ${known}`, answer: true };
  }
  if (call.malformed !== undefined) {
    return { result: `error: the arguments are no JSON object: ${call.malformed}`, answer: true };
  }
  try {
    return await tool.run(call.arguments, { ...context, toolCall: call });
  } catch (error) {
    return { result: `error: ${messageOf(error)}`, answer: true };
  }
}

/** What an agent's model may call if agents.yaml doesn't list it: all that the agent has a use for. */
export function defaultTools(agent: Pick<AgentProfile, 'knowledge' | 'transferTargets'>): string[] {
  return [
    TOOL.hangUp,
    ...(agent.knowledge.departments.length > 0 ? [TOOL.proceed] : []),
    ...(agent.knowledge.takesMessages ? [TOOL.takeMessage] : []),
    ...(agent.transferTargets.length > 0 ? [TOOL.transfer] : []),
  ];
}

/** Those of the standard tools that an agent's model may call. */
export function standardTools(options: {
  readonly agent: AgentProfile;
  readonly messages: MessageStore;
  readonly clock: Pick<Clock, 'wallClock'>;
}): AgentTool[] {
  const { agent, messages, clock } = options;
  const allowed = agent.tools ?? defaultTools(agent);
  const all = [
    hangUp,
    proceed(agent.knowledge.departments.map(({ name }) => name)),
    takeMessage(messages, clock),
    transfer(agent.transferTargets),
    sendDtmf,
  ];
  return all.filter(({ name }) => allowed.includes(name));
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

function transfer(targets: readonly TransferTarget[]): AgentTool {
  const names = targets.map(({ name }) => name);
  const others = targets.filter(({ also }) => also.length > 0);
  return {
    name: TOOL.transfer,
    description: [
      'Calls somebody and connects the caller with them when they answer. Say so first.',
      'If they do not, the caller is back with you: say so, and offer something else.',
      ...others.map(({ name, also }) => `${name} is also called: ${also.join(', ')}.`),
    ].join(' '),
    parameters: {
      type: 'object',
      properties: {
        target: { type: 'string', enum: names },
        ...(targets.some(({ briefing }) => briefing !== undefined) && {
          about: { type: 'string', description: 'what the caller wants, in half a sentence, for the target' },
        }),
      },
      required: ['target'],
    },
    run(args, { toolCall }) {
      const wanted = textOf(args, 'target').toLowerCase();
      const isMeant = ({ name, also }: TransferTarget): boolean =>
        [name, ...also].some((text) => text.toLowerCase() === wanted);
      const target = targets.find(isMeant);
      if (!target) throw new Error(`target must be one of: ${names.join(', ')}`);
      return Promise.resolve({
        result: `${target.name} is called`,
        ending: { way: 'transfer', target, call: toolCall },
      });
    },
  };
}

/** As ARI takes them; a wait is half a second. */
const KEYS = /^[0-9*#A-Da-dw]{1,40}$/;

const sendDtmf: AgentTool = {
  name: TOOL.sendDtmf,
  description: 'Presses keys on the line, for a computer at the other end that asks for them.',
  parameters: {
    type: 'object',
    properties: { digits: { type: 'string', description: '0-9 * # A-D; w is a pause of half a second' } },
    required: ['digits'],
  },
  async run(args, { line }) {
    const digits = textOf(args, 'digits').replace(/\s+/g, '');
    if (!KEYS.test(digits)) throw new Error('digits must be 1 to 40 of: 0-9 * # A-D w');
    await line.sendDtmf(digits);
    return { result: `the keys ${digits} are pressed` };
  },
};

function textOf(args: Readonly<Record<string, unknown>>, key: string): string {
  const value = args[key];
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') throw new TypeError(`${key} must be a text`);
  return value.trim();
}
