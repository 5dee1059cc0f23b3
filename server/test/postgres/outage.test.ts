import { Client } from 'pg'
import { expect, inject, it, onTestFinished } from 'vitest'
import { startGateway } from '../tools/gateway.ts'

/** Ends every connection to a database and lets nobody in until `back`. */
async function takeAway(databaseUrl: string | undefined) {
  const name = new URL(databaseUrl ?? '').pathname.slice(1)
  const client = new Client({ connectionString: inject('cluster').url })
  await client.connect()
  onTestFinished(() => client.end())
  await client.query(`alter database ${name} allow_connections false`)
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
    name,
  ])
  return { back: () => client.query(`alter database ${name} allow_connections true`) }
}

it('while the database is away callers hear so, and everything works when it is back', async () => {
  const gateway = await startGateway()
  const model = await gateway.offer('patient-model')
  const asking = { model, messages: [{ role: 'user', content: 'Hello' }] }
  const { key } = await gateway.createKey()
  const ready = async () => (await fetch(`${gateway.url}/readyz`)).status

  const { back } = await takeAway(gateway.database.config.databaseUrl)
  const unread = await gateway.call(asking, key)
  expect([unread.status, unread.json.error.code]).toEqual([503, 'ledger_unavailable'])
  for (const [method, path, body] of [
    ['GET', '/api/token/', undefined],
    ['POST', '/api/token/', { name: 'never' }],
  ] as const) {
    const refused = await gateway.api(method, path, body)
    expect([refused.status, refused.json.code]).toEqual([503, 'ledger_unavailable'])
  }
  await expect.poll(ready, { timeout: 2_000 }).toBe(503)

  await back()
  await expect.poll(ready, { timeout: 10_000 }).toBe(200)
  expect((await gateway.call(asking, key)).status).toBe(200)
  const { items } = await gateway.manage('GET', '/api/token/')
  expect(items.map(({ name }: { name: string }) => name)).not.toContain('never')
  await gateway.close()
})

it('stops in time while the database is away', async () => {
  const gateway = await startGateway()
  const { back } = await takeAway(gateway.database.config.databaseUrl)
  const startedAt = performance.now()
  const closing = gateway.close()
  await expect
    .poll(() => fetch(gateway.url).catch(() => 'closed'), { timeout: 20_000 })
    .toBe('closed')
  expect(performance.now() - startedAt).toBeLessThan(15_000)
  await back()
  await closing
})
