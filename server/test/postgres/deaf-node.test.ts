import { Client } from 'pg'
import { expect, inject, it, onTestFinished } from 'vitest'
import { asking } from '../tools/calls.ts'
import { newDatabase } from '../tools/database.ts'
import { newAdminToken, startGateway } from '../tools/gateway.ts'

/** A node makes calls for so long without having heard of changes. */
const FENCE_MS = 10_000
/** What a node asks on the connection on which it hears of changes. */
const FOLLOWING = `select pid from pg_stat_activity
  where datname = current_database() and query like '%from change_counter left join change%' and pid <> pg_backend_pid()`

async function openClient(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

it('a node that hears no changes refuses calls after a while, though it can write; then it learns what it missed', {
  timeout: 90_000,
}, async () => {
  const database = await newDatabase()
  const shared = { database, adminToken: newAdminToken(), config: { secret: 'a secret of nodes' } }
  const deaf = await startGateway(shared)
  const url = database.config.databaseUrl ?? ''
  const inside = await openClient(url)
  await expect
    .poll(async () => (await inside.query(FOLLOWING)).rows, { timeout: 2_000 })
    .toHaveLength(1)
  const { rows: hears } = await inside.query(FOLLOWING)
  const other = await startGateway(shared)
  const outside = await openClient(inject('cluster').url)
  const name = new URL(url).pathname.slice(1)
  const letIn = (anybody: boolean) =>
    outside.query(`alter database ${name} allow_connections ${anybody}`)
  onTestFinished(async () => {
    await letIn(true)
    await other.close()
    await deaf.close()
    await database.remove()
  })

  const model = await deaf.offer('model')
  const { key } = await deaf.createKey()
  const revoked = await deaf.createKey()
  const call = async (of = key) => {
    const { status, json } = await deaf.call(asking(model), of)
    return status === 200 ? 'served' : `${status} ${json.error.code}`
  }
  const COUNTED = { path: '/v1/responses/input_tokens' }
  const count = async () =>
    (await deaf.call({ model, input: 'one two three' }, revoked.key, COUNTED)).status
  const ready = async () => (await fetch(`${deaf.url}/readyz`)).status
  const beats = async () => {
    const { rows } = await inside.query(
      'select sum(seq) as beats from node_lane where epoch = (select min(epoch) from node)',
    )
    return Number(rows[0].beats)
  }
  for (const one of [key, revoked.key])
    await expect.poll(() => call(one), { timeout: 10_000 }).toBe('served')
  expect([await count(), await ready()]).toEqual([200, 200])

  // What is connected stays, and nobody else comes in: the other node has what it needs to delete a key.
  await other.manage('DELETE', `/api/token/${(await other.createKey()).id}`)
  await letIn(false)
  const deafAt = performance.now()
  await inside.query('select pg_terminate_backend($1)', [hears[0].pid])
  await other.manage('DELETE', `/api/token/${revoked.id}`)
  expect(await call(revoked.key)).toBe('served')
  await expect.poll(ready, { timeout: 5_000 }).toBe(503)

  const refused = '503 ledger_unavailable'
  await expect.poll(() => call(), { timeout: FENCE_MS + 10_000 }).toBe(refused)
  expect(performance.now() - deafAt).toBeGreaterThan(FENCE_MS / 2)
  expect([await call(revoked.key), await count(), await ready()]).toEqual([refused, 503, 503])
  // Its lanes go on all the time: it is not because of them.
  const before = await beats()
  await expect.poll(beats, { timeout: 10_000 }).toBeGreaterThan(before + 2)
  expect([await call(), await call(revoked.key)]).toEqual([refused, refused])

  await letIn(true)
  await expect.poll(() => call(), { timeout: 20_000 }).toBe('served')
  expect(await call(revoked.key)).toMatch(/^40[13] /)
  await expect.poll(ready, { timeout: 5_000 }).toBe(200)
})
