import { isObject, listAt, needed, objectAt, oneOfAt, textAt, wrong } from '../json.ts'
import type { JsonObject, Tool, ToolChoice } from '../neutral/request.ts'
import { note, type Uses } from '../uses.ts'
import { member, oneOrMoreAt } from './members.ts'
import { fromOpenApi } from './open-api-schema.ts'

/** What Google runs, and a model can do without while it has other tools. */
const SPARE = /^(?:google_?search(?:_?retrieval)?|url_?context)$/i

/** @throws Refused `invalid_request`. */
export function readTools(value: unknown, uses: Uses): readonly Tool[] {
  const tools: Tool[] = []
  let spare: string | undefined
  for (const [at, entry] of oneOrMoreAt(value, 'tools').entries()) {
    const place = `tools[${at}]`
    const object = needed(objectAt(entry, place), place)
    const declared = member(object, 'functionDeclarations')
    const here = `${place}.functionDeclarations`
    for (const [of, one] of oneOrMoreAt(declared, here).entries()) {
      tools.push(readFunction(one, `${here}[${of}]`))
    }
    for (const name of Object.keys(object)) {
      if (!isObject(object[name]) || object[name] === declared) continue
      if (SPARE.test(name)) spare ??= `${place}.${name}`
      else note(uses, 'hosted_tools', `${place}.${name}`)
    }
  }
  if (tools.length > 0) note(uses, 'tools', 'tools')
  if (spare !== undefined) note(uses, tools.length > 0 ? 'spare_tools' : 'hosted_tools', spare)
  return tools
}

function readFunction(value: unknown, place: string): Tool {
  const declared = needed(objectAt(value, place), place)
  return {
    kind: 'function',
    name: needed(textAt(declared.name, `${place}.name`), `${place}.name`),
    description: textAt(declared.description, `${place}.description`),
    parameters: parametersOf(declared, place),
    strict: undefined,
    cache: undefined,
  }
}

function parametersOf(declared: JsonObject, place: string): JsonObject | undefined {
  const schema = objectAt(member(declared, 'parametersJsonSchema'), `${place}.parametersJsonSchema`)
  if (schema !== undefined) return schema
  const { parameters } = declared
  if (parameters === undefined || parameters === null) return undefined
  return fromOpenApi(parameters, `${place}.parameters`)
}

const PLACE = 'toolConfig.functionCallingConfig'

/** @throws Refused `invalid_request`. */
export function readToolChoice(value: unknown, uses: Uses): ToolChoice | undefined {
  const config = objectAt(value, 'toolConfig') ?? {}
  const calling = objectAt(member(config, 'functionCallingConfig'), PLACE)
  if (calling === undefined) return undefined
  const told = textAt(calling.mode, `${PLACE}.mode`)?.toUpperCase()
  const mode = oneOfAt(told, MODES, `${PLACE}.mode`)
  const names = listAt(member(calling, 'allowedFunctionNames'), `${PLACE}.allowedFunctionNames`)
  const allowed = names.map((name, at) => {
    const place = `${PLACE}.allowedFunctionNames[${at}]`
    return typeof name === 'string' ? name : wrong(place, 'a string')
  })
  const choice = choiceOf(mode, allowed)
  if (choice !== undefined) noteChoice(choice, uses)
  return choice
}

const MODES = ['MODE_UNSPECIFIED', 'AUTO', 'ANY', 'NONE', 'VALIDATED'] as const

function choiceOf(
  mode: (typeof MODES)[number] | undefined,
  names: readonly string[],
): ToolChoice | undefined {
  if (mode === undefined || mode === 'MODE_UNSPECIFIED') return undefined
  if (mode === 'NONE') return { kind: 'none' }
  const required = mode === 'ANY'
  const [only] = names
  if (only === undefined) return { kind: required ? 'required' : 'auto' }
  if (required && names.length === 1) return { kind: 'named', name: only }
  return { kind: 'allowed', required, names }
}

function noteChoice({ kind }: ToolChoice, uses: Uses): void {
  if (kind === 'none' || kind === 'required') note(uses, `tool_choice_${kind}`, `${PLACE}.mode`)
  else if (kind !== 'auto') note(uses, `tool_choice_${kind}`, `${PLACE}.allowedFunctionNames`)
}
