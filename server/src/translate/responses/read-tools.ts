import { flagAt, isObject, listAt, needed, objectAt, oneOfAt, textAt, wrong } from '../json.ts'
import type { JsonObject, Tool, ToolChoice } from '../neutral/request.ts'
import { note, type Uses } from '../uses.ts'
import { flatName, flatNameOf } from './namespaces.ts'

/** What OpenAI runs, and a model can do without while it has other tools: Codex offers them with every call. */
const SPARE = /^(?:web_search(?:_preview)?(?:_\d+)*|image_generation|tool_search)$/

/** @throws Refused `invalid_request`. */
export function readTools(value: unknown, uses: Uses): readonly Tool[] {
  const reading: Reading = { tools: [], uses, spare: undefined }
  readInto(reading, value, { place: 'tools', namespace: undefined })
  const { tools, spare } = reading
  if (tools.length > 0) note(uses, 'tools', 'tools')
  if (spare !== undefined) note(uses, tools.length > 0 ? 'spare_tools' : 'hosted_tools', spare)
  return tools
}

interface Reading {
  readonly tools: Tool[]
  readonly uses: Uses
  spare: string | undefined
}

interface Group {
  readonly place: string
  readonly namespace: string | undefined
}

function readInto(reading: Reading, value: unknown, group: Group): void {
  const { tools, uses } = reading
  for (const [at, entry] of listAt(value, group.place).entries()) {
    const place = `${group.place}[${at}]`
    const tool = needed(objectAt(entry, place), place)
    const type = needed(textAt(tool.type, `${place}.type`), `${place}.type`)
    if (type === 'function') tools.push(within(group, readFunction(tool, place, uses)))
    else if (type === 'custom') {
      tools.push(within(group, readCustom(tool, place)))
      note(uses, 'custom_tools', place)
    } else if (type === 'namespace' && group.namespace === undefined) {
      readInto(reading, tool.tools, { place: `${place}.tools`, namespace: nameOf(tool, place) })
    } else if (SPARE.test(type)) reading.spare ??= `${place} (${type})`
    else note(uses, 'hosted_tools', `${place} (${type.slice(0, 64)})`)
  }
}

function within({ namespace }: Group, tool: Tool): Tool {
  if (namespace === undefined) return tool
  const qualified = { namespace, name: tool.name }
  return { ...tool, name: flatName(qualified), qualified }
}

function readFunction(tool: JsonObject, place: string, uses: Uses): Tool {
  const strict = flagAt(tool.strict, `${place}.strict`)
  if (strict === true) note(uses, 'strict_tools', `${place}.strict`)
  return {
    kind: 'function',
    name: nameOf(tool, place),
    description: textAt(tool.description, `${place}.description`),
    parameters: objectAt(tool.parameters, `${place}.parameters`),
    strict,
    cache: undefined,
  }
}

const readCustom = (tool: JsonObject, place: string): Tool => ({
  kind: 'custom',
  name: nameOf(tool, place),
  description: textAt(tool.description, `${place}.description`),
  format: objectAt(tool.format, `${place}.format`),
})

const nameOf = ({ name }: JsonObject, place: string): string =>
  needed(textAt(name, `${place}.name`) || undefined, `${place}.name`)

const WORDS = ['auto', 'none', 'required'] as const

/** @throws Refused `invalid_request`. */
export function readToolChoice(value: unknown, uses: Uses): ToolChoice | undefined {
  if (!isObject(value)) {
    const kind = oneOfAt(value, WORDS, 'tool_choice')
    if (kind === undefined) return undefined
    if (kind !== 'auto') note(uses, `tool_choice_${kind}`, 'tool_choice')
    return { kind }
  }
  const type = needed(textAt(value.type, 'tool_choice.type'), 'tool_choice.type')
  if (type === 'function' || type === 'custom') {
    note(uses, 'tool_choice_named', 'tool_choice')
    const name = nameOf(value, 'tool_choice')
    return { kind: 'named', name: flatNameOf(value, name, 'tool_choice') }
  }
  if (type !== 'allowed_tools') {
    note(uses, 'hosted_tools', `tool_choice (${type})`)
    return undefined
  }
  const mode = oneOfAt(value.mode, ['auto', 'required'], 'tool_choice.mode')
  note(uses, 'tool_choice_allowed', 'tool_choice')
  return { kind: 'allowed', required: mode === 'required', names: allowedNames(value, uses) }
}

function allowedNames({ tools }: JsonObject, uses: Uses): readonly string[] {
  const names: string[] = []
  for (const [at, tool] of listAt(tools, 'tool_choice.tools').entries()) {
    const place = `tool_choice.tools[${at}]`
    if (!isObject(tool)) return wrong(place, 'an object')
    if (tool.type === 'function' || tool.type === 'custom')
      names.push(flatNameOf(tool, nameOf(tool, place), place))
    else note(uses, 'hosted_tools', place)
  }
  return names
}
