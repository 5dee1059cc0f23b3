import type { AnswerContext } from '../codec.ts'
import { idWith } from '../ids.ts'
import { isObject } from '../json.ts'
import type { NeutralAnswer } from '../neutral/answer.ts'
import type { JsonObject } from '../neutral/request.ts'
import { incompleteReason } from './finish.ts'
import { writeOutput } from './output-items.ts'
import { responseObject } from './response-object.ts'
import { writeUsage } from './usage.ts'

/** The answer as a whole `Response`. The dialect has one choice only. */
export function writeAnswer(answer: NeutralAnswer, context: AnswerContext): JsonObject {
  const { request, requestId, now } = context
  const [choice] = answer.choices
  const id = idWith('resp_', answer.id, requestId)
  const output = writeOutput(choice?.parts ?? [], id.slice('resp_'.length), request)
  if (choice?.logprobs !== undefined) addLogprobs(output, choice.logprobs)
  const refused = choice?.parts.some(({ kind }) => kind === 'refusal') ?? false
  const reason = incompleteReason(choice?.finish ?? 'stop', refused)
  return {
    ...responseObject(request, {
      id,
      model: answer.model,
      createdAt: answer.createdAt === 0 ? now : answer.createdAt,
    }),
    status: reason === undefined ? 'completed' : 'incomplete',
    incomplete_details: reason === undefined ? null : { reason },
    error: null,
    service_tier: answer.serviceTier ?? 'default',
    output,
    usage: answer.usage === undefined ? null : writeUsage(answer.usage),
  }
}

function addLogprobs(output: JsonObject[], { content }: JsonObject): void {
  const at = output.findIndex(({ type }) => type === 'message')
  const message = output[at]
  if (message === undefined || !Array.isArray(content) || !Array.isArray(message.content)) return
  const [first, ...others] = message.content as readonly unknown[]
  if (!isObject(first)) return
  output[at] = { ...message, content: [{ ...first, logprobs: content }, ...others] }
}
