import fc from 'fast-check'
import type { Choice, Finish, NeutralAnswer } from '../../src/translate/neutral/answer.ts'
import type {
  AssistantPart,
  CacheMark,
  Citation,
  Format,
  JsonObject,
  MediaPart,
  Message,
  NeutralRequest,
  ReasoningPart,
  ReasoningWish,
  Sampling,
  TextPart,
  Tool,
  ToolCallPart,
  ToolChoice,
  ToolResultPart,
} from '../../src/translate/neutral/request.ts'
import type { Usage } from '../../src/usage/usage.ts'

/** Calls and answers that every dialect has some way to say. */

/** Never blank, and with letters of all kinds. */
const text: fc.Arbitrary<string> = fc
  .string({ maxLength: 20, unit: 'grapheme' })
  .map((tail) => `a${tail}z`)

const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,11}$/)
const id = fc.stringMatching(/^[a-z]{2,5}_[A-Za-z0-9]{1,10}$/)
const base64 = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => {
  return Buffer.from(bytes).toString('base64')
})
const cache = fc.option(fc.constantFrom<CacheMark>('5m', '1h'), { nil: undefined })
/** Absent half of the time. */
const sometimes = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 })

/** A schema within what every provider takes as strict. */
const schema: fc.Arbitrary<JsonObject> = fc
  .uniqueArray(word, { minLength: 1, maxLength: 3 })
  .map((names) => ({
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
    required: names,
    additionalProperties: false,
  }))

const textPart: fc.Arbitrary<TextPart> = fc.record({ kind: fc.constant('text' as const), text })

const image: fc.Arbitrary<MediaPart> = fc.oneof(
  base64.map((bytes) => ({
    kind: 'image' as const,
    source: { kind: 'bytes' as const, mediaType: 'image/png', base64: bytes },
  })),
  word.map((name) => ({
    kind: 'image' as const,
    source: {
      kind: 'url' as const,
      url: `https://example.com/${name}.png`,
      mediaType: undefined,
    },
  })),
)

const file: fc.Arbitrary<MediaPart> = fc.tuple(base64, word).map(([bytes, name]) => ({
  kind: 'file' as const,
  source: { kind: 'bytes' as const, mediaType: 'application/pdf', base64: bytes },
  name: `${name}.pdf`,
}))

const toolInput = fc
  .dictionary(word, fc.oneof(text, fc.integer()), { maxKeys: 3 })
  .map((input) => JSON.stringify(input))

const call = (name: string, callId: string): fc.Arbitrary<ToolCallPart> =>
  toolInput.map((input) => ({ kind: 'tool_call', id: callId, name, input }))

function result(name: string, callId: string): fc.Arbitrary<ToolResultPart> {
  return fc.record({
    kind: fc.constant('tool_result' as const),
    id: fc.constant(callId),
    name: fc.constant(name),
    parts: fc.oneof(
      textPart.map((part) => [part]),
      fc.tuple(textPart, image),
    ),
    failed: fc.boolean(),
  })
}

const system = fc.array(fc.record({ kind: fc.constant('text' as const), text, cache }), {
  maxLength: 2,
})

/** A turn of each, or a call with its result. */
const exchange: fc.Arbitrary<readonly Message[]> = fc.oneof(
  fc
    .tuple(fc.array(fc.oneof(textPart, image, file), { minLength: 1, maxLength: 3 }), textPart)
    .map(([asked, said]) => [
      { role: 'user' as const, parts: asked },
      { role: 'assistant' as const, parts: [said] },
    ]),
  fc.tuple(word, fc.uniqueArray(id, { minLength: 1, maxLength: 3 })).chain(([name, ids]) =>
    fc
      .tuple(
        textPart,
        fc.tuple(...ids.map((callId) => call(name, callId))),
        fc.tuple(...ids.map((callId) => result(name, callId))),
      )
      .map(([said, calls, results]) => [
        { role: 'user' as const, parts: [said] },
        { role: 'assistant' as const, parts: calls },
        { role: 'user' as const, parts: results },
      ]),
  ),
)

const messages: fc.Arbitrary<readonly Message[]> = fc
  .tuple(fc.array(exchange, { maxLength: 3 }), textPart)
  .map(([exchanges, last]) => [...exchanges.flat(), { role: 'user' as const, parts: [last] }])

const tool: fc.Arbitrary<Tool> = fc.oneof(
  fc.record({
    kind: fc.constant('function' as const),
    name: word,
    description: sometimes(text),
    parameters: schema,
    strict: sometimes(fc.boolean()),
    cache: fc.constant(undefined),
  }),
  fc.record({
    kind: fc.constant('custom' as const),
    name: word,
    description: sometimes(text),
    format: fc.constant(undefined),
  }),
)

function toolChoice(tools: readonly Tool[]): fc.Arbitrary<ToolChoice | undefined> {
  const names = tools.map(({ name }) => name)
  if (names.length === 0) return fc.constant(undefined)
  return sometimes(
    fc.oneof(
      fc.record({ kind: fc.constantFrom('auto' as const, 'none' as const, 'required' as const) }),
      fc.record({ kind: fc.constant('named' as const), name: fc.constantFrom(...names) }),
      fc.record({
        kind: fc.constant('allowed' as const),
        required: fc.boolean(),
        names: fc.subarray(names, { minLength: 1 }),
      }),
    ),
  )
}

const format: fc.Arbitrary<Format | undefined> = sometimes(
  fc.oneof(
    fc.record({ kind: fc.constant('json' as const) }),
    fc.record({
      kind: fc.constant('schema' as const),
      name: word,
      description: fc.constant(undefined),
      schema,
      strict: fc.constant(true),
    }),
  ),
)

const tenth = (most: number) => fc.integer({ min: 0, max: most * 10 }).map((value) => value / 10)

const sampling: fc.Arbitrary<Sampling> = fc.record(
  {
    temperature: tenth(2),
    topP: tenth(1),
    topK: fc.integer({ min: 1, max: 100 }),
    frequencyPenalty: tenth(2).filter((value) => value > 0),
    presencePenalty: tenth(2).filter((value) => value > 0),
    seed: fc.nat(),
  },
  { requiredKeys: [] },
)

const reasoning: fc.Arbitrary<ReasoningWish | undefined> = sometimes(
  fc.oneof(
    fc.record({
      effort: fc.constantFrom('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'),
      budget: fc.constant(undefined),
      shows: fc.constantFrom('nothing' as const, 'summary' as const),
    }),
    fc.record({
      effort: fc.constant(undefined),
      budget: fc.oneof(fc.constant(-1), fc.constant(0), fc.integer({ min: 1024, max: 60_000 })),
      shows: fc.constantFrom('nothing' as const, 'summary' as const),
    }),
  ),
)

/** `uses` is empty: whoever reads it again notes what is in it. */
export const request: fc.Arbitrary<NeutralRequest> = fc
  .uniqueArray(tool, { maxLength: 3, selector: ({ name }) => name })
  .chain((tools) =>
    fc.record({
      model: word,
      stream: fc.boolean(),
      system,
      messages,
      tools: fc.constant(tools),
      toolChoice: toolChoice(tools),
      parallelToolCalls: sometimes(fc.boolean()),
      format,
      outputLimit: sometimes(fc.integer({ min: 16, max: 64_000 })),
      stop: fc.array(text, { maxLength: 3 }),
      sampling,
      reasoning,
      choices: fc.constant(1),
      logprobs: fc.constant(undefined),
      verbosity: sometimes(fc.constantFrom('low' as const, 'medium' as const, 'high' as const)),
      serviceTier: sometimes(fc.constantFrom('auto' as const, 'default' as const)),
      endUser: sometimes(word),
      promptCacheKey: sometimes(word),
      streamsUsage: fc.constant(true),
      uses: fc.constant(new Map()),
    }),
  )

const usage: fc.Arbitrary<Usage> = fc
  .tuple(...Array.from({ length: 6 }, () => fc.nat(10_000)))
  .map(([fresh = 0, cached = 0, cacheWrite = 0, cacheWrite1h = 0, said = 0, reasoned = 0]) => ({
    prompt: fresh + cached + cacheWrite + cacheWrite1h,
    completion: said + reasoned,
    cached,
    cacheWrite,
    cacheWrite1h,
    reasoning: reasoned,
    audioIn: 0,
    audioOut: 0,
    image: 0,
    estimated: false,
  }))

/** Some of another provider's marks, so that they have to be carried. */
const reasoningPart: fc.Arbitrary<ReasoningPart> = fc.record({
  kind: fc.constant('reasoning' as const),
  text,
  mark: sometimes(
    fc.record({
      issuer: fc.constantFrom('responses' as const, 'anthropic' as const),
      value: base64,
    }),
  ),
})

const citation: fc.Arbitrary<Citation> = fc.record({
  url: word.map((name) => `https://example.com/${name}`),
  title: text,
})

const citedText: fc.Arbitrary<TextPart> = fc
  .tuple(text, fc.array(citation, { maxLength: 2 }))
  .map(([said, citations]) =>
    citations.length === 0
      ? { kind: 'text' as const, text: said }
      : { kind: 'text' as const, text: said, citations },
  )

const answerCall = fc.tuple(word, id).chain(([name, callId]) => call(name, callId))

/** Reasoning, then what is said, then calls: the order of them that every dialect keeps. */
const parts: fc.Arbitrary<readonly AssistantPart[]> = fc
  .tuple(
    fc.array(reasoningPart, { maxLength: 1 }),
    fc.array(citedText, { maxLength: 1 }),
    fc.uniqueArray(answerCall, { maxLength: 3, selector: ({ id: callId }) => callId }),
  )
  .map((all) => all.flat())

function choice(said: readonly AssistantPart[], other: Finish): Choice {
  const finish = said.some(({ kind }) => kind === 'tool_call') ? 'tool_calls' : other
  return { index: 0, parts: said, finish, stopSequence: undefined, logprobs: undefined }
}

/** With one choice, as most dialects have it. */
export const answer: fc.Arbitrary<NeutralAnswer> = fc.record({
  id: id.map((bare) => bare),
  model: word,
  createdAt: fc.integer({ min: 1, max: 2 ** 31 }),
  choices: fc
    .tuple(parts, fc.constantFrom<Finish>('stop', 'length'))
    .map(([said, finish]) => [choice(said, finish)]),
  usage,
  serviceTier: fc.constant(undefined),
})
