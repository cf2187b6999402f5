import { describe, expect, it } from 'vitest';
import { isOfConversation, mended, TakenParameters } from '../../../src/providers/chat/refusals.ts';

const NAMES = ['max_tokens', 'temperature', 'tools', 'stream_options', 'reasoning_effort'];

describe('of a refusal', () => {
  it.each<[string, number, string | undefined]>([
    [
      "Unsupported parameter: 'max_tokens' is not supported with this model.",
      400,
      'max_completion_tokens instead of max_tokens',
    ],
    ["Unsupported value: 'temperature' does not support 0.4 with this model.", 400, 'no temperature'],
    ['{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"]}]}', 422, 'no stream_options'],
    ['Unrecognized request argument supplied: reasoning_effort', 400, 'no reasoning_effort'],
    ['registry.ollama.ai/library/gemma:latest does not support tools', 400, 'no tools'],
    ['"auto" tool choice requires --enable-auto-tool-choice: unsupported', 400, 'no tools'],
    // Not about parameters
    ["Unexpected role 'user' after role 'tool'", 400, undefined],
    ['tool_use_failed: unexpected text {"temperature": 20}', 400, undefined],
    ['The model `x` does not exist', 404, undefined],
    ['temperature is unsupported', 429, undefined],
  ])('%j (%d) is learnt: %s', (text, status, lesson) => {
    expect(new TakenParameters().learn({ status, text }, NAMES)).toBe(lesson);
  });

  it('the other name is left out, too, where that is refused', () => {
    const taken = new TakenParameters();
    taken.learn({ status: 400, text: 'max_tokens is not supported' }, NAMES);
    expect(taken.of({ max_tokens: 5 })).toEqual({ max_completion_tokens: 5 });
    expect(taken.learn({ status: 400, text: 'unknown: max_completion_tokens' }, NAMES)).toBe('no max_tokens');
    expect(taken.of({ max_tokens: 5 })).toEqual({});
  });

  it.each<[string, number | undefined, boolean]>([
    ['Failed to call a function.', 400, true],
    ["Unexpected role 'user' after role 'tool'", 400, true],
    ['Conversation roles must alternate user/assistant/user/assistant/...', 500, true],
    ['Request too large for gpt-4 on tokens per min (TPM): Limit 10000, Requested 12000', 429, true],
    ['Request too large', 413, true],
    ['This endpoint maximum context length is 8192 tokens', undefined, true],
    ['Rate limit reached', 429, false],
    ['overloaded_error', undefined, false],
    ['CUDA out of memory', 500, false],
    ['API key not valid. Please pass a valid API key.', 400, false],
    ['The model `llama3` has been decommissioned', 400, false],
    ['Invalid API Key', 401, false],
  ])('%j (%s) lies in the conversation: %s', (text, status, isSo) => {
    expect(isOfConversation({ text, ...(status !== undefined && { status }) })).toBe(isSo);
  });

  it.each<[string, number]>([
    ['on tokens per minute (TPM): Limit 6000, Requested 12000, please', 4250],
    ["This model's maximum context length is 8000 tokens. However, you requested 10,000 tokens", 6800],
    ['{"n_prompt_tokens":5000} {"n_ctx":4096} context size', 5000],
    ['Payload too large', 5000],
  ])('%j says how much may stay of 10,000 tokens: %d', (text, tokens) => {
    expect(mended({ status: 413, text }, {}, { tokens: 10_000 })).toEqual({ tokens, shortened: 1 });
  });
});
