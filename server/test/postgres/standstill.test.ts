import { expect, it, onTestFinished } from 'vitest'
import { asking } from '../tools/calls.ts'
import { readEvents } from '../tools/events.ts'
import { startGateway } from '../tools/gateway.ts'
import { startProgram } from '../tools/program.ts'
import { answers, streams } from '../tools/upstream-scripts.ts'

it('a node that stood still while the changes were swept forgets what it knew: a revocation was among them', async () => {
  const here = await startGateway()
  onTestFinished(() => here.close())
  const { database } = here
  const model = await here.offer('quick', answers())
  const endless = await here.offer('endless', streams({ events: 5_000, gapMs: 10 }))
  await here.manage('PUT', '/api/setting/', { 'revocation.streams': 'cut' })
  const there = await startProgram({
    TURNPIKE_DATA: here.dataFolder,
    DATABASE_URL: database.config.databaseUrl ?? '',
    DRAIN_SECONDS: '1',
  })
  onTestFinished(async () => void (await there.end()))
  const { id, key } = await here.createKey()
  const ask = (body: object) =>
    fetch(`${there.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const codeThere = async () => {
    const response = await ask(asking(model))
    await response.text()
    return response.headers.get('x-error-code')
  }
  expect(await codeThere()).toBe(null)
  const stream = readEvents(await ask(asking(endless, { stream: true })))
  await stream.next()

  there.signal('SIGSTOP')
  await here.manage('PUT', '/api/token/', { id, status: 2 })
  // An hour and a minute later, as the database and the other node see it.
  await database.tamper('update change set created_at = created_at - 3601')
  here.advance(61)
  const changes = async () => (await database.rows('select * from change')).length
  await expect.poll(changes, { timeout: 5_000, interval: 20 }).toBe(0)
  there.signal('SIGCONT')

  await expect.poll(codeThere, { timeout: 1_000, interval: 20 }).toBe('key_disabled')
  const last = (await stream.rest()).at(-1) ?? ''
  expect(JSON.parse(last)).toMatchObject({ error: { code: 'key_disabled' } })
})
