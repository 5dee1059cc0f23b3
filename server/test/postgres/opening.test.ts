import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type LookupFunction } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { CannotOpen, NewerSchema } from '../../src/storage/failures.ts'
import { reasonOf } from '../../src/storage/postgres/failures.ts'
import { openPostgresStore } from '../../src/storage/postgres/open.ts'
import { blankDatabase } from '../tools/database.ts'
import { newAdminToken, startGateway } from '../tools/gateway.ts'

const SECRET = randomBytes(32).toString('hex')

it('nodes that are started together on an empty database migrate it once', async () => {
  const { url, rows } = await blankDatabase()
  const stores = await Promise.all(Array.from({ length: 4 }, () => openPostgresStore({ url })))
  await Promise.all(stores.map((store) => store.close()))
  expect(await rows(`select value from meta where name = 'schema'`)).toEqual([
    { value: expect.stringMatching(/^\d+$/) },
  ])
})

it('has partitions of usage for this month and the next ones, and makes no second ones', async () => {
  const { url, rows } = await blankDatabase()
  for (let time = 0; time < 2; time++) await (await openPostgresStore({ url })).close()
  const partitions = await rows(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'usage'::regclass order by 1`,
  )
  const names = partitions.map(({ name }) => String(name))
  expect(names).toHaveLength(4)
  expect(names).toContain('usage_rest')
  expect(names[0]).toBe(`usage_${new Date().toISOString().slice(0, 7).replace('-', '_')}`)
})

it('leaves records where they are when they came before their partition', async () => {
  const { url, rows, tamper } = await blankDatabase()
  await (await openPostgresStore({ url })).close()
  const month = `usage_${new Date().toISOString().slice(0, 7).replace('-', '_')}`
  await tamper(`drop table ${month};
    insert into usage (created_at_ms, request_id, account_id, key_id, key_name, model, group_name, channel_id, quota,
      shortfall, key_charged, account_charged, prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens,
      reasoning_tokens, audio_tokens, image_tokens, estimated, is_stream, use_time_ms, first_token_ms, status,
      error_code, ip, attempts, output_limit)
    values (${Date.now()}, 'r', 1, 1, '', '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', '', 0, 0)`)
  await (await openPostgresStore({ url })).close()
  expect(await rows('select count(*)::int as found from usage_rest')).toEqual([{ found: 1 }])
})

it('nodes that are started together on an empty database make one administrator', async () => {
  const database = await blankDatabase()
  const secret = SECRET
  const config = { secret, adminToken: undefined, adminPassword: undefined }
  const adminToken = newAdminToken()
  const nodes = await Promise.all(
    Array.from({ length: 3 }, () => startGateway({ database, adminToken, config })),
  )
  expect(await database.rows('select username from account')).toEqual([{ username: 'admin' }])
  expect(await database.rows('select name from channel')).toEqual([{ name: 'simulator' }])
  expect(await database.rows('select name from access_token')).toEqual([{ name: 'first start' }])
  const told = nodes.flatMap(({ first }) => (first === undefined ? [] : [first]))
  expect(told).toHaveLength(1)
  const login = `Bearer ${told[0]?.token}`
  const answer = await fetch(`${nodes[2]?.url}/api/user/self`, {
    headers: { authorization: login },
  })
  expect(answer.status).toBe(200)
  for (const node of nodes) await node.close()
})

it('a node with another root secret does not start, and says why', async () => {
  const database = await blankDatabase()
  const first = await startGateway({ database, config: { secret: SECRET } })
  onTestFinished(() => first.close())
  const other = randomBytes(32).toString('hex')
  await expect(startGateway({ database, config: { secret: other } })).rejects.toThrow(
    /TURNPIKE_SECRET is not the root secret that the data in postgres:\/\/postgres@127/,
  )
})

it('says what is wrong with a database that it can’t open, and never its password', async () => {
  const { url } = await blankDatabase()
  const wrong = Object.assign(new URL(url), { password: 'hunter2' }).href
  const refused = await openPostgresStore({ url: wrong }).catch((failure: unknown) => failure)
  expect(refused).toBeInstanceOf(CannotOpen)
  expect(String(refused)).toMatch(/can't open the database postgres:.*password authentication/)
  expect(String(refused)).not.toContain('hunter2')
  const nowhere = Object.assign(new URL(url), { pathname: '/nowhere' }).href
  await expect(openPostgresStore({ url: nowhere })).rejects.toThrow(/"nowhere" does not exist/)
})

it('waits for a database that is away, says so once, and gives up', async () => {
  const said: string[] = []
  const log = { error: () => undefined, info: (_: object, text: string) => void said.push(text) }
  const url = 'postgres://postgres@127.0.0.1:9/turnpike'
  await expect(openPostgresStore({ url, log, patienceMs: 2_500 })).rejects.toBeInstanceOf(
    CannotOpen,
  )
  expect(said).toEqual(['waiting for the database'])
})

it('refuses a database of a newer version', async () => {
  const { url, tamper } = await blankDatabase()
  await (await openPostgresStore({ url })).close()
  await tamper(`update meta set value = '999' where name = 'schema'`)
  const refused = await openPostgresStore({ url }).catch((failure: unknown) => failure)
  expect(refused).toBeInstanceOf(NewerSchema)
  expect(String(refused)).not.toContain(new URL(url).password)
})

it('says of a host with several addresses what kept it from each', async () => {
  const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }))
  const lookup: LookupFunction = (_, __, found) => found(null, addresses)
  const failure = await once(connect({ host: 'two.example', port: 9, lookup }), 'connect').catch(
    (thrown: unknown) => thrown,
  )
  expect(failure).toMatchObject({ message: '', errors: [{}, {}] })
  expect(reasonOf(failure)).toMatch(/^connect \w+ 127\.0\.0\.1:9.*, connect \w+ 127\.0\.0\.2:9/)
})
