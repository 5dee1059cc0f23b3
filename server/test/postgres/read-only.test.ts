import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { expect, inject, it, onTestFinished } from 'vitest'
import { createConnection } from '../../src/storage/postgres/connection.ts'
import { createLaneConnection } from '../../src/storage/postgres/lane-connection.ts'
import { asking } from '../tools/calls.ts'
import { newDatabase } from '../tools/database.ts'
import { startGateway } from '../tools/gateway.ts'

/** Sessions that were begun meanwhile stay read-only, whatever becomes of the setting. */
const CLOSE = 'set default_transaction_read_only = on'
const WRITE = `insert into meta (name, value) values ('written', '1')
  on conflict (name) do update set value = meta.value || '1' returning value`

async function openDatabase() {
  const database = await newDatabase()
  onTestFinished(database.remove)
  const url = database.config.databaseUrl ?? ''
  /** Connections of ours to it. */
  const connections = () =>
    database.rows(`select pid from pg_stat_activity
      where datname = current_database() and application_name = 'turnpike'`)
  return { database, url, connections }
}

it('a node whose connections could not write when they were made goes on by itself when new ones can', {
  timeout: 60_000,
}, async () => {
  const gateway = await startGateway()
  const model = await gateway.offer('model')
  const { key } = await gateway.createKey()
  const status = async () => (await gateway.call(asking(model), key)).status
  const ready = async () => (await fetch(`${gateway.url}/readyz`)).status
  expect(await status()).toBe(200)

  const name = new URL(gateway.database.config.databaseUrl ?? '').pathname.slice(1)
  const client = new Client({ connectionString: inject('cluster').url })
  await client.connect()
  onTestFinished(() => client.end())
  await client.query(`alter database ${name} set default_transaction_read_only = on`)
  await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
  )
  await expect.poll(ready, { timeout: 5_000 }).toBe(503)
  // All of its connections are asked for anew.
  const listed = await gateway.api('GET', '/api/token/')
  const created = await gateway.api('POST', '/api/token/', { name: 'never' })
  expect([listed.status, created.status]).toEqual([503, 503])
  await pause(3_000)

  await client.query(`alter database ${name} set default_transaction_read_only = off`)
  await expect.poll(status, { timeout: 20_000 }).toBe(200)
  await expect.poll(ready, { timeout: 10_000 }).toBe(200)
  expect((await gateway.createKey({ name: 'once' })).name).toBe('once')
  await gateway.close()
})

it('a lane leaves a connection that may not write, and asks again on another', async () => {
  const { url, connections } = await openDatabase()
  const lane = createLaneConnection(url)
  onTestFinished(lane.close)
  await lane.run(CLOSE, [])
  const [first] = await connections()
  expect(await lane.run(WRITE, [])).toEqual([['1']])
  expect(await lane.run(WRITE, [])).toEqual([['11']])
  await expect.poll(connections).toHaveLength(1)
  expect(await connections()).not.toEqual([first])
})

it('a write leaves a connection that may not write, and is made once on another', async () => {
  const { url, connections } = await openDatabase()
  const writes = createConnection(url)
  onTestFinished(writes.close)
  const write = () => writes.run(async (client) => (await client.query(WRITE)).rows)
  await writes.run((client) => client.query(CLOSE))
  const [first] = await connections()
  expect(await write()).toEqual([{ value: '1' }])
  await expect.poll(connections).toHaveLength(1)
  expect(await connections()).not.toEqual([first])
})
