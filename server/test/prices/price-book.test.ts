import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cost } from '../../src/prices/price.ts'
import { createPriceBook } from '../../src/prices/price-book.ts'
import type { Store } from '../../src/storage/store.ts'
import { NO_USAGE } from '../../src/usage/usage.ts'
import { newDatabase, type TestDatabase } from '../tools/database.ts'

const MILLION = { ...NO_USAGE, prompt: 1_000_000 }
let database: TestDatabase
let store: Store
let now = Date.UTC(2026, 6, 1, 12)

beforeAll(async () => {
  database = await newDatabase()
  store = await database.open()
  await set('kept', { input: '7' })
})
afterAll(async () => {
  await store.close()
  await database.remove()
})

async function set(model: string, price: object | undefined) {
  const row = { price: JSON.stringify(price), updated_at: 0 }
  const statement = price
    ? store.db
        .insertInto('price')
        .values({ model, ...row })
        .onConflict((conflict) => conflict.column('model').doUpdateSet(row))
    : store.db.deleteFrom('price').where('model', '=', model)
  await store.write([statement], [{ kind: 'price', subject: model }])
}

describe('the price book', () => {
  test('knows at its start what was set before, and follows what is set later', async () => {
    const book = await createPriceBook({ store, now: () => now })
    const dollars = (model: string) => {
      const price = book.priceOf(model)
      return price && cost(price, MILLION) / 500_000
    }
    expect(dollars('kept')).toBe(7)
    expect(dollars('set-later')).toBeUndefined()
    await set('set-later', { input: '1.5' })
    expect(dollars('set-later')).toBe(1.5)
    await set('set-later', { input: '2.5' })
    await set('gpt-4o', { input: '9' })
    expect([dollars('set-later'), dollars('gpt-4o')]).toEqual([2.5, 9])
    await set('set-later', undefined)
    await set('gpt-4o', undefined)
    expect([dollars('set-later'), dollars('gpt-4o')]).toEqual([undefined, 2.5])
    expect(book.overrides().map(({ model }) => model)).toEqual(['kept'])
  })

  test('ends at the newest of many changes at once', async () => {
    const book = await createPriceBook({ store, now: () => now })
    await Promise.all(Array.from({ length: 20 }, (_, at) => set('busy', { input: at })))
    expect(book.override('busy')).toEqual({ input: 19 })
  })

  test('has a price at the ratio of a group, exact and compiled once, until the price changes', async () => {
    const book = await createPriceBook({ store, now: () => now })
    await set('rated', { input: '0.3', per_request: '0.000002' })
    expect(book.priceOf('rated', '1')).toBe(book.priceOf('rated'))
    const dear = book.priceOf('rated', '1.1')
    expect(book.priceOf('rated', '1.1')).toBe(dear)
    // 7 x 0.3 x 1.1 / 2 + 1.1 = 2.255 units, where binary fractions and two roundings would say otherwise.
    expect(dear && cost(dear, { ...NO_USAGE, prompt: 7 })).toBe(3)
    expect(dear && cost(dear, { ...NO_USAGE, prompt: 2_000_000 })).toBe(330_002)
    await set('rated', { input: '3' })
    expect(book.priceOf('rated', '1.1')?.price).toEqual({ input: '3' })
    expect(book.priceOf('rated', '0')).toMatchObject({ ratio: '0', perRequest: 0n })
    expect(book.priceOf('never-priced', '2')).toBeUndefined()
  })

  test('looks again at a price that depends on the date', async () => {
    now = Date.UTC(2026, 11, 31, 23, 59, 30)
    const book = await createPriceBook({ store, now: () => now })
    const before = book.priceOf('gemini-3.6-flash')
    expect(book.priceOf('gemini-3.6-flash')).toBe(before)
    now += 120_000
    const after = book.priceOf('gemini-3.6-flash')
    expect(after?.price).not.toEqual(before?.price)
  })

  test('says nothing of ids longer than any model has', async () => {
    const book = await createPriceBook({ store, now: () => now })
    expect(book.priceOf(`models/${'/'.repeat(100_000)}`)).toBeUndefined()
    expect(book.contextWindow('claude-sonnet-4-5'.repeat(20))).toBeUndefined()
  })
})
