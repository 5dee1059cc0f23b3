import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { databaseIn, findingsIn } from '../tools/books.ts'
import { asking, createCalls } from '../tools/calls.ts'
import { fileDatabase } from '../tools/database.ts'
import { freePort } from '../tools/free-port.ts'
import { newAdminToken } from '../tools/gateway.ts'
import { badSeconds, isComplete, keepCalling, type SeenCall, tally } from '../tools/keep-calling.ts'
import { launch, startProgram } from '../tools/program.ts'
import { reconcile } from '../tools/reconcile.ts'
import { EXHAUSTED, openRichAndPoor, unreasonable } from '../tools/rich-and-poor.ts'
import { startUpstream } from '../tools/upstream.ts'
import { answers, streams } from '../tools/upstream-scripts.ts'

const KILLS = badSeconds(5)
const SOON = { timeout: 120_000, interval: 100 }
const upstream = await startUpstream({ endsIdle: false })
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
    timeout: 240_000 + KILLS * 10_000,
  }, async ({ annotate }) => {
    const database = await fileDatabase()
    const { dataFolder: folder } = database.config
    const start = { ...environment, TURNPIKE_DATA: folder, PORT: String(await freePort()) }
    let program = await startProgram(start)
    onTestFinished(() => program.end('SIGKILL').then(() => undefined))
    const gateway = callsOf(program.url)
    const { plans, expected } = await openRichAndPoor([gateway], {
      clients: 16,
      poorCalls: 40 * KILLS,
    })
    const seen: SeenCall[] = []
    const stop = new AbortController()
    const clients = plans.map((plan) => keepCalling(plan, seen, stop.signal))
    let kills = 0
    for (let kill = 1; kill <= KILLS; kill++) {
      await pause(300 + 500 * Math.random())
      if ((await program.end('SIGKILL')) === null) kills++
      // Now and then the next one is killed while it starts.
      program = await (kill % 4 === 0 && kill < KILLS ? launch(start) : startProgram(start))
    }
    const before = seen.filter(isComplete).length
    await expect.poll(() => seen.filter(isComplete).length, SOON).toBeGreaterThan(before + 20)
    await expect.poll(() => tally(seen)[EXHAUSTED] ?? 0, SOON).toBeGreaterThan(0)
    stop.abort()
    await Promise.all(clients)
    expect(await program.end()).toBe(0)
    expect(kills).toBe(KILLS)
    expect(await findingsIn(folder)).toEqual([])

    const said = tally(seen)
    const reconciled = await reconcile(database, seen, expected)
    await annotate(JSON.stringify({ kills, said, reconciled }))
    expect(unreasonable(said)).toEqual([])
    // Kills did meet calls, of which each client has one.
    const broken = Object.values(reconciled).reduce((sum, one) => sum + one.broken, 0)
    expect(broken).toBeGreaterThan(0)
    expect(broken).toBeLessThanOrEqual(kills * plans.length)
  })
})
