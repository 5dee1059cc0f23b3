import type { Channel } from '../channels/channel.ts'
import { type HostedMessages, hostedBetas } from '../channels/types/hosted-messages.ts'
import type { Loose, ParsedCall, Span } from '../dialects/dialect.ts'
import { type Edit, memberAt, removed, spliced } from '../dialects/edits.ts'
import { headerOf } from './forward/headers.ts'

/** Anthropic's Messages for a cloud that hosts them. */
export interface Hosting {
  readonly hosted: HostedMessages
  readonly channel: Channel
  /** The caller's. */
  readonly headers: readonly string[]
}

const BETA = 'anthropic-beta'

/** The betas to ask for. A channel's own are the operator's word, also for some that are unknown here. */
function betasOf({ hosted, channel, headers }: Hosting): readonly string[] {
  const own = channel.headers.find(([name]) => name === BETA)?.[1]
  if (own !== undefined) return own.split(',').map((one) => one.trim())
  const asked = headerOf(headers, BETA)
  return asked === undefined ? [] : hostedBetas(hosted, asked)
}

/** The headers without betas that the cloud would refuse. */
export function hostedHeaders(hosting: Hosting): readonly string[] {
  const { hosted, headers } = hosting
  if (headerOf(headers, BETA) === undefined) return headers
  const kept: string[] = []
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string
    if (name.toLowerCase() !== BETA) kept.push(name, headers[at + 1] as string)
  }
  const betas = hosted.betasInBody ? [] : betasOf(hosting)
  if (betas.length > 0) kept.push(BETA, betas.join(','))
  return kept
}

/** What stands in such a body instead of the model. */
function membersOf(hosting: Hosting): Loose {
  const { version, betasInBody } = hosting.hosted
  const betas = betasInBody ? betasOf(hosting) : []
  return { anthropic_version: version, ...(betas.length > 0 && { anthropic_beta: betas }) }
}

/** A body that is known as a whole. */
export function hostedBody(hosting: Hosting, body: Loose): Buffer {
  const { model: _model, stream, service_tier: _tier, ...others } = body
  const streams = stream !== undefined && !hosting.hosted.streamsByPath
  const text = { ...others, ...membersOf(hosting), ...(streams && { stream }) }
  return Buffer.from(JSON.stringify(text))
}

/** A caller's body with the edits that it needs in any case: its other bytes stay. */
export function hostedPayload(
  hosting: Hosting,
  payload: Buffer,
  parsed: ParsedCall,
  edits: readonly Edit[],
): Buffer {
  const { anthropic_version, anthropic_beta } = parsed.body()
  if (anthropic_version !== undefined || anthropic_beta !== undefined) {
    // It is written for such a cloud already; named twice, nobody knows which counts.
    return hostedBody(hosting, JSON.parse(spliced(payload, edits).toString('utf8')))
  }
  const text = JSON.stringify(membersOf(hosting)).slice(1, -1)
  const model: Edit = { ...memberAt(payload, parsed.spans.get('model') as Span), text }
  const stream = parsed.spans.get('stream')
  const isSaid = hosting.hosted.streamsByPath && stream !== undefined
  return spliced(payload, [...edits, model, ...(isSaid ? [removed(payload, stream)] : [])])
}
