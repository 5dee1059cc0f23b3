import { expect, test } from 'vitest'
import { latencyOf, MOST_MEASURED } from '../../src/usage/latency.ts'
import { createRollUp } from '../../src/usage/roll-up.ts'
import { newDatabase } from '../tools/database.ts'
import { BEGIN, HOUR_MS, madeRecords, meant } from './made-records.ts'

const MIDDLE = BEGIN + 36 * HOUR_MS

test('medians are of the whole time, however many calls there were at its end', async () => {
  const database = await newDatabase()
  const store = await database.open()
  const rollUp = createRollUp({ store, failed: (error) => expect.unreachable(String(error)) })
  // As many calls at the end alone as are measured; calls before took longer the earlier they were made.
  const rows = madeRecords(6_000).map((row) => ({
    ...row,
    use_time_ms: Math.floor((BEGIN + 72 * HOUR_MS - row.created_at_ms) / 1000),
    first_token_ms: row.created_at_ms < MIDDLE ? 900 : 100,
  }))
  for (let at = 0; at < rows.length; at += 1_000) {
    if (at === 5_000) await rollUp.run()
    const some = rows.slice(at, at + 1_000)
    await store.write(some.map((row) => store.db.insertInto('usage').values(row)))
  }
  for (const filter of [
    {},
    { accounts: [1] },
    { accounts: [1, 2], model: 'o3' },
    { accounts: [1], from: BEGIN + 7 * HOUR_MS + 1_000, until: BEGIN + 60 * HOUR_MS },
    { accounts: [2], from: BEGIN, until: BEGIN + HOUR_MS },
    { accounts: [9] },
  ]) {
    const answered = meant(rows, { ...filter, status: 200 })
    const times = answered.map((row) => row.use_time_ms).toSorted((a, b) => a - b)
    const found = await latencyOf(store.db, filter)
    const exact = times[Math.floor((times.length - 1) / 2)] ?? 0
    if (meant(rows, filter).length <= MOST_MEASURED) {
      expect(found).toMatchObject({ calls: answered.length, use_time_ms: exact })
      continue
    }
    expect(found.calls).toBeLessThanOrEqual(MOST_MEASURED)
    expect(found.calls).toBeGreaterThan(MOST_MEASURED / 2)
    // A part is a twentieth of the calls, of which the newest are measured.
    expect(Math.abs(found.use_time_ms - exact)).toBeLessThan((72 * 3_600) / 20)
  }
  await rollUp.close()
  await store.close()
  await database.remove()
})
