import { type Units, units } from '../ledger/units.ts'
import type { ServiceTier, UsedPieces } from '../usage/usage.ts'
import { amountsOf } from './amounts.ts'
import { TOKEN_KINDS } from './kinds.ts'
import { type Column, type CompiledPrice, pricedFor, total } from './price.ts'

/** What is known of a call's input before it runs. */
export interface Expected {
  /** An upper bound of its input tokens. */
  readonly prompt: number
  /** Whether audio or video may come in or go out; only then are their much dearer prices reckoned with. */
  readonly audio?: boolean
  /** Whether the caller asked the provider to keep input for an hour. */
  readonly cacheForHour?: boolean
  /** The tier of service that the caller asked for, where it may be dearer; whether it is had is known afterwards. */
  readonly service?: ServiceTier | undefined
  /** The most images, searches and the like, where there may be any. */
  readonly pieces?: UsedPieces | undefined
}

/** The most that a call can cost with so many output tokens, whatever part is cached or reasoning. */
export function boundOf(price: CompiledPrice, expected: Expected, completion: number): Units {
  const usual = mostOf(price, expected, completion)
  if (expected.service === undefined) return usual
  const served = pricedFor(price, expected.service)
  return served === price ? usual : units(Math.max(usual, mostOf(served, expected, completion)))
}

function mostOf(price: CompiledPrice, expected: Expected, completion: number): Units {
  const amounts = emptyAmounts(expected, price.leastSeconds)
  let most = 0 as Units
  for (const column of price.columns) {
    if (column.above >= expected.prompt && column.above >= 0) break
    const input = dearestInput(column, expected)
    const output = dearestOutput(column, expected)
    amounts[input] = expected.prompt
    amounts[output] = completion
    const one = total(price, column, amounts)
    amounts[input] = amounts[output] = 0
    if (one > most) most = one
  }
  return most
}

const NO_TOKENS = TOKEN_KINDS.map(() => 0)
const NOTHING_YET = {
  ...{ prompt: 0, completion: 0, cached: 0, cacheWrite: 0, cacheWrite1h: 0, reasoning: 0 },
  ...{ audioIn: 0, audioOut: 0, image: 0, estimated: false },
}

const emptyAmounts = ({ pieces }: Expected, leastSeconds: number): number[] =>
  pieces === undefined ? NO_TOKENS.slice() : amountsOf({ ...NOTHING_YET, ...pieces }, leastSeconds)

/** The most output tokens with which `boundOf` still is at most `available`; `undefined` when the rest alone costs more. */
export function outputWithin(
  price: CompiledPrice,
  expected: Expected,
  available: number,
): number | undefined {
  const usual = mostWithin(price, expected, available)
  if (expected.service === undefined || usual === undefined) return usual
  const served = pricedFor(price, expected.service)
  if (served === price) return usual
  const other = mostWithin(served, expected, available)
  return other === undefined ? undefined : Math.min(usual, other)
}

function mostWithin(
  price: CompiledPrice,
  expected: Expected,
  available: number,
): number | undefined {
  const affordable =
    BigInt(Math.min(Math.floor(available), Number.MAX_SAFE_INTEGER)) * price.denominator -
    price.perRequest
  const amounts = emptyAmounts(expected, price.leastSeconds)
  let least = MOST_OUTPUT
  for (const column of price.columns) {
    if (column.above >= expected.prompt && column.above >= 0) break
    const input = column.exact[dearestInput(column, expected)] as bigint
    const output = column.exact[dearestOutput(column, expected)] as bigint
    const left = affordable - input * BigInt(expected.prompt) - pieceCost(column, amounts)
    if (left < 0n) return undefined
    if (output > 0n && left / output < least) least = left / output
  }
  return Number(least)
}

function pieceCost({ exact }: Column, amounts: readonly number[]): bigint {
  let sum = 0n
  for (let kind = TOKEN_KINDS.length; kind < amounts.length; kind++)
    sum += BigInt(amounts[kind] as number) * (exact[kind] as bigint)
  return sum
}

/** Beyond the longest answer of any model; also what is affordable where output costs nothing. */
const MOST_OUTPUT = 2n ** 31n - 1n

function dearestInput({ dearest }: Column, { audio, cacheForHour }: Expected): number {
  if (audio) return cacheForHour ? dearest.mediaForHour : dearest.media
  return cacheForHour ? dearest.inputForHour : dearest.input
}

const dearestOutput = ({ dearest }: Column, { audio }: Expected): number =>
  audio ? dearest.outputMedia : dearest.output
