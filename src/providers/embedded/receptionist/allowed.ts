import { TOOL } from '../../../dialog/contract/tool-names.ts';
import type { AgentProfile } from '../../../dialog/contract/agent-profile.ts';

const seen = new WeakMap<AgentProfile, AgentProfile>();

/**
 * The agent as the receptionist sees it, by the tools that it is allowed: those whom it may call stand
 * among the departments, in the place of one of the same name; what it may not do, it doesn't know of.
 */
export function asAllowed(agent: AgentProfile): AgentProfile {
  const known = seen.get(agent);
  if (known) return known;
  const may = (tool: string): boolean => agent.tools?.includes(tool) ?? true;
  const { knowledge, transferTargets } = agent;
  const targets = may(TOOL.transfer) ? transferTargets : [];
  const departments = may(TOOL.proceed) ? knowledge.departments : [];
  const same = (name: string) => (other: { readonly name: string }) =>
    other.name.toLowerCase() === name.toLowerCase();
  const allowed: AgentProfile = {
    ...agent,
    transferTargets: targets,
    knowledge: {
      ...knowledge,
      departments: [
        ...departments.map((department) => {
          const target = targets.find(same(department.name));
          return target
            ? { ...department, name: target.name, also: [...department.also, ...target.also] }
            : department;
        }),
        ...targets
          .filter(({ name }) => !departments.some(same(name)))
          .map(({ name, also }) => ({ name, also })),
      ],
      takesMessages: knowledge.takesMessages && may(TOOL.takeMessage),
    },
  };
  seen.set(agent, allowed);
  return allowed;
}
