import { signal } from '@preact/signals';
import type { FromPage, Levels, OutOfUse, Packets, RunningCall, ToPage } from '../src/console/protocol.ts';
import { agentAway, stillThere } from './api.ts';
import { callsAfter } from './calls-after.ts';
import { ListenIn } from './listen-in.ts';

/** The calls that run, and the last few that did while the page was open. */
export const calls = signal<readonly RunningCall[]>([]);
export const levels = signal<Readonly<Record<string, Levels>>>({});
export const packets = signal<Readonly<Record<string, Packets>>>({});
/** Providers that nobody asks at present. */
export const outOfUse = signal<readonly OutOfUse[]>([]);
/** The call that is listened in to. */
export const listening = signal<string | undefined>(undefined);

const AGAIN_MS = 2000;

let socket: WebSocket | undefined;
/** The agent's clock when this page's shows 0. */
let clockOffset = 0;
let sound: ListenIn | undefined;

/** How long a running call has lasted. */
export function elapsed({ origin, record }: RunningCall): number {
  return record.ended?.durationMs ?? agentNow() - origin;
}

/** What the agent's clock shows. */
export function agentNow(): number {
  return performance.now() + clockOffset;
}

/** Watches from now on, and again whenever the connection was lost. Returns how to end it. */
export function watchCalls(): () => void {
  let wanted = true;
  let timer = 0;
  const connect = (): void => {
    socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/stream`);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      agentAway.value = false;
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') take(JSON.parse(data) as ToPage);
      else sound?.play(new Int16Array(data));
    };
    socket.onclose = () => {
      if (!wanted) return;
      stopSound();
      void stillThere().then((there) => {
        agentAway.value = !there;
        if (wanted) timer = window.setTimeout(connect, AGAIN_MS);
      });
    };
  };
  connect();
  return () => {
    wanted = false;
    clearTimeout(timer);
    stopSound();
    socket?.close();
  };
}

/** Both sides of a call, in this browser; null: no more. */
export function listenIn(call: string | null): void {
  // Browsers give sound only to what was pressed: now.
  if (call !== null) sound ??= new ListenIn();
  socket?.send(JSON.stringify({ listen: call } satisfies FromPage));
}

function take(news: ToPage): void {
  calls.value = callsAfter(calls.value, news);
  switch (news.type) {
    case 'running':
      clockOffset = news.now - performance.now();
      outOfUse.value = news.outOfUse;
      break;
    case 'providers':
      outOfUse.value = news.outOfUse;
      break;
    case 'levels':
      levels.value = news.levels;
      break;
    case 'packets':
      packets.value = news.packets;
      break;
    case 'listening':
      listening.value = news.call;
      if (news.call === undefined) stopSound();
      else sound?.begin(news.rateHz);
  }
}

function stopSound(): void {
  sound?.close();
  sound = undefined;
  listening.value = undefined;
}
