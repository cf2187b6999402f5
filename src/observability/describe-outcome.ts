import type { ProviderTrouble } from '../dialog/contract/provider-failures.ts';

/** What was done about it, for people. */
export function describeOutcome(outcome: ProviderTrouble['outcome'], next?: string): string {
  switch (outcome) {
    case 'retried':
      return 'it is asked again';
    case 'fell-back':
      return `${next ?? 'another one'} takes over`;
    case 'skipped':
      return `${next ?? 'another one'} is asked at once`;
    case 'gave-up':
      return 'nobody is left to ask';
  }
}
