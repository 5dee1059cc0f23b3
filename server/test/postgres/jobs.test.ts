import { randomBytes } from 'node:crypto'
import { afterAll, expect, it } from 'vitest'
import { startStudio } from '../jobs/studio.ts'
import { newDatabase } from '../tools/database.ts'
import { newAdminToken, startGateway } from '../tools/gateway.ts'

const database = await newDatabase()
const config = { secret: randomBytes(32).toString('hex') }
const shared = { database, adminToken: newAdminToken(), config }
const one = await startGateway(shared)
const other = await startGateway(shared)

afterAll(async () => {
  await other.close()
  await one.close()
  await database.remove()
})

it('what two nodes hear of at once is given back once, and one of them asks after each', async () => {
  const studio = await startStudio(['film'])
  await one.manage('PUT', '/api/price/film', { per_second: '0.0002' })
  await one.createChannel({ base_url: studio.url, models: ['film'] })
  const { id, key } = await one.createKey({ remain_quota: 100_000 })
  const asked = { path: '/v1/videos' }
  const body = { model: 'film', prompt: 'a' }
  const models = async () =>
    (await other.call('', key, { path: '/v1/models', method: 'GET' })).text.includes('film')
  await expect.poll(models, { timeout: 10_000, interval: 20 }).toBe(true)
  const made: string[] = []
  for (let round = 0; round < 10; round++) {
    for (const node of [one, other]) made.push((await node.call(body, key, asked)).json.id)
  }
  const remain = async () => (await one.keyRecord(id)).remain_quota
  expect(await remain()).toBe(100_000 - 20 * 400)
  const looks = () => studio.calls.filter(({ method }) => method === 'GET').length
  const before = looks()
  for (const video of made) studio.end(video, 'failed')
  one.advance(60)
  other.advance(60)
  const own = { path: `/v1/videos/${made[0]}`, method: 'GET' }
  await Promise.all([one, other, one, other].map((node) => node.call('', key, own)))
  await expect.poll(remain, { timeout: 20_000, interval: 50 }).toBe(100_000)
  // Four were the caller's, and each video was looked after by one node.
  expect(looks() - before).toBeLessThanOrEqual(4 + 20)
  const entries = await database.rows("select idempotency from entry where kind = 'refund'")
  expect(entries).toHaveLength(20)
})
