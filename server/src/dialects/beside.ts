import { type Beside, serviceOf } from '../usage/usage.ts'
import type { Loose } from './dialect.ts'
import { isObject } from './judged.ts'

/** The whole text of an answer, for whoever has to look beyond its end. */
export interface AnswerText {
  /** As latin1: `undefined` when it is too long to have been kept. */
  text(): string | undefined
}

/** OpenAI's tools that the provider runs itself, and what each counts as. */
const TOOLS: ReadonlyMap<unknown, keyof Beside> = new Map([
  ['web_search_call', 'searches'],
  ['file_search_call', 'fileSearches'],
  ['code_interpreter_call', 'codeRuns'],
  ['image_generation_call', 'images'],
])

/** One item of an answer's output; `undefined` for all but calls of the provider's tools. */
export function toolCall(item: unknown): Beside | undefined {
  if (!isObject(item)) return undefined
  const counts = TOOLS.get(item.type)
  if (counts === undefined || isFree(item)) return undefined
  return { [counts]: 1 }
}

/** Opening a page and looking in it are steps of the same tool, and no searches; what failed costs nothing. */
function isFree({ action, status }: Loose): boolean {
  if (status === 'failed') return true
  return isObject(action) && action.type !== undefined && action.type !== 'search'
}

/** The tier that an answer says it was served with; its last words are looked at, where OpenAI puts it. */
export function servedWith(tail: string): Beside | undefined {
  const service = serviceOf(lastWord(tail, SERVICE_TIER))
  return service === undefined ? undefined : { service }
}

const SERVICE_TIER = '"service_tier"'

/** The text that is the value of a member. Inside of other texts a name's quotes would be escaped. */
function lastWord(text: string, name: string): string | undefined {
  // Most answers have none, and looking forward for what is not there takes a tenth of looking backward.
  if (!text.includes(name)) return undefined
  const at = text.lastIndexOf(name)
  const colon = text.indexOf(':', at + name.length)
  const open = text.indexOf('"', colon)
  if (colon < 0 || open < 0 || text.slice(colon + 1, open).trim() !== '') return undefined
  return text.slice(open + 1, text.indexOf('"', open + 1))
}

/** Parses an answer of which only names and numbers matter: texts may be misread. */
export function parsedAnswer(text: string | undefined): Loose | undefined {
  if (text === undefined) return undefined
  try {
    const answer: unknown = JSON.parse(text)
    return isObject(answer) ? answer : undefined
  } catch {
    return undefined
  }
}
