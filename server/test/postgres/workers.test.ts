import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import type { NodeStanding } from '../../src/storage/store.ts'
import { asking, createCalls, type GatewayCalls, readWhole } from '../tools/calls.ts'
import { blankDatabase, type TestDatabase } from '../tools/database.ts'
import { readEvents } from '../tools/events.ts'
import { isComplete, keepCalling, type SeenCall } from '../tools/keep-calling.ts'
import { launch, type Program, startProgram } from '../tools/program.ts'
import { exchange, requestText } from '../tools/raw.ts'
import { expectCharged } from '../tools/reconcile.ts'
import { type Script, startUpstream, type Upstream } from '../tools/upstream.ts'
import { answers, streams } from '../tools/upstream-scripts.ts'

const WORKERS = 3
/** 1 unit an input token, 4 an output token. */
const USAGE = { prompt: 10, completion: 10 }
const COST = 50
const QUOTA = 100_000_000
const DRAIN_SECONDS = 30
/** Enough for some at each worker, however connections are dealt out. */
const IN_FLIGHT = 12
const TOKEN = /tpat_[\w-]{43}/
/** Others take a dead node for dead after 15 s, and look every 2 s. */
const REAPED = { timeout: 30_000, interval: 250 }
/** What is lent and lies idle goes back after 3 s. */
const RETURNED = { timeout: 15_000, interval: 100 }

/** Workers that were started on a database without anything in it, and a key that an account with a limit pays for. */
interface Crew {
  readonly program: Program
  readonly calls: GatewayCalls
  readonly upstream: Upstream
  readonly database: TestDatabase
  readonly token: string
  readonly keyId: number
  readonly key: string
  nodes(): Promise<readonly NodeStanding[]>
}

const pidOf = ({ name }: NodeStanding) => Number(name.split(':').at(-1))

/** The environment of a program on this database, with a secret of its own. */
const environmentOn = ({ config }: TestDatabase) => ({
  TURNPIKE_DATA: config.dataFolder,
  TURNPIKE_SECRET: randomBytes(32).toString('hex'),
  DATABASE_URL: config.databaseUrl ?? '',
  TURNPIKE_WORKERS: String(WORKERS),
})

async function startCrew(): Promise<Crew> {
  const database = await blankDatabase()
  const upstream = await startUpstream()
  const program = await startProgram({
    ...environmentOn(database),
    DRAIN_SECONDS: String(DRAIN_SECONDS),
  })
  await program.prints(`with ${WORKERS} workers`)
  // Another process says it.
  await expect.poll(program.printed, RETURNED).toMatch(TOKEN)
  const token = TOKEN.exec(program.printed())?.[0] ?? ''
  const wiring = { url: program.url, adminToken: token, upstream, secrets: new Set<string>() }
  const calls = createCalls({ ...wiring, answers: [] })
  const pids = new Set([program.pid])
  async function nodes(): Promise<readonly NodeStanding[]> {
    const found: readonly NodeStanding[] = await calls.manage('GET', '/api/node/')
    for (const node of found) pids.add(pidOf(node))
    return found
  }
  onTestFinished(async () => {
    // Also those that a broken program would leave behind.
    await nodes().catch(() => undefined)
    for (const pid of pids) kill(pid)
    await program.ended
    await upstream.close()
  })
  await nodes()
  const { id } = await calls.account()
  await calls.manage('PUT', `/api/user/${id}`, { quota: QUOTA, unlimited_quota: false })
  const { id: keyId, key } = await calls.createKey({ remain_quota: QUOTA })
  return { program, calls, upstream, database, token, keyId, key, nodes }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

/** The node that answers on a connection of its own. */
async function answeringOn({ program, token }: Crew): Promise<number | undefined> {
  const headers = { authorization: token, connection: 'close' }
  const answer = await exchange(program.url, requestText('GET /api/node/', headers))
  const { data } = JSON.parse(answer.slice(answer.indexOf('{')))
  return data.find(({ self }: NodeStanding) => self)?.id
}

/** What is left behind by workers that ended in order: books that add up, and nothing else. */
async function expectTidy({ database }: Crew): Promise<void> {
  expect(await database.rows('select * from hold')).toEqual([])
  expect(await database.rows('select * from node')).toEqual([])
  expect(await database.doctor()).toEqual([])
}

/** A model that all workers know: they hear of it in a second at the latest. */
async function offerAtAll({ calls }: Crew, model: string, script: Script) {
  await calls.offer(model, script)
  await pause(1_000)
}

/** Calls without a pause from here on; plain ones and streams of which each takes a moment. */
async function putUnderLoad(crew: Crew) {
  const { calls, key } = crew
  await calls.offer('plain', answers({ usage: USAGE }))
  await offerAtAll(crew, 'streamed', streams({ usage: USAGE, events: 4, gapMs: 50 }))
  const seen: SeenCall[] = []
  const stop = new AbortController()
  const clients = Array.from({ length: IN_FLIGHT }, (_, n) => {
    const stream = n % 2 === 0
    const asked = asking(stream ? 'streamed' : 'plain', { max_tokens: 20, stream })
    const send = () => calls.open(asked, key).then(readWhole)
    return keepCalling({ payer: 'rich', stream, send }, seen, stop.signal)
  })
  const more = async (count: number) => {
    const complete = () => seen.filter(isComplete).length
    const before = complete()
    await expect.poll(complete, REAPED).toBeGreaterThan(before + count)
  }
  await more(50)
  return {
    seen,
    /** Resolves when so many more calls are complete. */
    more,
    async stop() {
      stop.abort()
      await Promise.all(clients)
    },
  }
}

/** Some streams that have begun, at each of the workers, and go on when they may. */
async function openStreams(crew: Crew) {
  const { calls, key, nodes } = crew
  const go = Promise.withResolvers<void>()
  const beforeEvent = (index: number) => (index === 2 ? go.promise : undefined)
  await offerAtAll(crew, 'gated', streams({ usage: USAGE, events: 4, beforeEvent }))
  const body = asking('gated', { stream: true, max_tokens: 20 })
  const open = async () => {
    const events = readEvents(await calls.open(body, key))
    await events.next()
    await events.next()
    return events
  }
  const all = await Promise.all(Array.from({ length: IN_FLIGHT }, open))
  // Connections are dealt out in turn, but some are used again.
  while ((await nodes()).some(({ units }) => units === 0)) {
    expect(all.length).toBeLessThan(10 * IN_FLIGHT)
    all.push(await open())
  }
  return {
    count: all.length,
    /** Lets them go on; resolves with what their last events were. */
    async end() {
      go.resolve()
      const rests = await Promise.all(all.map((events) => events.rest()))
      return [...new Set(rests.map((rest) => rest.at(-1)))]
    },
  }
}

it('workers greet once, share a port, and charge exactly what they answer', {
  timeout: 180_000,
}, async () => {
  const crew = await startCrew()
  const { program, database, calls, upstream, keyId, key, nodes } = crew
  for (const once of [/ listens at /g, /^ {2}Password /gm, /^ {2}Access token /gm]) {
    expect(program.printed().match(once)).toHaveLength(1)
  }
  expect(await database.rows('select username from account')).toEqual([{ username: 'admin' }])
  expect(await database.rows('select name from access_token')).toHaveLength(1)

  const found = await nodes()
  expect(new Set(found.map(pidOf)).size).toBe(WORKERS)
  expect(found.map(pidOf)).not.toContain(program.pid)
  const answering = new Set<number | undefined>()
  const everybody = async () => [...answering.add(await answeringOn(crew))].sort()
  await expect.poll(everybody, RETURNED).toEqual(found.map(({ id }) => id).sort())

  const go = Promise.withResolvers<void>()
  await offerAtAll(crew, 'waiting', async (call, response) => {
    await go.promise
    await answers({ usage: USAGE })(call, response)
  })
  const before = upstream.calls.length
  const asked = Array.from({ length: IN_FLIGHT }, () =>
    calls.call(asking('waiting', { max_tokens: 20 }), key),
  )
  await expect.poll(() => upstream.calls.length - before, RETURNED).toBe(IN_FLIGHT)
  const busy = await nodes()
  // Of the key and of the account that pays for it.
  expect(busy.map(({ holds }) => holds)).toEqual(busy.map(() => 2))
  const lent = busy.reduce((sum, { units }) => sum + units, 0)
  expect(lent).toBeGreaterThan(2 * IN_FLIGHT * COST)
  const left = `select sum(remain)::float8 as left from balance where remain > 0`
  expect(await database.rows(left)).toEqual([{ left: 2 * QUOTA - lent }])
  go.resolve()
  for (const { status, headers } of await Promise.all(asked)) {
    expect([status, headers.get('x-turnpike-cost')]).toEqual([200, String(COST)])
  }

  const spent = IN_FLIGHT * COST
  const idle = async () => (await nodes()).map(({ holds, units }) => [holds, units])
  await expect.poll(idle, RETURNED).toEqual(busy.map(() => [0, 0]))
  expect(await database.rows(left)).toEqual([{ left: 2 * QUOTA - 2 * spent }])
  const record = await calls.keyRecord(keyId)
  expect([record.used_quota, record.remain_quota]).toEqual([spent, QUOTA - spent])
  expect(await calls.account()).toMatchObject({ used_quota: spent, request_count: IN_FLIGHT })
  expect(await program.end()).toBe(0)
  await expectTidy(crew)
})

it('a worker that is killed is replaced, and nothing stays with it', {
  timeout: 180_000,
}, async () => {
  const crew = await startCrew()
  const { program, database, nodes } = crew
  const load = await putUnderLoad(crew)
  const [victim] = (await nodes()) as [NodeStanding]
  kill(pidOf(victim))
  await load.more(100)
  await program.prints('A worker has ended (SIGKILL): another one is started in')
  const others = async () => (await nodes()).filter(({ id }) => id !== victim.id).length
  await expect.poll(others, REAPED).toBe(WORKERS)
  const ids = async () => (await nodes()).map(({ id }) => id)
  await expect.poll(ids, REAPED).not.toContain(victim.id)
  const found = await nodes()
  expect(found).toHaveLength(WORKERS)
  expect(found.map(pidOf)).not.toContain(pidOf(victim))
  await load.more(100)
  await load.stop()
  // Who was in the middle of a call there saw it break, and nobody was refused.
  expect(load.seen.filter((call) => !isComplete(call) && call.status !== 0)).toEqual([])
  await expect.poll(() => database.rows('select * from hold'), RETURNED).toEqual([])
  await expectCharged(database, load.seen, COST)

  // One that has just been made, and does not listen for signals yet, is no reason to end with a failure.
  const [next] = found as [NodeStanding]
  kill(pidOf(next))
  await expect.poll(() => program.printed().match(/A worker has ended/g)).toHaveLength(2)
  await pause(1_050)
  expect(await program.end()).toBe(0)
  expect(await database.rows('select * from hold')).toEqual([])
  expect(await database.doctor()).toEqual([])
})

it.each([
  ['the one that started them', () => []],
  [
    'all of them at once, as systemd sends it',
    (nodes: readonly NodeStanding[]) => nodes.map(pidOf),
  ],
])(
  'a signal to %s ends all under load, after the calls that had begun',
  {
    timeout: 180_000,
  },
  async (_, also) => {
    const crew = await startCrew()
    const { program, database, upstream } = crew
    const opened = await openStreams(crew)
    const before = upstream.calls.length
    const load = await putUnderLoad(crew)
    const pids = also(await crew.nodes())
    program.signal('SIGTERM')
    for (const pid of pids) process.kill(pid, 'SIGTERM')
    const ready = () =>
      fetch(`${program.url}/readyz`).then(
        ({ status }) => status,
        () => 503,
      )
    await expect.poll(ready, RETURNED).toBe(503)
    expect(await opened.end()).toEqual(['[DONE]'])
    expect(await program.ended).toBe(0)
    await load.stop()
    expect(program.printed().match(/^Stopping 3 workers: /gm)).toHaveLength(1)
    // Whatever reached the provider reached its caller, to the end.
    expect(load.seen.filter(isComplete)).toHaveLength(upstream.calls.length - before)
    await expectCharged(database, load.seen, COST)
    expect(await database.rows('select * from usage')).toHaveLength(upstream.calls.length)
    await expectTidy(crew)
  },
)

it('a second signal ends workers at once', { timeout: 180_000 }, async () => {
  const crew = await startCrew()
  const opened = await openStreams(crew)
  crew.program.signal('SIGTERM')
  await crew.program.prints('Stopping 3 workers: running calls may end first. Once more ends')
  const startedAt = performance.now()
  expect(await crew.program.end()).toBe(1)
  // They would have had time until the drain is over.
  expect(performance.now() - startedAt).toBeLessThan(DRAIN_SECONDS * 1_000 - 5_000)
  await expect(opened.end()).rejects.toThrow()
})

it('workers whose parent was killed end what they had begun, and then themselves', {
  timeout: 180_000,
}, async () => {
  const crew = await startCrew()
  const { program, database } = crew
  const opened = await openStreams(crew)
  program.signal('SIGKILL')
  const reached = () =>
    fetch(`${program.url}/livez`).then(
      ({ status }) => status,
      () => 'nobody',
    )
  await expect.poll(reached, RETURNED).toBe('nobody')
  expect(await opened.end()).toEqual(['[DONE]'])
  // Its output ends with the last process that has it: with the last worker.
  expect(await program.ended).toBe(null)
  expect(await database.rows('select quota::int from usage')).toEqual(
    Array.from({ length: opened.count }, () => ({ quota: COST })),
  )
  await expectTidy(crew)
})

it('what keeps all workers from starting is said once', { timeout: 180_000 }, async () => {
  const database = await blankDatabase()
  const environment = environmentOn(database)
  const first = await startProgram({ ...environment, TURNPIKE_WORKERS: '1' })
  expect(await first.end()).toBe(0)

  const other = await launch({ ...environment, TURNPIKE_SECRET: 'x'.repeat(40) })
  expect(await other.ended).toBe(1)
  expect(other.printed()).toMatch(/^TURNPIKE_SECRET is not the root secret .*\n$/)

  const taken = createServer().listen(Number(new URL(first.url).port), '127.0.0.1')
  onTestFinished(() => void taken.close())
  const same = await launch({ ...environment, PORT: new URL(first.url).port })
  expect(await same.ended).toBe(1)
  expect(same.printed()).toMatch(/^Can't listen .* another program listens there.*\n$/)
})
