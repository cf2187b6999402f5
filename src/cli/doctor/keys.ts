import type { Config } from '../../config.ts';
import { messageOf } from '../../lib/errors.ts';
import { CARTESIA } from '../../providers/cartesia/cartesia-section.ts';
import { GROQ } from '../../providers/groq/groq-section.ts';
import { OPENAI_COMPATIBLE } from '../../providers/openai/openai-section.ts';
import type { Finding, Tell } from './finding.ts';

const KEY_MS = 5000;

/** What asks a provider something that costs nothing, and needs the key. */
interface Question {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The model that should be on the list that comes. */
  readonly model?: string;
}

/** Whether the providers that agents use take their keys, without spending anything. */
export async function lookAtKeys({ providers }: Config, tell: Tell): Promise<void> {
  const used = new Set(
    Object.values(providers.byAgent)
      .flatMap((choice) => Object.values(choice))
      .flatMap(({ names }) => names),
  );
  const groq = GROQ.in(providers.settings);
  const cartesia = CARTESIA.in(providers.settings);
  const openaiCompatible = OPENAI_COMPATIBLE.in(providers.settings);
  const bearer = (key: string | undefined): Record<string, string> =>
    key === undefined ? {} : { authorization: `Bearer ${key}` };
  const base = groq.baseUrl.replace(/\/+$/, '').replace(/\/openai\/v1$/, '');
  const questions: [name: string, wanted: boolean, question: Question][] = [
    [
      'Groq',
      used.has('groq') || used.has('groq-whisper'),
      { url: `${base}/openai/v1/models`, headers: bearer(groq.apiKey), model: groq.model },
    ],
    [
      'Cartesia',
      used.has('cartesia'),
      {
        url: `${cartesia.baseUrl.replace(/\/+$/, '')}/voices?limit=1`,
        headers: { ...bearer(cartesia.apiKey), 'cartesia-version': '2026-08-14' },
      },
    ],
    [
      `the language model's server`,
      used.has('openai-compatible'),
      {
        url: `${openaiCompatible.baseUrl.replace(/\/+$/, '')}/models`,
        headers: bearer(openaiCompatible.apiKey),
        model: openaiCompatible.model,
      },
    ],
  ];
  const asked = questions.filter(([, wanted]) => wanted);
  if (asked.length === 0) tell({ state: 'ok', text: 'no agent uses a provider that needs a key' });
  for (const [name, , question] of asked) tell(await ask(name, question));
}

async function ask(name: string, { url, headers, model }: Question): Promise<Finding> {
  let answer: Response;
  let body: string;
  try {
    answer = await fetch(url, { headers, signal: AbortSignal.timeout(KEY_MS) });
    body = await answer.text();
  } catch (error) {
    const cause = error instanceof Error && error.cause ? ` (${messageOf(error.cause)})` : '';
    return {
      state: 'bad',
      text: `${name} can't be reached at ${new URL(url).origin}: ${messageOf(error)}${cause}`,
      remedy:
        'does this machine reach the internet, and is the address right? Calls go on with the next provider on the list, if there is one',
    };
  }
  if (answer.status === 401 || answer.status === 403)
    return {
      state: 'bad',
      text: `${name} refuses the key (${answer.status})`,
      remedy: 'make a new one there, and set it: docs/cloud-providers.md',
    };
  if (!answer.ok)
    return {
      state: 'warning',
      text: `${name} answers ${answer.status} when it is asked what it has`,
      remedy: 'not every server has such a list: try a call',
    };
  if (model !== undefined && !body.includes(JSON.stringify(model)))
    return {
      state: 'warning',
      text: `${name} takes the key, but doesn’t list the model "${model}"`,
      remedy: 'choose one of its list in providers.yaml',
    };
  return { state: 'ok', text: `${name} takes the key${model === undefined ? '' : `, and has ${model}`}` };
}
