import type { Units } from '../ledger/units.ts'
import type { UsedPieces } from '../usage/usage.ts'
import { type Column, type CompiledPrice, TOKEN_KINDS, type TokenKind, total } from './price.ts'

/** What is known of a call's input before it runs. */
export interface Expected {
  /** An upper bound of its input tokens. */
  readonly prompt: number
  /** Whether audio may come in or go out; only then are the much dearer audio prices reckoned with. */
  readonly audio?: boolean
  /** Whether the caller asked the provider to keep input for an hour. */
  readonly cacheForHour?: boolean
  /** The most seconds and pictures, where there may be any. */
  readonly pieces?: UsedPieces | undefined
}

/** The most that a call can cost with so many output tokens, whatever part is cached or reasoning. */
export function boundOf(price: CompiledPrice, expected: Expected, completion: number): Units {
  const tokens = NO_TOKENS.slice()
  const milliseconds = millisecondsOf(expected)
  let most = 0 as Units
  for (const column of price.columns) {
    if (column.above >= expected.prompt && column.above >= 0) break
    const input = dearest(column, inputKinds(expected))
    const output = dearest(column, outputKinds(expected))
    tokens[input] = expected.prompt
    tokens[output] = completion
    const one = total(price, column, tokens, milliseconds)
    tokens[input] = tokens[output] = 0
    if (one > most) most = one
  }
  return most
}

const millisecondsOf = ({ pieces }: Expected): number => Math.ceil((pieces?.seconds ?? 0) * 1000)

const NO_TOKENS = TOKEN_KINDS.map(() => 0)

/** The most output tokens with which `boundOf` still is at most `available`; `undefined` when the input alone costs more. */
export function outputWithin(
  price: CompiledPrice,
  expected: Expected,
  available: number,
): number | undefined {
  const affordable =
    BigInt(Math.min(Math.floor(available), Number.MAX_SAFE_INTEGER)) * price.denominator -
    price.perRequest -
    price.perMillisecond * BigInt(millisecondsOf(expected))
  let least = MOST_OUTPUT
  for (const column of price.columns) {
    if (column.above >= expected.prompt && column.above >= 0) break
    const input = column.exact[dearest(column, inputKinds(expected))] as bigint
    const output = column.exact[dearest(column, outputKinds(expected))] as bigint
    const left = affordable - input * BigInt(expected.prompt)
    if (left < 0n) return undefined
    if (output > 0n && left / output < least) least = left / output
  }
  return Number(least)
}

/** Beyond the longest answer of any model; also what is affordable where output costs nothing. */
const MOST_OUTPUT = 2n ** 31n - 1n

const placesOf = (...kinds: TokenKind[]): readonly number[] =>
  kinds.map((kind) => TOKEN_KINDS.indexOf(kind))
const TEXT_IN = placesOf('input', 'cache_read', 'cache_write_5m', 'image')
const HOUR_IN = [...TEXT_IN, ...placesOf('cache_write_1h')]
const AUDIO_IN = [...TEXT_IN, ...placesOf('input_audio')]
const ANY_IN = [...HOUR_IN, ...placesOf('input_audio')]
const TEXT_OUT = placesOf('output', 'reasoning')
const ANY_OUT = [...TEXT_OUT, ...placesOf('output_audio')]

function inputKinds({ audio, cacheForHour }: Expected): readonly number[] {
  if (audio) return cacheForHour ? ANY_IN : AUDIO_IN
  return cacheForHour ? HOUR_IN : TEXT_IN
}

const outputKinds = ({ audio }: Expected): readonly number[] => (audio ? ANY_OUT : TEXT_OUT)

function dearest({ fast }: Column, places: readonly number[]): number {
  let best = places[0] as number
  for (const place of places) if ((fast[place] as number) > (fast[best] as number)) best = place
  return best
}
