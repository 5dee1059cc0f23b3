import type { ServiceTier, UsedPieces } from '../usage/usage.ts'
import type { Expected } from './bound.ts'

type Loose = Readonly<Record<string, unknown>>

/**
 * How often a provider's tool may be used where the caller sets no limit. No provider says how often a model does; what is
 * used beyond it is charged all the same, as far as the balance goes (docs/quota.md).
 */
const USUAL_TOOL_CALLS = 10
const MOST_TOOL_CALLS = 10_000

type Asked = Pick<Expected, 'service' | 'pieces'>

/** What a call asks for beside tokens, and how quickly: `undefined` for nearly all. In the words of every dialect. */
export function askedBeside(body: Loose): Asked | undefined {
  const { service_tier, speed, inference_geo, tools, web_search_options } = body
  const isUsual =
    service_tier === undefined &&
    speed === undefined &&
    inference_geo === undefined &&
    web_search_options === undefined &&
    tools === undefined &&
    body.serviceTier === undefined
  if (isUsual) return undefined
  const pieces = piecesOf(body)
  const service = serviceOf(body)
  return pieces === undefined && service === undefined ? undefined : { service, pieces }
}

/** Dearer ones only: a cheaper one may be refused, and the usual one given. `auto` may be what an account set at OpenAI. */
function serviceOf({
  service_tier,
  serviceTier,
  speed,
  inference_geo,
}: Loose): ServiceTier | undefined {
  const isInUs = inference_geo === 'us'
  if (speed === 'fast') return isInUs ? 'fast_us' : 'fast'
  if (isInUs) return 'us'
  const tier = service_tier ?? serviceTier
  return tier === 'priority' || tier === 'auto' || tier === 'PRIORITY' ? 'priority' : undefined
}

function piecesOf({ tools, web_search_options, max_tool_calls }: Loose): UsedPieces | undefined {
  const most = countOf(max_tool_calls)
  let searches = web_search_options === undefined ? 0 : 1
  let fileSearches = 0
  let codeRuns = 0
  let images = 0
  for (const tool of Array.isArray(tools) ? tools : []) {
    const kind = kindOf(tool)
    if (kind === undefined) continue
    const { max_uses } = tool as Loose
    const uses = Math.min(countOf(max_uses) ?? most ?? USUAL_TOOL_CALLS, most ?? MOST_TOOL_CALLS)
    if (kind.startsWith('web_search')) searches += uses
    else if (kind.startsWith('file_search')) fileSearches += uses
    else if (kind.startsWith('code_')) codeRuns += uses
    else if (kind.startsWith('image_generation')) images += uses
  }
  if (searches + fileSearches + codeRuns + images === 0) return undefined
  return { searches, fileSearches, codeRuns, images }
}

/** Of a tool that the provider runs; `undefined` for the caller's own, of which agents have many. */
function kindOf(tool: unknown): string | undefined {
  if (typeof tool !== 'object' || tool === null) return undefined
  const { type, input_schema, functionDeclarations } = tool as Loose
  if (type === 'function' || type === 'custom') return undefined
  if (typeof type === 'string') return type
  if (input_schema !== undefined || functionDeclarations !== undefined) return undefined
  const { googleSearch, google_search, googleSearchRetrieval } = tool as Loose
  const searches = googleSearch ?? google_search ?? googleSearchRetrieval
  return searches === undefined ? undefined : 'web_search'
}

const countOf = (given: unknown): number | undefined =>
  typeof given === 'number' && given >= 0 ? Math.min(Math.ceil(given), MOST_TOOL_CALLS) : undefined
