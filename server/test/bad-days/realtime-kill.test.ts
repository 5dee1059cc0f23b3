import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it, onTestFinished } from 'vitest'
import { databaseIn, findingsIn } from '../tools/books.ts'
import { createCalls } from '../tools/calls.ts'
import { newAdminToken } from '../tools/gateway.ts'
import { startProgram } from '../tools/program.ts'
import { startRealtimeProvider, talk } from '../tools/realtime.ts'
import { startUpstream } from '../tools/upstream.ts'

it('kill -9 loses no response of a session that its client heard the end of', {
  timeout: 60_000,
}, async () => {
  const SESSIONS = 8
  const dataFolder = mkdtempSync(join(tmpdir(), 'turnpike-realtime-kill-'))
  const provider = await startRealtimeProvider()
  const upstream = await startUpstream()
  onTestFinished(async () => {
    await Promise.all([provider.close(), upstream.close()])
    rmSync(dataFolder, { recursive: true, force: true })
  })
  const adminToken = newAdminToken()
  const environment = { TURNPIKE_DATA: dataFolder, TURNPIKE_ADMIN_TOKEN: adminToken }
  const program = await startProgram(environment)
  const calls = createCalls({
    url: program.url,
    adminToken,
    upstream,
    secrets: new Set(),
    answers: [],
  })
  await calls.manage('PUT', '/api/price/talker', { input: '2', output: '8' })
  await calls.createChannel({ models: ['talker'], base_url: `${provider.url}/v1` })
  const { id, key } = await calls.createKey({ remain_quota: 100_000_000 })

  const heard: string[] = []
  const enough = Promise.withResolvers<void>()
  const options = { headers: { authorization: `Bearer ${key}` } }
  const sessions = Array.from({ length: SESSIONS }, async () => {
    const path = '/v1/realtime?model=talker'
    const talking = await talk({ url: program.url, path, options })
    talking.socket.on('error', () => undefined)
    for (let said = 1; talking.socket.readyState === talking.socket.OPEN; said++) {
      talking.say({ type: 'response.create' })
      await Promise.race([talking.hears('response.done'), talking.closed.then(() => undefined)])
      const dones = talking.events.filter(({ type }) => type === 'response.done').length
      if (dones === said) heard.push(`${talking.headers['x-request-id']}-${said}`)
      if (heard.length > 200) enough.resolve()
    }
  })
  await Promise.race([enough.promise, Promise.all(sessions)])
  await program.end('SIGKILL')
  await Promise.all(sessions)

  expect(heard.length).toBeGreaterThan(200)
  expect(await findingsIn(dataFolder)).toEqual([])
  const database = new DatabaseSync(databaseIn(dataFolder), { readOnly: true })
  const written = database.prepare('select request_id as id from usage where key_id = ?').all(id)
  database.close()
  const charged = new Set(written.map((row) => row.id))
  expect(heard.filter((one) => !charged.has(one))).toEqual([])
  expect(charged.size).toBeLessThanOrEqual(heard.length + SESSIONS)
})
