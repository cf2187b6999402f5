import { beginForm } from './message-form.ts';
import { endCall, offerMessage, perform, proceedTo } from './perform.ts';
import { asking, type Reply, type State, type Surroundings } from './state.ts';
import type { Understanding } from './understand.ts';
import { tokens } from '../words.ts';
import { ANYTHING_ELSE, GOODBYE, pick } from './wording.ts';

/** What counts as naming one of the offered things, when one of them was asked for. */
const NAMED = 0.4;

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

  switch (asked.kind) {
    case 'anything-else':
      if (refused) return endCall(state, ['All right.', pick(GOODBYE, state.turns)]);
      return yes ? { sentences: ['Sure.', 'What can I do for you?'], state: asking(state) } : undefined;
    case 'which-service': {
      const best = base.match(words, ['service'])[0];
      if (!best || best.score < NAMED || !fits(acts[0]?.kind)) return no ? moveOn(state) : undefined;
      const { index } = best.topic;
      const act =
        asked.wants === 'service'
          ? ({ kind: 'service', index, yesNo: false } as const)
          : ({ kind: asked.wants, index } as const);
      return perform(acts[0]?.kind === 'price' ? { kind: 'price', index } : act, asking(state), around);
    }
    case 'which-department': {
      const best = base.match(words, ['department'])[0];
      if (best && best.score >= NAMED && fits(acts[0]?.kind))
        return proceedTo(best.topic.index, state, around);
      return refused ? moveOn(state) : undefined;
    }
    case 'put-through':
      if (yes) return proceedTo(asked.department, state, around);
      return refused ? moveOn(state) : undefined;
    case 'take-message':
      if (yes) return perform({ kind: 'message', text: '' }, asking(state), around);
      return refused ? moveOn(state) : undefined;
    case 'rescue': {
      const best = base.match(words, ['department'])[0];
      if (best && best.score >= NAMED) return proceedTo(best.topic.index, state, around);
      if (refused) return moveOn(state);
      if (!yes) return undefined;
      return base.agent.knowledge.takesMessages
        ? beginForm(asking(state), call, '')
        : offerMessage(asking(state), around);
    }
    case 'meant':
      if (yes) return perform(asked.act, asking(state), around);
      return no ? { sentences: ['Sorry.', 'What would you like to know?'], state: asking(state) } : undefined;
    case 'form':
      return undefined;
  }
}

function moveOn(state: State): Reply {
  return {
    sentences: ['All right.', pick(ANYTHING_ELSE, state.turns)],
    state: asking(state, { kind: 'anything-else' }),
  };
}

/** Acts that a bare name is likely to be taken for; anything else is another matter. */
function fits(kind: string | undefined): boolean {
  return (
    kind === undefined || ['service', 'transfer', 'booking', 'price', 'question', 'human'].includes(kind)
  );
}
