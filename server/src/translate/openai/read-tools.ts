import { flagAt, isObject, listAt, needed, objectAt, oneOfAt, textAt, wrong } from '../json.ts'
import type { JsonObject, Tool, ToolChoice } from '../neutral/request.ts'
import { note, type Uses } from '../uses.ts'

/** `tools`, and `functions`, which came before them. */
export function readTools(body: JsonObject, uses: Uses): Tool[] {
  const tools: Tool[] = []
  const given = listAt(body.tools, 'tools')
  for (let at = 0; at < given.length; at++) {
    const tool = given[at]
    const place = `tools[${at}]`
    if (!isObject(tool)) return wrong(place, 'an object')
    const type = textAt(tool.type, `${place}.type`) ?? 'function'
    // Cursor writes single ones flat, as Responses has them.
    const isFlat = tool[type] === undefined && tool.name !== undefined
    const here = isFlat ? place : `${place}.${type}`
    if (type === 'function') tools.push(readFunction(isFlat ? tool : tool.function, here, uses))
    else if (type === 'custom') tools.push(readCustom(isFlat ? tool : tool.custom, here, uses))
    else note(uses, 'hosted_tools', `${place} (${type.slice(0, 64)})`)
  }
  const functions = listAt(body.functions, 'functions')
  for (let at = 0; at < functions.length; at++)
    tools.push(readFunction(functions[at], `functions[${at}]`, uses))
  if (tools.length > 0) note(uses, 'tools', given.length > 0 ? 'tools' : 'functions')
  return tools
}

function readFunction(value: unknown, place: string, uses: Uses): Tool {
  const given = needed(objectAt(value, place), place)
  const strict = flagAt(given.strict, `${place}.strict`)
  if (strict === true) note(uses, 'strict_tools', `${place}.strict`)
  return {
    kind: 'function',
    name: needed(textAt(given.name, `${place}.name`), `${place}.name`),
    description: textAt(given.description, `${place}.description`),
    parameters: objectAt(given.parameters, `${place}.parameters`),
    strict,
    cache: undefined,
  }
}

function readCustom(value: unknown, place: string, uses: Uses): Tool {
  const given = needed(objectAt(value, place), place)
  note(uses, 'custom_tools', place)
  const format = objectAt(given.format, `${place}.format`)
  const grammar = objectAt(format?.grammar, `${place}.format.grammar`)
  return {
    kind: 'custom',
    name: needed(textAt(given.name, `${place}.name`), `${place}.name`),
    description: textAt(given.description, `${place}.description`),
    format: grammar === undefined ? format : { ...grammar, type: 'grammar' },
  }
}

export function readToolChoice(body: JsonObject, uses: Uses): ToolChoice | undefined {
  const value = body.tool_choice ?? body.function_call
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) {
    const kind = oneOfAt(value, ['none', 'auto', 'required'], 'tool_choice')
    if (kind === 'none') note(uses, 'tool_choice_none', 'tool_choice')
    if (kind === 'required') note(uses, 'tool_choice_required', 'tool_choice')
    return { kind: kind ?? 'auto' }
  }
  if (value.type === 'allowed_tools') return readAllowed(value.allowed_tools, uses)
  note(uses, 'tool_choice_named', 'tool_choice')
  return { kind: 'named', name: nameOf(value, 'tool_choice') }
}

/** `function_call` names the function at once. */
function nameOf(value: JsonObject, place: string): string {
  const member = value.type === 'custom' ? 'custom' : 'function'
  const named = objectAt(value[member], `${place}.${member}`) ?? value
  return needed(textAt(named.name, `${place}.name`), `${place}.name`)
}

function readAllowed(value: unknown, uses: Uses): ToolChoice {
  const place = 'tool_choice.allowed_tools'
  note(uses, 'tool_choice_allowed', place)
  const allowed = needed(objectAt(value, place), place)
  const mode = oneOfAt(allowed.mode, ['auto', 'required'], `${place}.mode`)
  const names = listAt(allowed.tools, `${place}.tools`).map((tool, at) =>
    isObject(tool)
      ? nameOf(tool, `${place}.tools[${at}]`)
      : wrong(`${place}.tools[${at}]`, 'an object'),
  )
  return { kind: 'allowed', required: mode === 'required', names }
}
