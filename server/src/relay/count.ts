import type { Channel } from '../channels/channel.ts'
import type { Health } from '../channels/health/health.ts'
import { demandsOf } from '../channels/types/demands.ts'
import { TYPE_RULES } from '../channels/types/types.ts'
import { placeOfMark } from '../channels/upstream-keys.ts'
import { spliced } from '../dialects/edits.ts'
import { countInput } from '../prices/input-tokens.ts'
import type { Tokenizer } from '../prices/tokenizer.ts'
import type { UpstreamRequest } from './forward/answer.ts'
import { type AloneParts, attemptAlone } from './forward/attempt-alone.ts'
import { nobodyIsUp } from './forward/course.ts'
import { headersForUpstream, withDemands } from './forward/headers.ts'
import { WholeBody } from './meter/whole-body.ts'
import { inputOf } from './reserve.ts'
import { editsOf } from './translate.ts'
import type { Candidates } from './values.ts'

export interface CountParts extends AloneParts {
  readonly health: Pick<Health, 'of' | 'clock'>
  readonly tokenizer: Pick<Tokenizer, 'count'>
}

/**
 * Says how many tokens an input has, for nothing. Whoever serves the model knows best; where nobody can be asked in the
 * caller's dialect, or nobody answers, they are counted here.
 */
export function createCount(parts: CountParts) {
  return async function count(candidates: Candidates): Promise<void> {
    const { call, offers } = candidates
    const { now } = parts.health.clock
    const up = offers.flatMap(({ channels }) =>
      channels.filter((channel) => parts.health.of(channel).mayTry(now)),
    )
    if (up.length === 0) throw nobodyIsUp(candidates, parts.health)
    const native = up.find(
      ({ type, dialects }) => KNOWS.has(type) && dialects.includes(call.dialect.name),
    )
    const told = native === undefined ? undefined : await asked(parts, candidates, native)
    const body = told ?? (await counted(parts, candidates))
    const { response, headers } = call.client
    response.writeHead(response.statusCode, [
      ...['Content-Type', 'application/json', 'Content-Length', String(body.length)],
      ...headers,
    ])
    response.end(body)
  }
}

/** Imitators rarely can. */
const KNOWS: ReadonlySet<Channel['type']> = new Set(['anthropic', 'gemini', 'openai'])

async function counted({ tokenizer }: CountParts, { call }: Candidates): Promise<Buffer> {
  const { tokens } = await countInput(inputOf(call, call.parsed.model), tokenizer.count)
  return Buffer.from(call.dialect.shapeCount?.(tokens + (call.kept?.tokens ?? 0)) ?? '')
}

/** What the provider counts; `undefined`: it does not say. */
async function asked(
  parts: CountParts,
  { call, offers }: Candidates,
  channel: Channel,
): Promise<Buffer | undefined> {
  const { model } = offers[0]
  const { kept } = call
  const keyAt = kept && placeOfMark(channel.authorization, kept.upstreamKey)
  const tried = parts.health.of(channel).begin(parts.health.clock.now, keyAt)
  try {
    const attempted = await attemptAlone(parts, {
      ...{ client: call.client, channel, keyAt: tried.keyAt },
      request: requestFor(call, channel, channel.mapping.get(model) ?? model),
      meterFor: () => new WholeBody(),
    })
    return attempted.kind === 'answered' ? Buffer.concat(attempted.meter.held()) : undefined
  } finally {
    // Counting tells nothing of how calls fare.
    tried.untold()
  }
}

function requestFor(call: Candidates['call'], channel: Channel, model: string): UpstreamRequest {
  const { payload, query, headers } = call
  const dialect = call.dialect.name
  const edits = editsOf({ call, outputLimit: undefined }, channel, { model })
  return {
    method: 'POST',
    path: TYPE_RULES[channel.type].pathOf({
      ...{ dialect, model, query, baseUrl: channel.baseUrl },
      ...{ operation: 'count', stream: false },
    }),
    headers: withDemands(headersForUpstream(headers), demandsOf(dialect)),
    body: edits.length === 0 ? payload : spliced(payload, edits),
  }
}
