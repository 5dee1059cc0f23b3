import { expect } from 'vitest'
import type { TestDatabase } from '../tools/database.ts'
import type { Seen } from '../tools/keep-calling.ts'

/** The books, with themselves and with what clients saw, whose calls cost so much each; once nobody runs any more. */
export async function compareBooks(
  { rows, doctor }: TestDatabase,
  seen: Seen,
  cost: number,
): Promise<void> {
  expect(await rows('select * from hold')).toEqual([])
  expect(await doctor()).toEqual([])
  const written = await rows(
    'select request_id as id, quota::int as quota, shortfall::int as shortfall from usage',
  )
  const charged = new Map(written.map(({ id, ...figures }) => [id, figures]))
  expect(charged.size).toBe(written.length)
  const wrong = seen.complete.filter(({ requestId, cost: said }) => {
    const { quota, shortfall } = charged.get(requestId) ?? {}
    return Number(quota) + Number(shortfall) !== cost || (said !== undefined && quota !== said)
  })
  expect(wrong).toEqual([])
}
