import { expect, it } from 'vitest'
import { openMailbox, put, ring, sleep, take } from '../../src/storage/mailbox.ts'
import { packSettlements, STRIDE, TEXT_STRIDE } from '../../src/storage/wire.ts'
import { recordOf } from '../ledger/record.ts'

const settlement = (name: string, cost = 1) => ({
  ...{ cost, atMost: 2, epoch: 0, key: 3, account: 4, budgets: [] },
  ...{ keyUnlimited: true, accountUnlimited: false },
  record: { ...recordOf(`r-${cost}`), key_name: name },
})

/** Both threads look at the same memory, each with views of its own. */
function bothEnds() {
  const here = openMailbox()
  return { here, there: openMailbox(here.memory) }
}

it('hands over what was laid down, once, whatever the texts are made of', () => {
  const { here, there } = bothEnds()
  const names = ['', 'bench', 'naïve', '鍵', '🔑👩‍👩‍👧', 'a\0b', 'é'.repeat(50)]
  const batch = {
    order: [names.length],
    ...packSettlements(names.map((name, at) => settlement(name, at))),
  }

  expect(put(here, batch)).toBe(true)

  const taken = take(there)
  expect(taken?.order).toEqual(batch.order)
  expect([...(taken?.numbers ?? [])]).toEqual([...batch.numbers])
  expect(taken?.texts).toEqual(batch.texts)
  expect(take(there)).toBeUndefined()
})

it('keeps texts apart from a half of a character, which becomes a mark', () => {
  const { here, there } = bothEnds()
  const { numbers, texts } = packSettlements([settlement('half \ud83d'), settlement('whole')])

  expect(put(here, { order: [2], numbers, texts })).toBe(true)

  expect(take(there)?.texts).toEqual(texts.map((text) => text.toWellFormed()))
})

it('leaves to messages what is not of settlements alone, or does not fit', () => {
  const { here, there } = bothEnds()
  const one = packSettlements([settlement('a')])
  const write = { statements: [], changes: [] }
  const many = packSettlements(Array.from({ length: 257 }, () => settlement('a')))
  const long = packSettlements([settlement('a'.repeat(200_000))])

  expect(put(here, { order: [write], ...packSettlements([]) })).toBe(false)
  expect(put(here, { order: [1, write], ...one })).toBe(false)
  expect(put(here, { order: [257], ...many })).toBe(false)
  expect(put(here, { order: [1], ...long })).toBe(false)
  expect(take(there)).toBeUndefined()
})

it('a batch as large as the mailbox fits, and its answer too', () => {
  const { here, there } = bothEnds()
  const full = packSettlements(Array.from({ length: 256 }, (_, at) => settlement('a', at)))

  expect(put(here, { order: [256], ...full })).toBe(true)

  expect(take(there)?.numbers).toHaveLength(256 * STRIDE)
  expect(there.settled.length).toBe(256 * 4)
  expect(there.texts.length / 256).toBeGreaterThan(TEXT_STRIDE * 64)
})

it('nobody sleeps who has not heard the last bell', () => {
  const { here, there } = bothEnds()
  ring(here)
  ring(here)
  expect(sleep(there, 0)).toBe(2)
})
