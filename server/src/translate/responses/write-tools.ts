import { Refused } from '../../errors.ts'
import type { JsonObject, Tool, ToolChoice } from '../neutral/request.ts'
import { mayBeStrict } from '../openai/schema.ts'

const NAME = /^[A-Za-z0-9_-]{1,64}$/

/** @throws Refused `invalid_request` for a name that OpenAI does not take. */
export function writeTool(tool: Tool): JsonObject {
  const { name } = tool
  if (!NAME.test(name)) {
    throw new Refused(
      'invalid_request',
      `the tool's name ${JSON.stringify(name)} must be 1 to 64 letters, digits, _ and -`,
    )
  }
  const isOpen =
    tool.kind === 'function' &&
    tool.strict === true &&
    (tool.parameters === undefined || !mayBeStrict(tool.parameters))
  return shapedTool(isOpen ? { ...tool, strict: false } : tool)
}

/** Also for answers, which repeat the caller's own tools. */
export function shapedTool(tool: Tool): JsonObject {
  const { kind, name, description } = tool
  const described = description !== undefined && { description }
  if (kind === 'custom') {
    return { type: 'custom', name, ...described, ...(tool.format && { format: tool.format }) }
  }
  return {
    type: 'function',
    name,
    ...described,
    parameters: tool.parameters ?? NO_PARAMETERS,
    // Left out, OpenAI would be strict, and change the schema for it.
    strict: tool.strict ?? false,
  }
}

const NO_PARAMETERS: JsonObject = { type: 'object', properties: {} }

export function writeToolChoice(choice: ToolChoice, tools: readonly Tool[]): unknown {
  switch (choice.kind) {
    case 'auto':
    case 'none':
    case 'required':
      return choice.kind
    case 'named':
      return named(choice.name, tools)
    case 'allowed': {
      const kinds = new Map(tools.map(({ name, kind }) => [name, kind]))
      const allowed = choice.names.map((name) => ({ type: kinds.get(name) ?? 'function', name }))
      return { type: 'allowed_tools', mode: choice.required ? 'required' : 'auto', tools: allowed }
    }
  }
}

const named = (name: string, tools: readonly Tool[]): JsonObject => ({
  type: tools.find((tool) => tool.name === name)?.kind ?? 'function',
  name,
})
