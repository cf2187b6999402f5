import { TOOL } from '../../../dialog/contract/tool-names.ts';
import type { AgentProfile } from '../../../dialog/contract/agent-profile.ts';

const seen = new WeakMap<AgentProfile, AgentProfile>();

/**
 * The agent as the receptionist sees it, limited to the tools that it is allowed. Transfer targets are listed among
 * the departments and replace a department of the same name; what needs a tool that isn't allowed is left out.
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
