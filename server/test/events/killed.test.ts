import { expect, it, onTestFinished } from 'vitest'
import { asking, createCalls } from '../tools/calls.ts'
import { newDatabase } from '../tools/database.ts'
import { newAdminToken } from '../tools/gateway.ts'
import { startProgram } from '../tools/program.ts'
import { startUpstream } from '../tools/upstream.ts'
import { answers } from '../tools/upstream-scripts.ts'
import { isSignedBy, startReceiver } from './receiver.ts'

it('a process that is killed after a commit, or while it delivers, loses no event', {
  timeout: 90_000,
}, async () => {
  const database = await newDatabase()
  const upstream = await startUpstream()
  onTestFinished(async () => {
    await upstream.close()
    await database.remove()
  })
  const adminToken = newAdminToken()
  const { dataFolder, databaseUrl = '' } = database.config
  const environment = {
    TURNPIKE_DATA: dataFolder,
    TURNPIKE_ADMIN_TOKEN: adminToken,
    DATABASE_URL: databaseUrl,
  }
  const callsOf = (url: string) =>
    createCalls({ url, adminToken, upstream, secrets: new Set(), answers: [] })
  const start = async () => {
    const program = await startProgram(environment)
    onTestFinished(async () => void (await program.end('SIGKILL')))
    return { program, calls: callsOf(program.url) }
  }
  // The first message is taken and never answered.
  const receiver = await startReceiver((response, n) => {
    if (n > 1) response.writeHead(204).end()
  })

  const first = await start()
  const model = await first.calls.offer('fifty', answers({ usage: { prompt: 10, completion: 10 } }))
  const webhook = { name: 'test', url: receiver.url, events: ['key.exhausted'] }
  const { id, secret } = await first.calls.manage('POST', '/api/webhook/', webhook)
  const { key } = await first.calls.createKey({ remain_quota: 50 })
  await first.calls.call(asking(model, { max_tokens: 10 }), key)
  await first.program.end('SIGKILL')
  expect(await database.rows('select id from event')).toEqual([])

  const second = await start()
  // A node that is dead still counts for 15 s.
  await expect.poll(() => receiver.got.length, { timeout: 30_000 }).toBe(1)
  await second.program.end('SIGKILL')
  const [claimed] = await database.rows('select state, attempts from delivery')
  expect({ ...claimed, attempts: Number(claimed?.attempts) }).toEqual({
    state: 'waiting',
    attempts: 1,
  })

  // What the dead had taken up is free again later: the test does not wait for it.
  await database.tamper(`update delivery set due_at_ms = 1 where state = 'waiting'`)
  const third = await start()
  await receiver.gets('key.exhausted', 2)
  const state = async () => (await third.calls.manage('GET', `/api/webhook/${id}/deliveries`)).items
  await expect.poll(state).toMatchObject([{ state: 'delivered', attempts: 2 }])
  const [before, after] = receiver.got
  if (before === undefined || after === undefined) throw new Error('nothing came')
  expect(after.event).toEqual(before.event)
  expect(after.headers['webhook-id']).toBe(before.headers['webhook-id'])
  expect(await isSignedBy(secret, after)).toBe(true)
})
