import { signal } from '@preact/signals';
import type { UA } from 'jssip';
import type { DTMF_TRANSPORT } from 'jssip/lib/Constants';
import type { RTCSession } from 'jssip/lib/RTCSession';
import type { PhoneAccount } from '../src/console/protocol.ts';

/** What keeps the telephone from working, by the key of what the page says about it. */
export type Missing =
  'noSecure' | 'noMicrophone' | 'noPermission' | 'noRegistration' | 'noAsterisk' | undefined;

export type PhoneState =
  | { readonly is: 'off' | 'registering' | 'ready' }
  /** `at`: when it was answered, as performance.now() has it; undefined: it rings. */
  | { readonly is: 'in-call'; readonly number: string; readonly at?: number; readonly muted: boolean };

export const phone = signal<PhoneState>({ is: 'off' });
export const missing = signal<Missing>(undefined);
/** Why the last call ended, if not because somebody hung up. */
export const lastFailure = signal<string | undefined>(undefined);
/** Levels of this side and the far one, dBov. */
export const phoneLevels = signal<{ readonly you: number; readonly far: number }>({ you: -127, far: -127 });

const LEVELS_MS = 100;
const RETRY_S = 2;

let ua: UA | undefined;
let keysByRtp: DTMF_TRANSPORT | undefined;
let call: RTCSession | undefined;
const far = new Audio();

/** Registers at Asterisk, over the console's own origin; once. */
export async function openPhone({ username, password }: PhoneAccount): Promise<void> {
  if (!window.isSecureContext) {
    missing.value = 'noSecure';
    return;
  }
  if (ua) return;
  phone.value = { is: 'registering' };
  const { default: JsSip } = await import('jssip');
  keysByRtp = JsSip.C.DTMF_TRANSPORT.RFC2833;
  const socket = new JsSip.WebSocketInterface(`${location.origin.replace(/^http/, 'ws')}/sip`);
  ua = new JsSip.UA({
    sockets: [socket],
    uri: `sip:${username}@${location.hostname}`,
    password,
    session_timers: false,
    connection_recovery_min_interval: RETRY_S,
    connection_recovery_max_interval: RETRY_S * 4,
  });
  ua.on('registered', () => {
    missing.value = undefined;
    if (phone.value.is !== 'in-call') phone.value = { is: 'ready' };
  });
  ua.on('registrationFailed', () => {
    missing.value = 'noRegistration';
  });
  ua.on('disconnected', () => {
    missing.value = 'noAsterisk';
    if (phone.value.is === 'ready') phone.value = { is: 'registering' };
  });
  ua.start();
}

// Who leaves the page has hung up.
window.addEventListener('pagehide', () => {
  ua?.stop();
  ua = undefined;
  phone.value = { is: 'off' };
});

/** Calls a number with this microphone; '' is the standard one. */
export async function dial(number: string, microphone: string, speaker: string): Promise<void> {
  if (!ua || phone.value.is !== 'ready') return;
  lastFailure.value = undefined;
  phone.value = { is: 'in-call', number, muted: false };
  const stream = await openMicrophone(microphone);
  if (!stream) {
    phone.value = { is: 'ready' };
    return;
  }
  if (speaker !== '' && 'setSinkId' in far) await far.setSinkId(speaker).catch(() => undefined);
  const stopLevels = watchLevels(stream);
  const over = (): void => {
    stopLevels();
    for (const track of stream.getTracks()) track.stop();
    far.srcObject = null;
    call = undefined;
    phone.value = ua?.isRegistered() === true ? { is: 'ready' } : { is: 'registering' };
  };
  call = ua.call(`sip:${number}@${location.hostname}`, {
    mediaStream: stream,
    pcConfig: { iceServers: [] },
    rtcOfferConstraints: { offerToReceiveAudio: true, offerToReceiveVideo: false },
    eventHandlers: {
      accepted: () => {
        phone.value = { is: 'in-call', number, at: performance.now(), muted: false };
      },
      ended: over,
      failed: ({ cause }) => {
        lastFailure.value = cause;
        over();
      },
    },
  });
  call.connection.addEventListener('track', ({ track, streams }) => {
    const sound = streams[0] ?? new MediaStream([track]);
    far.srcObject = sound;
    void far.play();
    stopLevels.add(sound);
  });
}

export function hangUp(): void {
  call?.terminate();
}

export function press(key: string): void {
  // In the sound's stream: of SIP INFO, JsSIP's own choice, Asterisk takes no notice where the stream has keys.
  if (keysByRtp) call?.sendDTMF(key, { transportType: keysByRtp });
}

export function setMuted(muted: boolean): void {
  if (phone.value.is !== 'in-call') return;
  if (muted) call?.mute({ audio: true });
  else call?.unmute({ audio: true });
  phone.value = { ...phone.value, muted };
}

/** Undefined: there is none, and `missing` says why. */
async function openMicrophone(deviceId: string): Promise<MediaStream | undefined> {
  try {
    const audio = {
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
      ...(deviceId !== '' && { deviceId: { exact: deviceId } }),
    };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    missing.value = undefined;
    return stream;
  } catch (error) {
    missing.value = (error as DOMException).name === 'NotAllowedError' ? 'noPermission' : 'noMicrophone';
    return undefined;
  }
}

/** Shows the level of one's own sound and of what is added, until it is called. */
function watchLevels(you: MediaStream): (() => void) & { add(far: MediaStream): void } {
  const context = new AudioContext();
  const meter = (stream: MediaStream): (() => number) => {
    const analyser = context.createAnalyser();
    analyser.fftSize = 2048;
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    return () => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      return power === 0 ? -127 : 10 * Math.log10(power);
    };
  };
  const ours = meter(you);
  let theirs = (): number => -127;
  const timer = setInterval(() => {
    phoneLevels.value = { you: ours(), far: theirs() };
  }, LEVELS_MS);
  const stop = (): void => {
    clearInterval(timer);
    void context.close();
    phoneLevels.value = { you: -127, far: -127 };
  };
  return Object.assign(stop, {
    add(stream: MediaStream) {
      theirs = meter(stream);
    },
  });
}
