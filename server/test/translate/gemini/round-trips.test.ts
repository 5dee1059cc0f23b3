import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CUSTOM_PARAMETERS } from '../../../src/translate/custom-tools.ts'
import { geminiCodec } from '../../../src/translate/gemini/codec.ts'
import type { NeutralAnswer } from '../../../src/translate/neutral/answer.ts'
import type {
  Format,
  Message,
  NeutralRequest,
  Tool,
  ToolChoice,
  UserPart,
} from '../../../src/translate/neutral/request.ts'
import type { Usage } from '../../../src/usage/usage.ts'
import * as arbitrary from '../arbitraries.ts'
import { assembled, eventsOf, readAll, sentEvents, writeAll } from '../streams.ts'

const { readRequest, writeRequest, readAnswer, writeAnswer } = geminiCodec
const asked = { model: 'gemini-3-pro', stream: false }

/** What Gemini has no place for is gone, and what one side says in a row is one content. */
function kept(request: NeutralRequest): NeutralRequest {
  return {
    ...request,
    ...asked,
    system: request.system.map(({ kind, text }) => ({ kind, text })),
    messages: joined(request.messages),
    tools: request.tools.map(keptTool),
    toolChoice: keptChoice(request),
    parallelToolCalls: undefined,
    format: request.format && keptFormat(request.format),
    reasoning: undefined,
    verbosity: undefined,
    serviceTier: request.serviceTier === 'auto' ? undefined : request.serviceTier,
    endUser: undefined,
    promptCacheKey: undefined,
  }
}

function joined(messages: readonly Message[]): readonly Message[] {
  const out: Message[] = []
  for (const message of messages) {
    const last = out.at(-1)
    if (message.role === 'user') {
      const parts = message.parts.map(keptPart)
      if (last?.role === 'user') out[out.length - 1] = { ...last, parts: [...last.parts, ...parts] }
      else out.push({ ...message, parts })
    } else out.push(message)
  }
  return out
}

function keptPart(part: UserPart): UserPart {
  if (part.kind === 'tool_result') {
    return { ...part, parts: part.parts.map((one) => keptPart(one) as typeof one) }
  }
  if (part.kind === 'text') return part
  const { kind, source } = part
  return source.kind === 'url'
    ? { kind, source: { ...source, mediaType: 'image/png' } }
    : { kind, source }
}

const keptTool = (tool: Tool): Tool => ({
  kind: 'function',
  name: tool.name,
  description: tool.description,
  parameters: tool.kind === 'custom' ? CUSTOM_PARAMETERS : tool.parameters,
  strict: undefined,
  cache: undefined,
})

/** Tools are strict by the mode of the choice. */
function keptChoice({ toolChoice: choice, tools }: NeutralRequest): ToolChoice | undefined {
  if (choice === undefined) {
    const strict = tools.some((tool) => tool.kind === 'function' && tool.strict)
    return strict ? { kind: 'auto' } : undefined
  }
  if (choice.kind !== 'allowed' || !choice.required) return choice
  const [only, ...others] = choice.names
  return only !== undefined && others.length === 0 ? { kind: 'named', name: only } : choice
}

const keptFormat = (format: Format): Format =>
  format.kind === 'json'
    ? format
    : { ...format, name: 'answer', description: undefined, strict: undefined }

describe('a call that is written for Gemini and read again', () => {
  it('keeps everything that Gemini can say', () => {
    fc.assert(
      fc.property(arbitrary.request, (request) => {
        const body = JSON.parse(JSON.stringify(writeRequest(request, asked.model)))
        const again = { ...readRequest(body, asked), reasoning: undefined, uses: new Map() }
        expect(again).toEqual(kept(request))
      }),
    )
  })
})

/** Gemini does not tell what was written to its cache. */
const toldUsage = (usage: Usage | undefined): Usage | undefined =>
  usage && { ...usage, cacheWrite: 0, cacheWrite1h: 0 }

/** A text without a place of its own is cited as a whole, in code points. */
function told(answer: NeutralAnswer, streamed: boolean): NeutralAnswer {
  return {
    ...answer,
    createdAt: streamed ? 0 : answer.createdAt,
    usage: toldUsage(answer.usage),
    choices: answer.choices.map((choice) => ({
      ...choice,
      parts: choice.parts.map((part) =>
        part.kind === 'text' && part.citations !== undefined
          ? {
              ...part,
              citations: part.citations.map((citation) => ({
                ...citation,
                quoted: part.text,
                start: 0,
                end: [...part.text].length,
              })),
            }
          : part,
      ),
    })),
  }
}

/** Citations come last in a stream: too late for a text that calls of tools followed. */
function uncited(answer: NeutralAnswer): NeutralAnswer {
  return {
    ...answer,
    choices: answer.choices.map((choice) =>
      choice.finish === 'tool_calls'
        ? {
            ...choice,
            parts: choice.parts.map((part) =>
              part.kind === 'text' ? { kind: part.kind, text: part.text } : part,
            ),
          }
        : choice,
    ),
  }
}

const context = (requestId: string) => ({
  request: readRequest({ contents: [{ parts: [{ text: 'Hello' }] }] }, asked),
  requestId,
  now: 1,
})

describe('an answer', () => {
  it('that is written for Gemini and read again is the same', () => {
    fc.assert(
      fc.property(arbitrary.answer, (answer) => {
        const body = JSON.parse(JSON.stringify(writeAnswer(answer, context('r'))))
        expect(readAnswer(body)).toEqual(told(answer, false))
      }),
    )
  })

  it('is the same when it is streamed, whatever it is cut into', () => {
    const cutting = fc.record({
      size: fc.integer({ min: 1, max: 9 }),
      interleaved: fc.boolean(),
      usageLast: fc.boolean(),
    })
    fc.assert(
      fc.property(arbitrary.answer, cutting, (answer, cut) => {
        const stream = writeAll(geminiCodec.createStreamWriter(context('r')), eventsOf(answer, cut))
        const events = readAll(geminiCodec.createStreamReader(), sentEvents(stream))
        expect(assembled(events)).toEqual(told(uncited(answer), true))
      }),
    )
  })
})
