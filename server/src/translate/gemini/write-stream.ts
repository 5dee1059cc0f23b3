import { statusOf } from '../../errors.ts'
import type { Usage } from '../../usage/usage.ts'
import type { AnswerContext, StreamWriter } from '../codec.ts'
import { idWith } from '../ids.ts'
import type { NeutralEvent, ProviderError } from '../neutral/answer.ts'
import type { JsonObject } from '../neutral/request.ts'
import { type CandidateWriter, createCandidateWriter } from './candidate-writer.ts'
import { writeUsage } from './usage.ts'

type FinishEvent = Extract<NeutralEvent, { kind: 'finish' }>

/** Writes `streamGenerateContent?alt=sse`. */
export function createStreamWriter(context: AnswerContext): StreamWriter {
  const candidates = new Map<number, CandidateWriter>()
  /** What every event ends with. */
  let tail = tailOf('', '', context)
  let usage: Usage | undefined
  let told: Usage | undefined
  /** Ends that wait for the figures. */
  const held: FinishEvent[] = []
  let failed = false

  function write(event: NeutralEvent): string {
    if (failed) return ''
    switch (event.kind) {
      case 'start':
        tail = tailOf(event.id, event.model, context)
        // What is known at the start may be less than all.
        return ''
      case 'usage':
        usage = event.usage
        return ''
      case 'failed':
        failed = true
        return `data: ${JSON.stringify(shapedError(event.error))}\n\n`
      case 'finish':
        if (usage !== undefined) return finished(event)
        held.push(event)
        return ''
      case 'logprobs':
        return candidateOf(event.choice).write(event, tail)
      default: {
        const candidate = candidateOf(event.choice)
        let out = ''
        for (const one of candidate.inOrder(event)) {
          if ('part' in one) out += candidate.write(one, tail)
        }
        return out
      }
    }
  }

  function candidateOf(choice: number): CandidateWriter {
    const known = candidates.get(choice)
    if (known !== undefined) return known
    const made = createCandidateWriter(choice)
    candidates.set(choice, made)
    return made
  }

  function finished({ choice, finish }: FinishEvent): string {
    told = usage
    const candidate = candidateOf(choice).finished(finish)
    return `data: ${JSON.stringify({ candidates: [candidate], ...figures(usage) }).slice(0, -1)}${tail}`
  }

  function end(): string {
    if (failed) return ''
    let out = ''
    for (const event of held.splice(0)) out += finished(event)
    if (usage === told) return out
    return `${out}data: ${JSON.stringify(figures(usage)).slice(0, -1)}${tail}`
  }

  return { write, end }
}

const figures = (usage: Usage | undefined): JsonObject =>
  usage === undefined ? {} : { usageMetadata: writeUsage(usage) }

function tailOf(id: string, model: string, { request, requestId }: AnswerContext): string {
  const modelVersion = JSON.stringify(model === '' ? request.model : model)
  const responseId = JSON.stringify(idWith('', id, requestId))
  return `,"modelVersion":${modelVersion},"responseId":${responseId}}\n\n`
}

/** Google's libraries throw by the code. */
function shapedError({ message, type }: ProviderError): JsonObject {
  const overloaded = /overloaded|unavailable/i.test(type)
  const code = statusOf(overloaded ? 'no_channel_available' : 'internal')
  return { error: { code, message, status: overloaded ? 'UNAVAILABLE' : 'INTERNAL' } }
}
