import { isObject, parsedJson } from './json.ts'
import type { JsonObject, NeutralRequest } from './neutral/request.ts'

/**
 * Where a dialect has no tools that take free text, they are written as functions with one member, and what the model calls
 * them with is unpacked again.
 */
export const CUSTOM_PARAMETERS: JsonObject = {
  type: 'object',
  properties: { input: { type: 'string', description: 'The whole input of the tool.' } },
  required: ['input'],
  additionalProperties: false,
}

export const packedInput = (text: string): string => JSON.stringify({ input: text })

/** What a model wrote as the JSON of such a function. Half a JSON, of an answer that was cut off, stays as it is. */
export function unpackedInput(json: string): string {
  const parsed = parsedJson(json)
  return isObject(parsed) && typeof parsed.input === 'string' ? parsed.input : json
}

const NONE: ReadonlySet<string> = new Set()

/** The names of all that take free text: who writes many calls asks for them once. */
export function customToolsOf({ tools }: NeutralRequest): ReadonlySet<string> {
  if (!tools.some(({ kind }) => kind === 'custom')) return NONE
  return new Set(tools.filter(({ kind }) => kind === 'custom').map(({ name }) => name))
}

export const isCustomTool = ({ tools }: NeutralRequest, name: string): boolean =>
  tools.some((tool) => tool.kind === 'custom' && tool.name === name)
