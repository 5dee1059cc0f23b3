import { expect, it } from 'vitest'
import { createSharedLedger } from '../../src/ledger/shared/create-shared-ledger.ts'
import { setBalance } from '../../src/ledger/statements.ts'
import { units } from '../../src/ledger/units.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import type { Change } from '../../src/storage/tables.ts'
import { know, openNodes } from './nodes.ts'

/** A node that stands fenced from time to time while its feed goes on, and one that management uses. */
async function startFenced() {
  const { at, payers } = await openNodes(2)
  const { store, loans } = at(0)
  let isFenced = false
  const ledger = createSharedLedger({
    store: { ...store, accepting: () => !isFenced && store.accepting() },
    ...{ loans, now: Date.now },
  })
  const poor = await payers({ id: 1, key: 0, account: 1e6 })
  know(ledger, poor, { key: 0, account: 1e6 })
  const fence = (fenced: boolean) => {
    isFenced = fenced
  }
  const grant = async (amount: number) => {
    const heard = Promise.withResolvers<void>()
    store.onChange(({ kind, subject }: Change) => {
      if (kind === 'balance' && subject === String(poor.key)) heard.resolve()
    })
    const there = at(1).store
    await there.write(setBalance(there, { entity: poor.key, amount, actor: 'test', seconds: 1 }), [
      { kind: 'balance', subject: String(poor.key) },
    ])
    await heard.promise
  }
  return { ledger, poor, fence, grant }
}

it('units that were granted while a node could not ask for them are no reason to refuse afterwards', async () => {
  const { ledger, poor, fence, grant } = await startFenced()
  expect(isShort(await ledger.reserve(poor, units(1)))).toBe(true)
  expect(ledger.lacks(poor, units(1))).toMatchObject({ entity: 'key', reserved: false })
  fence(true)
  await grant(500)
  fence(false)
  expect(ledger.lacks(poor, units(1))).toBeUndefined()
  const taken = await ledger.reserve(poor, units(100))
  if (isShort(taken)) throw new Error('short')
  taken.release()
})
