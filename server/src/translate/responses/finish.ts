import { isObject } from '../json.ts'
import type { Finish } from '../neutral/answer.ts'
import type { JsonObject } from '../neutral/request.ts'

/** `has`: what the answer holds. */
export function readFinish(
  { status, incomplete_details }: JsonObject,
  has: { readonly calls: boolean; readonly refusal: boolean },
): Finish {
  if (status === 'incomplete') {
    const reason = isObject(incomplete_details) ? incomplete_details.reason : undefined
    return reason === 'content_filter' ? 'content_filter' : 'length'
  }
  return has.calls ? 'tool_calls' : has.refusal ? 'refusal' : 'stop'
}

/** Why an answer is incomplete; `undefined`: it is complete. `refused`: the model's own words for it are in it. */
export function incompleteReason(finish: Finish, refused: boolean): string | undefined {
  if (finish === 'length') return 'max_output_tokens'
  if (finish === 'content_filter' || (finish === 'refusal' && !refused)) return 'content_filter'
  return undefined
}
