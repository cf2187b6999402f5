/** Far more callers than the agent may take: each is answered, by the agent or with words that nobody is free. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Sipp, type SippTold } from '../soak/sipp.ts';
import { report, RunningAgent } from '../support/running-agent.ts';

const LIMIT = 5;
const CALLS = 300;
const PER_SECOND = 40;
/** Longer than the words for those who are refused. */
const TALK_MS = 10_000;

// Only when it is asked for, until it has been seen to be steady: SOAK=1 npx vitest run --project e2e test/e2e/overload.test.ts
it.runIf(process.env['SOAK'] === '1')(
  'Of 300 callers, 40 a second, five are served at a time and all others are told so: none is lost',
  async () => {
    const lab = await RunningAgent.start({ environment: { VOICE_AGENT_MAX_CALLS: String(LIMIT) } });
    onTestFinished(() => lab.stop());
    const { asterisk, agent } = lab;
    // They listen all at one port, and say nothing.
    const sound = createSocket('udp4');
    sound.bind(0, asterisk.host);
    await once(sound, 'listening');
    onTestFinished(() => {
      sound.close();
    });

    const told: SippTold[] = [];
    const sipp = await Sipp.start({
      folder: join(lab.folder, 'sipp'),
      server: asterisk,
      account: 'softphone1',
      password: asterisk.secrets.softphone1,
      calls: Array.from({ length: CALLS }, (_, call) => ({
        ...{ call, extension: '510001', talkMs: TALK_MS, rtpPort: sound.address().port },
      })),
      ...{ atOnce: CALLS, perSecond: PER_SECOND },
      onTold: (one) => told.push(one),
    });
    const { complaints } = await sipp.ended;
    const count = (what: SippTold['what']): number => told.filter((one) => one.what === what).length;
    const answers = told
      .filter(({ what }) => what === 'answered')
      .map(({ call, at }) => at - (told.find((one) => one.what === 'called' && one.call === call)?.at ?? at))
      .sort((a, b) => a - b);
    report(
      `${count('answered')} of ${CALLS} answered, the slowest after ${answers.at(-1) ?? NaN} ms; ` +
        `${count('hung-up')} served to their end, ${count('left')} told that all are busy`,
    );
    expect(complaints).toMatch(/^(The following events occurred:\s*)?$/);
    expect(count('answered')).toBe(CALLS);
    // Who is served hangs up; who is refused is hung up on, when everything has been said.
    expect(count('hung-up')).toBeGreaterThanOrEqual(LIMIT);
    expect(count('hung-up') + count('left')).toBe(CALLS);

    const ended = [...agent.events.calls.values()].flatMap(({ events }) => events.map(({ event }) => event));
    const reasons = ended.flatMap((event) => (event.type === 'ended' ? [event.reason] : []));
    expect(reasons).toHaveLength(CALLS);
    expect(new Set(reasons)).toEqual(new Set(['busy', 'caller-hung-up']));
    expect(await asterisk.channels()).toEqual([]);
    expect(await asterisk.bridges()).toEqual([]);
  },
);
