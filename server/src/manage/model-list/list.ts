import Type from 'typebox'
import type { Channel } from '../../channels/channel.ts'
import { DEFAULT_GROUP } from '../../groups/groups.ts'
import { type Abilities, featuresOf, MODEL_TYPES } from '../../prices/abilities.ts'
import { type Decimal, parseDecimal, times, writeDecimal } from '../../prices/decimal.ts'
import type { ModelPrice } from '../../prices/kinds.ts'
import { operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'

/** What few models are paid by. Dollars per million tokens, or a piece. */
const FURTHER = [
  ...(['cache_read', 'cache_write_5m', 'cache_write_1h', 'reasoning'] as const),
  ...(['input_audio', 'output_audio', 'image', 'output_image', 'per_hour'] as const),
  ...(['per_image', 'per_search', 'per_file_search', 'per_code_run'] as const),
] as const

const nullable = Type.Union([Type.Number(), Type.Null()])
const model = Type.Object({
  id: Type.String(),
  provider: Type.String(),
  model_type: Type.Enum([...MODEL_TYPES], {
    description:
      'What it is for, as far as that is known: from its vendor, from what it is paid by, or from its name.',
  }),
  features: Type.Array(Type.String(), {
    description:
      'What it makes of what, such as `text-to-image`. Not every medium that a model takes is known here.',
  }),
  pricing: Type.Object({
    currency: Type.String(),
    input: nullable,
    output: nullable,
    per_request: nullable,
    per_second: nullable,
    // Of models that have such a price.
    ...Object.fromEntries(FURTHER.map((name) => [name, Type.Optional(Type.Number())])),
  }),
  api_doc_url: Type.String(),
})

/** `GET /api/models`: the models that this gateway serves, for everybody, with their prices in group `default`. */
export const listModels = ({ directory, prices, groups }: Rooms) =>
  operation({
    method: 'GET',
    path: '/api/models',
    scope: 'public',
    crossOrigin: true,
    tag: 'Models',
    summary: 'The models that this gateway serves',
    description: 'Public. What one key may call is told by `GET /v1/models`.',
    whole: Type.Object({
      success: Type.Literal(true),
      page: Type.Integer(),
      page_size: Type.Integer(),
      total: Type.Integer(),
      data: Type.Array(model),
    }),
    async run() {
      const served = directory.all().filter((channel) => channel.enabled)
      const ids = [...new Set(served.flatMap((channel) => [...channel.models]))].sort()
      const ratio = parseDecimal(groups.get(DEFAULT_GROUP)?.ratio ?? 1)
      const listed = ids.map((id) => ({
        id,
        provider: prices.catalogued(id)?.provider ?? '',
        ...abilitiesShown(prices.abilities(id, otherNamesOf(id, served))),
        pricing: pricingOf(prices.priceOf(id)?.price, ratio),
        api_doc_url: '/docs',
      }))
      return { raw: { success: true, page: 0, page_size: 0, total: listed.length, data: listed } }
    },
  })

const abilitiesShown = (abilities: Abilities) => ({
  model_type: abilities.type,
  features: featuresOf(abilities),
})

/** What the providers that serve a model call it, where that is another name. */
const otherNamesOf = (id: string, served: readonly Channel[]): readonly string[] =>
  served.flatMap(({ mapping }) => mapping.get(id) ?? [])

function pricingOf(price: ModelPrice | undefined, ratio: Decimal | undefined) {
  const number = (written: string | number | undefined) => {
    const decimal = written === undefined ? undefined : parseDecimal(written)
    return decimal && ratio ? Number(writeDecimal(times(decimal, ratio))) : null
  }
  return {
    currency: 'USD / M Tokens',
    input: number(price?.input),
    output: number(price?.output),
    per_request: number(price?.per_request),
    per_second: number(price?.per_second),
    ...Object.fromEntries(
      FURTHER.flatMap((name) => {
        const told = number(price?.[name])
        return told === null ? [] : [[name, told]]
      }),
    ),
  }
}
