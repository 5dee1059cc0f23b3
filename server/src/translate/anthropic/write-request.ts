import { Refused } from '../../errors.ts'
import type { Format, JsonObject, NeutralRequest, TextPart } from '../neutral/request.ts'
import { mayBeClosed } from './closable.ts'
import { type Abilities, abilitiesOf } from './models.ts'
import { closedSchema } from './schema.ts'
import { type Block, textBlock } from './write-blocks.ts'
import { instructionsOf, writeMessages } from './write-messages.ts'
import { type Thinking, writeThinking } from './write-thinking.ts'
import { writeTools } from './write-tools.ts'

/** @throws Refused `invalid_request` for a tool's name, a file or a stop sequence that the provider does not take. */
export function writeRequest(request: NeutralRequest, model: string): JsonObject {
  const abilities = abilitiesOf(model)
  const limit = request.outputLimit ?? abilities.usualOutputLimit
  const turns = writeMessages(request.messages, abilities)
  const thinking = writeThinking(request, abilities, limit, turns)
  const body: Block = { model, max_tokens: limit, messages: turns }
  if (request.stream) body.stream = true
  const system = writeSystem(request, abilities)
  if (system !== undefined) body.system = system
  const tools = writeTools(request, abilities)
  if (tools !== undefined) {
    body.tools = tools.tools
    if (tools.choice !== undefined) body.tool_choice = tools.choice
  }
  if (thinking.thinking !== undefined) body.thinking = thinking.thinking
  const output = outputConfig(request.format, thinking, abilities)
  if (output !== undefined) body.output_config = output
  if (request.stop.length > 0) body.stop_sequences = stopSequences(request)
  writeSampling(body, request, { abilities, on: thinking.on })
  if (request.endUser !== undefined) body.metadata = { user_id: request.endUser }
  const tier = serviceTier(request.serviceTier)
  if (tier !== undefined) body.service_tier = tier
  return body
}

function writeSystem(request: NeutralRequest, abilities: Abilities): string | Block[] | undefined {
  const parts = instructionsOf(request.system, request.messages)
  const asked = formatInWords(request.format, abilities)
  const all: readonly TextPart[] =
    asked === undefined ? parts : [...parts, { kind: 'text', text: asked }]
  const [first] = all
  if (all.length === 1 && first !== undefined && first.cache === undefined)
    return first.text.trim() === '' ? undefined : first.text
  const blocks: Block[] = []
  for (const part of all) {
    const block = textBlock(part)
    if (block !== undefined) blocks.push(block)
  }
  return blocks.length === 0 ? undefined : blocks
}

/** Where the provider holds the model to nothing. */
function formatInWords(format: Format | undefined, abilities: Abilities): string | undefined {
  if (format === undefined || isHeldTo(format, abilities)) return undefined
  if (format.kind === 'json') return 'Answer with one valid JSON object and nothing else.'
  return `Answer with JSON and nothing else. It must be valid by this JSON schema: ${JSON.stringify(format.schema)}`
}

const isHeldTo = (format: Format, { schemas }: Abilities): boolean =>
  schemas && format.kind === 'schema' && mayBeClosed(format.schema)

function outputConfig(
  format: Format | undefined,
  { effort }: Thinking,
  abilities: Abilities,
): Block | undefined {
  const output: Block = {}
  if (effort !== undefined) output.effort = effort
  if (format?.kind === 'schema' && isHeldTo(format, abilities))
    output.format = { type: 'json_schema', schema: closedSchema(format.schema) }
  return output.effort === undefined && output.format === undefined ? undefined : output
}

function stopSequences({ stop, uses }: NeutralRequest): readonly string[] {
  if (stop.some((text) => text.trim() === '')) {
    throw new Refused(
      'invalid_request',
      `${uses.get('stop') ?? 'stop'} must not hold a text of blanks or line ends only: the provider of this model takes none`,
    )
  }
  return stop
}

function writeSampling(
  body: Block,
  { sampling }: NeutralRequest,
  { abilities, on }: { readonly abilities: Abilities; readonly on: boolean },
): void {
  if (on || abilities.sampling === 'none') return
  const { temperature, topP, topK } = sampling
  if (temperature !== undefined) body.temperature = Math.min(temperature, 1)
  if (topP !== undefined && (temperature === undefined || abilities.sampling === 'all'))
    body.top_p = topP
  if (topK !== undefined) body.top_k = topK
}

function serviceTier(tier: NeutralRequest['serviceTier']): string | undefined {
  switch (tier) {
    case undefined:
      return undefined
    case 'auto':
    case 'priority':
      return 'auto'
    case 'default':
    case 'flex':
      return 'standard_only'
  }
}
