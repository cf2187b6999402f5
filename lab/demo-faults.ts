import type { Exchange } from './conversation.ts';
import { recordingOf, type DemoCall } from './demo-calls.ts';

/** A demonstration's call, as far as it is judged. */
export interface JudgedCall {
  readonly answeredAt: number | undefined;
  readonly endReason: string | undefined;
  readonly heard: { readonly firstSpeechAt: number | undefined };
  /** What the other side found wrong with us. */
  readonly complaints?: readonly string[];
}

/** Marks that aren't words, and apologies. */
const UNHEARD = /[*_`#|<>[\]{}\u{1F300}-\u{1FAFF}]|went wrong|technical problem/u;

/** What wasn't as it should be; empty: the call was answered, and all of it understood and replied to. */
export function demoFaults(
  plan: DemoCall,
  call: JudgedCall,
  exchanges: readonly Pick<Exchange, 'replyAt' | 'understood' | 'heardAs' | 'replyText'>[],
  wasTold: boolean,
): string[] {
  const faults: string[] = [];
  const fault = (text: string): void => void faults.push(`${plan.extension}: ${text}`);
  if (call.answeredAt === undefined) {
    fault(`was not answered (${call.endReason ?? 'no reason given'})`);
    return faults;
  }
  for (const complaint of call.complaints ?? []) fault(`the other side complains: ${complaint}`);
  if (call.heard.firstSpeechAt === undefined) fault('nothing was heard');
  if (!wasTold) fault('the agent told nothing of this call');
  plan.turns.forEach(({ name, reply }, i) => {
    const { text } = recordingOf(plan.voice, name);
    const { replyAt, understood, heardAs, replyText } = exchanges[i] ?? {};
    if (replyAt === undefined) fault(`"${text}" got no reply`);
    else if (understood !== true) fault(`"${text}" was not understood (${heardAs ?? 'nothing was heard'})`);
    else if (UNHEARD.test(replyText ?? ''))
      fault(`"${text}" was answered by what nobody should hear: "${replyText ?? ''}"`);
    else if (!reply.test(replyText ?? '')) fault(`"${text}" was answered by "${replyText ?? ''}"`);
  });
  return faults;
}
