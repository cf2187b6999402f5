import { systemClock } from '../../../lib/clock.ts';
import type { Provider } from '../../provider.ts';
import { createReceptionist, RECEPTIONIST_LANGUAGES } from './receptionist.ts';

export const receptionist: Provider<'llm'> = {
  part: 'llm',
  name: 'receptionist',
  languages: RECEPTIONIST_LANGUAGES,
  rank: 100,
  open: () => Promise.resolve(createReceptionist({ clock: systemClock })),
};
