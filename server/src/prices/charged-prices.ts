import { sql } from 'kysely'
import type { Store } from '../storage/store.ts'
import type { Usage } from '../usage/usage.ts'
import type { ModelPrice } from './kinds.ts'
import { type CompiledPrice, compilePrice, cost } from './price.ts'

/**
 * Which prices calls were charged at, and since when, so that what a call cost can be computed again when they have
 * changed. Calls know nothing of it: a price is kept when it is charged for the first time, behind that call.
 */
export interface ChargedPrices {
  /** The price at which this record is charged. From memory, unless it is new. */
  note(record: ChargedRecord, price: CompiledPrice | undefined): void
  /** The price at which so much use cost so many units; `undefined`: none that is known does. */
  of(charged: ChargedUse): Promise<CompiledPrice | undefined>
}

export interface ChargedRecord {
  readonly model: string
  readonly created_at_ms: number
}

export interface ChargedUse {
  readonly model: string
  readonly usage: Usage
  /** Units, whoever paid them. */
  readonly cost: number
  /** When it was charged, in milliseconds since 1970. */
  readonly atMs: number
}

export function createChargedPrices(store: Pick<Store, 'db' | 'write'>): ChargedPrices {
  const noted = new WeakSet<CompiledPrice>()
  return {
    note({ model, created_at_ms: sinceMs }, price) {
      if (price === undefined || noted.has(price)) return
      noted.add(price)
      const kept = store.write([keepStatement(store, { model, price, sinceMs })])
      // The next call that is charged at it tries again.
      kept.catch(() => noted.delete(price))
    },
    async of({ model, usage, cost: units, atMs }) {
      const rows = await store.db
        .selectFrom('charged_price')
        .select(['ratio', 'price', 'since_ms'])
        .where('model', '=', model)
        .orderBy('since_ms', 'desc')
        .execute()
      // A long call may have been admitted at the price before; and clocks of nodes differ.
      const ordered = [
        ...rows.filter(({ since_ms }) => since_ms <= atMs),
        ...rows.filter(({ since_ms }) => since_ms > atMs).reverse(),
      ]
      for (const { ratio, price } of ordered) {
        const compiled = compilePrice(JSON.parse(price) as ModelPrice, ratio)
        // Records don't say how large a video was.
        const sizes = [compiled, ...(compiled.sizes?.values() ?? [])]
        const found = sizes.find((one) => cost(one, usage) === units)
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}

interface Kept {
  readonly model: string
  readonly price: CompiledPrice
  readonly sinceMs: number
}

/** Unless it is what was charged last: each start of a node meets all prices anew. */
function keepStatement({ db }: Pick<Store, 'db'>, { model, price, sinceMs }: Kept) {
  const { ratio } = price
  const json = JSON.stringify(price.price)
  const last = db
    .selectFrom('charged_price as last')
    .select('last.price')
    .where('last.model', '=', model)
    .where('last.ratio', '=', ratio)
    .orderBy('last.since_ms', 'desc')
    .limit(1)
  return db
    .insertInto('charged_price')
    .columns(['model', 'ratio', 'since_ms', 'price'])
    .expression(
      db
        .selectNoFrom([
          sql<string>`cast(${model} as text)`.as('model'),
          sql<string>`cast(${ratio} as text)`.as('ratio'),
          sql<number>`cast(${sinceMs} as bigint)`.as('since_ms'),
          sql<string>`cast(${json} as text)`.as('price'),
        ])
        .where(sql<boolean>`coalesce((${last}), '') <> cast(${json} as text)`),
    )
    .onConflict((conflict) => conflict.doNothing())
}
