import { readUsage } from '../../dialects/anthropic-usage.ts'
import { isObject } from '../json.ts'
import { jsonOf } from '../json-text.ts'
import type { NeutralAnswer } from '../neutral/answer.ts'
import { unwrapMark } from '../neutral/foreign-mark.ts'
import type { AssistantPart, Citation, JsonObject, TextPart } from '../neutral/request.ts'
import { readCitation } from './citations.ts'
import { readFinish } from './finishes.ts'

/** A message, as far as it can be understood. Blocks of tools that the provider ran are left out. */
export function readAnswer(body: JsonObject): NeutralAnswer | undefined {
  if (!Array.isArray(body.content)) return undefined
  const parts: AssistantPart[] = []
  const id = text(body.id)
  for (const block of body.content as readonly unknown[]) {
    const part = isObject(block) ? readBlock(block, `toolu_${id}_${parts.length}`) : undefined
    if (part !== undefined) parts.push(part)
  }
  const refusal = refusalOf(body.stop_details)
  if (refusal !== '') parts.push({ kind: 'refusal', text: refusal })
  return {
    id,
    model: text(body.model),
    createdAt: 0,
    choices: [
      {
        index: 0,
        parts,
        finish: readFinish(body.stop_reason),
        stopSequence: typeof body.stop_sequence === 'string' ? body.stop_sequence : undefined,
        logprobs: undefined,
      },
    ],
    usage: readUsage(body.usage),
    serviceTier: readTier(body.usage),
  }
}

/** What the provider says of a refusal of its own. */
export const refusalOf = (details: unknown): string =>
  isObject(details) ? text(details.explanation) : ''

/** In the words of the others. */
export function readTier(usage: unknown): string | undefined {
  if (!isObject(usage) || typeof usage.service_tier !== 'string') return undefined
  return usage.service_tier === 'standard' ? 'default' : usage.service_tier
}

/**
 * One block, whole or as a stream opens it.
 * @param toolId for a call to which its provider gave none.
 */
export function readBlock(block: JsonObject, toolId: string): AssistantPart | undefined {
  switch (block.type) {
    case 'text':
      return readText(block)
    case 'thinking': {
      const signature = text(block.signature)
      return {
        kind: 'reasoning',
        text: text(block.thinking),
        mark: signature === '' ? undefined : unwrapMark(signature, 'anthropic'),
      }
    }
    case 'redacted_thinking': {
      const mark = unwrapMark(text(block.data), 'anthropic')
      return {
        kind: 'reasoning',
        text: '',
        mark: mark.issuer === 'anthropic' ? { ...mark, redacted: true } : mark,
      }
    }
    case 'tool_use':
      return {
        kind: 'tool_call',
        id: text(block.id) || toolId,
        name: text(block.name),
        input: (isObject(block.input) ? jsonOf(block.input) : undefined) ?? '{}',
      }
    default:
      return undefined
  }
}

function readText(block: JsonObject): TextPart {
  const part: TextPart = { kind: 'text', text: text(block.text) }
  const citations = readCitations(block.citations)
  return citations === undefined ? part : { ...part, citations }
}

function readCitations(value: unknown): readonly Citation[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined
  const citations: Citation[] = []
  for (const given of value as readonly unknown[]) {
    const citation = readCitation(given)
    if (citation !== undefined) citations.push(citation)
  }
  return citations.length === 0 ? undefined : citations
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
