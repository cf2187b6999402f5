import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icons.tsx';
import { duration, texts } from './texts.ts';
import { colour, theme } from './theme.ts';

export interface PlayerControl {
  /** Milliseconds since the recording began. */
  playFrom(ms: number): void;
}

/** A recording with a waveform of each side, the caller's above. */
export function Player({
  url,
  onReady,
  onTime,
}: {
  readonly url: string;
  readonly onReady: (control: PlayerControl) => void;
  readonly onTime: (ms: number) => void;
}) {
  const t = texts.value;
  const shown = theme.value;
  const place = useRef<HTMLDivElement>(null);
  const [control, setControl] = useState<
    PlayerControl & {
      toggle(): void;
      /** Whether that key means something here. */
      press(key: string): boolean;
    }
  >();
  /** Asked for before there was a player, or while it is drawn anew in other colours. */
  const asked = useRef<number | undefined>(undefined);
  const now = useRef(control);
  now.current = control;
  const [failed, setFailed] = useState(false);
  const [state, setState] = useState({ playing: false, ms: 0, lengthMs: 0 });
  useEffect(() => {
    let destroy = (): void => undefined;
    let wanted = true;
    void import('wavesurfer.js').then(({ default: WaveSurfer }) => {
      if (!place.current || !wanted) return;
      const common = { height: 44, barWidth: 2, barGap: 1, barRadius: 2, cursorWidth: 2 };
      const wave = WaveSurfer.create({
        container: place.current,
        url,
        normalize: true,
        cursorColor: colour('--ink'),
        ...common,
        splitChannels: [
          { ...common, waveColor: colour('--caller'), progressColor: colour('--caller-strong') },
          { ...common, waveColor: colour('--agent'), progressColor: colour('--agent-strong') },
        ],
      });
      destroy = () => {
        setControl(undefined);
        wave.destroy();
      };
      /** Where to go from the place that is being gone to, in seconds: asked for earlier, it would be forgotten. */
      let next: number | undefined;
      const placeMs = (): number => (next ?? wave.getCurrentTime()) * 1000;
      const show = (): void => {
        setState({ playing: wave.isPlaying(), ms: placeMs(), lengthMs: wave.getDuration() * 1000 });
      };
      wave.on('ready', () => {
        show();
        const sound = wave.getMediaElement();
        const goNext = (): void => {
          if (next === undefined || sound?.seeking) return;
          wave.setTime(next);
          next = undefined;
        };
        sound?.addEventListener('seeked', goNext);
        const go = (ms: number): void => {
          next = Math.min(wave.getDuration(), Math.max(0, ms / 1000));
          goNext();
          show();
        };
        const toggle = (): void => void wave.playPause();
        const playFrom = (ms: number): void => {
          go(ms);
          void wave.play();
        };
        const press = (key: string): boolean => {
          const to = keyTarget(key, placeMs(), wave.getDuration() * 1000);
          if (to === 'toggle') toggle();
          else if (to !== undefined) go(to);
          return to !== undefined;
        };
        setControl({ toggle, press, playFrom });
        if (asked.current !== undefined) playFrom(asked.current);
        asked.current = undefined;
      });
      wave.on('error', () => {
        setFailed(true);
      });
      wave.on('play', show);
      wave.on('pause', show);
      wave.on('timeupdate', (seconds) => {
        show();
        onTime(seconds * 1000);
      });
    });
    return () => {
      wanted = false;
      destroy();
    };
  }, [url, shown]);
  useEffect(() => {
    onReady({
      playFrom(ms) {
        if (now.current) now.current.playFrom(ms);
        else asked.current = ms;
      },
    });
  }, []);
  if (failed)
    return (
      <p class="card bad" role="alert">
        {t.unplayable}
      </p>
    );
  return (
    <div class="card player">
      <button
        class="primary round"
        aria-label={state.playing ? t.pause : t.play}
        disabled={!control}
        onClick={() => control?.toggle()}
      >
        <Icon name={state.playing ? 'pause' : 'play'} />
      </button>
      <div
        class="wave"
        role="slider"
        tabIndex={0}
        aria-label={t.place}
        aria-valuemin={0}
        aria-valuemax={Math.round(state.lengthMs / 1000)}
        aria-valuenow={Math.round(state.ms / 1000)}
        aria-valuetext={t.placeOf(duration(state.ms), duration(state.lengthMs))}
        onKeyDown={(event) => {
          if (control?.press(event.key)) event.preventDefault();
        }}
      >
        <div ref={place} aria-hidden="true" />
      </div>
      <span class="player-time">
        {duration(state.ms)} <span class="dim">/ {duration(state.lengthMs)}</span>
      </span>
    </div>
  );
}

const STEP_MS = 5000;

/** Where a key leads in the recording, as on any slider; the space bar plays and pauses. */
function keyTarget(key: string, ms: number, lengthMs: number): number | 'toggle' | undefined {
  switch (key) {
    case 'ArrowRight':
    case 'ArrowUp':
      return ms + STEP_MS;
    case 'ArrowLeft':
    case 'ArrowDown':
      return ms - STEP_MS;
    case 'PageUp':
      return ms + 6 * STEP_MS;
    case 'PageDown':
      return ms - 6 * STEP_MS;
    case 'Home':
      return 0;
    case 'End':
      return lengthMs;
    case ' ':
      return 'toggle';
    default:
      return undefined;
  }
}
