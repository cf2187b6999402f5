/** A throw from every kind of callback: it costs the call whose it is, and nobody else anything. */
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LineEvent } from '../../src/dialog/contract/call-info.ts';
import { LatencyTracker } from '../../src/dialog/call/latency-tracker.ts';
import type { Playback } from '../../src/dialog/contract/ports.ts';
import type { SttEvent, VadEvent } from '../../src/dialog/contract/speech.ts';
import type { AgentTool } from '../../src/dialog/reply/agent-tools.ts';
import { RtpMediaGateway } from '../../src/gateways/rtp-media-gateway.ts';
import type { RtpMediaSession } from '../../src/gateways/rtp/rtp-media-session.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { Listeners } from '../../src/lib/listeners.ts';
import { startRecording } from '../../src/observability/recorder.ts';
import { startStasisApp } from '../../src/telephony/asterisk/stasis-app.ts';
import { createTestLog, eventually } from '../support/ari-desk.ts';
import { AriServer, type FakeChannel } from '../support/ari-server.ts';
import { fromOutside, like, openFaultyDesk, type DeskCall, type Faults } from '../support/faulty-desk.ts';
import { programCatchesUncaught } from '../support/uncaught.ts';

vi.setConfig({ testTimeout: 120_000, maxConcurrency: 12 });

const BUG = 'a bug of this test';
const bug = (): never => {
  throw new Error(BUG);
};

let gateway: RtpMediaGateway;
let withdraw: () => void;
let lastPort = 20_000;
/** What was taken to belong to no call. */
const orphans: unknown[] = [];

beforeAll(async () => {
  gateway = await RtpMediaGateway.start({ listenAddress: '127.0.0.1' });
  withdraw = programCatchesUncaught((error) => orphans.push(error));
});
afterAll(async () => {
  withdraw();
  await gateway.close();
  expect(orphans).toEqual([]);
});

interface World {
  readonly server: AriServer;
  readonly victim: DeskCall;
  readonly channel: FakeChannel;
}
type Log = ReturnType<typeof createTestLog>;

/** Two calls side by side, of which one has the fault. Both are greeted, and speak. */
async function twoCalls(
  faults: Faults,
  act: (world: World) => unknown = ({ victim }) => {
    victim.says('go on');
  },
  spoil: (log: Log) => Log = (log) => log,
) {
  const server = new AriServer();
  // No two calls of a media thread may have the same peer.
  server.externalPort = () => (lastPort += 2);
  await server.start();
  const log = createTestLog();
  const office = await openFaultyDesk(faults);
  const app = await startStasisApp({
    server: { name: 'pbx', url: server.url, ...server.credentials, app: 'voice-agent', instance: 'a' },
    desk: office.desk,
    gateway,
    clock: systemClock,
    log: spoil(log),
  });
  try {
    const other = server.call({ exten: '510002' });
    const bystander = await office.call(`pbx/${other.id}`);
    const channel = server.call({ exten: '510001' });
    const victim = await office.call(`pbx/${channel.id}`);
    await Promise.race([victim.has('agent-said'), victim.has('ended')]);
    await act({ server, victim, channel });
    await victim.has('ended');
    // The other one goes on as if nothing had happened.
    await bystander.has('agent-said');
    bystander.says('are you still there');
    await bystander.has('agent-said', 2);
    expect(bystander.said()).toEqual(['Hello.', 'Of course.']);
    server.hangUp(other.id);
    await bystander.has('ended');
    expect(bystander.reason()).toBe('caller-hung-up');
    await eventually('nothing is held any more', () => app.stats().unfinished === 0, 60_000);
    await eventually('all slots are free', () => office.size() === 0);
    expect([...server.bridges.keys()]).toEqual([]);
    expect([...server.channels.values()].filter(({ name }) => name.startsWith('UnicastRTP'))).toEqual([]);
    const bugs = log.lines.filter(
      ({ level, fields }) =>
        level === 'error' && fields['err'] instanceof Error && fields['err'].message === BUG,
    );
    expect(log.lines.filter(({ fields }) => fields['call'] === `pbx/${other.id}`)).toEqual([]);
    return {
      reason: victim.reason(),
      said: victim.said(),
      result: channel.variables['VOICE_AGENT_RESULT'],
      why: channel.variables['VOICE_AGENT_REASON'],
      history: channel.history,
      bugs,
      victim: `pbx/${channel.id}`,
    };
  } finally {
    await app.close();
    await server.stop();
  }
}
type Outcome = Awaited<ReturnType<typeof twoCalls>>;

function expectOneBug({ bugs, victim }: Outcome): void {
  expect(bugs.map(({ fields }) => fields['call'])).toEqual([victim]);
  expect((bugs[0]?.fields['err'] as Error).stack).toMatch(/a-bug-costs-one-call\.test\.ts:\d+/);
}

const inTheDialplan = { reason: 'internal-error', result: 'error', why: 'internal-error' };

function expectApology(outcome: Outcome): void {
  expect(outcome).toMatchObject(inTheDialplan);
  expect(outcome.said.at(-1)).toBe('Sorry.');
  expect(outcome.history.filter((what) => what === 'continued')).toHaveLength(1);
  expectOneBug(outcome);
}

function expectDialplan(outcome: Outcome): void {
  expect(outcome).toMatchObject(inTheDialplan);
  expect(outcome.said).not.toContain('Sorry.');
  expect(outcome.history.filter((what) => what === 'continued')).toHaveLength(1);
  expectOneBug(outcome);
}

/** A tool that starts something which throws when the tool has long returned. */
const later = (start: () => void): Faults => ({
  tool: () => {
    start();
    return Promise.resolve({ result: 'done' });
  },
});

const shared = new Listeners<string>();

const LATER: Readonly<Record<string, () => void>> = {
  'a timer of the clock': () => void systemClock.at(systemClock.now() + 20, bug),
  'a timer of Node': () => void setTimeout(bug, 20),
  'an interval': () => {
    const timer = setInterval(() => {
      clearInterval(timer);
      bug();
    }, 20);
  },
  'an immediate': () => void setImmediate(bug),
  'a microtask': () => {
    queueMicrotask(bug);
  },
  'a next tick': () => {
    process.nextTick(bug);
  },
  'a promise that nobody awaits': () => void systemClock.sleep(20).then(bug),
  'an async function that nobody awaits': () =>
    void (async () => {
      await systemClock.sleep(20);
      bug();
    })(),
  'an emitter of its own': () => {
    const own = new EventEmitter();
    own.on('ring', bug);
    setTimeout(() => own.emit('ring'), 20);
  },
  'a listener at what is shared by all calls': () => {
    const remove = shared.add(() => {
      remove();
      bug();
    });
    fromOutside(() => {
      setTimeout(() => {
        shared.emit('ring');
      }, 20);
    });
  },
  'an HTTP request': () => {
    const server = createServer((_, response) => response.end('x')).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      void fetch(`http://127.0.0.1:${port}`).then(() => {
        server.closeAllConnections();
        server.close();
        bug();
      });
    });
  },
};
const poisoned = <T>(event: Partial<T>): T => new Proxy(event, { get: bug }) as T;

describe.concurrent('a bug in one call', () => {
  it.each(Object.entries(LATER))(
    'in %s, which a tool has started, ends its call with an apology',
    async (_, start) => {
      expectApology(await twoCalls(later(start)));
    },
  );

  it('in the turn machine ends the call with an apology', async () => {
    const tracker = new LatencyTracker();
    let victim = '';
    let broken = true;
    const faulty = like(tracker, {
      start(call, turn, marks) {
        if (call !== victim || !broken) {
          tracker.start(call, turn, marks);
          return;
        }
        broken = false;
        bug();
      },
    });
    const whenAsked: Faults['whenAsked'] = ({ key }) => {
      victim = `${key.server}/${key.channel}`;
    };
    expectApology(await twoCalls({ tracker: faulty, whenAsked }));
  });

  it('in a listener to the line ends the call with an apology', async () => {
    const outcome = await twoCalls(
      {
        line: (line) => {
          line.on((event: LineEvent) => {
            if (event.type === 'dtmf') bug();
          });
          return line;
        },
      },
      ({ server, channel }) => {
        server.tell(channel.id, 'ChannelDtmfReceived', { digit: '5', duration_ms: 100 });
      },
    );
    expectApology(outcome);
  });

  it('in a listener to the media ends the call with an apology', async () => {
    const outcome = await twoCalls(
      {
        media: (media) => {
          media.on(bug);
          return media;
        },
      },
      ({ victim }) => {
        // As the media thread tells it.
        fromOutside(() => {
          (victim.media as RtpMediaSession).onReport({ type: 'dtmf', digit: '5' });
        });
      },
    );
    expectApology(outcome);
  });

  it('in a listener to the voice detector ends the call with an apology', async () => {
    const outcome = await twoCalls({}, ({ victim }) => {
      fromOutside(() => {
        victim.vad.streams.at(-1)?.emit(poisoned<VadEvent>({}));
      });
    });
    expectApology(outcome);
  });

  it('in a listener to the recogniser ends the call with an apology', async () => {
    const outcome = await twoCalls({}, ({ victim }) => {
      fromOutside(() => {
        victim.stt.streams.at(-1)?.emit(poisoned<SttEvent>({}));
      });
    });
    expectApology(outcome);
  });

  it("in a callback that the model's stream has started ends the call with an apology", async () => {
    const outcome = await twoCalls({
      async *llm() {
        setTimeout(bug, 5);
        await systemClock.sleep(50);
        yield { type: 'text', text: 'Of course.' };
      },
    });
    expectApology(outcome);
  });

  it("in a callback that the voice's stream has started ends the call with an apology", async () => {
    const outcome = await twoCalls({
      async *tts() {
        setTimeout(bug, 5);
        await systemClock.sleep(50);
        yield {
          type: 'audio',
          audio: { encoding: 'ulaw', rateHz: 8000, bytes: new Uint8Array(1600).fill(42) },
        };
      },
    });
    expectApology(outcome);
  });

  it('in a call observer ends the call with an apology', async () => {
    const outcome = await twoCalls({
      observe: ({ type }) => {
        if (type === 'caller-said') bug();
      },
    });
    expectApology(outcome);
  });

  it('in an observer of the call’s start sends the caller on in the dialplan', async () => {
    const outcome = await twoCalls({
      observe: ({ type }) => {
        if (type === 'started') bug();
      },
    });
    expectDialplan(outcome);
  });

  it('in the start of a media tap sends the caller on in the dialplan', async () => {
    expectDialplan(await twoCalls({ tap: bug }, () => undefined));
  });

  it('in the end of a media tap is only logged', async () => {
    const outcome = await twoCalls(
      { tap: () => () => Promise.reject(new Error(BUG)) },
      ({ server, channel }) => {
        server.hangUp(channel.id);
      },
    );
    expect(outcome.reason).toBe('caller-hung-up');
    expectOneBug(outcome);
  });

  it('in the recorder ends the call with an apology', async () => {
    const outcome = await twoCalls({
      tap: (_call, _agent, { heard, sent }) => {
        void systemClock
          .sleep(1500)
          .then(() => startRecording({ path: '/nowhere/a.wav', heard, sent, onTrouble: bug }));
        return () => Promise.resolve();
      },
    });
    expectApology(outcome);
  });

  it('at the end of a phrase ends its call with an apology', async () => {
    let first = true;
    const outcome = await twoCalls(
      {
        media: (media) =>
          like(media, {
            play() {
              const playback = media.play();
              if (!first) return playback;
              first = false;
              const finished = playback.finished.then(bug);
              return like<Playback>(playback, { finished });
            },
          }),
      },
      () => undefined,
    );
    expectApology(outcome);
  });

  it('during a transfer sends the caller on in the dialplan', async () => {
    const outcome = await twoCalls({
      tool: (_args, { toolCall }) =>
        Promise.resolve({
          result: 'Bob is called',
          ending: {
            way: 'transfer',
            target: {
              name: 'Bob',
              also: [],
              endpoint: 'PJSIP/bob',
              ringMs: 20_000,
              callerId: 'caller',
              whileRinging: 'ringing',
            },
            call: toolCall,
          },
        } satisfies Awaited<ReturnType<AgentTool['run']>>),
      line: (line) =>
        like(line, {
          transfer(request, signal) {
            setTimeout(bug, 300);
            return line.transfer(request, signal);
          },
        }),
    });
    expectDialplan(outcome);
  });

  it('while the call is being accepted sends the caller on in the dialplan', async () => {
    const outcome = await twoCalls({ whenAsked: () => setImmediate(bug) }, () => undefined);
    expectDialplan(outcome);
  });

  it('in the handler of a channel event sends the caller on in the dialplan', async () => {
    let broken = true;
    const outcome = await twoCalls(
      {},
      ({ server, channel }) => {
        for (const [bridge, members] of server.bridges)
          if (members.has(channel.id)) server.destroyBridge(bridge);
      },
      (log) =>
        like(log, {
          info(fields, message) {
            log.info(fields, message);
            if (message !== 'the call is leaving' || !broken) return;
            broken = false;
            bug();
          },
        }),
    );
    expect(outcome).toMatchObject({ result: 'error', why: 'bridge-destroyed' });
    expect(outcome.history).toContain('continued');
    expectOneBug(outcome);
  });
});

describe.concurrent('a call in which more is broken', () => {
  it('leaves at once when the apology fails, too', async () => {
    const outcome = await twoCalls(
      later(() => {
        setTimeout(bug, 20);
        setTimeout(bug, 120);
      }),
    );
    expect(outcome).toMatchObject(inTheDialplan);
    expect(outcome.said).not.toContain('Sorry.');
    expect(outcome.bugs).toHaveLength(2);
  });

  it('is sent on in the dialplan when its session can do nothing any more', async () => {
    let broken = false;
    const outcome = await twoCalls(
      {
        media: (media) =>
          like(media, {
            play: () => (broken ? bug() : media.play()),
            flush: () => {
              if (broken) bug();
            },
            stats: () => (broken ? bug() : media.stats()),
          }),
      },
      ({ victim }) => {
        broken = true;
        victim.says('go on');
      },
    );
    expect(outcome).toMatchObject(inTheDialplan);
    expect(outcome.history.filter((what) => what === 'continued')).toHaveLength(1);
  });

  it('loses a reply only when its model breaks in the middle of it', async () => {
    const outcome = await twoCalls(
      {
        async *llm() {
          await Promise.resolve();
          bug();
        },
      },
      async ({ victim, server, channel }) => {
        victim.says('go on');
        await victim.has('trouble');
        await victim.has('agent-said', 2);
        server.hangUp(channel.id);
      },
    );
    expect(outcome).toMatchObject({ reason: 'caller-hung-up', said: ['Hello.', 'Pardon.'], bugs: [] });
  });
});
