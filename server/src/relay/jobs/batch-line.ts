import type { Dialect, Loose } from '../../dialects/dialect.ts'
import { isObject } from '../../dialects/judged.ts'
import { type CompiledPrice, cost, pricedFor, pricedForSize } from '../../prices/price.ts'
import { NO_USAGE, type Usage, withBeside } from '../../usage/usage.ts'
import { isPricedByTokens } from '../media-usage.ts'
import { parseLatin1 } from '../meter/json-text.ts'

/** What answers in a batch cost by. */
export interface LinePricing {
  readonly dialect: Dialect
  /** As it was admitted: that of the tier `batch` is looked for in it. */
  readonly price: CompiledPrice
  /** Units for an answer that reports nothing: nobody knows more than what was charged for its call. */
  readonly unreported: number
}

/** The answer to a call in a line of an output file; `undefined`: it failed. */
export function answerIn(line: Buffer): Loose | undefined {
  const parsed = parseLatin1(line.toString('latin1'))
  const response = isObject(parsed) ? parsed.response : undefined
  const body = isObject(response) ? response.body : undefined
  return isObject(body) && !isObject(body.error) ? body : undefined
}

/** Units, each answer rounded up by itself. */
export function costOfAnswer(body: Loose, { dialect, price, unreported }: LinePricing): number {
  if (dialect.operation === 'videos') return costOfVideo(body, { price, unreported })
  const served = pricedFor(price, 'batch')
  const isOfImages = dialect.operation.startsWith('images/')
  const usage = isOfImages ? usageOfImages(dialect, body, served) : usageIn(dialect, body)
  return usage === undefined ? unreported : cost(served, { ...usage, service: undefined })
}

function usageIn(dialect: Dialect, body: Loose): Usage | undefined {
  const usage = dialect.readUsage(body.usage)
  if (usage === undefined) return undefined
  const text = JSON.stringify(body)
  return withBeside(usage, dialect.readBeside?.(text, { text: () => text }))
}

/** Pictures are counted; `undefined`: their tokens are asked for, and nobody has counted those. */
function usageOfImages(dialect: Dialect, { data, usage }: Loose, price: CompiledPrice) {
  const images = Array.isArray(data) ? data.length : 0
  const reported = dialect.readUsage(usage)
  if (reported !== undefined) return { ...reported, images }
  return isPricedByTokens(price.price) ? undefined : { ...NO_USAGE, images }
}

/** What was made, by its length and size: tiers of service have no rates of their own for those. A failed one costs nothing. */
function costOfVideo(
  { status, seconds, size }: Loose,
  { price, unreported }: Pick<LinePricing, 'price' | 'unreported'>,
): number {
  if (status === 'failed') return 0
  const length = Number(seconds)
  if (!(length > 0)) return unreported
  const priced = pricedForSize(price, typeof size === 'string' ? size : undefined)
  return cost(priced, { ...NO_USAGE, seconds: length })
}
