import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContentReader, type ContentPart } from '../../../src/providers/chat/content-reader.ts';

const TOOLS = Object.entries({
  hang_up: [],
  transfer: ['target'],
  take_message: ['caller', 'text'],
  proceed: [],
}).map(([name, required]: [string, string[]]) => ({
  name,
  parameters: { properties: Object.fromEntries(required.map((one) => [one, { type: 'string' }])), required },
}));

function read(
  text: string,
  length: number,
  thinksFirst = false,
): { words: string; calls: [string, unknown][] } {
  const reader = new ContentReader(TOOLS, thinksFirst);
  const parts: ContentPart[] = [];
  for (let at = 0; at < text.length; at += length) parts.push(...reader.push(text.slice(at, at + length)));
  parts.push(...reader.end());
  return {
    words: parts
      .map((part) => (part.is === 'words' ? part.text : ''))
      .join('')
      .trim(),
    calls: parts.flatMap((part): [string, unknown][] =>
      part.is === 'call' ? [[part.call.name, JSON.parse(part.call.arguments)]] : [],
    ),
  };
}

const BOB = ['transfer', { target: 'Doctor Bob' }] as const;
const BYE = ['hang_up', {}] as const;
/** Without its name; ToolDeltas gives it one. */
const LISTED = ['transfer', ['Doctor Bob']] as const;

/** What models have been seen to write: the forms of Llama 3, 3.1, 3.2 and 4, Hermes, Qwen, Mistral, Phi, gpt-oss, Kimi, DeepSeek, Gemma. */
const WRITTEN: readonly (readonly [text: string, words: string, ...calls: (readonly [string, unknown])[]])[] =
  [
    // The name forgotten; as on a command line; told in a sentence.
    ['{"target": "Doctor Bob"}', '', BOB],
    ['Sure. {"arguments": {"target": "Doctor Bob"}}', 'Sure.', BOB],
    ['<tool_call>{"target": "Doctor Bob"}</tool_call>', '', BOB],
    ['```json\n{"target": "Doctor Bob"}\n```', '', BOB],
    ['{"caller": "Ann", "text": "Call"}', '', ['take_message', { caller: 'Ann', text: 'Call' }]],
    ['transfer target="Doctor Bob"', '', BOB],
    ['Sure. transfer target=Doctor Bob', 'Sure.', BOB],
    ['[transfer target="Doctor Bob"]', '', BOB],
    ['**transfer** target="Doctor Bob"', '', BOB],
    ["/transfer --target 'Doctor Bob'", '', BOB],
    ['take_message caller="Ann" text="Call"', '', ['take_message', { caller: 'Ann', text: 'Call' }]],
    ['I\'ll now call `transfer(target="Doctor Bob")`.', '', BOB],
    ['Sure. Let me just `hang_up()`.', 'Sure.', BYE],
    ['I will call `transfer(…)`.', '', ['transfer', {}]],
    ['hang_up.', '', BYE],
    ['Goodbye. [hang up]', 'Goodbye.', BYE],
    // functionary, Llama 4 with its tags, Cohere's
    ['>>>all\nSure.>>>transfer\n{"target": "Doctor Bob"}', 'Sure.', BOB],
    ['all\nSure.', 'Sure.'],
    [
      '<|from|>assistant\n<|recipient|>all\n<|content|>Sure.<|from|>assistant\n<|recipient|>transfer\n<|content|>{"target": "Doctor Bob"}<|stop|>',
      'Sure.',
      BOB,
    ],
    [
      '<|header_start|>assistant<|header_end|>\n\n[transfer(target="Doctor Bob"), hang_up()]<|eot|>',
      '',
      BOB,
      BYE,
    ],
    ['Action: ```json\n[{"tool_name": "transfer", "parameters": {"target": "Doctor Bob"}}]\n```', '', BOB],
    ['python\nhang_up()', '', BYE],
    ['{"name": "hang_up", "parameters": {}}', '', BYE],
    ['Goodbye. {"name": "hang_up", "parameters": {}}', 'Goodbye.', BYE],
    ['{"type": "function", "name": "transfer", "parameters": {"target": "Doctor Bob"}}', '', BOB],
    [
      '{"type":"function","function":{"name":"transfer","arguments":"{\\"target\\":\\"Doctor Bob\\"}"}}',
      '',
      BOB,
    ],
    ['[{"name": "transfer", "arguments": {"target": "Doctor Bob"}}]', '', BOB],
    ['{"tool_calls": [{"name": "hang_up", "arguments": {}}]}', '', BYE],
    ['{"tool": "transfer", "tool_input": {"target": "Doctor Bob"}}', '', BOB],
    ['{"name": "transfer", "target": "Doctor Bob"}', '', BOB],
    ['{"transfer": {"target": "Doctor Bob"}}', '', BOB],
    ["{'name': 'transfer', 'arguments': {'target': 'Doctor Bob'}}", '', BOB],
    ['{"name": "hang_up", "parameters": null}; {"name": "hang_up"}', '', BYE, BYE],
    ['Sure. <function=transfer>{"target": "Doctor Bob"}</function>', 'Sure.', BOB],
    ['<function=transfer>{"target": "Doctor Bob"}<function>', '', BOB],
    ['<function=transfer{"target": "Doctor Bob"}</function>', '', BOB],
    ['<function=hang_up></function>', '', BYE],
    ['<function=hang_up>', '', BYE],
    ['<function(transfer)>{"target": "Doctor Bob"}</function>', '', BOB],
    ['<function name="transfer">{"target": "Doctor Bob"}</function>', '', BOB],
    ['<tool_call>\n{"name": "transfer", "arguments": {"target": "Doctor Bob"}}\n</tool_call>', '', BOB],
    ['One moment. <tool_call>{"name": "hang_up", "arguments": {}}', 'One moment.', BYE],
    [
      '<tool_call>\n<function=transfer>\n<parameter=target>\nDoctor Bob\n</parameter>\n</function>\n</tool_call>',
      '',
      BOB,
    ],
    ['<invoke name="transfer"><parameter name="target">Doctor Bob</parameter></invoke>', '', BOB],
    ['<|python_tag|>{"name": "hang_up", "parameters": {}}<|eom_id|>', '', BYE],
    ['<|python_tag|>transfer(target="Doctor Bob")', '', BOB],
    ['<|tool_call|>[{"name": "hang_up", "arguments": {}}]<|/tool_call|>', '', BYE],
    ['[TOOL_CALLS][{"name": "transfer", "arguments": {"target": "Doctor Bob"}}]', '', BOB],
    ['[TOOL_CALLS]transfer[ARGS]{"target": "Doctor Bob"}', '', BOB],
    ['[transfer(target="Doctor Bob")]', '', BOB],
    ['[hang_up()]', '', BYE],
    ['Goodbye. [hang_up]', 'Goodbye.', BYE],
    ['<hang_up/>', '', BYE],
    ['<hang_up></hang_up>', '', BYE],
    ['Sure. <transfer target="Doctor Bob"/>', 'Sure.', BOB],
    ['<transfer><target>Doctor Bob</target></transfer>', '', BOB],
    ['functions.transfer({"target": "Doctor Bob"})', '', BOB],
    ['hang_up()', '', BYE],
    ['Goodbye. hang_up()', 'Goodbye.', BYE],
    ["transfer(target='Doctor Bob')", '', BOB],
    ['```json\n{"name": "hang_up", "parameters": {}}\n```', '', BYE],
    ['```tool_code\nhang_up()\n```', '', BYE],
    ['`{"name": "hang_up", "parameters": {}}`', '', BYE],
    [
      '<|channel|>commentary to=functions.transfer <|constrain|>json<|message|>{"target": "Doctor Bob"}<|call|>',
      '',
      BOB,
    ],
    [
      '<|channel|>analysis<|message|>They want Bob.<|end|><|start|>assistant<|channel|>final<|message|>Sure.',
      'Sure.',
    ],
    [
      '<|tool_calls_section_begin|><|tool_call_begin|>functions.transfer:0<|tool_call_argument_begin|>{"target": "Doctor Bob"}<|tool_call_end|><|tool_calls_section_end|>',
      '',
      BOB,
    ],
    // GLM, DeepSeek V3, Mistral, Grok, MiniMax, ReAct, functionary
    [
      '<tool_call>transfer\n<arg_key>target</arg_key>\n<arg_value>Doctor Bob</arg_value>\n</tool_call>',
      '',
      BOB,
    ],
    [
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>transfer\n```json\n{"target":"Doctor Bob"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
      '',
      BOB,
    ],
    ['[TOOL_CALLS]transfer[CALL_ID]abc[ARGS]{"target":"Doctor Bob"}', '', BOB],
    ['transfer[ARGS]{"target":"Doctor Bob"}', '', BOB],
    [
      '<xai:function_call name="transfer"><parameter name="target">Doctor Bob</parameter></xai:function_call>',
      '',
      BOB,
    ],
    [
      '<minimax:tool_call><invoke name="transfer"><parameter name="target">Doctor Bob</parameter></invoke></minimax:tool_call>',
      '',
      BOB,
    ],
    ['<function_call name="transfer" target="Doctor Bob" />', '', BOB],
    ['<tool_use><name>transfer</name><arguments>{"target":"Doctor Bob"}</arguments></tool_use>', '', BOB],
    ['Thought: They want Bob.\nAction: transfer\nAction Input: {"target": "Doctor Bob"}', '', BOB],
    ['Thought: Hours.\nFinal Answer: We open at nine.', 'We open at nine.'],
    ['transfer\n{"target":"Doctor Bob"}', '', BOB],
    ['hang_up: {}', '', BYE],
    ['transfer(target="Doctor (Bob)")', '', ['transfer', { target: 'Doctor (Bob)' }]],
    ['hang_up', '', BYE],
    ['Goodbye.\n\n*hang_up*', 'Goodbye.', BYE],
    ['Goodbye. *hang_up*', 'Goodbye.', BYE],
    ['Goodbye. hang_up', 'Goodbye.', BYE],
    ['Goodbye. *calls the hang_up tool*', 'Goodbye.', BYE],
    ['[calls hang_up]', '', BYE],
    // Under other names, in a program or in the template of another model
    ['HangUp()', '', BYE],
    ['api.hang_up()', '', BYE],
    ['await tools.transfer(target="Doctor Bob")', '', BOB],
    ['transfer {"target": "Doctor Bob"}', '', BOB],
    ['to=functions.transfer {"target": "Doctor Bob"}', '', BOB],
    ['{name: "transfer", arguments: {target: "Doctor Bob"}}', '', BOB],
    ['{"command": "hang_up"}', '', BYE],
    ['Tool call: {"name": "hang_up", "arguments": {}}', '', BYE],
    ['{"response": "Goodbye.", "tool": "hang_up"}', 'Goodbye.', BYE],
    ['(function=transfer>{"target": "Doctor Bob"}</function>', '', BOB],
    ['<|python_tag|>hang_up.call()', '', BYE],
    ['<use_tool name="hang_up"></use_tool>', '', BYE],
    ['✿FUNCTION✿: transfer\n✿ARGS✿: {"target": "Doctor Bob"}\n✿RESULT✿', '', BOB],
    ['<|tool_call>call:transfer{target:<|"|>Doctor Bob<|"|>}<tool_call|>', '', BOB],
    [
      '<｜DSML｜function_calls><｜DSML｜invoke name="transfer"><｜DSML｜parameter name="target" string="true">Doctor Bob</｜DSML｜parameter></｜DSML｜invoke></｜DSML｜function_calls>',
      '',
      BOB,
    ],
    ['{"function_call": {"name": "hang_up", "arguments": "{}"}}', '', BYE],
    ['{"response": "We open at \\"nine\\"."}', 'We open at "nine".'],
    ['I can hang_up for you.\nNow.', 'I can hang_up for you.\nNow.'],
    ['I can transfer(you).', 'I can transfer(you).'],
    ['{"name": "open_door", "parameters": {}}', '', ['open_door', {}]],
    ['<tool_call>{"name": "open_door"}</tool_call>', '', ['open_door', {}]],
    ['{"name": "Hang-Up", "arguments": {}}', '', BYE],
    // As a piece of a program: Gemini, Firefunction, Llama; and what it would print
    ['print(default_api.hang_up())', '', BYE],
    ['```tool_code\nprint(default_api.transfer(target="Doctor Bob"))\n```', '', BOB],
    ['<tool_code>print(transfer(target="Doctor Bob"))</tool_code>', '', BOB],
    ['result = transfer(target="Doctor Bob")\nprint(result)', '', BOB],
    ['await hang_up();', '', BYE],
    ['Sure. functools[{"name": "transfer", "arguments": {"target": "Doctor Bob"}}]', 'Sure.', BOB],
    ['<execute_tool>transfer(target="Doctor Bob")</execute_tool>', '', BOB],
    ['<start_function_call>call:transfer{target:<escape>Doctor Bob<escape>}<end_function_call>', '', BOB],
    // Values without their names
    ['transfer("Doctor Bob")', '', LISTED],
    ["Sure. transfer('Doctor Bob')", 'Sure.', LISTED],
    ['Sure. transfer(Doctor Bob)', 'Sure.', LISTED],
    ['<function=transfer>Doctor Bob</function>', '', LISTED],
    ['[transfer("Doctor Bob")]', '', LISTED],
    ['take_message("Ann", 5, "call (me)")', '', ['take_message', ['Ann', 5, 'call (me)']]],
    ['Action: transfer\nAction Input: Doctor Bob', '', LISTED],
    ['Action: transfer[Doctor Bob]', '', LISTED],
    ['{"action": "transfer", "action_input": "Doctor Bob"}', '', ['transfer', 'Doctor Bob']],
    ['{"transfer": "Doctor Bob"}', '', ['transfer', 'Doctor Bob']],
    ['{"action": "Final Answer", "action_input": "We open at nine."}', 'We open at nine.'],
    // As a stage direction, or behind a label
    ['Goodbye. (hang_up)', 'Goodbye.', BYE],
    ['Goodbye (hang_up())', 'Goodbye', BYE],
    ['Sure. (transfer: Doctor Bob)', 'Sure.', LISTED],
    ['{{hang_up}}', '', BYE],
    ['<<hang_up>>', '', BYE],
    ['/hang_up', '', BYE],
    ['Goodbye. "hang_up()"', 'Goodbye.', BYE],
    ['[Calling tool: hang_up]', '', BYE],
    ['[function call: hang_up()]', '', BYE],
    ['Goodbye. Calling hang_up.', 'Goodbye.', BYE],
    ['tool_call: hang_up', '', BYE],
    ['<tool>hang_up</tool>', '', BYE],
    ['tool: transfer\narguments: {"target": "Doctor Bob"}', '', BOB],
    ['I would use "hang_up" for that, you know.', 'I would use "hang_up" for that, you know.'],
    ['Call 555 0199 (sales), they call back.', 'Call 555 0199 (sales), they call back.'],
    ['Press # for sales (or not).', 'Press # for sales (or not).'],
    ['We print (on paper), and use it.', 'We print (on paper), and use it.'],
    // Harmony whose tags a server has dropped
    ['analysisThey want Bob.assistantfinalSure.', 'Sure.'],
    ['assistantfinalWe open at nine.', 'We open at nine.'],
    ['finalWe open at nine.', 'We open at nine.'],
    [
      'analysis The caller asks.assistantcommentary to=functions.transfer json{"target": "Doctor Bob"}',
      '',
      BOB,
    ],
    ['commentary to=functions.hang_up json{}', '', BYE],
    ['Finally, a commentary to the final analysis.', 'Finally, a commentary to the final analysis.'],

    // As YAML, as lines, with other keys, in other brackets, and with more or less of them than it needs
    ['```yaml\ntool: transfer\ntarget: Doctor Bob\n```', '', BOB],
    ['tool: transfer\ntarget: Doctor Bob', '', BOB],
    ['Function: transfer\nArguments: target = Doctor Bob', '', BOB],
    ['Function name: transfer\nArguments: {"target": "Doctor Bob"}', '', BOB],
    [
      '[TOOL_REQUEST]\n{"name": "transfer", "arguments": {"target": "Doctor Bob"}}\n[END_TOOL_REQUEST]',
      '',
      BOB,
    ],
    ['<tool_request>{"name": "hang_up", "arguments": {}}</tool_request>', '', BYE],
    ['<function>hang_up</function>', '', BYE],
    ['<function:transfer>{"target": "Doctor Bob"}</function>', '', BOB],
    ['<call name="transfer"><target>Doctor Bob</target></call>', '', BOB],
    ['<hangup/>', '', BYE],
    ['[hang_up(), transfer(target="Doctor Bob")]', '', BYE, BOB],
    ['transfer(**{"target": "Doctor Bob"})', '', BOB],
    ['transfer(target="""Doctor Bob""")', '', BOB],
    ['hang_up ()', '', BYE],
    ['hang_up -> {}', '', BYE],
    ['Goodbye. HANG_UP', 'Goodbye.', BYE],
    ['Executing: hang_up()', '', BYE],
    ['Using tool: hang_up', '', BYE],
    ['Goodbye! *hangs up*', 'Goodbye!', BYE],
    ['Please *hang up* and call again.', 'Please *hang up* and call again.'],
    ['I use the transfer tool: {"target": "Doctor Bob"}', 'I use the transfer', BOB],
    ['{"name": "transfer", "arguments": {"target": "Doctor Bob"}}}', '', BOB],
    ['"name": "transfer", "arguments": {"target": "Doctor Bob"}}', '', BOB],
    ['{“name”: “hang_up”, “parameters”: {}}', '', BYE],
    ['{"tool_name": "transfer", "tool_args": {"target": "Doctor Bob"}}', '', BOB],
    ['{"toolCalls": [{"name": "hang_up", "args": {}}]}', '', BYE],
    ['{"functionCall": {"name": "transfer", "args": {"target": "Doctor Bob"}}}', '', BOB],
    ['{"jsonrpc": "2.0", "method": "transfer", "params": {"target": "Doctor Bob"}, "id": 1}', '', BOB],
    [
      '{"name": "transfer", "parameters": {"type": "object", "properties": {"target": "Doctor Bob"}}}',
      '',
      BOB,
    ],
    ['{"name": "transfer", "parameters": {"target": {"type": "string", "value": "Doctor Bob"}}}', '', BOB],
    ['{"tool": "take_message", "name": "Ann"}', '', ['take_message', { name: 'Ann' }]],
    ['{"message": "Goodbye.", "tool_calls": [{"name": "hang_up", "arguments": {}}]}', 'Goodbye.', BYE],
    ['{"thoughts": "Hours.", "response": "We open at nine."}', 'We open at nine.'],
    ['{"role": "assistant", "content": "We open at nine."}', 'We open at nine.'],
    // Thoughts behind labels and in other marks, and what the model goes on with by itself
    ['Reasoning: They want hours.\nAnswer: We open at nine.', 'We open at nine.'],
    ['Thinking: They want hours.\n\nWe open at nine.', 'We open at nine.'],
    ['**Thinking**: they want hours.\n\n**Answer**: We open at nine.', 'We open at nine.'],
    ['[thinking]They want hours.[/thinking]We open at nine.', 'We open at nine.'],
    ['<|begin_of_reasoning|>Well.<|end_of_reasoning|>Yes.', 'Yes.'],
    ['<|think_start|>Well.<|think_end|>Yes.', 'Yes.'],
    ['<scratch_pad>Well.</scratch_pad>Yes.', 'Yes.'],
    ['< think >Well.</ think >Yes.', 'Yes.'],
    ['<think/>Yes.', 'Yes.'],
    ['```thinking\nWell.\n```\nYes.', 'Yes.'],
    ['<!-- Well. -->Yes.', 'Yes.'],
    ['Yes.[/INST]', 'Yes.'],
    ['We open at nine.\nUser: And on Sunday?\nAssistant: We are closed.', 'We open at nine.'],
    ['We open at nine.<|im_end|>\n<|im_start|>user\nAnd on Sunday?', 'We open at nine.'],

    // Several at once, brackets too few, and in the tags of more templates
    ['{"transfer": {"target": "Doctor Bob"}, "hang_up": {}}', '', BOB, BYE],
    ['[TOOL_CALLS]transfer[ARGS]{"target": "Doctor Bob"}[TOOL_CALLS]hang_up[ARGS]{}', '', BOB, BYE],
    ['{"name": "hang_up", "arguments": {}}, {"name": "hang_up", "arguments": {}}', '', BYE, BYE],
    ['<tool_call>\n{"name": "transfer", "arguments": {"target": "Doctor Bob"}\n</tool_call>', '', BOB],
    ['Sure. transfer(target="Doctor Bob"', 'Sure.', BOB],
    ['<function/transfer>{"target": "Doctor Bob"}</function>', '', BOB],
    ['<transfer>Doctor Bob</transfer>', '', LISTED],
    ['<call:hang_up/>', '', BYE],
    ['<action name="hang_up"/>', '', BYE],
    ['<command>hang_up</command>', '', BYE],
    [
      '<tool_call><name>transfer</name><arguments><target>Doctor Bob</target></arguments></tool_call>',
      '',
      BOB,
    ],
    [
      '<use_mcp_tool><tool_name>transfer</tool_name><arguments>{"target":"Doctor Bob"}</arguments></use_mcp_tool>',
      '',
      BOB,
    ],
    ['```xml\n<transfer><target>Doctor Bob</target></transfer>\n```', '', BOB],
    ['```bash\nhang_up\n```', '', BYE],
    ['Tool call:\n{"name": "hang_up", "arguments": {}}', '', BYE],
    ['Action: `transfer`\nAction Input: `{"target": "Doctor Bob"}`', '', BOB],
    ['Action: hang_up\nAction Input: None', '', BYE],
    ['Action: hang_up\nAction Input: {}\nObservation: done\nFinal Answer: Goodbye.', 'Goodbye.', BYE],
    ['{"speak": "Goodbye.", "name": "hang_up"}', 'Goodbye.', BYE],
    ['assistant.hang_up()', '', BYE],
    ['hang_up(None)', '', ['hang_up', [null]]],
    ['transfer(target="Doctor Bob", note=None)', '', BOB],
    // What an actor would do
    ['Goodbye! [hang-up]', 'Goodbye!', BYE],
    ['Goodbye! *The agent hangs up.*', 'Goodbye!', BYE],
    ['Goodbye! (ends the call)', 'Goodbye!', BYE],
    ['Goodbye. [Call ended]', 'Goodbye.', BYE],
    ['Sure. [transfer to Doctor Bob]', 'Sure.', LISTED],
    ['Sure. *transferring the call to Doctor Bob*', 'Sure.', LISTED],
    ['Sure. [Transferring you to Doctor Bob...]', 'Sure.', LISTED],
    ['Sure. [TRANSFER:Doctor Bob]', 'Sure.', LISTED],
    ['(The agent is in.) *Transfer* is free.', '(The agent is in.) *Transfer* is free.'],
    ['I can transfer you to Doctor Bob (or not).', 'I can transfer you to Doctor Bob (or not).'],
    // Thoughts in more marks
    ['<|channel|>final <|constrain|>text<|message|>Yes.', 'Yes.'],
    ['<self-reflection>Well.</self-reflection>Yes.', 'Yes.'],
    ['<｜begin▁of▁thinking｜>Well.<｜end▁of▁thinking｜>Yes.', 'Yes.'],
    ['(Thinking: they want hours.) Yes.', 'Yes.'],
    ['*thinks: they want hours* Yes.', 'Yes.'],
    ['### Thinking\nThey want hours.\n### Answer\nYes.', 'Yes.'],
    ['**Reasoning:** They want hours.\n**Response:** Yes.', 'Yes.'],
    ['Internal thought: they want hours.\nResponse: Yes.', 'Yes.'],
    ['Receptionist: Yes.', 'Yes.'],
    ['<think>Hm. <think>Well.</think> Or not.</think>Yes.', 'Yes.'],
    ['<think>Hm. <thinking>Well.</thinking> Or not.</think>Yes.', 'Yes.'],
    ['<think>I use <think> for this.</think>Yes.', 'Yes.'],
    ['<think>They want a cleaning.</think>We open at nine.', 'We open at nine.'],
    ['<think>\nHm, [hang_up()] {"name": "hang_up"}\n</think>\n\nWe open at nine.', 'We open at nine.'],
    ['<thinking>Well.</thinking>Yes. <think>Hm.</think>No.', 'Yes. No.'],
    ['<think>I never get to an end', ''],
    ['<seed:think>Well.</seed:think>Yes.', 'Yes.'],
    ['<analysis>Well.</analysis>Yes.', 'Yes.'],
    ['<inner_monologue>Well.</inner_monologue>Yes.', 'Yes.'],
    ['<think >Well.</think >Yes.', 'Yes.'],
    ['<|begin_of_thought|>Well.<|end_of_thought|><|begin_of_solution|>Yes.<|end_of_solution|>', 'Yes.'],
    ['<tool_response>done</tool_response>Yes.', 'Yes.'],
    ['<|im_start|>assistant\nYes.<|im_end|>', 'Yes.'],
    ['<|start_header_id|>assistant<|end_header_id|>\n\nYes.', 'Yes.'],
    ['<start_of_turn>model\nYes.<end_of_turn>', 'Yes.'],
    ['Assistant: Yes.', 'Yes.'],
    ['Agents: two.', 'Agents: two.'],
    ['◁think▷Well.◁/think▷Yes.', 'Yes.'],
    ...['reason', 'antThinking', 'plan', 'inner_monologue', 'thinking_process', 'cot', 'mm:think'].map(
      (tag): readonly [string, string] => [`<${tag}>Well.</${tag}>Yes.`, 'Yes.'],
    ),
    ['<think time="3">Well.</think>Yes.', 'Yes.'],
    ['&lt;think&gt;Well.&lt;/think&gt;Yes.', 'Yes.'],
    ['<|START_THINKING|>Well.<|END_THINKING|><|START_RESPONSE|>Yes.<|END_RESPONSE|>', 'Yes.'],
    ['<|think|>Well.<|/think|>Yes.', 'Yes.'],
    ['<|channel>thought\nWell.<channel|>Yes.', 'Yes.'],
    [
      'A & B, 5 * 3 * 2, *transfer* is free; top=1; it calls for rain.',
      'A & B, 5 * 3 * 2, *transfer* is free; top=1; it calls for rain.',
    ],
    ['[THINK]Well.[/THINK]Yes.', 'Yes.'],
    ['We open at nine.<|eot_id|>', 'We open at nine.'],
    ['We open at nine.</s>', 'We open at nine.'],

    ['It is 5 < 6, and a [remark] stays. {not JSON}', 'It is 5 < 6, and a [remark] stays. {not JSON}'],
    ['I can transfer (or not) you; proceed.', 'I can transfer (or not) you; proceed.'],
    ['<b>Bold</b> and `code`.', '<b>Bold</b> and `code`.'],
    ['{"hours": "nine to five"}', '{"hours": "nine to five"}'],
    ['[interrupted]', '[interrupted]'],
  ];

describe("a model's content", () => {
  it.each(WRITTEN.map((written) => ({ written })))('$written.0', ({ written: [text, words, ...calls] }) => {
    for (const length of [1, 3, 4, 7, text.length]) {
      expect([length, read(text, length)]).toEqual([length, { words, calls }]);
    }
  });

  it('is passed on as soon as it can be nothing but words', () => {
    const reader = new ContentReader(TOOLS);
    expect(reader.push('We open')).toEqual([{ is: 'words', text: 'We open' }]);
    expect(reader.push(' at nine, <')).toEqual([{ is: 'words', text: ' at nine, ' }]);
    expect(reader.push(' six')).toEqual([{ is: 'words', text: '< six' }]);
  });

  it('is kept back while it thinks first, and told if it ends without a thought', () => {
    expect(read('They want hours.</think>Nine.', 4, true).words).toBe('Nine.');
    expect(read('We open at nine.', 4, true).words).toBe('We open at nine.');
    const reader = new ContentReader(TOOLS);
    for (const part of ['So far', '</thi', 'nk>Nine.']) reader.push(part);
    expect(reader.thoughtFirst).toBe(true);
  });

  it('is the same, in whatever pieces it comes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...WRITTEN.map(([text]) => text)),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (text, lengths) => {
          const reader = new ContentReader(TOOLS);
          const parts: ContentPart[] = [];
          for (let at = 0, n = 0; at < text.length; n++) {
            const length = lengths[n % lengths.length] ?? 1;
            parts.push(...reader.push(text.slice(at, at + length)));
            at += length;
          }
          parts.push(...reader.end());
          const words = parts.map((part) => (part.is === 'words' ? part.text : '')).join('');
          expect(words.trim()).toBe(read(text, text.length).words);
        },
      ),
    );
  });

  it('loses nothing of what is no call and no thought', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'ab {}[]()<|"\'`:.,_'.split('')) }),
        fc.integer({ min: 1, max: 5 }),
        (text, length) => {
          const { words, calls } = read(text.replaceAll(/[`]|<\||<s>|<\/s>/g, ''), length);
          if (calls.length === 0) expect(words).toBe(text.replaceAll(/[`]|<\||<s>|<\/s>/g, '').trim());
        },
      ),
    );
  });
});
