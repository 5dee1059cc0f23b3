import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { accountEntity, keyEntity } from '../../src/ledger/entity.ts'
import { createSharedLedger } from '../../src/ledger/shared/create-shared-ledger.ts'
import { openBalance } from '../../src/ledger/statements.ts'
import { openPostgresStore } from '../../src/storage/postgres/open.ts'
import { newDatabase } from '../tools/database.ts'
import { kindOf, messagesTo } from '../tools/postgres-messages.ts'
import { call, know } from './nodes.ts'

const NOTIFICATION = 'A'

/** A way to the server on which notifications get lost, as behind a pooler that lends connections by the transaction. */
async function startDeafProxy(url: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    client.pipe(upstream)
    const pass = messagesTo((message) => {
      if (kindOf(message) !== NOTIFICATION) client.write(message)
    })
    upstream.on('data', pass)
    upstream.on('close', () => client.destroy())
    client.on('close', () => upstream.destroy())
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const own = new URL(url)
  own.port = String((server.address() as AddressInfo).port)
  return own.href
}

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
