import type { AriApplication } from './ari-model.ts';
import type { ObjectIds } from './object-ids.ts';

/**
 * Whether a Stasis app's name can be registered. Asterisk lets a second consumer take it over without
 * a word, and doesn't tell whether there is one. But in time it forgets an app that has neither a
 * consumer nor a channel or bridge (see app-claim.ts), so
 *
 * - unknown to Asterisk: free;
 * - known and empty, after Asterisk was made to forget: only a consumer keeps it, so somebody has it;
 * - known, with objects of this instance: what an earlier run left behind when it died;
 * - known, with objects of another instance of this app: that one has it;
 * - known, with other channels only: callers who wait for a consumer that died.
 */
export type NameState = 'free' | 'left-behind' | 'taken';

export function nameStateOf(application: AriApplication | undefined, ids: ObjectIds): NameState {
  if (!application) return 'free';
  const objects = [...application.channels, ...application.bridges];
  if (objects.length === 0) return 'taken';
  if (objects.some((id) => ids.owns(id))) return 'left-behind';
  return objects.some((id) => ids.ownedByApp(id)) ? 'taken' : 'left-behind';
}
