import type { StageTimes } from '../src/dialog/call/latency-tracker.ts';
import type { TurnMarks } from '../src/dialog/contract/call-events.ts';

export type Stages = Partial<StageTimes>;

const SHOWN = ['pause', 'stt', 'llm', 'tts', 'send'] as const;
type Shown = (typeof SHOWN)[number];

export interface Bar {
  readonly stage: Shown;
  readonly from: number;
  readonly ms: number;
  /** It isn't over. */
  readonly runs?: boolean;
}

/**
 * Where each stage lies, from the caller's last voiced packet on. The record has their lengths: the language model begins when
 * the turn is certain, or before by what an early start has saved; speech and sending end with the first packet.
 */
export function barsOf({ total, pause, stt, llm, tts, send, saved }: Stages): readonly Bar[] {
  if (total === undefined) return [];
  const certain = Math.min(pause ?? 0, total);
  const audio = total - (send ?? 0);
  const asked = saved === undefined ? certain : Math.max(0, Math.min(certain, audio) - saved);
  const bars: Record<Shown, readonly [from: number, ms: number | undefined]> = {
    pause: [0, pause],
    stt: [Math.max(0, asked - (stt ?? 0)), stt],
    llm: [asked, llm],
    tts: [Math.max(0, audio - (tts ?? 0)), tts],
    send: [audio, send],
  };
  return SHOWN.flatMap((stage) => {
    const [from, ms] = bars[stage];
    return ms === undefined ? [] : [{ stage, from, ms: Math.min(ms, total - from) }];
  });
}

/** Where each stage of a reply that isn't there yet lies; what isn't over lasts until `now`. Pure. */
export function barsSoFar(marks: TurnMarks, now: number): readonly Bar[] {
  const {
    speechEnd,
    sttStart,
    sttFinal,
    turnEnd,
    llmStart,
    llmFirstToken,
    ttsStart,
    ttsFirstAudio,
    firstPacket,
  } = marks;
  if (speechEnd === undefined) return [];
  const bar = (stage: Shown, from: number | undefined, to: number | undefined): Bar[] =>
    from === undefined
      ? []
      : [
          {
            stage,
            from: Math.max(0, from - speechEnd),
            ms: Math.max(0, (to ?? now) - Math.max(from, speechEnd)),
            ...(to === undefined && { runs: true }),
          },
        ];
  // A recogniser that isn't asked tells by itself, or not at all.
  const asked = sttStart ?? (sttFinal === undefined ? undefined : speechEnd);
  return [
    ...bar('pause', speechEnd, turnEnd),
    ...bar('stt', asked, sttFinal ?? llmStart),
    ...bar('llm', llmStart, llmFirstToken ?? ttsStart),
    ...bar('tts', ttsStart, ttsFirstAudio ?? firstPacket),
    ...bar('send', ttsFirstAudio, firstPacket),
  ];
}
