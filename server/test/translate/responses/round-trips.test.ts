import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NeutralAnswer } from '../../../src/translate/neutral/answer.ts'
import type {
  Message,
  NeutralRequest,
  TextPart,
  Tool,
  UserPart,
} from '../../../src/translate/neutral/request.ts'
import { responsesCodec } from '../../../src/translate/responses/codec.ts'
import * as arbitrary from '../arbitraries.ts'
import { assembled, eventsOf, readAll, sentEvents, writeAll } from '../streams.ts'

const { readRequest, writeRequest, readAnswer, writeAnswer } = responsesCodec
const asked = { model: 'other', stream: false }

/** What the dialect has no place for is gone. */
function kept(request: NeutralRequest): NeutralRequest {
  const { format, sampling, system, tools, reasoning } = request
  const { temperature, topP } = sampling
  const thinks = reasoning !== undefined && reasoning.effort !== 'none' && reasoning.budget !== 0
  const decided = reasoning?.effort === undefined && reasoning?.budget === -1
  return {
    ...request,
    ...asked,
    system:
      system.length === 0
        ? []
        : [{ kind: 'text', text: system.map(({ text }) => text).join('\n\n') }],
    messages: request.messages.map(keptMessage),
    tools: tools.map(keptTool),
    parallelToolCalls: tools.length === 0 ? undefined : request.parallelToolCalls,
    format: format?.kind === 'schema' ? { ...format, description: undefined } : format,
    stop: [],
    sampling:
      thinks && !decided
        ? {}
        : {
            ...(temperature !== undefined && { temperature }),
            ...(topP !== undefined && { topP }),
          },
    reasoning: undefined,
  }
}

const keptMessage = (message: Message): Message =>
  message.role === 'user' ? { ...message, parts: message.parts.map(keptPart) } : message

function keptPart(part: UserPart): UserPart {
  if (part.kind !== 'tool_result') return part.kind === 'image' ? { ...part, detail: 'auto' } : part
  return { ...part, failed: false, parts: part.parts.map((one) => keptPart(one) as TextPart) }
}

const keptTool = (tool: Tool): Tool =>
  tool.kind === 'custom' ? tool : { ...tool, strict: tool.strict ?? false, cache: undefined }

describe('a call that is written for OpenAI Responses and read again', () => {
  it('keeps everything that the dialect can say', () => {
    fc.assert(
      fc.property(arbitrary.request, (request) => {
        const body = JSON.parse(JSON.stringify(writeRequest(request, asked.model)))
        // The word that OpenAI wants beside JSON without a schema.
        if (request.format?.kind === 'json' && body.input[0]?.role === 'developer') {
          body.input.shift()
        }
        const again = { ...readRequest(body, asked), reasoning: undefined, uses: new Map() }
        expect(again).toEqual(kept(request))
      }),
    )
  })
})

/** The dialect's ids begin with `resp_`, quote nothing, and place every citation. */
function told(answer: NeutralAnswer): NeutralAnswer {
  const { usage } = answer
  return {
    ...answer,
    id: `resp_${answer.id}`,
    serviceTier: 'default',
    usage: usage && {
      ...usage,
      cacheWrite: usage.cacheWrite + usage.cacheWrite1h,
      cacheWrite1h: 0,
    },
    choices: answer.choices.map((choice) => ({
      ...choice,
      finish: choice.finish === 'tool_calls' || choice.finish === 'length' ? choice.finish : 'stop',
      parts: choice.parts.map((part, at) => {
        if (part.kind === 'reasoning' && part.mark?.issuer === 'responses') {
          return { ...part, mark: { ...part.mark, id: `rs_${answer.id}_${at}` } }
        }
        if (part.kind !== 'text' || part.citations === undefined) return part
        const end = [...part.text].length
        return { ...part, citations: part.citations.map((one) => ({ ...one, start: 0, end })) }
      }),
    })),
  }
}

const context = {
  request: readRequest({ input: 'Hello' }, asked),
  requestId: 'r',
  now: 1,
}

describe('an answer', () => {
  it('that is written for OpenAI Responses and read again is the same', () => {
    fc.assert(
      fc.property(arbitrary.answer, (answer) => {
        const body = JSON.parse(JSON.stringify(writeAnswer(answer, context)))
        expect(readAnswer(body)).toEqual(told(answer))
      }),
    )
  })

  const cutting = fc.record({
    size: fc.integer({ min: 1, max: 9 }),
    interleaved: fc.boolean(),
    usageLast: fc.boolean(),
  })

  it('is the same when it is streamed, whatever it is cut into', () => {
    fc.assert(
      fc.property(arbitrary.answer, cutting, (answer, cut) => {
        const stream = writeAll(responsesCodec.createStreamWriter(context), eventsOf(answer, cut))
        const events = readAll(responsesCodec.createStreamReader(), sentEvents(stream))
        expect(assembled(events)).toEqual(told(answer))
      }),
    )
  })

  it('that is streamed ends with the whole of it, as it would have come at once', () => {
    fc.assert(
      fc.property(arbitrary.answer, cutting, (answer, cut) => {
        const stream = writeAll(responsesCodec.createStreamWriter(context), eventsOf(answer, cut))
        const last = sentEvents(stream).at(-1)
        expect(JSON.parse(last?.data ?? '').response).toEqual(
          JSON.parse(JSON.stringify(writeAnswer(answer, context))),
        )
      }),
    )
  })
})
