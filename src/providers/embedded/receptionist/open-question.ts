import { beginForm } from './message-form.ts';
import { endCall, offerMessage, perform, proceedTo } from './perform.ts';
import { askForMore, say } from './questions.ts';
import { asking, type Reply, type State, type Surroundings } from './state.ts';
import type { Act, Understanding } from './understand.ts';
import { tokens } from '../words.ts';
import { GOODBYE, pick } from './wording.ts';

/** Takes a short answer to the question that stands open; undefined if what was said is no answer to it. */
export function answerQuestion(
  state: State,
  understanding: Understanding,
  text: string,
  around: Surroundings,
): Reply | undefined {
  const { asked } = state;
  if (!asked) return undefined;
  const { base, call } = around;
  const { answer, more, acts } = understanding;
  const yes = answer === 'yes' && !more;
  const no = answer === 'no' && !more && acts.length === 0;
  const refused = answer === 'no' && !more && acts.every(({ kind }) => kind === 'thanks');
  const words = tokens(text);
  const named = (kind: 'service' | 'department'): number | undefined => base.named(words, kind);

  switch (asked.kind) {
    case 'anything-else':
      if (refused) return endCall(state, ['All right.', pick(GOODBYE, state.turns)]);
      return yes ? say(state, ['Sure.', 'What can I do for you?']) : undefined;
    case 'which-service': {
      const index = fits(acts[0]?.kind) ? named('service') : undefined;
      if (index === undefined) return no ? moveOn(state) : undefined;
      const wants = acts[0]?.kind === 'price' ? 'price' : asked.wants;
      const act: Act = wants === 'service' ? { kind: wants, index, yesNo: false } : { kind: wants, index };
      return perform(act, asking(state), around);
    }
    case 'which-department': {
      const department = fits(acts[0]?.kind) ? named('department') : undefined;
      if (department !== undefined) return proceedTo(department, state, around);
      return refused ? moveOn(state) : undefined;
    }
    case 'put-through':
      if (yes) return proceedTo(asked.department, state, around);
      return refused ? moveOn(state) : undefined;
    case 'take-message':
      if (yes) return perform({ kind: 'message', text: '' }, asking(state), around);
      return refused ? moveOn(state) : undefined;
    case 'rescue': {
      const department = named('department');
      if (department !== undefined) return proceedTo(department, state, around);
      if (refused) return moveOn(state);
      if (!yes) return undefined;
      return base.agent.knowledge.takesMessages
        ? beginForm(asking(state), call, '')
        : offerMessage(asking(state), around);
    }
    case 'meant':
      if (yes) return perform(asked.act, asking(state), around);
      return no ? say(state, ['Sorry.', 'What would you like to know?']) : undefined;
    case 'form':
      return undefined;
  }
}

function moveOn(state: State): Reply {
  return askForMore(state, ['All right.']);
}

/** Acts that a bare name is likely to be taken for; anything else is another matter. */
function fits(kind: string | undefined): boolean {
  return (
    kind === undefined || ['service', 'transfer', 'booking', 'price', 'question', 'human'].includes(kind)
  );
}
