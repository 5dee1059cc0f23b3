import Type, { type Static } from 'typebox'
import { type Caller, mayUse } from '../../accounts/caller.ts'
import { Refused } from '../../errors.ts'
import { AUTO, type Group, type Groups, ratioFor } from '../../groups/groups.ts'
import { pricedForSize } from '../../prices/price.ts'
import { quote } from '../../prices/quote.ts'
import { SERVICE_TIERS, type Usage } from '../../usage/usage.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { checkGroup } from '../token/rules.ts'

const tokens = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000_000, description }))

const pieces = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, description }))

const usageBody = Type.Object({
  prompt_tokens: tokens('All input.'),
  completion_tokens: tokens('All output.'),
  cached_tokens: tokens('Of the input: read from the cache.'),
  cache_write_5m_tokens: tokens('Of the input: written to the cache for five minutes.'),
  cache_write_1h_tokens: tokens('Of the input: written to the cache for an hour.'),
  audio_input_tokens: tokens('Of the input: audio.'),
  image_tokens: tokens('Of the input: images.'),
  reasoning_tokens: tokens('Of the output: reasoning.'),
  audio_output_tokens: tokens('Of the output: audio.'),
  cached_audio_tokens: tokens('Of the cached input: audio.'),
  cached_image_tokens: tokens('Of the cached input: images.'),
  video_tokens: tokens('Of the input: video.'),
  output_image_tokens: tokens('Of the output: images.'),
  output_video_tokens: tokens('Of the output: video.'),
  citation_tokens: tokens('Of the output: passages of sources.'),
  seconds: Type.Optional(Type.Number({ minimum: 0, maximum: 1_000_000_000 })),
  images: pieces('Images that are made.'),
  searches: pieces('Searches of the web.'),
  file_searches: pieces('Searches in files.'),
  code_runs: pieces('Runs of code.'),
  service: Type.Optional(
    Type.Enum([...SERVICE_TIERS], {
      description: "The provider's tier of service; else the usual.",
    }),
  ),
  size: Type.Optional(Type.String({ maxLength: 16, description: 'Of a video: `1792x1024`.' })),
})

const line = Type.Object({
  kind: Type.String(),
  amount: Type.Number(),
  price: Type.String(),
  units: Type.String(),
  computation: Type.String(),
})

/** A computation, as it is told. */
export const quoted = {
  lines: Type.Array(line),
  exact_units: Type.String({
    description: 'The sum, before it is rounded up: a decimal number, or a fraction such as 50/9.',
  }),
  quota: Type.Integer({ description: 'What would be charged, in units.' }),
  usd: Type.String({ description: 'The same in US dollars.' }),
}

/** `POST /api/price/quote`: what a call would cost, and why. */
export const quotePrice = ({ prices, groups }: Rooms) =>
  operation({
    method: 'POST',
    path: '/api/price/quote',
    scope: 'any',
    tag: 'Prices',
    summary: 'Compute what a call would cost',
    description: 'Shows every line of the computation. Nothing is charged.',
    body: Type.Object({
      model: Type.String({ minLength: 1, maxLength: 256 }),
      usage: usageBody,
      group: Type.Optional(
        Type.String({ maxLength: 64, description: "Your account's own group unless told." }),
      ),
    }),
    data: Type.Object({
      model: Type.String(),
      group: Type.String(),
      ratio: Type.String(),
      source: Type.String(),
      ...quoted,
    }),
    async run({ body, caller }) {
      const { model } = body
      const group = groupOf(groups, caller, body.group || caller.group)
      const price = prices.priceOf(model, ratioFor(group, caller.group))
      if (!price)
        throw new Refused('not_found', `${model} has no price; set one with PUT /api/price/{model}`)
      const source = prices.override(model) ? 'override' : 'catalogue'
      return {
        data: {
          ...{ model, group: group.name, ratio: price.ratio, source },
          ...quote(pricedForSize(price, body.usage.size), toUsage(body.usage)),
        },
      }
    },
  })

/** Administrators may ask for any. @throws Refused `group_not_accessible` */
function groupOf(groups: Groups, caller: Caller, name: string): Group {
  if (name === AUTO) {
    throw new Refused('invalid_field', `group: ${AUTO} has no ratio: name one that it walks`)
  }
  if (!mayUse(caller, 'admin')) checkGroup(caller, name)
  const group = groups.get(name)
  if (group !== undefined) return group
  throw new Refused('group_not_accessible', `no access to group ${name}`)
}

const toUsage = (sent: Static<typeof usageBody>): Usage => ({
  prompt: sent.prompt_tokens ?? 0,
  completion: sent.completion_tokens ?? 0,
  cached: sent.cached_tokens ?? 0,
  cacheWrite: sent.cache_write_5m_tokens ?? 0,
  cacheWrite1h: sent.cache_write_1h_tokens ?? 0,
  audioIn: sent.audio_input_tokens ?? 0,
  image: sent.image_tokens ?? 0,
  reasoning: sent.reasoning_tokens ?? 0,
  audioOut: sent.audio_output_tokens ?? 0,
  estimated: false,
  parts: {
    cachedAudio: sent.cached_audio_tokens ?? 0,
    cachedImage: sent.cached_image_tokens ?? 0,
    video: sent.video_tokens ?? 0,
    imageOut: sent.output_image_tokens ?? 0,
    videoOut: sent.output_video_tokens ?? 0,
    citation: sent.citation_tokens ?? 0,
  },
  seconds: sent.seconds,
  images: sent.images,
  searches: sent.searches,
  fileSearches: sent.file_searches,
  codeRuns: sent.code_runs,
  service: sent.service,
})
