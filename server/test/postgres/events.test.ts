import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { startReceiver } from '../events/receiver.ts'
import { asking } from '../tools/calls.ts'
import { newDatabase } from '../tools/database.ts'
import { newAdminToken, startGateway } from '../tools/gateway.ts'
import { answers } from '../tools/upstream-scripts.ts'

const database = await newDatabase()
const adminToken = newAdminToken()
const here = await startGateway({ database, adminToken })
const there = await startGateway({ database, adminToken })
const model = await here.offer('fifty', answers({ usage: { prompt: 10, completion: 10 } }))

afterAll(async () => {
  await here.close()
  await there.close()
  await database.remove()
})

it('two nodes deliver each event once, whichever of them the calls went through', async () => {
  const receiver = await startReceiver()
  const webhook = { name: 'test', url: receiver.url, events: ['key.exhausted'] }
  const made = await here.manage('POST', '/api/webhook/', webhook)
  here.secret(made.secret)
  const keys = await Promise.all(
    Array.from({ length: 8 }, () => here.createKey({ remain_quota: 100 })),
  )
  // Half of each key is spent at each node.
  for (const gateway of [here, there]) {
    for (const { key } of keys) {
      const call = () => gateway.call(asking(model, { max_tokens: 10 }), key)
      // Units that the first node holds and does not use may be on their way.
      await expect.poll(async () => (await call()).status, { timeout: 10_000 }).toBe(200)
    }
  }
  await receiver.gets('key.exhausted', keys.length)
  // Rounds of both have looked again by then.
  await pause(5_000)
  const told = receiver.got.map(({ event }) => event.data.key_id)
  expect(told.sort()).toEqual(keys.map(({ id }) => id).sort())
  expect(new Set(receiver.got.map(({ headers }) => headers['webhook-id'])).size).toBe(keys.length)
  const { items } = await there.manage('GET', `/api/webhook/${made.id}/deliveries`)
  for (const one of items) expect(one).toMatchObject({ state: 'delivered', attempts: 1 })
})
