import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { databaseIn, findingsIn } from '../tools/books.ts'
import { asking, createCalls } from '../tools/calls.ts'
import { freePort } from '../tools/free-port.ts'
import { newAdminToken } from '../tools/gateway.ts'
import { expectCharged, keepCalling, type Seen } from '../tools/keep-calling.ts'
import { startProgram } from '../tools/program.ts'
import { startUpstream } from '../tools/upstream.ts'
import { answers, streams } from '../tools/upstream-scripts.ts'

/** A minute was tried, too: TURNPIKE_CRASH_SECONDS=60. */
const KILLING_SECONDS = Number(process.env.TURNPIKE_CRASH_SECONDS ?? 5)
const upstream = await startUpstream()
const adminToken = newAdminToken()
const dataFolder = mkdtempSync(join(tmpdir(), 'turnpike-kill-'))
const environment = { TURNPIKE_DATA: dataFolder, TURNPIKE_ADMIN_TOKEN: adminToken }
afterAll(async () => {
  await upstream.close()
  rmSync(dataFolder, { recursive: true, force: true })
})

const callsOf = (url: string) =>
  createCalls({ url, adminToken, upstream, secrets: new Set(), answers: [] })

describe('kill -9 under load', () => {
  it('loses no call that a client saw complete, and leaves books that balance', {
    timeout: 120_000,
  }, async () => {
    const CLIENTS = 16
    const COST = 50
    const QUOTA = 100_000_000
    const first = await startProgram(environment)
    const gateway = callsOf(first.url)
    const usage = { prompt: 10, completion: 10 }
    await gateway.offer('plain', answers({ usage }))
    await gateway.offer('streamed', streams({ usage }))
    const { id, key } = await gateway.createKey({ remain_quota: QUOTA })

    const complete: string[] = []
    const enough = Promise.withResolvers<void>()
    const client = async (number: number) => {
      for (;;) {
        const stream = number % 2 === 0
        const body = asking(stream ? 'streamed' : 'plain', { stream, max_tokens: 20 })
        const answer = await gateway.call(body, key)
        expect(answer.status).toBe(200)
        if (stream && !answer.text.endsWith('data: [DONE]\n\n')) throw new Error('cut')
        complete.push(answer.requestId)
        if (complete.length >= 400) enough.resolve()
      }
    }
    const clients = Array.from({ length: CLIENTS }, (_, i) => client(i))
    const allBroken = Promise.allSettled(clients)
    await Promise.race([enough.promise, Promise.any(clients)])
    await first.end('SIGKILL')
    await allBroken
    expect(complete.length).toBeGreaterThanOrEqual(400)

    expect(await findingsIn(dataFolder)).toEqual([])
    const database = new DatabaseSync(databaseIn(dataFolder), { readOnly: true })
    const written = database.prepare('select request_id as id from usage where quota = ?').all(COST)
    database.close()
    const charged = new Set(written.map(({ id }) => id))
    expect(complete.filter((requestId) => !charged.has(requestId))).toEqual([])
    const second = await startProgram(environment)
    const after = callsOf(second.url)
    const record = await after.keyRecord(id)
    const onTheBooks = record.used_quota / COST
    expect(onTheBooks).toBeGreaterThanOrEqual(complete.length)
    expect(onTheBooks).toBeLessThanOrEqual(complete.length + CLIENTS)
    expect(record.remain_quota).toBe(QUOTA - record.used_quota)
    for (const requestId of complete.slice(-20)) {
      expect(await after.usageOf(requestId)).toMatchObject({ quota: COST, status: 200 })
    }
    // What was held when it died is not held any more.
    expect((await after.call(asking('plain'), key)).status).toBe(200)
    expect(await second.end()).toBe(0)
    expect(await findingsIn(dataFolder)).toEqual([])
  })

  it('again and again: each answer that a client saw is charged, and once', {
    timeout: 60_000 + KILLING_SECONDS * 1_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'turnpike-kills-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const start = { ...environment, TURNPIKE_DATA: folder, PORT: String(await freePort()) }
    let program = await startProgram(start)
    const { url } = program
    const gateway = callsOf(url)
    const usage = { prompt: 10, completion: 10 }
    await gateway.offer('plain', answers({ usage }))
    await gateway.offer('streamed', streams({ usage, events: 4, gapMs: 20 }))
    const rich = await gateway.createKey({ remain_quota: 100_000_000 })
    const poor = await gateway.createKey({ remain_quota: 20_000 })
    const seen: Seen = { complete: [], others: new Map() }
    const stop = new AbortController()
    const clients = Array.from({ length: 16 }, (_, n) => {
      const stream = n % 2 === 0
      const { key } = n % 8 < 2 ? poor : rich
      const plan = { url, key, stream, model: stream ? 'streamed' : 'plain' }
      return keepCalling(plan, seen, stop.signal)
    })
    const until = performance.now() + KILLING_SECONDS * 1_000
    let kills = 0
    while (performance.now() < until) {
      await pause(300 + 500 * Math.random())
      await program.end('SIGKILL')
      kills += 1
      program = await startProgram(start)
    }
    const before = seen.complete.length
    const more = { timeout: 20_000 }
    await expect.poll(() => seen.complete.length, more).toBeGreaterThan(before + 20)
    stop.abort()
    await Promise.all(clients)
    expect(await program.end()).toBe(0)
    expect(kills).toBeGreaterThan(1)
    expect(await findingsIn(folder)).toEqual([])
    const database = new DatabaseSync(databaseIn(folder), { readOnly: true })
    const written = database.prepare('select request_id, quota, shortfall from usage').all()
    database.close()
    expectCharged(written, seen, 50)
  })
})
