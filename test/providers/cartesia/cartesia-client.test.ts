import { describe, expect, it } from 'vitest';
import { failureOfEvent } from '../../../src/providers/cartesia/cartesia-client.ts';

describe('an error that Cartesia tells', () => {
  it.each([
    [{ message: 'transcript is empty or contains only punctuation', status_code: 400 }, 'rejected', true],
    [{ message: 'Transcript exceeds the limit of characters', status_code: 422 }, 'rejected', true],
    [{ message: 'voice not found', status_code: 404 }, 'rejected', false],
    [{ title: 'Invalid API key', status_code: 401 }, 'unauthorized', false],
    [{ message: 'Out of credits', status_code: 402 }, 'unauthorized', false],
    [{ message: 'Too many concurrent requests', status_code: 429 }, 'rate-limited', false],
    [{ message: 'could not read the transcript', status_code: 500 }, 'server', false],
    [{}, 'server', false],
  ] as const)('%j is %s, of one conversation: %s', (event, kind, ofConversation) => {
    expect(failureOfEvent('TTS_FAILED', 'cartesia', event, 'key')).toMatchObject({ kind, ofConversation });
  });
});
