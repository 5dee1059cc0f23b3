import Type, { type Static } from 'typebox'
import { Refused } from '../../errors.ts'
import { quote } from '../../prices/quote.ts'
import type { Usage } from '../../usage/usage.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'

const tokens = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000_000, description }))

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
  seconds: Type.Optional(Type.Number({ minimum: 0, maximum: 1_000_000_000 })),
})

const line = Type.Object({
  kind: Type.String(),
  amount: Type.Number(),
  price: Type.String(),
  units: Type.String(),
  computation: Type.String(),
})

/** `POST /api/price/quote`: what a call would cost, and why. */
export const quotePrice = ({ prices, directory }: Rooms) =>
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
      group: Type.Optional(Type.String({ maxLength: 64, description: '`default` unless told.' })),
    }),
    data: Type.Object({
      model: Type.String(),
      group: Type.String(),
      ratio: Type.String(),
      source: Type.String(),
      lines: Type.Array(line),
      exact_units: Type.String({ description: 'The sum, before it is rounded up.' }),
      quota: Type.Integer({ description: 'What would be charged, in units.' }),
      usd: Type.String({ description: 'The same in US dollars.' }),
    }),
    async run({ body }) {
      const { model, group = 'default' } = body
      if (!directory.groups.has(group))
        throw new Refused('group_not_accessible', `no access to group ${group}`)
      const price = prices.priceOf(model)
      if (!price)
        throw new Refused('not_found', `${model} has no price; set one with PUT /api/price/{model}`)
      const source = prices.override(model) ? 'override' : 'catalogue'
      return {
        data: { model, group, ratio: price.ratio, source, ...quote(price, toUsage(body.usage)) },
      }
    },
  })

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
  seconds: sent.seconds ?? 0,
  estimated: false,
})
