import { type Budgets, describeBudget } from '../budgets/budgets.ts'
import { Refused, saysOf } from '../errors.ts'
import type { Entity } from '../ledger/entity.ts'
import {
  type Ledger,
  NO_BUDGETS,
  type Payers,
  type Reservation,
  type Short,
} from '../ledger/ledger.ts'
import { type Units, units } from '../ledger/units.ts'
import { askedBeside } from '../prices/asked.ts'
import { boundOf, type Expected, outputWithin } from '../prices/bound.ts'
import { countInput, type Input, quickBound } from '../prices/input-tokens.ts'
import type { CompiledPrice } from '../prices/price.ts'
import type { PriceBook } from '../prices/price-book.ts'
import type { Tokenizer } from '../prices/tokenizer.ts'
import type { Settings } from '../settings/settings.ts'
import { ClientLeft } from './client-left.ts'
import { fixedCost } from './jobs/fixed-cost.ts'
import type { Admitted, ModelCall, Reserved } from './values.ts'

/** Contract 3.4: what a call without a limit of its own may reserve in any case. */
const USUAL_OUTPUT = 1_024
/** A shorter answer helps nobody. */
const LEAST_OUTPUT = 16
/** What a model may write of which nothing is known. */
export const UNKNOWN_OUTPUT = 16_384
const NOTHING = units(0)
const ANYTHING = units(1)

export interface ReserveParts {
  readonly ledger: Pick<Ledger, 'available' | 'remaining' | 'lacks' | 'reserve' | 'reserveSoon'>
  readonly budgets: Pick<Budgets, 'running'>
  readonly prices: Pick<PriceBook, 'maxOutput'>
  readonly tokenizer: Pick<Tokenizer, 'count'>
  readonly settings: Pick<Settings, 'get'>
}

/** A call's output tokens: what it should have, and the least it can be served with; of each choice. */
interface Wish {
  readonly wanted: number
  readonly least: number
  /** The caller named `wanted`; else it is ours. */
  readonly explicit: boolean
  /** From here on nobody has to be told of a limit: it is the caller's, or the model's own. */
  readonly unsaid: number
}

/** Sets units aside for the most that a call can cost (contract 3.1, checks 12, 13, and 3.4). At once in the usual case. */
export function createReserve(parts: ReserveParts) {
  const { ledger, prices, settings } = parts
  return function reserve(candidates: Admitted): Reserved | Promise<Reserved> {
    const { budgets } = candidates.key
    if (budgets === undefined) return reserveOf(candidates, payersOf(candidates, NO_BUDGETS))
    return then(parts.budgets.running(budgets), (running) =>
      reserveOf(candidates, payersOf(candidates, running)),
    )
  }

  function reserveOf(candidates: Admitted, payers: Payers): Reserved | Promise<Reserved> {
    const { call } = candidates
    const { price, channels, model } = candidates.offers[0]
    if (price === undefined || channels.every(({ free }) => free))
      return free(parts, candidates, payers)
    const { choices, outputLimit, job } = call.parsed
    const purse: Purse = { candidates, payers, price }
    const fixed = job === undefined ? undefined : fixedCost(price, job)
    if (fixed !== undefined) return reserveFixed(parts, purse, fixed)
    const expected = quickly(call, model)
    if (outputLimit !== undefined) {
      const lower = settings.get('quota.lower_output') === 'on'
      const half = Math.max(Math.ceil(outputLimit / 2), call.parsed.leastOutput)
      const least = lower ? Math.min(half, outputLimit) : outputLimit
      const wish = { wanted: outputLimit, least, explicit: true, unsaid: outputLimit }
      const taking = ledger.reserve(payers, boundOf(price, expected, outputLimit * choices))
      return then(taking, (taken) =>
        'settle' in taken ? reserved(candidates, taken) : squeeze(parts, purse, wish),
      )
    }
    const own = prices.maxOutput(model) ?? UNKNOWN_OUTPUT
    const usual = Math.min(USUAL_OUTPUT, own)
    const wish = {
      wanted: usual,
      least: Math.min(Math.max(LEAST_OUTPUT, call.parsed.leastOutput), own),
      explicit: false,
      unsaid: own,
    }
    const available = ledger.available(payers)
    const output = roomFor(price, expected, { choices, own, available })
    if (output === undefined) return squeeze(parts, purse, wish)
    const taking = ledger.reserve(payers, boundOf(price, expected, output * choices))
    return then(taking, (taken) =>
      'settle' in taken
        ? reserved(candidates, taken, output < own ? output : undefined)
        : squeeze(parts, purse, wish),
    )
  }
}

/** What costs so much, whatever comes of it. */
async function reserveFixed(parts: ReserveParts, purse: Purse, amount: Units): Promise<Reserved> {
  const { candidates, payers } = purse
  const taken = await parts.ledger.reserve(payers, amount)
  if ('settle' in taken) return reserved(candidates, taken)
  if (!taken.reserved) throw refusalOf(candidates, taken, `: it costs ${amount} units`)
  return reserved(candidates, await soon(parts, purse, amount))
}

/** What a call without an output limit of its own is given room by. */
interface Room {
  readonly choices: number
  /** The most that the model writes. */
  readonly own: number
  readonly available: number
}

/**
 * Contract 3.4: output tokens of each choice for the larger of a quarter of what is available and of the usual; at most
 * the model's own. `undefined`: not even the usual is available.
 */
export function roomFor(
  price: CompiledPrice,
  expected: Expected,
  { choices, own, available }: Room,
): number | undefined {
  const least = boundOf(price, expected, Math.min(USUAL_OUTPUT, own) * choices)
  if (least > available) return undefined
  const budget = Math.max(Math.floor(available / 4), least)
  return Math.min(Math.floor((outputWithin(price, expected, budget) ?? 0) / choices), own)
}

/** Who must pay for what. */
interface Purse {
  readonly candidates: Admitted
  readonly payers: Payers
  readonly price: CompiledPrice
}

/** Little is left, or running calls hold it. The input is counted exactly before anything is refused or lowered. */
async function squeeze(parts: ReserveParts, purse: Purse, wish: Wish): Promise<Reserved> {
  const { ledger, tokenizer } = parts
  const { candidates, payers, price } = purse
  const { call, offers } = candidates
  const { choices } = call.parsed
  const { model } = offers[0]
  // An empty purse needs no counting, however often it is held out.
  const empty = ledger.lacks(payers, ANYTHING)
  if (empty !== undefined && !empty.reserved)
    throw tooDear(candidates, empty, { wish, affordable: 0 })
  const counted = await countInput(inputOf(call, model), tokenizer.count)
  const quick = quickly(call, model)
  const most = counted.most + (call.kept?.mostTokens ?? 0)
  const expected: Expected = { ...quick, prompt: Math.min(quick.prompt, most) }
  const priced = (output: number) => boundOf(price, expected, output * choices)
  const within = (amount: number) =>
    Math.floor((outputWithin(price, expected, amount) ?? -1) / choices)
  const done = (taken: Reservation, output: number) =>
    reserved(candidates, taken, output >= wish.unsaid ? undefined : output)

  const taken = await ledger.reserve(payers, priced(wish.wanted))
  if ('settle' in taken) return done(taken, wish.wanted)
  const remaining = ledger.remaining(payers)
  if (priced(wish.wanted) <= remaining) {
    return done(await soon(parts, purse, priced(wish.wanted)), wish.wanted)
  }
  const affordable = within(remaining)
  if (affordable < wish.least) {
    // Named is who lacks units for the least: the other one could do with a lower limit.
    const least = await ledger.reserve(payers, priced(wish.least))
    if ('settle' in least) return done(least, wish.least)
    throw tooDear(candidates, least, { wish, affordable })
  }
  const now = within(ledger.available(payers))
  const lowered = now >= wish.least ? await ledger.reserve(payers, priced(now)) : undefined
  if (lowered !== undefined && 'settle' in lowered) return done(lowered, now)
  return done(await soon(parts, purse, priced(wish.least)), wish.least)
}

/** Waits for units that only running calls hold. */
async function soon(
  { ledger, settings }: ReserveParts,
  purse: Purse,
  amount: Units,
): Promise<Reservation> {
  const { client } = purse.candidates.call
  if (client.left) throw new ClientLeft()
  const leaving = new AbortController()
  client.onLeave(() => leaving.abort(new ClientLeft()))
  const taken = await ledger.reserveSoon(
    purse.payers,
    amount,
    leaving.signal,
    settings.get('ledger.wait_ms'),
  )
  if ('settle' in taken) return taken
  if (taken.reserved) throw new Refused('quota_reserved', undefined, { retryAfter: 1 })
  throw refusalOf(purse.candidates, taken)
}

interface Afforded {
  readonly wish: Wish
  readonly affordable: number
}

function tooDear(candidates: Admitted, short: Short, { wish, affordable }: Afforded): Refused {
  if (wish.wanted === 0) return refusalOf(candidates, short, ': its input costs more')
  const asked = wish.explicit
    ? `${wish.wanted} output tokens asked`
    : `${wish.least} output tokens are the least`
  return refusalOf(candidates, short, `: ${asked}, ${Math.max(0, affordable)} affordable`)
}

const CODES = {
  key: 'quota_exhausted',
  account: 'insufficient_balance',
  budget: 'budget_exhausted',
} as const

function refusalOf({ key }: Admitted, { entity, balance }: Short, because = ''): Refused {
  const code = CODES[entity]
  const says = entity === 'budget' ? describeBudget(balance, key.budgets ?? []) : saysOf(code)
  return new Refused(code, `${says}${because}`)
}

/** Nothing to pay; but a key without quota makes no calls at all (contract 2.1). */
function free(
  { ledger }: ReserveParts,
  candidates: Admitted,
  payers: Payers,
): Reserved | Promise<Reserved> {
  const take = () =>
    then(ledger.reserve(payers, NOTHING), (taken) => {
      if (!('settle' in taken)) throw refusalOf(candidates, taken)
      return reserved(candidates, taken)
    })
  const key = { ...payers, accountUnlimited: true, budgets: NO_BUDGETS }
  if (ledger.remaining(key) > 0) return take()
  // As far as this node knows: a reservation finds out.
  return then(ledger.reserve(key, ANYTHING), (taken) => {
    if (!('settle' in taken)) throw new Refused('quota_exhausted')
    taken.release()
    return take()
  })
}

/** Goes on at once where nothing has to be waited for: a promise a call is dear. */
const then = <A, B>(value: A | Promise<A>, next: (value: A) => B | Promise<B>): B | Promise<B> =>
  value instanceof Promise ? value.then(next) : next(value)

function reserved(candidates: Admitted, reservation: Reservation, outputLimit?: number): Reserved {
  return { ...candidates, reservation, outputLimit }
}

/** What of a call its input is measured by. */
type Measured = Pick<ModelCall, 'dialect' | 'parsed' | 'payload' | 'kept'>

/** What can be said of the input at once: an upper bound. */
export function quickly(call: Measured, model: string): Expected {
  const input = inputOf(call, model)
  const own = quickBound(input)
  const { kept } = call
  const quick = kept === undefined ? own : { ...own, prompt: own.prompt + kept.mostTokens }
  const asked = askedBeside(input.body)
  const cacheForHour = call.dialect.name === 'anthropic' && call.payload.includes(FOR_AN_HOUR)
  return cacheForHour || asked !== undefined ? { ...quick, ...asked, cacheForHour } : quick
}

/** How long a cached prompt should live, in Anthropic's words. */
const FOR_AN_HOUR = '"1h"'

/** The call's input as a model of that name would read it. */
export const inputOf = ({ dialect, parsed, payload }: Measured, model: string): Input => ({
  dialect: parsed.written ?? dialect.name,
  operation: dialect.operation,
  model,
  bytes: payload.length,
  body: parsed.body(),
  media: parsed.media,
})

function payersOf({ key }: Admitted, budgets: readonly Entity[]): Payers {
  return {
    key: key.entity,
    account: key.accountEntity,
    keyUnlimited: key.unlimited,
    accountUnlimited: key.accountUnlimited,
    budgets,
  }
}
