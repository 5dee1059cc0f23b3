import { randomBytes } from 'node:crypto'
import { afterAll, expect, it } from 'vitest'
import { createCalls } from '../tools/calls.ts'
import { newDatabase } from '../tools/database.ts'
import { newAdminToken, startGateway } from '../tools/gateway.ts'
import { startProgram } from '../tools/program.ts'
import { startUpstream } from '../tools/upstream.ts'
import { startStudio } from './studio.ts'

const QUICKLY = { timeout: 20_000, interval: 50 }
const database = await newDatabase()
afterAll(() => database.remove())

it('jobs of a process that was killed go on, and what it had only asked for is charged', {
  timeout: 90_000,
}, async () => {
  const { dataFolder, databaseUrl } = database.config
  const secret = randomBytes(32).toString('hex')
  const adminToken = newAdminToken()
  const killed = await startProgram({
    ...{ TURNPIKE_DATA: dataFolder, TURNPIKE_ADMIN_TOKEN: adminToken, TURNPIKE_SECRET: secret },
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
  })
  const upstream = await startUpstream()
  const studio = await startStudio(['film'])
  const wiring = { url: killed.url, adminToken, upstream, secrets: new Set<string>(), answers: [] }
  const calls = createCalls(wiring)
  await calls.manage('PUT', '/api/price/film', { per_second: '0.0002' })
  await calls.createChannel({ base_url: studio.url, models: ['film'] })
  const { id, key } = await calls.createKey({ remain_quota: 10_000 })
  const create = () => calls.call({ model: 'film', prompt: 'a' }, key, { path: '/v1/videos' })
  const made = await create()
  expect(made.status).toBe(200)
  const held = Promise.withResolvers<void>()
  studio.held = held.promise
  const asking = create().catch(() => undefined)
  await expect.poll(() => studio.calls.length, QUICKLY).toBe(2)
  await killed.end('SIGKILL')
  await asking
  held.resolve()
  await upstream.close()

  const gateway = await startGateway({ database, adminToken, config: { secret } })
  const remain = async () => (await gateway.keyRecord(id)).remain_quota
  try {
    expect(await remain()).toBe(9_600)
    studio.end(made.json.id, 'failed')
    gateway.advance(100)
    await expect.poll(remain, QUICKLY).toBe(10_000)
    // Nobody knows what became of the other one. Its provider may have made it.
    gateway.advance(3_000)
    await expect.poll(remain, QUICKLY).toBe(9_600)
    const rows = await gateway.database.rows('select state, cost, correction from job order by id')
    expect(rows.map(({ state, cost }) => [state, Number(cost)])).toEqual([
      ['failed', 0],
      ['lost', 400],
    ])
    expect(await gateway.doctor()).toEqual([])
  } finally {
    await gateway.close()
  }
})
