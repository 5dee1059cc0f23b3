import { Refused } from '../../errors.ts'
import { CUSTOM_PARAMETERS, customToolsOf } from '../custom-tools.ts'
import type { JsonObject, NeutralRequest, Tool, ToolChoice } from '../neutral/request.ts'
import { mayBeStrict } from './schema.ts'
import type { Target, Written } from './write-parts.ts'

/** @throws Refused `invalid_request` for a name that the provider does not take. */
export function writeTools(
  { tools, toolChoice }: NeutralRequest,
  target: Target,
): Written[] | undefined {
  const names =
    toolChoice?.kind === 'allowed' && !target.newest ? new Set(toolChoice.names) : undefined
  const offered = names === undefined ? tools : tools.filter(({ name }) => names.has(name))
  return offered.length === 0 ? undefined : offered.map((tool) => writeTool(tool, target))
}

function writeTool(tool: Tool, target: Target): Written {
  if (!/^[\w-]{1,64}$/.test(tool.name) && target.own) {
    throw new Refused(
      'invalid_request',
      `the tool ${tool.name.slice(0, 128)} must have a name of at most 64 letters, digits, _ and -`,
    )
  }
  const written: Written = { name: tool.name }
  if (tool.description !== undefined) written.description = tool.description
  if (tool.kind === 'function') {
    if (tool.parameters !== undefined) written.parameters = tool.parameters
    if (tool.strict !== undefined)
      written.strict = tool.strict && tool.parameters !== undefined && mayBeStrict(tool.parameters)
  } else if (target.newest) {
    if (tool.format !== undefined) written.format = customFormat(tool.format)
    return { type: 'custom', custom: written }
  } else written.parameters = CUSTOM_PARAMETERS
  const offered: Written = { type: 'function', function: written }
  if (tool.kind === 'function' && tool.cache !== undefined && target.marksCache)
    offered.cache_control = { type: 'ephemeral' }
  return offered
}

/** Responses has the grammar's members beside its type. */
function customFormat(format: JsonObject): JsonObject {
  if (format.type !== 'grammar' || format.grammar !== undefined) return format
  const { definition, syntax } = format
  return { type: 'grammar', grammar: { definition, syntax } }
}

export function writeToolChoice(request: NeutralRequest, target: Target): unknown {
  const { toolChoice } = request
  switch (toolChoice?.kind) {
    case undefined:
      return undefined
    case 'auto':
    case 'none':
    case 'required':
      return toolChoice.kind
    case 'named':
      return named(toolChoice.name, customToolsOf(request), target)
    case 'allowed':
      return allowed(toolChoice, customToolsOf(request), target)
  }
}

function named(name: string, customTools: ReadonlySet<string>, { newest }: Target): Written {
  return newest && customTools.has(name)
    ? { type: 'custom', custom: { name } }
    : { type: 'function', function: { name } }
}

function allowed(
  { required, names }: Extract<ToolChoice, { kind: 'allowed' }>,
  customTools: ReadonlySet<string>,
  target: Target,
): unknown {
  const mode = required ? 'required' : 'auto'
  if (!target.newest) return mode
  const chosen = names.map((name) => named(name, customTools, target))
  return { type: 'allowed_tools', allowed_tools: { mode, tools: chosen } }
}
