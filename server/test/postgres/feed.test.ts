import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import type { Change } from '../../src/storage/tables.ts'
import { newDatabase } from '../tools/database.ts'

/** Several nodes' stores on one database, and what each was told. */
async function openNodes(count: number) {
  const database = await newDatabase()
  const nodes = await Promise.all(
    Array.from({ length: count }, async () => {
      const store = await database.open()
      const told: string[] = []
      let behind = 0
      store.onChange(({ subject }) => void told.push(subject))
      store.onBehind(() => void behind++)
      return { store, told, behind: () => behind }
    }),
  )
  onTestFinished(async () => {
    for (const { store } of nodes) await store.close()
    await database.remove()
  })
  return { database, nodes }
}

const change = (subject: string): Change[] => [{ kind: 'group', subject }]

it('every node is told of every change once, in one order, and the writer before it goes on', async () => {
  const { nodes } = await openNodes(3)
  await Promise.all(
    nodes.flatMap(({ store, told }, node) =>
      Array.from({ length: 20 }, async (_, n) => {
        await store.write([], change(`${node}.${n}`))
        expect(told).toContain(`${node}.${n}`)
      }),
    ),
  )
  const [first, ...others] = nodes
  await expect.poll(() => first?.told.length).toBe(60)
  expect(new Set(first?.told).size).toBe(60)
  for (const { told } of others) await expect.poll(() => told).toEqual(first?.told)
})

it('a write waits for what its listeners return, and for no other write’s', async () => {
  const { nodes } = await openNodes(1)
  const [{ store }] = nodes as [(typeof nodes)[number]]
  const slow = Promise.withResolvers<void>()
  store.onChange(({ subject }) => (subject === 'slow' ? slow.promise : undefined))
  let isDone = false
  const slowWrite = store.write([], change('slow')).then(() => {
    isDone = true
  })
  await store.write([], change('quick'))
  expect(isDone).toBe(false)
  slow.resolve()
  await slowWrite
})

it('a change that nobody announced is found by looking', async () => {
  const { database, nodes } = await openNodes(2)
  await database.tamper(`update change_counter set seq = seq + 1;
    insert into change (seq, kind, subject, created_at) select seq, 'group', 'silent', 1 from change_counter`)
  for (const { told } of nodes)
    await expect.poll(() => told, { timeout: 1_000 }).toEqual(['silent'])
})

it('goes on after its connection broke', async () => {
  const { database, nodes } = await openNodes(2)
  const [one, two] = nodes as [(typeof nodes)[number], (typeof nodes)[number]]
  await database.tamper(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  )
  await pause(50)
  await expect
    .poll(() =>
      one.store.write([], change('a')).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true)
  await expect.poll(() => two.told, { timeout: 3_000 }).toContain('a')
  await expect.poll(() => one.store.healthy() && two.store.healthy(), { timeout: 3_000 }).toBe(true)
})

it('a node that missed changes for good is told so, and goes on from there', async () => {
  const { database, nodes } = await openNodes(2)
  const [one, two] = nodes as [(typeof nodes)[number], (typeof nodes)[number]]
  await database.tamper('update change_counter set seq = seq + 5')
  await expect.poll(() => [one.behind(), two.behind()], { timeout: 2_000 }).toEqual([1, 1])
  await one.store.write([], change('after'))
  await expect.poll(() => two.told, { timeout: 1_000 }).toEqual(['after'])
  expect([one.behind(), two.behind()]).toEqual([1, 1])
})

it('what another server may have forgotten is doubted, also where new changes have the numbers of those that it lost', async () => {
  const { database, nodes } = await openNodes(1)
  const [one] = nodes as [(typeof nodes)[number]]
  await one.store.write([], change('a'))
  await one.store.write([], change('lost'))
  await database.tamper(`
    update change set subject = 'never heard' where subject = 'lost';
    update change_counter set seq = seq + 1;
    insert into change (seq, kind, subject, created_at) select seq, 'group', 'next', 1 from change_counter;
    select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`)
  await expect.poll(() => one.told, { timeout: 3_000 }).toEqual(['a', 'lost', 'next'])
  expect(one.behind()).toBe(1)
})

it('a database that went back in time is noticed', async () => {
  const { database, nodes } = await openNodes(1)
  const [one] = nodes as [(typeof nodes)[number]]
  await one.store.write([], change('a'))
  await database.tamper('delete from change; update change_counter set seq = 0')
  await expect.poll(() => one.behind(), { timeout: 2_000 }).toBe(1)
  await one.store.write([], change('b'))
  expect(one.told).toEqual(['a', 'b'])
})
