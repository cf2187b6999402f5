/** One thing that was looked at. */
export interface Finding {
  readonly state: 'ok' | 'warning' | 'bad';
  /** What was found. */
  readonly text: string;
  /** What to do about it. */
  readonly remedy?: string;
}

export type Tell = (finding: Finding) => void;
