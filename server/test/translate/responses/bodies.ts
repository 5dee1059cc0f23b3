import type { JsonObject } from '../../../src/translate/neutral/request.ts'

/** A call with everything in it that OpenAI's documentation shows, as agents send it. */
export const FULL: JsonObject = {
  model: 'gpt-5',
  instructions: 'Be brief.',
  input: [
    { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Use tools.' }] },
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'What is this?', prompt_cache_breakpoint: { ttl: '12h' } },
        { type: 'input_image', detail: 'high', image_url: 'data:image/png;base64,aGk=' },
        { type: 'input_image', image_url: 'https://example.com/a.png' },
        { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,aGk=' },
        { type: 'input_file', file_url: 'https://example.com/a.pdf' },
      ],
    },
    {
      type: 'reasoning',
      id: 'rs_1',
      summary: [
        { type: 'summary_text', text: 'One.' },
        { type: 'summary_text', text: 'Two.' },
      ],
      encrypted_content: 'gAAA',
    },
    {
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'Let me look.', annotations: [] }],
    },
    { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'look', arguments: '{"at":"it"}' },
    { type: 'custom_tool_call', call_id: 'c2', name: 'patch', input: '*** Begin' },
    {
      type: 'function_call_output',
      call_id: 'c1',
      output: [
        { type: 'input_text', text: 'a cat' },
        { type: 'input_image', image_url: 'data:image/png;base64,aGk=' },
      ],
    },
    { type: 'custom_tool_call_output', call_id: 'c2', output: 'Done' },
    { role: 'system', content: 'Now in Norwegian.' },
    { role: 'user', content: 'Go on.' },
  ],
  tools: [
    {
      type: 'function',
      name: 'look',
      description: 'Looks.',
      parameters: { type: 'object', properties: { at: { type: 'string' } } },
      strict: false,
    },
    {
      type: 'custom',
      name: 'patch',
      description: 'Patches.',
      format: { type: 'grammar', syntax: 'lark', definition: 'start: "a"' },
    },
  ],
  tool_choice: {
    type: 'allowed_tools',
    mode: 'required',
    tools: [
      { type: 'function', name: 'look' },
      { type: 'custom', name: 'patch' },
    ],
  },
  parallel_tool_calls: false,
  reasoning: { effort: 'high', summary: 'auto' },
  text: {
    format: { type: 'json_schema', name: 'it', schema: { type: 'object' }, strict: true },
    verbosity: 'low',
  },
  include: ['reasoning.encrypted_content', 'message.output_text.logprobs'],
  top_logprobs: 2,
  max_output_tokens: 1000,
  temperature: 1,
  top_p: 1,
  service_tier: 'flex',
  safety_identifier: 'somebody',
  prompt_cache_key: 'key',
  store: false,
  stream: true,
  truncation: 'auto',
  metadata: { a: 'b' },
}

export const ANSWER: JsonObject = {
  id: 'resp_1',
  object: 'response',
  created_at: 1_700_000_000,
  status: 'completed',
  model: 'gpt-5',
  output: [
    {
      type: 'reasoning',
      id: 'rs_1',
      summary: [{ type: 'summary_text', text: 'Hm.' }],
      encrypted_content: 'gAAA',
    },
    {
      type: 'message',
      id: 'msg_1',
      status: 'completed',
      role: 'assistant',
      content: [
        {
          type: 'output_text',
          text: 'It is a cat.',
          annotations: [
            {
              type: 'url_citation',
              url: 'https://example.com',
              title: 'Cats',
              start_index: 0,
              end_index: 2,
            },
          ],
          logprobs: [{ token: 'It', logprob: -0.1, bytes: [73, 116], top_logprobs: [] }],
        },
        { type: 'refusal', refusal: 'No more.' },
      ],
    },
    {
      type: 'function_call',
      id: 'fc_1',
      call_id: 'c1',
      name: 'look',
      arguments: '{"at":"cat"}',
      status: 'completed',
    },
    { type: 'custom_tool_call', id: 'ctc_1', call_id: 'c2', name: 'patch', input: 'text' },
    { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: 'aGk=' },
  ],
  usage: {
    input_tokens: 20,
    input_tokens_details: { cached_tokens: 10, cache_write_tokens: 2 },
    output_tokens: 9,
    output_tokens_details: { reasoning_tokens: 4 },
    total_tokens: 29,
  },
  service_tier: 'default',
  incomplete_details: null,
  error: null,
}

const where = { item_id: 'msg_1', output_index: 1, content_index: 0 }

/** The events of a stream, as OpenAI's documentation shows them. */
export const EVENTS: readonly JsonObject[] = [
  {
    type: 'response.created',
    response: { ...ANSWER, status: 'in_progress', output: [], usage: null },
  },
  {
    type: 'response.output_item.added',
    output_index: 0,
    item: { type: 'reasoning', id: 'rs_1', summary: [] },
  },
  { type: 'response.reasoning_summary_part.added', output_index: 0, summary_index: 0 },
  {
    type: 'response.reasoning_summary_text.delta',
    output_index: 0,
    summary_index: 0,
    delta: 'One.',
  },
  { type: 'response.reasoning_summary_part.added', output_index: 0, summary_index: 1 },
  {
    type: 'response.reasoning_summary_text.delta',
    output_index: 0,
    summary_index: 1,
    delta: 'Two.',
  },
  {
    type: 'response.output_item.done',
    output_index: 0,
    item: { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' },
  },
  {
    type: 'response.output_item.added',
    output_index: 1,
    item: { type: 'message', id: 'msg_1', role: 'assistant', content: [] },
  },
  { type: 'response.content_part.added', ...where, part: { type: 'output_text', text: '' } },
  { type: 'response.output_text.delta', ...where, delta: 'Hello', logprobs: [] },
  { type: 'response.output_text.delta', ...where, delta: ' there', logprobs: [] },
  {
    type: 'response.output_text.annotation.added',
    ...where,
    annotation_index: 0,
    annotation: { type: 'url_citation', url: 'https://example.com', start_index: 0, end_index: 5 },
  },
  { type: 'response.output_text.done', ...where, text: 'Hello there' },
  {
    type: 'response.content_part.done',
    ...where,
    part: { type: 'output_text', text: 'Hello there' },
  },
  { type: 'response.output_item.done', output_index: 1, item: { type: 'message', id: 'msg_1' } },
  {
    type: 'response.output_item.added',
    output_index: 2,
    item: { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'look', arguments: '' },
  },
  { type: 'response.function_call_arguments.delta', output_index: 2, delta: '{"at":' },
  { type: 'response.function_call_arguments.delta', output_index: 2, delta: '"it"}' },
  {
    type: 'response.output_item.done',
    output_index: 2,
    item: { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{"at":"it"}' },
  },
  { type: 'response.completed', response: ANSWER },
]

export const NAMES = [
  ...new Set(
    [FULL, ANSWER, ...EVENTS].flatMap((body) =>
      [...JSON.stringify(body).matchAll(/"(\w+)":/g)].map(([, name]) => name ?? ''),
    ),
  ),
  ...new Set(EVENTS.map(({ type }) => String(type))),
  'response.failed',
  'error',
  'valueOf',
  'toString',
]
