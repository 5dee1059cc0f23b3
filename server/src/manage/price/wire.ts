import Type, { type Static } from 'typebox'
import { Refused } from '../../errors.ts'
import { parseDecimal } from '../../prices/decimal.ts'
import type { ModelPrice } from '../../prices/kinds.ts'
import { SERVICE_TIERS } from '../../usage/usage.ts'

/** Dearer than any model by a factor of a thousand: beyond, somebody mistook the unit. */
const MOST_DOLLARS = 1_000_000
const MOST_DECIMALS = 12
const MOST_SIZES = 32
/** Contract 5. */
const MOST_ID_BYTES = 256

const rate = (description: string) =>
  Type.Optional(Type.Union([Type.Number(), Type.String({ maxLength: 40 })], { description }))

const rates = {
  input: rate('Input tokens.'),
  output: rate('Output tokens.'),
  cache_read: rate("Input read from the provider's cache. Without it: as input."),
  cache_write_5m: rate(
    "Input written to the provider's cache for five minutes. Without it: as input.",
  ),
  cache_write_1h: rate('The same for an hour. Without it: as for five minutes.'),
  reasoning: rate('Reasoning tokens. Without it: as output.'),
  input_audio: rate('Input tokens that stand for audio. Without it: as input.'),
  output_audio: rate('Output tokens that stand for audio. Without it: as output.'),
  image: rate('Input tokens that stand for images. Without it: as input.'),
  cache_read_audio: rate('Cached audio. Without it: as other cached input.'),
  cache_read_image: rate('Cached images. Without it: as other cached input.'),
  input_video: rate('Input tokens that stand for video. Without it: as input.'),
  output_image: rate('Output tokens that stand for images. Without it: as output.'),
  output_video: rate('Output tokens that stand for video. Without it: as output.'),
  citation: rate('Tokens of cited sources. Without it: as output.'),
}

const tiers = Type.Optional(
  Type.Array(
    Type.Object({
      above: Type.Integer({ minimum: 1, maximum: 1_000_000_000, description: 'Input tokens.' }),
      ...rates,
    }),
    {
      maxItems: 8,
      description: 'Prices of calls whose input is longer; they then hold for the whole call.',
    },
  ),
)
const ratesByLength = Type.Object({ ...rates, tiers })

const perRequest = rate('US dollars a request, added to its tokens.')
const perSecond = rate('US dollars a second of audio or video.')
const sizePrice = Type.Object({ per_second: perSecond, per_request: perRequest })

/** A price as it is sent: US dollars per million tokens, as numbers or decimal text. */
export const priceBody = Type.Object({
  ...rates,
  per_request: perRequest,
  per_second: perSecond,
  per_hour: rate('US dollars an hour of audio or video.'),
  least_seconds: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 86_400, description: 'What a shorter recording costs.' }),
  ),
  per_image: rate('US dollars an image that was made.'),
  per_search: rate("US dollars a search of the web with the provider's tool."),
  per_file_search: rate("US dollars a search in files with the provider's tool."),
  per_code_run: rate("US dollars a run of code in the provider's sandbox."),
  tiers,
  service: Type.Optional(
    Type.Object(
      Object.fromEntries(
        SERVICE_TIERS.map((name) => [name, Type.Optional(ratesByLength)]),
      ) as Record<(typeof SERVICE_TIERS)[number], Type.TOptional<typeof ratesByLength>>,
      {
        description:
          "Rates of the provider's other tiers of service, by the name that it reports, with their own `tiers`. A kind that is left out costs as usual.",
      },
    ),
  ),
  sizes: Type.Optional(
    Type.Record(Type.String(), sizePrice, {
      maxProperties: MOST_SIZES,
      description:
        'What videos of other sizes cost, by the size as it is asked for: `{"1792x1024": {"per_second": "0.5"}}`.',
    }),
  ),
})

export const modelParams = Type.Object({
  model: Type.String({
    minLength: 1,
    description: 'The model id; it may hold `/`, raw or as `%2F`.',
  }),
})

/** Reads a price from the wire. @throws Refused `invalid_field` naming the member. */
export function priceOf(body: Static<typeof priceBody>): ModelPrice {
  const { service = {}, sizes = {}, least_seconds: _, ...whole } = body
  if (checkRates(whole, '') === 0) {
    throw new Refused(
      'invalid_field',
      'a price names at least one of input, output, per_request, per_second, per_image',
    )
  }
  for (const [name, served] of Object.entries(service)) checkRates(served, `service.${name}: `)
  for (const [size, own] of Object.entries(sizes)) {
    if (!SIZE.test(size)) {
      throw new Refused(
        'invalid_field',
        `sizes: write a size as 1792x1024, not ${size.slice(0, 40)}`,
      )
    }
    checkRates(own, `sizes.${size}: `)
  }
  return body
}

const SIZE = /^[1-9]\d{1,4}x[1-9]\d{1,4}$/

type Sent = Omit<Static<typeof priceBody>, 'service' | 'sizes' | 'least_seconds'>

/** How many prices there are, but those of longer inputs. */
function checkRates({ tiers = [], ...rates }: Sent, where: string): number {
  const named = Object.entries(rates)
  for (const [field, written] of named) checkDollars(where + field, written)
  const lengths = new Set<number>()
  for (const { above, ...tier } of tiers) {
    if (lengths.has(above)) throw new Refused('invalid_field', `${where}tiers holds ${above} twice`)
    lengths.add(above)
    for (const [field, written] of Object.entries(tier))
      checkDollars(`${where}tiers above ${above}: ${field}`, written)
  }
  return named.length
}

function checkDollars(field: string, written: string | number) {
  const decimal = parseDecimal(written)
  if (!decimal || decimal.scale > MOST_DECIMALS || Number(written) > MOST_DOLLARS) {
    throw new Refused(
      'invalid_field',
      `${field} must be US dollars from 0 to ${MOST_DOLLARS} with at most ${MOST_DECIMALS} decimals`,
    )
  }
}

/** The model id of a path. @throws Refused `invalid_field` for what can't be one. */
export function modelOf(params: Static<typeof modelParams>): string {
  if (Buffer.byteLength(params.model) > MOST_ID_BYTES) {
    throw new Refused('invalid_field', `a model id has at most ${MOST_ID_BYTES} bytes`)
  }
  return params.model
}
