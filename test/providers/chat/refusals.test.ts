import { describe, expect, it } from 'vitest';
import {
  isOfConversation,
  mended,
  SYSTEM_ROLE,
  TakenParameters,
} from '../../../src/providers/chat/refusals.ts';

const NAMES = ['max_tokens', 'temperature', 'tools', 'stream_options', 'reasoning_effort', SYSTEM_ROLE];

const LIKE_THIS = 'max_completion_tokens instead of max_tokens';
const MERGED = 'its instructions in the first question';

describe('of a refusal', () => {
  it.each<[string, number, string | undefined]>([
    ["Unsupported parameter: 'max_tokens' is not supported with this model.", 400, LIKE_THIS],
    ["Unsupported value: 'temperature' does not support 0.4 with this model.", 400, 'no temperature'],
    ['{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"]}]}', 422, 'no stream_options'],
    ['Unrecognized request argument supplied: reasoning_effort', 400, 'no reasoning_effort'],
    ['Parameter reasoning_effort not recognized', 400, 'no reasoning_effort'],
    ['registry.ollama.ai/library/gemma:latest does not support tools', 400, 'no tools'],
    ['"auto" tool choice requires --enable-auto-tool-choice: unsupported', 400, 'no tools'],
    // In the words of others: Moonshot, Anthropic, Azure, Groq, OpenAI, xAI, Gemini, LiteLLM
    ['invalid temperature: only 1 is allowed for this model', 400, 'no temperature'],
    ['`temperature` is deprecated for this model.', 400, 'no temperature'],
    ['The parameter `temperature` specified in the request is not valid', 400, 'no temperature'],
    ['`reasoning_effort` must be one of `none` or `default`', 400, 'no reasoning_effort'],
    ["Invalid value: 'minimal'. Supported values are: 'low'. (reasoning_effort)", 400, 'no reasoning_effort'],
    ['Argument not supported on this model: reasoning_effort', 400, 'no reasoning_effort'],
    ['Invalid JSON payload received. Unknown name "stream_options"', 400, 'no stream_options'],
    ["x does not support parameters: ['temperature'], for model=x", 400, 'no temperature'],
    ['max_tokens is too large: 1600. This model supports at most 1024', 400, 'no max_tokens'],
    ['Invalid max_tokens value, the valid range of max_tokens is [1, 256]', 400, 'no max_tokens'],
    // Tools: OpenRouter, llama.cpp, vLLM, LM Studio, Gemini, OpenAI
    ['No endpoints found that support tool use.', 404, 'no tools'],
    ['tools param requires --jinja flag', 500, 'no tools'],
    ['"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser', 400, 'no tools'],
    ["This model doesn't support function calling", 400, 'no tools'],
    ['Function calling is not enabled for models/gemma-3-27b-it', 400, 'no tools'],
    ['Unrecognized request argument supplied: tools', 400, 'no tools'],
    // The role of the instructions: Gemma's template, Gemini's API for Gemma, o1-mini, Ollama
    ['System role not supported', 400, MERGED],
    ['Developer instruction is not enabled for models/gemma-3-27b-it', 400, MERGED],
    ["Unsupported value: 'messages[0].role' does not support 'system' with this model.", 400, MERGED],
    ['Only user, assistant and tool roles are supported, got system.', 500, MERGED],
    ['Conversation roles must alternate user/assistant/user/assistant/...', 400, MERGED],
    ['Only user and assistant roles are supported!', 500, MERGED],
    ["Role 'system' is not allowed", 400, MERGED],
    ['messages: Unexpected role "system". The Messages API accepts a parameter', 400, MERGED],
    // What OpenAI calls the refusals of its own is no reason; names in other spellings
    ['Temperature is not supported with reasoning models', 400, 'no temperature'],
    ['"llama3" does not support thinking', 400, 'no reasoning_effort'],
    ['Reasoning is mandatory for this endpoint and cannot be disabled.', 400, 'no reasoning_effort'],
    ['tool_call_id or temperature {"type":"invalid_request_error"}', 400, undefined],
    ['After the optional system message, conversation roles must alternate', 400, undefined],
    // Not about parameters
    [
      "This model's maximum context length is 4096. Please reduce max_tokens, or it is invalid",
      400,
      undefined,
    ],
    ["role 'tool' is not supported", 400, undefined],
    [
      'max_tokens or model output limit was reached. Please try again with higher max_tokens.',
      400,
      undefined,
    ],
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
    // In the words of Gemini, TGI, Together, vLLM, TensorRT, xAI, Zhipu, Qwen, Moonshot, Anthropic
    ['The input token count (9000) exceeds the maximum number of tokens allowed (8192).', undefined, true],
    ['`inputs` must have less than 4096 tokens. Given: 5000', undefined, true],
    ['`inputs` tokens + `max_new_tokens` must be <= 4097', undefined, true],
    ['error parsing tool call: unexpected end of JSON input', 500, true],
    ['Failed to parse input at pos 12: <tool_call>', 500, true],
    ['This model only supports single tool-calls at once! {"type":"invalid_request_error"}', 400, true],
    ['Rate limit reached', 429, false],
    ['No model specified', 400, false],
    ['Your organization must be verified to stream this model.', 400, false],
    ['request is from an unsupported country', 400, false],
    ['Stream mode is not supported with this model', 400, false],
    ['The project you are requesting has been archived', 400, false],
    ['The server had an error while processing your request. Sorry about that!', undefined, false],
    ['upstream connect error or disconnect/reset before headers', undefined, false],
    ['Provider returned error', undefined, false],
    ['EngineCore encountered an issue. See stack trace (above).', undefined, false],
    ['Network connection lost.', undefined, false],
    ['Model x is not supported when using this endpoint', 400, false],
    ['Your credit balance is too low to access the API', 400, false],
    ['User location is not supported for the API use.', 400, false],
    ['overloaded_error', undefined, false],
    ['CUDA out of memory', 500, false],
    ['API key not valid. Please pass a valid API key.', 400, false],
    ['The model `llama3` has been decommissioned', 400, false],
    ['Invalid API Key', 401, false],
  ])('%j (%s) lies in the conversation: %s', (text, status, isSo) => {
    expect(isOfConversation({ text, ...(status !== undefined && { status }) })).toBe(isSo);
  });

  it('an id that is too long is told otherwise, and the conversation stays whole', () => {
    const text = "Invalid 'messages[3].tool_calls[0].id': string too long. Expected one of 40";
    expect(mended({ status: 400, text }, {}, { tokens: 10_000 })).toEqual({
      toolsInWords: true,
      tokens: 5000,
    });
  });

  it.each<[string, number]>([
    ['on tokens per minute (TPM): Limit 6000, Requested 12000, please', 4250],
    ["This model's maximum context length is 8000 tokens. However, you requested 10,000 tokens", 6800],
    ['{"n_prompt_tokens":5000} {"n_ctx":4096} context size', 6963],
    ['Payload too large', 5000],
    ['The input token count (16384) exceeds the maximum number of tokens allowed (8192).', 4250],
    ['prompt is too long: 16384 tokens > 8192 maximum', 4250],
    ['The decoder prompt (length 16384) is longer than the maximum model length of 8192.', 4250],
    ["This model's maximum prompt length is 8192 but the request contains 16384 tokens.", 4250],
    ['`inputs` must have less than 8192 tokens. Given: 16384', 4250],
    ['Prompt exceeds max length', 5000],
    ['Range of input length should be [1, 30720]', 5000],
    ['Your request exceeded model token limit: 8192', 5000],
    ['max_tokens must be at least 1, got -123.', 5000],
    ['Request payload size exceeds the limit: 20971520 bytes.', 5000],
    ['too many total text bytes: 16384 > 8192', 4250],
    ['Total prompt and completion tokens must be less than 8193', 5000],
    ["Invalid 'messages[1].content': string too long. Expected a string with maximum length 1048576", 5000],
  ])('%j says how much may stay of 10,000 tokens: %d', (text, tokens) => {
    expect(mended({ status: 413, text }, {}, { tokens: 10_000 })).toEqual({ tokens, shortened: 1 });
  });
});
