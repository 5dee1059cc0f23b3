import { Refused } from '../../errors.ts'
import { CUSTOM_PARAMETERS } from '../custom-tools.ts'
import type { JsonObject, NeutralRequest, Tool } from '../neutral/request.ts'
import { mayBeClosed } from './closable.ts'
import type { Abilities } from './models.ts'
import { closedSchema } from './schema.ts'
import { type Block, marked } from './write-blocks.ts'

/** The provider compiles no more of them for one call. */
const MOST_STRICT = 20

/** `undefined` where there is nothing to call, now or before. */
export interface WrittenTools {
  readonly tools: readonly Block[]
  readonly choice: Block | undefined
}

/** @throws Refused `invalid_request` for a name that the provider does not take. */
export function writeTools(
  request: NeutralRequest,
  abilities: Abilities,
): WrittenTools | undefined {
  const tools = offeredTools(request)
  if (tools.length === 0) {
    const past = toolsOfThePast(request)
    return past.length === 0 ? undefined : { tools: past, choice: { type: 'none' } }
  }
  const strictOnes = tools.filter((tool) => tool.kind === 'function' && tool.strict === true).length
  const strict = abilities.schemas && strictOnes <= MOST_STRICT
  return { tools: tools.map((tool) => writeTool(tool, strict)), choice: writeToolChoice(request) }
}

function offeredTools({ tools, toolChoice }: NeutralRequest): readonly Tool[] {
  if (toolChoice?.kind !== 'allowed') return tools
  const names = new Set(toolChoice.names)
  return tools.filter(({ name }) => names.has(name))
}

/** The provider takes no conversation in which a tool was called that it knows nothing of. */
function toolsOfThePast({ messages }: NeutralRequest): Block[] {
  const names = new Set<string>()
  for (const message of messages) {
    if (message.role !== 'assistant') continue
    for (const part of message.parts) if (part.kind === 'tool_call') names.add(part.name)
  }
  return Array.from(names, (name) => ({ name, input_schema: { type: 'object' } }))
}

function writeTool(tool: Tool, mayBeStrict: boolean): Block {
  if (!/^[\w-]{1,128}$/.test(tool.name)) {
    throw new Refused(
      'invalid_request',
      `the tool ${tool.name.slice(0, 128)} must have a name of at most 128 letters, digits, _ and -`,
    )
  }
  const written: Block = { name: tool.name }
  if (tool.description !== undefined && tool.description !== '')
    written.description = tool.description
  if (tool.kind === 'custom') {
    written.input_schema = CUSTOM_PARAMETERS
    return written
  }
  const schema = inputSchema(tool.parameters)
  const strict = tool.strict === true && mayBeStrict && mayBeClosed(schema)
  written.input_schema = strict ? closedSchema(schema) : schema
  if (strict) written.strict = true
  return marked(written, tool.cache)
}

function inputSchema(parameters: JsonObject | undefined): JsonObject {
  if (parameters === undefined) return { type: 'object', properties: {} }
  return parameters.type === 'object' ? parameters : { ...parameters, type: 'object' }
}

function writeToolChoice(request: NeutralRequest): Block | undefined {
  const choice = chosen(request.toolChoice)
  if (request.parallelToolCalls !== false || choice?.type === 'none') return choice
  return { ...(choice ?? { type: 'auto' }), disable_parallel_tool_use: true }
}

function chosen(choice: NeutralRequest['toolChoice']): Block | undefined {
  switch (choice?.kind) {
    case undefined:
      return undefined
    case 'required':
      return { type: 'any' }
    case 'named':
      return { type: 'tool', name: choice.name }
    case 'allowed':
      return { type: choice.required ? 'any' : 'auto' }
    case 'auto':
    case 'none':
      return { type: choice.kind }
  }
}
