import { Refused } from '../../errors.ts'
import { flagAt, isObject, listAt, needed, objectAt, oneOfAt, textAt, wrong } from '../json.ts'
import type { JsonObject, Tool, ToolChoice } from '../neutral/request.ts'
import { note, type Uses } from '../uses.ts'
import { readCacheMark } from './read-blocks.ts'

/** What Anthropic runs, and a model can do without while it has other tools. */
const SPARE = /^(?:web_search|web_fetch|tool_search_tool|advisor)_/

/** The caller's own tools. Those with a type are Anthropic's: the provider runs them, or knows their parameters. */
export function readTools(value: unknown, uses: Uses): Tool[] {
  const tools: Tool[] = []
  let spare: string | undefined
  const given = listAt(value, 'tools')
  for (let at = 0; at < given.length; at++) {
    const tool = given[at]
    const place = `tools[${at}]`
    if (!isObject(tool)) return wrong(place, 'an object')
    const type = textAt(tool.type, `${place}.type`) ?? 'custom'
    if (type === 'custom') tools.push(readTool(tool, place, uses))
    else if (SPARE.test(type)) spare ??= `${place} (${type.slice(0, 64)})`
    else note(uses, 'hosted_tools', `${place} (${type.slice(0, 64)})`)
  }
  if (tools.length > 0) note(uses, 'tools', 'tools')
  if (spare !== undefined) note(uses, tools.length > 0 ? 'spare_tools' : 'hosted_tools', spare)
  return tools
}

function readTool(tool: JsonObject, place: string, uses: Uses): Tool {
  const name = needed(textAt(tool.name, `${place}.name`), `${place}.name`)
  const strict = flagAt(tool.strict, `${place}.strict`)
  if (strict === true) note(uses, 'strict_tools', `${place}.strict`)
  return {
    kind: 'function',
    name,
    description: textAt(tool.description, `${place}.description`),
    parameters: needed(
      objectAt(tool.input_schema, `${place}.input_schema`),
      `${place}.input_schema`,
    ),
    strict,
    cache: readCacheMark(tool.cache_control, `${place}.cache_control`, uses),
  }
}

export interface ReadChoice {
  readonly toolChoice: ToolChoice | undefined
  readonly parallelToolCalls: boolean | undefined
}

const NO_CHOICE: ReadChoice = { toolChoice: undefined, parallelToolCalls: undefined }

export function readToolChoice(value: unknown, uses: Uses): ReadChoice {
  const choice = objectAt(value, 'tool_choice')
  if (choice === undefined) return NO_CHOICE
  const type = oneOfAt(choice.type, ['auto', 'any', 'tool', 'none'], 'tool_choice.type')
  const single = flagAt(choice.disable_parallel_tool_use, 'tool_choice.disable_parallel_tool_use')
  if (single === true) note(uses, 'one_tool_call', 'tool_choice.disable_parallel_tool_use')
  return {
    toolChoice: chosen(needed(type, 'tool_choice.type'), choice, uses),
    parallelToolCalls: single === undefined ? undefined : !single,
  }
}

function chosen(
  type: 'auto' | 'any' | 'tool' | 'none',
  choice: JsonObject,
  uses: Uses,
): ToolChoice {
  if (type === 'tool') {
    const name = textAt(choice.name, 'tool_choice.name')
    if (name === undefined) throw new Refused('invalid_request', 'tool_choice.name is missing')
    note(uses, 'tool_choice_named', 'tool_choice')
    return { kind: 'named', name }
  }
  if (type === 'any') note(uses, 'tool_choice_required', 'tool_choice')
  if (type === 'none') note(uses, 'tool_choice_none', 'tool_choice')
  return { kind: type === 'any' ? 'required' : type }
}
