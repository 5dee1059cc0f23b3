import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { accountEntity, keyEntity } from '../../src/ledger/entity.ts'
import { createSharedLedger } from '../../src/ledger/shared/create-shared-ledger.ts'
import { openBalance } from '../../src/ledger/statements.ts'
import { openPostgresStore } from '../../src/storage/postgres/open.ts'
import { asking } from '../tools/calls.ts'
import { newDatabase } from '../tools/database.ts'
import { readEvents } from '../tools/events.ts'
import { startGateway, type TestGateway } from '../tools/gateway.ts'
import { startDeafProxy } from '../tools/postgres-proxy.ts'
import { answers, streams } from '../tools/upstream-scripts.ts'
import { call, know } from './nodes.ts'

it('where no notification arrives, changes are followed and units are called back by looking', async () => {
  const database = await newDatabase()
  onTestFinished(database.remove)
  const url = await startDeafProxy(database.config.databaseUrl ?? '')
  const said: string[] = []
  const log = { error: (_: object, text: string) => void said.push(text), info: () => undefined }
  const stores = [await openPostgresStore({ url, log }), await openPostgresStore({ url })] as const
  const [here, there] = stores.map((store) => {
    if (store.loans === undefined) throw new Error('this test is about PostgreSQL')
    const ledger = createSharedLedger({ store, loans: store.loans, now: Date.now })
    const close = async () => {
      await ledger.flush()
      await store.close()
    }
    onTestFinished(close)
    return { store, loans: store.loans, ledger, close }
  })
  if (here === undefined || there === undefined) throw new Error('two nodes are needed')
  const told: string[] = []
  there.store.onChange(({ subject }) => void told.push(subject))

  await here.store.write([], [{ kind: 'group', subject: 'unheard' }])
  await expect.poll(() => told, { timeout: 1_000, interval: 10 }).toEqual(['unheard'])

  const payers = {
    ...{ key: keyEntity(1), account: accountEntity(1) },
    ...{ keyUnlimited: false, accountUnlimited: false, budgets: [] },
  }
  const opening = { amount: 1_000, actor: 'test', seconds: 1 }
  await here.store.write([
    ...openBalance(here.store, { ...opening, entity: payers.key }),
    ...openBalance(here.store, { ...opening, entity: payers.account }),
  ])
  for (const { ledger } of [here, there]) know(ledger, payers, { key: 1_000, account: 1_000 })
  // Nearly all of it lies idle there, and is needed here.
  expect(await call(there, payers, { amount: 900, cost: 1 })).toBe('served')
  expect(await call(here, payers, { amount: 800 })).toBe('served')
  await expect.poll(() => said.join(), { timeout: 5_000 }).toMatch(/no notifications arrive/)
  expect(await database.doctor()).toEqual([])
})

const SAMPLES = 20

it('where no notification arrives, a key that is disabled at one node is refused at the other within a second', async () => {
  const here = await startGateway()
  onTestFinished(() => here.close())
  const { database, adminToken, manage } = here
  const direct = database.config.databaseUrl ?? ''
  const databaseUrl = await startDeafProxy(direct)
  const there = await startGateway({ database, adminToken, config: { databaseUrl } })
  onTestFinished(() => there.close())
  const model = await here.offer('quick', answers())
  const endless = await here.offer('endless', streams({ events: 2_000, gapMs: 10 }))
  const code = async (key: string) => (await there.call(asking(model), key)).json.error?.code
  const disable = (id: number) => manage('PUT', '/api/token/', { id, status: 2 })
  const made = await here.createKey()
  // The other node follows the new channel first.
  await expect.poll(() => code(made.key), { timeout: 1_000 }).toBeUndefined()

  const served: number[] = []
  for (let n = 0; n < SAMPLES; n++) {
    const { id, key } = await here.createKey()
    expect(await code(key)).toBeUndefined()
    await disable(id)
    const answeredAt = performance.now()
    let lastAt = answeredAt
    for (let beganAt = lastAt; (await code(key)) === undefined; beganAt = performance.now())
      lastAt = beganAt
    served.push(lastAt - answeredAt)
  }
  expect(Math.max(...served)).toBeLessThan(1_000)

  await manage('PUT', '/api/setting/', { 'revocation.streams': 'cut' })
  const cut = () => there.manage('GET', '/api/setting/').then((all) => JSON.stringify(all))
  await expect.poll(cut, { timeout: 1_000 }).toMatch(/"revocation.streams","value":"cut"/)
  const arrived = here.upstream.next()
  const stream = readEvents(await there.open(asking(endless, { stream: true }), made.key))
  await stream.next()
  await disable(made.id)
  const answeredAt = performance.now()
  expect(await (await arrived).over).toBe('aborted')
  expect(performance.now() - answeredAt).toBeLessThan(1_000)
  expect((await stream.rest()).at(-1)).toMatch(/"key_disabled"/)

  const sayings = ({ logs }: TestGateway) =>
    logs.filter((line) => line.includes('no notifications arrive')).length
  await expect.poll(() => sayings(there), { timeout: 5_000 }).toBe(1)
  // Another connection is as deaf, and that is no news.
  await database.tamper(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()`,
  )
  await pause(4_500)
  expect([sayings(there), sayings(here)]).toEqual([1, 0])
})
