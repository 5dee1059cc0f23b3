import { effortOf } from '../efforts.ts'
import type { JsonObject, NeutralRequest } from '../neutral/request.ts'
import { writeFormat } from './write-request.ts'
import { shapedTool, writeToolChoice } from './write-tools.ts'

export interface Head {
  readonly id: string
  /** As the provider says; `''` = the caller's own name for it. */
  readonly model: string
  /** Unix seconds. */
  readonly createdAt: number
}

/** A `Response` without what becomes of it: the caller's own wishes are repeated in it. */
export function responseObject(request: NeutralRequest, head: Head): JsonObject {
  const { tools, toolChoice, reasoning, format, verbosity, sampling, system } = request
  return {
    id: head.id,
    object: 'response',
    created_at: head.createdAt,
    background: false,
    instructions: system.length === 0 ? null : system.map(({ text }) => text).join('\n\n'),
    max_output_tokens: request.outputLimit ?? null,
    max_tool_calls: null,
    model: head.model === '' ? request.model : head.model,
    parallel_tool_calls: request.parallelToolCalls ?? true,
    previous_response_id: null,
    prompt_cache_key: request.promptCacheKey ?? null,
    reasoning: {
      effort: (reasoning && effortOf(reasoning)) ?? null,
      summary: reasoning?.shows === 'summary' ? 'auto' : null,
    },
    safety_identifier: request.endUser ?? null,
    store: false,
    temperature: sampling.temperature ?? 1,
    text: {
      format: format === undefined ? { type: 'text' } : writeFormat(format),
      verbosity: verbosity ?? 'medium',
    },
    tool_choice: toolChoice === undefined ? 'auto' : writeToolChoice(toolChoice, tools),
    tools: tools.map(shapedTool),
    top_logprobs: request.logprobs ?? 0,
    top_p: sampling.topP ?? 1,
    truncation: 'disabled',
    user: null,
    metadata: {},
  }
}
