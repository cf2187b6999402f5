import type { Config } from '../../config.ts';
import { messageOf } from '../../lib/errors.ts';
import { pocketsphinx } from '../../providers/embedded/stt/pocketsphinx-provider.ts';
import type { PocketsphinxOptions } from '../../providers/embedded/stt/pocketsphinx.ts';
import type { Tell } from './finding.ts';

/** Whether the embedded recogniser, where agents use it, finds its library and model: the package only recommends them. */
export async function lookAtRecogniser(
  { providers }: { readonly providers: Pick<Config['providers'], 'byAgent'> },
  tell: Tell,
  place: PocketsphinxOptions = {},
): Promise<void> {
  const choices = Object.values(providers.byAgent).map(({ stt }) => stt.names);
  if (!choices.some((names) => names.includes(pocketsphinx.name))) return;
  try {
    const { loadPocketsphinx } = await import('../../providers/embedded/stt/pocketsphinx.ts');
    loadPocketsphinx(place);
    tell({ state: 'ok', text: 'the embedded recogniser has its library and its model' });
  } catch (error) {
    // Where it only takes another's place, calls are heard without it.
    const isFirst = choices.some(([first]) => first === pocketsphinx.name);
    tell({
      state: isFirst ? 'bad' : 'warning',
      text: messageOf(error),
      remedy: 'install them, or set the key of a cloud recogniser (docs/cloud-providers.md)',
    });
  }
}
