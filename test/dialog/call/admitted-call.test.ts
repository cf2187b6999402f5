import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/dialog/contract/conversation.ts';
import type { MediaSession } from '../../../src/dialog/contract/ports.ts';
import { ScriptedCall } from '../../support/scripted-call.ts';

const DRAINED = { reason: 'draining', way: 'proceed', variables: {} } as const;

describe('a call that an earlier run of the program has left', () => {
  it('has what was said then in what its model is asked', async () => {
    const earlier: Message[] = [
      { role: 'caller', text: 'do you open on mondays', via: 'speech' },
      { role: 'agent', text: 'On Mondays we', interrupted: true },
    ];
    const call = await ScriptedCall.greeted({ earlier });
    await call.exchange('and on tuesdays');
    expect(call.llm.requests[0]?.history.slice(0, 2)).toEqual(earlier);
    expect(call.llm.requests[0]?.history.at(-1)).toMatchObject({ text: 'and on tuesdays' });
  });
});

describe('a call that was admitted, before its session is made', () => {
  it('ends once, with its reason, when it is abandoned', () => {
    const call = ScriptedCall.admitted();
    call.session.abandon('caller-hung-up');
    call.session.abandon('media-failed');
    expect(call.of('ended').map(({ reason }) => reason)).toEqual(['caller-hung-up']);
  });

  it('remembers that it was finished: abandoned later, that stays the reason', () => {
    const call = ScriptedCall.admitted();
    call.session.finish(DRAINED);
    call.session.abandon('media-failed');
    expect(call.of('ended').map(({ reason }) => reason)).toEqual(['draining']);
  });

  it('remembers that it was finished: the line is left as soon as it runs, without a word', async () => {
    const call = await ScriptedCall.start({
      setUp: ({ session }) => {
        session.finish(DRAINED);
      },
    });
    await call.clock.advance(1000);
    expect(call.of('ended')).toMatchObject([{ reason: 'draining' }]);
    expect(call.of('agent-said')).toEqual([]);
  });

  it('ends in the record though its session can’t be made', async () => {
    const call = ScriptedCall.admitted();
    const media = Object.create(call.media, {
      flushLine: {
        get() {
          throw new Error('no memory');
        },
      },
    }) as MediaSession;
    await expect(call.session.run(call.line, media)).rejects.toThrow('no memory');
    expect(call.of('ended').map(({ reason }) => reason)).toEqual(['session-failed']);
  });
});
