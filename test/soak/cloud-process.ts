/** The cloud of a soak, in a process of its own (fork-apart.ts): its protocols and its delays, and what it says is scripted. */
import { startEmulatedCloud } from '../support/provider-servers/emulated-cloud.ts';
import { testVoice, type Speech, type Synthesise } from '../support/provider-servers/test-voice.ts';
import type { CloudCommand, CloudTold } from './cloud.ts';

/** What a server has seen is kept for tests; thousands of calls of it would be gigabytes. */
const FORGET_MS = 5000;

const cloud = await startEmulatedCloud({
  stt: { updates: false, transcribe: () => 'When are you open on Saturday?' },
  think: () => ({ text: 'Of course. On Saturday we are open from nine to twelve.' }),
  tts: { synthesise: remembered(testVoice) },
});

setInterval(() => {
  const { groq, cartesia } = cloud;
  for (const list of [groq.chats, groq.chatHeaders, groq.transcriptions]) list.length = 0;
  const open = cartesia.seen.filter((socket) => socket.open);
  cartesia.seen.splice(0, Infinity, ...open);
  for (const { texts, audioBytes } of open) texts.length = audioBytes.length = 0;
}, FORGET_MS);

const tell = (told: CloudTold): void => {
  process.send?.(told);
};

process.on('message', ({ type, server }: CloudCommand) => {
  void cloud[server][type]().then(() => {
    tell({ type: 'done' });
  });
});
process.on('disconnect', () => process.exit(0));
tell({ type: 'ready', environment: cloud.environment });

/** The same words sound the same, and are made once. */
function remembered(synthesise: Synthesise): Synthesise {
  const known = new Map<string, Speech | Promise<Speech>>();
  return (request) => {
    const key = JSON.stringify(request);
    const speech = known.get(key) ?? synthesise(request);
    known.set(key, speech);
    return speech;
  };
}
