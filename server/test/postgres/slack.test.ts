import { expect, it } from 'vitest'
import type { Reservation } from '../../src/ledger/ledger.ts'
import { isShort } from '../../src/ledger/waiting-room.ts'
import { call, openNodes, take } from './nodes.ts'

const WHOLE = 100_000

it('a node has borrowed more than its calls hold of a hot key alone; when that is idle, all of it comes back', {
  timeout: 60_000,
}, async () => {
  const { at, database, payers, whole } = await openNodes(2)
  const [here, there] = [at(0), at(1)]
  const hot = await payers({ id: 1, key: WHOLE, account: WHOLE })
  const cold = await payers({ id: 2, key: WHOLE, account: WHOLE })
  const lent = async (entity: number) =>
    Number(
      (
        await database.rows(
          `select coalesce(sum(granted - spent), 0) as units from hold where entity = ${entity}`,
        )
      )[0]?.units,
    )
  const held: Reservation[] = []
  const hold = async (owner: typeof hot) => {
    const got = await take(here.ledger, owner, 100)
    if (isShort(got)) throw new Error('short')
    held.push(got)
  }

  await hold(cold)
  expect([await lent(cold.key), await lent(cold.account)]).toEqual([100, 100])
  let calls = 0
  const slackOf = async (entity: number) => (await lent(entity)) - 100 * calls
  // A machine that stands still for a second makes no key hot.
  while (calls < 50 && (await slackOf(hot.key)) <= 0) {
    await hold(hot)
    calls += 1
  }
  expect(calls).toBeGreaterThan(1)
  expect(await slackOf(hot.key)).toBeGreaterThan(0)
  expect(await slackOf(hot.account)).toBeGreaterThan(0)
  // Also that of a node which does nothing: the other one finds no less than what is free.
  expect(await lent(cold.key)).toBe(100)

  for (const one of held) one.release()
  await expect
    .poll(() => database.rows('select entity from hold'), { timeout: 15_000, interval: 100 })
    .toEqual([])
  expect(await database.rows('select entity, remain::int from balance order by entity')).toEqual(
    [hot, cold]
      .flatMap(({ key, account }) => [key, account])
      .toSorted((a, b) => a - b)
      .map((entity) => ({ entity: String(entity), remain: WHOLE })),
  )
  expect(await call(there, hot, { amount: WHOLE })).toBe('served')
  expect(await whole(hot.key)).toBe(0)
})
