import { setTimeout as pause } from 'node:timers/promises'
import type { Script, UpstreamCall } from './upstream.ts'
import { beginStream, sendJson, write } from './upstream-scripts.ts'

/** What a scripted provider says, whatever its dialect. */
export interface Speech {
  /** Pieces of its text; an event each where it streams. */
  readonly texts?: readonly string[]
  readonly thinking?: Thinking
  /** Of Anthropic alone: reasoning that nobody may read. */
  readonly redacted?: string
  readonly tool?: SpokenTool
  /** More of them, called at the same time. */
  readonly tools?: readonly SpokenTool[]
  readonly usage?: Figures | null
  /** Called before each event of a stream. */
  readonly beforeEvent?: (index: number) => unknown
  /** So many events, and no more. */
  readonly breaksAfter?: number
}

export interface SpokenTool {
  readonly id: string
  readonly name: string
  readonly input: object
}

interface Thinking {
  readonly text: string
  readonly signature: string
}

export interface Figures {
  readonly input: number
  readonly output: number
  readonly cached?: number
  readonly written5m?: number
  readonly written1h?: number
  readonly reasoning?: number
}

type Spoken = Required<Pick<Speech, 'texts' | 'tools'>> &
  Speech & { readonly usage: Figures | null }

/** Named as its stream names it, or not at all. */
type Event = readonly [name: string, value: object]

export const spokenOf = (speech: Speech): Spoken => ({
  ...speech,
  texts: speech.texts ?? ['Hello ', 'there.'],
  tools: toolsOf(speech),
  usage: speech.usage === undefined ? { input: 10, output: 5 } : speech.usage,
})

export const toolsOf = ({ tool, tools = [] }: Speech): readonly SpokenTool[] =>
  tool === undefined ? tools : [tool, ...tools]

/** Each call of a model by a script of its own, and the last one for all that follow. */
export function inTurns(...scripts: readonly Script[]): Script {
  let calls = 0
  return (call, response) => scripts[Math.min(calls++, scripts.length - 1)]?.(call, response)
}

async function play(
  call: UpstreamCall,
  response: Parameters<Script>[1],
  events: readonly Event[],
  speech: Spoken,
) {
  beginStream(response)
  for (const [index, [name, value]] of events.entries()) {
    if (index === speech.breaksAfter) {
      // What was written goes out first: a reset takes it along.
      await pause(30)
      response.destroy()
      return
    }
    await speech.beforeEvent?.(index)
    const named = name === '' ? '' : `event: ${name}\n`
    await write(call, response, `${named}data: ${JSON.stringify(value)}\n\n`)
  }
  response.end()
}

/** Anthropic's Messages. */
export function messages(speech: Speech = {}): Script {
  const spoken = spokenOf(speech)
  return (call, response) => {
    const model = call.json?.model
    if (call.json?.stream === true)
      return play(call, response, messageEvents(spoken, model), spoken)
    sendJson(response, 200, {
      ...messageHead(model),
      content: blocksOf(spoken),
      stop_reason: spoken.tools.length === 0 ? 'end_turn' : 'tool_use',
      stop_sequence: null,
      ...(spoken.usage !== null && { usage: anthropicUsage(spoken.usage) }),
    })
    return undefined
  }
}

const messageHead = (model: unknown) => ({
  id: 'msg_01scripted',
  type: 'message',
  role: 'assistant',
  model,
})

function blocksOf({ thinking, redacted, texts, tools }: Spoken): readonly object[] {
  return [
    ...(thinking === undefined
      ? []
      : [{ type: 'thinking', thinking: thinking.text, signature: thinking.signature }]),
    ...(redacted === undefined ? [] : [{ type: 'redacted_thinking', data: redacted }]),
    ...(texts.length === 0 ? [] : [{ type: 'text', text: texts.join('') }]),
    ...tools.map((tool) => ({ type: 'tool_use', ...tool })),
  ]
}

function anthropicUsage(figures: Figures) {
  const { input, output, cached = 0, written5m = 0, written1h = 0 } = figures
  return {
    input_tokens: input - cached - written5m - written1h,
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: written5m + written1h,
    cache_creation: { ephemeral_5m_input_tokens: written5m, ephemeral_1h_input_tokens: written1h },
    output_tokens: output,
    service_tier: 'standard',
  }
}

export function messageEvents(spoken: Spoken, model: unknown): readonly Event[] {
  const { usage, tools } = spoken
  const begun = usage === null ? {} : { usage: { ...anthropicUsage(usage), output_tokens: 1 } }
  const message = { ...messageHead(model), content: [], stop_reason: null, stop_sequence: null }
  const events: Event[] = [
    ['message_start', { type: 'message_start', message: { ...message, ...begun } }],
  ]
  events.push(['ping', { type: 'ping' }])
  blockDeltas(spoken).forEach(({ block, deltas }, index) => {
    events.push([
      'content_block_start',
      { type: 'content_block_start', index, content_block: block },
    ])
    for (const delta of deltas) {
      events.push(['content_block_delta', { type: 'content_block_delta', index, delta }])
    }
    events.push(['content_block_stop', { type: 'content_block_stop', index }])
  })
  const delta = { stop_reason: tools.length === 0 ? 'end_turn' : 'tool_use', stop_sequence: null }
  const ended = usage === null ? {} : { usage: anthropicUsage(usage) }
  events.push(['message_delta', { type: 'message_delta', delta, ...ended }])
  events.push(['message_stop', { type: 'message_stop' }])
  return events
}

function blockDeltas({ thinking, redacted, texts, tools }: Spoken) {
  const blocks: { block: object; deltas: readonly object[] }[] = []
  if (thinking !== undefined) {
    blocks.push({
      block: { type: 'thinking', thinking: '', signature: '' },
      deltas: [
        { type: 'thinking_delta', thinking: thinking.text },
        { type: 'signature_delta', signature: thinking.signature },
      ],
    })
  }
  if (redacted !== undefined) {
    blocks.push({ block: { type: 'redacted_thinking', data: redacted }, deltas: [] })
  }
  if (texts.length > 0) {
    const deltas = texts.map((text) => ({ type: 'text_delta', text }))
    blocks.push({ block: { type: 'text', text: '' }, deltas })
  }
  for (const tool of tools) {
    const json = JSON.stringify(tool.input)
    const halves = [json.slice(0, 3), json.slice(3)]
    const deltas = halves.map((partial_json) => ({ type: 'input_json_delta', partial_json }))
    blocks.push({ block: { type: 'tool_use', id: tool.id, name: tool.name, input: {} }, deltas })
  }
  return blocks
}

/** Gemini's generateContent. */
export function candidates(speech: Speech = {}): Script {
  const spoken = spokenOf(speech)
  return (call, response) => {
    if (call.path.includes(':streamGenerateContent')) {
      return play(call, response, candidateEvents(spoken), spoken)
    }
    sendJson(response, 200, candidate(partsOf(spoken), { finish: true, usage: spoken.usage }))
    return undefined
  }
}

/** What was thought is signed on the first call, or else on the last of the words. */
function partsOf({ thinking, texts, tools }: Spoken): readonly object[] {
  const signature = thinking === undefined ? {} : { thoughtSignature: thinking.signature }
  const last = tools.length === 0 ? texts.length - 1 : -1
  return [
    ...(thinking === undefined ? [] : [{ text: thinking.text, thought: true }]),
    ...texts.map((text, at) => ({ text, ...(at === last && signature) })),
    ...tools.map(({ name, input }, at) => ({
      functionCall: { name, args: input },
      ...(at === 0 && signature),
    })),
  ]
}

const candidate = (
  parts: readonly object[],
  { finish, usage }: { readonly finish: boolean; readonly usage: Figures | null },
) => ({
  candidates: [
    {
      content: { parts, role: 'model' },
      ...(finish && { finishReason: 'STOP' }),
      index: 0,
    },
  ],
  ...(usage !== null && { usageMetadata: googleUsage(usage) }),
  modelVersion: 'gemini-scripted',
  responseId: 'scripted-response',
})

function googleUsage({ input, output, cached, reasoning = 0 }: Figures) {
  return {
    promptTokenCount: input,
    candidatesTokenCount: output - reasoning,
    totalTokenCount: input + output,
    ...(cached !== undefined && { cachedContentTokenCount: cached }),
    ...(reasoning > 0 && { thoughtsTokenCount: reasoning }),
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: input }],
  }
}

function candidateEvents(spoken: Spoken): readonly Event[] {
  const { usage } = spoken
  const parts = partsOf(spoken)
  return parts.map((part, at): Event => {
    const finish = at === parts.length - 1
    const output = Math.ceil(((usage?.output ?? 0) * (at + 1)) / parts.length)
    return ['', candidate([part], { finish, usage: usage === null ? null : { ...usage, output } })]
  })
}

/** OpenAI's Responses. */
export function responses(speech: Speech = {}): Script {
  const spoken = spokenOf(speech)
  return (call, response) => {
    const model = call.json?.model
    if (call.json?.stream === true)
      return play(call, response, responseEvents(spoken, model), spoken)
    sendJson(response, 200, responseOf(spoken, model, 'completed'))
    return undefined
  }
}

function responseOf(spoken: Spoken, model: unknown, status: string) {
  const isWhole = status === 'completed'
  return {
    id: 'resp_scripted',
    object: 'response',
    created_at: 1_700_000_000,
    status,
    error: null,
    incomplete_details: null,
    instructions: null,
    model,
    output: isWhole ? itemsOf(spoken) : [],
    parallel_tool_calls: true,
    tool_choice: 'auto',
    tools: [],
    usage: isWhole && spoken.usage !== null ? responsesUsage(spoken.usage) : null,
    metadata: {},
  }
}

function responsesUsage({ input, output, cached = 0, reasoning = 0 }: Figures) {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  }
}

const textPart = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] })

function itemsOf({ thinking, texts, tools }: Spoken): readonly object[] {
  return [
    ...(thinking === undefined
      ? []
      : [
          {
            id: 'rs_1',
            type: 'reasoning',
            summary: [{ type: 'summary_text', text: thinking.text }],
            encrypted_content: thinking.signature,
          },
        ]),
    ...(texts.length === 0
      ? []
      : [
          {
            ...{ id: 'msg_1', type: 'message', status: 'completed', role: 'assistant' },
            content: [textPart(texts.join(''))],
          },
        ]),
    ...tools.map(({ id, name, input }, at) => ({
      ...{ id: `fc_${at + 1}`, type: 'function_call', status: 'completed', call_id: id },
      ...{ name, arguments: JSON.stringify(input) },
    })),
  ]
}

function responseEvents(spoken: Spoken, model: unknown): readonly Event[] {
  const events: Event[] = []
  const say = (type: string, value: object) =>
    void events.push([type, { type, sequence_number: events.length, ...value }])
  const begun = responseOf(spoken, model, 'in_progress')
  say('response.created', { response: begun })
  say('response.in_progress', { response: begun })
  for (const [output_index, item] of itemsOf(spoken).entries()) {
    sayItem(say, spoken, { item, output_index })
  }
  say('response.completed', { response: responseOf(spoken, model, 'completed') })
  return events
}

interface Placed {
  // biome-ignore lint/suspicious/noExplicitAny: items of several shapes
  readonly item: any
  readonly output_index: number
}

function sayItem(
  say: (type: string, value: object) => void,
  spoken: Spoken,
  { item, output_index }: Placed,
) {
  const at = { item_id: item.id, output_index }
  if (item.type === 'message') {
    say('response.output_item.added', {
      output_index,
      item: { ...item, content: [], status: 'in_progress' },
    })
    say('response.content_part.added', { ...at, content_index: 0, part: textPart('') })
    for (const delta of spoken.texts) {
      say('response.output_text.delta', { ...at, content_index: 0, delta, logprobs: [] })
    }
    const text = spoken.texts.join('')
    say('response.output_text.done', { ...at, content_index: 0, text, logprobs: [] })
    say('response.content_part.done', { ...at, content_index: 0, part: textPart(text) })
  } else if (item.type === 'function_call') {
    say('response.output_item.added', {
      output_index,
      item: { ...item, arguments: '', status: 'in_progress' },
    })
    say('response.function_call_arguments.delta', { ...at, delta: item.arguments.slice(0, 4) })
    say('response.function_call_arguments.delta', { ...at, delta: item.arguments.slice(4) })
    say('response.function_call_arguments.done', {
      ...at,
      arguments: item.arguments,
      name: item.name,
    })
  } else {
    const part = { type: 'summary_text', text: '' }
    say('response.output_item.added', { output_index, item: { ...item, summary: [] } })
    say('response.reasoning_summary_part.added', { ...at, summary_index: 0, part })
    say('response.reasoning_summary_text.delta', {
      ...at,
      summary_index: 0,
      delta: item.summary[0].text,
    })
    say('response.reasoning_summary_text.done', {
      ...at,
      summary_index: 0,
      text: item.summary[0].text,
    })
    say('response.reasoning_summary_part.done', { ...at, summary_index: 0, part: item.summary[0] })
  }
  say('response.output_item.done', { output_index, item })
}
