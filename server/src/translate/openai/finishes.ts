import type { Finish } from '../neutral/answer.ts'

/** @param has what the answer holds: some say `stop` for a call of a tool, and OpenAI does so for a refusal. */
export function readFinish(
  reason: unknown,
  has: { readonly calls: boolean; readonly refusal: boolean },
): Finish {
  switch (reason) {
    case 'length':
      return 'length'
    case 'content_filter':
      return 'content_filter'
    case 'tool_calls':
    case 'function_call':
      return 'tool_calls'
    default:
      return has.calls ? 'tool_calls' : has.refusal ? 'refusal' : 'stop'
  }
}

/** @param hasRefusal whether the model's own words for it are in the answer. */
export function writeFinish(finish: Finish, hasRefusal: boolean): string {
  switch (finish) {
    case 'stop':
    case 'stop_sequence':
    case 'pause':
      return 'stop'
    case 'refusal':
      return hasRefusal ? 'stop' : 'content_filter'
    case 'length':
    case 'tool_calls':
    case 'content_filter':
      return finish
  }
}
