import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { getPriority } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { openSqliteStore } from '../../src/storage/sqlite.ts'
import { openBooks, openPayers, temporaryFolder } from '../ledger/books.ts'
import { recordOf } from '../ledger/record.ts'

/** A read that takes its time. */
const long = sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000000)
  select count(*) from n`

it('closes while its second reader is being started', async () => {
  const { store } = await openBooks()
  const reads = [long.execute(store.db), store.db.selectFrom('account').selectAll().execute()]
  await pause(60)
  await store.close()
  expect(await Promise.allSettled(reads)).toMatchObject([
    { status: 'fulfilled' },
    { status: 'fulfilled' },
  ])
})

it.runIf(process.platform === 'linux')('lets only its reader step back', async () => {
  const threads = () => readdirSync('/proc/self/task').map(Number)
  const before = threads()
  const { store } = await openBooks()
  const added = threads().filter((thread) => !before.includes(thread))
  expect(added.map((thread) => getPriority(thread)).filter((niceness) => niceness > 0)).toEqual([
    10,
  ])
  await store.close()
})

it.runIf(process.platform === 'linux')('leaves the threads for files and names alone', () => {
  const program = `
    import { readdirSync, stat } from 'node:fs'
    import { getPriority } from 'node:os'
    import { stepBack } from '${new URL('../../src/storage/step-back.ts', import.meta.url)}'
    stepBack()
    await new Promise((resolve) => stat('/', resolve))
    const threads = readdirSync('/proc/self/task').map(Number)
    console.log(threads.filter((thread) => getPriority(thread) > 0).join() === String(process.pid))`
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program])
  expect(String(printed)).toBe('true\n')
})

it('copies itself while it is written to', async () => {
  const { store, ledger } = await openBooks()
  const target = join(await temporaryFolder(), 'copy.sqlite')
  const payers = await openPayers({ store, ledger }, { key: 1e6, account: 1e6 })
  const settle = (n: number) =>
    store.settle({ record: recordOf(`r${n}`), cost: 1, atMost: 1, epoch: 0, ...payers })
  const before = Array.from({ length: 50 }, (_, n) => settle(n))
  await Promise.all(before)
  const copying = store.backup(target)
  await Promise.all([copying, ...Array.from({ length: 50 }, (_, n) => settle(n + 50))])
  const copy = await openSqliteStore({ path: target, durability: 'process' })
  const { remain, used } = await copy.db
    .selectFrom('balance')
    .select(['remain', 'used'])
    .where('entity', '=', payers.key)
    .executeTakeFirstOrThrow()
  expect(remain + used).toBe(1e6)
  expect(used).toBeGreaterThanOrEqual(50)
  await copy.close()
})

it('copies nothing once it is closed', async () => {
  const { store } = await openBooks()
  await store.close()
  await expect(store.backup('nowhere')).rejects.toThrow('its thread has ended')
})
