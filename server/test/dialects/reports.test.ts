import { describe, expect, it } from 'vitest'
import { readUsage as readAnthropic } from '../../src/dialects/anthropic-usage.ts'
import { DIALECTS } from '../../src/dialects/dialects.ts'
import { EventMeter } from '../../src/relay/meter/events.ts'
import type { Meter } from '../../src/relay/meter/meter.ts'
import { PlainMeter } from '../../src/relay/meter/plain.ts'
import { StreamMeter } from '../../src/relay/meter/stream.ts'
import { NO_USAGE } from '../../src/usage/usage.ts'

/** Reports of usage as the providers document them, and what each must be read as. */

type Name = keyof typeof DIALECTS
const read = (dialect: Name, reported: object) => DIALECTS[dialect].readUsage(reported)

const OPENAI = { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150 }
const RESPONSES = { input_tokens: 100, output_tokens: 50, total_tokens: 150 }
const ANTHROPIC = { input_tokens: 10, output_tokens: 50 }
const GEMINI = { promptTokenCount: 100, candidatesTokenCount: 50, totalTokenCount: 150 }
const WHOLE = { ...NO_USAGE, prompt: 100, completion: 50 }
const OF_ANTHROPIC = { ...NO_USAGE, prompt: 10, completion: 50 }

const SHAPES: readonly (readonly [what: string, dialect: Name, reported: object, means: object])[] =
  [
    ['both sums', 'openai', OPENAI, WHOLE],
    [
      'every detail of a chat',
      'openai',
      {
        ...OPENAI,
        prompt_tokens_details: {
          cached_tokens: 30,
          audio_tokens: 20,
          cache_write_tokens: 5,
          image_tokens: 7,
        },
        completion_tokens_details: {
          ...{ reasoning_tokens: 11, audio_tokens: 3 },
          ...{ accepted_prediction_tokens: 4, rejected_prediction_tokens: 6 },
        },
      },
      { ...WHOLE, cached: 30, audioIn: 20, cacheWrite: 5, image: 7, reasoning: 11, audioOut: 3 },
    ],
    [
      'cached sound, and pictures that were drawn',
      'openai',
      {
        ...OPENAI,
        prompt_tokens_details: {
          ...{ cached_tokens: 30, audio_tokens: 40 },
          cached_tokens_details: { text_tokens: 10, audio_tokens: 20 },
        },
        completion_tokens_details: { image_tokens: 25 },
      },
      { ...WHOLE, cached: 30, audioIn: 40, parts: { cachedAudio: 20, imageOut: 25 } },
    ],
    [
      "DeepSeek's cache",
      'openai',
      { ...OPENAI, prompt_cache_hit_tokens: 60 },
      { ...WHOLE, cached: 60 },
    ],
    [
      'reasoning beside what was written (xAI)',
      'openai',
      { ...OPENAI, total_tokens: 170, completion_tokens_details: { reasoning_tokens: 20 } },
      { ...WHOLE, completion: 70, reasoning: 20 },
    ],
    [
      "Perplexity's searches, sources and reasoning, none of them in the sums",
      'openai',
      { ...OPENAI, citation_tokens: 7, num_search_queries: 3, reasoning_tokens: 20 },
      { ...WHOLE, completion: 77, reasoning: 20, searches: 3, parts: { citation: 7 } },
    ],
    [
      "OpenRouter's searches",
      'openai',
      { ...OPENAI, server_tool_use: { web_search_requests: 2 } },
      { ...WHOLE, searches: 2 },
    ],
    [
      "Mistral's seconds",
      'openai',
      { ...OPENAI, prompt_audio_seconds: 12 },
      { ...WHOLE, seconds: 12 },
    ],
    [
      'every detail of a response',
      'responses',
      {
        ...RESPONSES,
        input_tokens_details: { cached_tokens: 30, cache_write_tokens: 5 },
        output_tokens_details: { reasoning_tokens: 11 },
      },
      { ...WHOLE, cached: 30, cacheWrite: 5, reasoning: 11 },
    ],
    [
      'pictures that came in and were drawn',
      'responses',
      {
        ...RESPONSES,
        input_tokens_details: { image_tokens: 60, text_tokens: 40 },
        output_tokens_details: { image_tokens: 50, text_tokens: 0 },
      },
      { ...WHOLE, image: 60, parts: { imageOut: 50 } },
    ],
    [
      'both ages of the cache, and thinking',
      'anthropic',
      {
        ...ANTHROPIC,
        ...{ cache_read_input_tokens: 30, cache_creation_input_tokens: 60 },
        cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 40 },
        ...{ output_tokens_details: { thinking_tokens: 9 }, service_tier: 'standard' },
      },
      {
        ...OF_ANTHROPIC,
        ...{ prompt: 100, cached: 30, cacheWrite: 20, cacheWrite1h: 40, reasoning: 9 },
      },
    ],
    [
      'a cache without ages',
      'anthropic',
      {
        ...ANTHROPIC,
        cache_creation_input_tokens: 60,
        cache_creation: null,
        server_tool_use: null,
      },
      { ...OF_ANTHROPIC, prompt: 70, cacheWrite: 60 },
    ],
    [
      'tools of the provider',
      'anthropic',
      { ...ANTHROPIC, server_tool_use: { web_search_requests: 3, web_fetch_requests: 2 } },
      { ...OF_ANTHROPIC, searches: 3 },
    ],
    [
      'a batch',
      'anthropic',
      { ...ANTHROPIC, service_tier: 'batch' },
      { ...OF_ANTHROPIC, service: 'batch' },
    ],
    [
      'speed and place',
      'anthropic',
      { ...ANTHROPIC, speed: 'fast', inference_geo: 'us', service_tier: 'standard' },
      { ...OF_ANTHROPIC, service: 'fast_us' },
    ],
    [
      'a place',
      'anthropic',
      { ...ANTHROPIC, speed: 'standard', inference_geo: 'us' },
      { ...OF_ANTHROPIC, service: 'us' },
    ],
    ['no place', 'anthropic', { ...ANTHROPIC, inference_geo: 'not_available' }, OF_ANTHROPIC],
    [
      'rounds of compaction, which are in no sum',
      'anthropic',
      {
        ...ANTHROPIC,
        iterations: [
          { type: 'compaction', input_tokens: 180, output_tokens: 35, cache_read_input_tokens: 5 },
          { type: 'message', input_tokens: 10, output_tokens: 50 },
        ],
      },
      { ...OF_ANTHROPIC, prompt: 195, completion: 85, cached: 5 },
    ],
    [
      'thoughts and results of tools beside the sums',
      'gemini',
      { ...GEMINI, toolUsePromptTokenCount: 15, thoughtsTokenCount: 20, totalTokenCount: 185 },
      { ...WHOLE, prompt: 115, completion: 70, reasoning: 20 },
    ],
    [
      'every modality',
      'gemini',
      {
        ...GEMINI,
        cachedContentTokenCount: 30,
        promptTokensDetails: [
          ...[
            { modality: 'TEXT', tokenCount: 20 },
            { modality: 'AUDIO', tokenCount: 40 },
          ],
          ...[
            { modality: 'IMAGE', tokenCount: 10 },
            { modality: 'VIDEO', tokenCount: 30 },
          ],
        ],
        cacheTokensDetails: [
          { modality: 'AUDIO', tokenCount: 20 },
          { modality: 'VIDEO', tokenCount: 10 },
        ],
        candidatesTokensDetails: [
          { modality: 'TEXT', tokenCount: 8 },
          { modality: 'IMAGE', tokenCount: 42 },
        ],
      },
      {
        ...{ ...WHOLE, cached: 30, audioIn: 40, image: 10 },
        parts: { cachedAudio: 20, video: 20, imageOut: 42 },
      },
    ],
    ['a tier', 'gemini', { ...GEMINI, serviceTier: 'flex' }, { ...WHOLE, service: 'flex' }],
    ['the usual tier', 'gemini', { ...GEMINI, serviceTier: 'standard' }, WHOLE],
    [
      "Vertex AI's tier",
      'gemini',
      { ...GEMINI, trafficType: 'ON_DEMAND_PRIORITY' },
      { ...WHOLE, service: 'priority' },
    ],
    [
      'an empty answer',
      'gemini',
      { promptTokenCount: 100, totalTokenCount: 100 },
      { ...WHOLE, completion: 0 },
    ],
  ]

/** Figures that are 0 may be told or not. */
const told = (usage: object | undefined): object =>
  JSON.parse(JSON.stringify(usage ?? {}), (name, value) =>
    name === 'parts'
      ? Object.fromEntries(Object.entries(value).filter(([, tokens]) => tokens !== 0))
      : value,
  )

describe('a report of usage', () => {
  it.each(SHAPES)('with %s (%s)', (_what, dialect, reported, means) => {
    expect(told(read(dialect, reported))).toEqual(means)
  })

  it.each(['openai', 'responses', 'anthropic', 'gemini'] as const)(
    'that is none, or nonsense, is nothing to %s',
    (dialect) => {
      for (const wrong of [{}, null, 'many', [], { usage: 3 }, { input_tokens: 'x' }]) {
        expect(DIALECTS[dialect].readUsage(wrong)).toBeUndefined()
      }
      const odd = { ...OPENAI, ...RESPONSES, ...GEMINI, server_tool_use: 7, iterations: [null, 3] }
      const details = {
        cacheTokensDetails: 'x',
        promptTokensDetails: [null, { modality: 'AUDIO' }],
      }
      expect(DIALECTS[dialect].readUsage({ ...odd, ...details })).toMatchObject({ completion: 50 })
    },
  )
})

const outlet = { begun: false, streams: false, write: () => true }
const bytes = (value: object) => Buffer.from(JSON.stringify(value))
const events = (...values: readonly object[]) =>
  Buffer.from(values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join(''))

function plain(dialect: Name, answer: object) {
  const meter = new PlainMeter(outlet, DIALECTS[dialect])
  meter.chunk(bytes(answer))
  meter.end()
  return meter.reported()
}

function streamed(dialect: Name, ...values: readonly object[]): Meter {
  const { readEvent, readUsage, readBeside } = DIALECTS[dialect]
  const shared = { choices: 1, readUsage, scrub: (text: string) => text }
  const meter =
    readEvent === undefined
      ? new StreamMeter(outlet, { ...shared, hideUsage: false, readBeside })
      : new EventMeter(outlet, { ...shared, readEvent })
  meter.chunk(events(...values))
  return meter
}

const ITEMS = [
  { type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'a' } },
  { type: 'web_search_call', status: 'completed', action: { type: 'open_page', url: 'b' } },
  { type: 'web_search_call', status: 'failed', action: { type: 'search', query: 'c' } },
  { type: 'web_search_call', status: 'completed' },
  { type: 'file_search_call', status: 'completed' },
  { type: 'code_interpreter_call', status: 'completed' },
  { type: 'image_generation_call', status: 'completed' },
  { type: 'function_call', name: 'web_search_call', arguments: '{"type":"web_search_call"}' },
  { type: 'message', content: [{ type: 'output_text', text: '"type":"file_search_call"' }] },
]
const USED = { searches: 2, fileSearches: 1, codeRuns: 1, images: 1 }

describe('what an answer tells beside its report', () => {
  it("is OpenAI's tier of service, at the end of an answer and in the event with the report", () => {
    const choices = [{ message: { content: '"service_tier":"flex"' }, finish_reason: 'stop' }]
    const flex = { choices, usage: OPENAI, service_tier: 'flex' }
    expect(plain('openai', flex)).toEqual({ ...WHOLE, service: 'flex' })
    expect(plain('openai', { ...flex, service_tier: 'default' })).toEqual(WHOLE)
    expect(plain('openai', { ...flex, service_tier: null })).toEqual(WHOLE)
    expect(plain('openai', { choices, usage: OPENAI })).toEqual(WHOLE)
    const last = { choices: [], usage: OPENAI, service_tier: 'priority' }
    expect(streamed('openai', last).reported()).toEqual({ ...WHOLE, service: 'priority' })
  })

  it("are calls of OpenAI's own tools, once each, however the answer comes", () => {
    const response = { output: ITEMS, usage: RESPONSES, service_tier: 'priority' }
    const means = { ...WHOLE, ...USED, service: 'priority' }
    expect(plain('responses', response)).toEqual(means)
    const done = ITEMS.map((item) => ({ type: 'response.output_item.done', item }))
    for (const type of ['response.completed', 'response.incomplete', 'response.failed']) {
      expect(streamed('responses', ...done, { type, response }).reported()).toEqual(means)
    }
    const cut = streamed('responses', ...done)
    expect(cut.reported()).toBeUndefined()
    expect(cut.beside?.()).toMatchObject(USED)
  })

  it("are Google's searches, told again and again by a stream, and once by an answer", () => {
    const grounded = (webSearchQueries: readonly string[]) => ({
      candidates: [
        {
          content: { parts: [{ text: '"webSearchQueries"' }] },
          groundingMetadata: { webSearchQueries },
        },
      ],
      usageMetadata: GEMINI,
    })
    expect(plain('gemini', grounded(['a', 'b']))).toEqual({ ...WHOLE, searches: 2 })
    const stream = streamed('gemini', grounded(['a']), grounded(['a', 'b']), {
      usageMetadata: GEMINI,
    })
    expect(told(stream.reported())).toEqual({ ...WHOLE, searches: 2 })
    expect(plain('gemini', grounded([]))).toEqual(WHOLE)
  })

  it("is Anthropic's report, whose later figures replace the earlier ones", () => {
    const first = {
      ...ANTHROPIC,
      output_tokens: 1,
      cache_read_input_tokens: 30,
      inference_geo: 'us',
    }
    const stream = streamed(
      'anthropic',
      { type: 'message_start', message: { usage: first } },
      { type: 'message_delta', delta: {}, usage: { output_tokens: 20 } },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn' },
        usage: { output_tokens: 50, server_tool_use: { web_search_requests: 1 } },
      },
    )
    const means = { ...OF_ANTHROPIC, prompt: 40, cached: 30, searches: 1, service: 'us' }
    expect(told(stream.reported())).toEqual(means)
    expect(readAnthropic({ output_tokens: 3 })).toMatchObject({ prompt: 0, completion: 3 })
  })
})
