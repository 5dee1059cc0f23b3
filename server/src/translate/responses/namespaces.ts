import { createHash } from 'node:crypto'
import { textAt } from '../json.ts'
import type { JsonObject, NeutralRequest, Qualified } from '../neutral/request.ts'

/**
 * Responses groups tools in namespaces, as Codex does with those of each MCP server, and a call names both. Elsewhere names
 * are flat: both are joined on the way out, and taken apart again by what the caller defined.
 */

/** What OpenAI takes. */
const LONGEST_NAME = 64
const DIGEST = 8
/** Tools of this namespace are named as if they were in none. */
const USUAL = 'functions'

/** The same for a definition and for every call of it. */
export function flatName({ namespace, name }: Qualified): string {
  if (namespace === '' || namespace === USUAL) return name
  const joined = namespace.endsWith('__') ? namespace + name : `${namespace}__${name}`
  if (joined.length <= LONGEST_NAME) return joined
  const digest = createHash('sha256').update(joined).digest('hex').slice(0, DIGEST)
  return `${joined.slice(0, LONGEST_NAME - DIGEST - 1)}_${digest}`
}

/** The flat name of a call, a choice or a result that names its namespace beside it. */
export function flatNameOf(item: JsonObject, name: string, place: string): string {
  const namespace = textAt(item.namespace, `${place}.namespace`)
  return namespace === undefined ? name : flatName({ namespace, name })
}

/** The members by which the caller knows the tool again. */
export function namesOf(flat: string, { tools }: NeutralRequest): Partial<Qualified> {
  return tools.find(({ name }) => name === flat)?.qualified ?? { name: flat }
}
