import OpenAI from 'openai'
import { expect, it } from 'vitest'
import { newCaller } from '../token/callers.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { startStudio } from './studio.ts'

const gateway = await sharedGateway()
const studio = await startStudio(['film'])
await gateway.manage('PUT', '/api/price/film', { per_second: '0.0002' })
await gateway.createChannel({ base_url: studio.url, models: ['film'] })
const DAY_MS = 86_400_000
const QUICKLY = { timeout: 10_000, interval: 50 }

/** Whatever tells an account what it spent, in units. */
async function spent({ accountId, api }: Awaited<ReturnType<typeof newCaller>>, key: Key) {
  const read = async (path: string) => (await api('GET', path)).json.data
  const [record, stat, points, ofKey, log] = await Promise.all([
    read(`/api/token/${key.id}`),
    read('/api/log/self/stat'),
    read('/api/data/self?by=key'),
    read(`/api/log/self/stat?token_name=${key.name}&status=200`),
    read('/api/log/self'),
  ])
  const day = (ahead: number) => new Date(Date.now() + ahead).toISOString().slice(0, 10)
  const days = `start_date=${day(-DAY_MS)}&end_date=${day(DAY_MS)}`
  const balance = await gateway.call('', key.key, { path: `/user/quota?${days}`, method: 'GET' })
  const daily: { quota_used: number }[] = Object.values(balance.json.daily_quota).flat() as never
  const dollars = daily.reduce((sum, { quota_used }) => sum + quota_used, 0)
  return {
    key: record.used_quota,
    account: (await gateway.manage('GET', `/api/user/${accountId}`)).used_quota,
    stat: stat.quota,
    ofKey: ofKey.quota,
    chart: points.reduce((sum: number, { quota }: { quota: number }) => sum + quota, 0),
    day: Math.round(dollars * 500_000),
    log: log.items.map(({ quota, correction }: Record<string, number>) => [quota, correction]),
    requests: stat.requests,
  }
}

interface Key {
  readonly id: number
  readonly key: string
  readonly name: string
}

const everywhere = (units: number) => ({
  ...{ key: units, account: units, stat: units, ofKey: units, chart: units, day: units },
})

it.each([
  ['finite', { remain_quota: 4_000 }],
  ['unlimited', { unlimited_quota: true }],
])('what was given back to a %s key is spent nowhere', async (name, fields) => {
  const caller = await newCaller(gateway, { account: { quota: 5_000 } })
  const key = await caller.create({ ...fields, name, budgets: [{ period: 'day', amount: 3_000 }] })
  const create = async () => {
    const body = { model: 'film', prompt: 'A cat.', seconds: '8' }
    return (await gateway.call(body, key.key, { path: '/v1/videos' })).json.id
  }
  const failing = await create()
  const made = await create()
  expect(await spent(caller, { ...key, name })).toEqual({
    ...everywhere(1_600),
    ...{
      log: [
        [800, 0],
        [800, 0],
      ],
      requests: 2,
    },
  })
  studio.end(failing, 'failed')
  studio.end(made, 'completed')
  gateway.advance(60)
  const account = async () => (await gateway.manage('GET', `/api/user/${caller.accountId}`)).quota
  await expect.poll(account, QUICKLY).toBe(4_200)
  expect(await spent(caller, { ...key, name })).toEqual({
    ...everywhere(800),
    ...{
      log: [
        [800, 0],
        [0, -800],
      ],
      requests: 2,
    },
  })
  const path = '/api/usage/token'
  const { data } = (await gateway.call('', key.key, { path, method: 'GET' })).json
  expect(data.budgets).toMatchObject([{ used: 800, remaining: 2_200 }])
})

it('a video that failed has cost nothing when its caller reads of it', async () => {
  const caller = await newCaller(gateway, { account: { quota: 5_000 } })
  const { key: apiKey } = await caller.create({ remain_quota: 4_000 })
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 })
  const stat = async () => (await caller.api('GET', '/api/log/self/stat')).json.data
  const { id } = await client.videos.create({ model: 'film' as 'sora-2', prompt: 'A cat.' })
  expect(await stat()).toMatchObject({ requests: 1, quota: 400 })
  studio.end(id, 'failed')
  expect((await client.videos.retrieve(id)).status).toBe('failed')
  expect(await stat()).toMatchObject({ requests: 1, quota: 0 })
})
