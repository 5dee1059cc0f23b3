import type { CompiledPrice } from '../../prices/price.ts'
import type { Tokenizer } from '../../prices/tokenizer.ts'
import { NO_USAGE, type Usage } from '../../usage/usage.ts'
import { pricedBy, secondsToSay, withLength } from '../media-usage.ts'

/** What is known of a transcript. */
export interface Transcript {
  readonly reported: Usage | undefined
  /** Length of its sound, as far as it was heard. */
  readonly seconds: number
  readonly texts: readonly string[]
}

/**
 * What a transcript used, as its provider reports it. Where it reports nothing that the price asks for, that is estimated: by
 * the length of the sound, and by the words.
 */
export async function transcriptUsage(
  count: Tokenizer['count'],
  { reported, seconds, texts }: Transcript,
  price: CompiledPrice | undefined,
): Promise<Usage> {
  // A copy: nothing at all would cost nothing.
  const known = reported ?? { ...NO_USAGE }
  if (price === undefined || isPriced(known, price)) return known
  const completion = await count(texts)
  const length = known.seconds ?? Math.max(seconds, secondsToSay(completion))
  return withLength(known, { seconds: length, completion, textTokens: 0 })
}

function isPriced(known: Usage, { price }: CompiledPrice): boolean {
  const asks = pricedBy(price)
  if (!asks.time && !asks.tokens) return true
  const hasTokens = known.prompt + known.completion > 0
  return (asks.time && known.seconds !== undefined) || (asks.tokens && hasTokens)
}
