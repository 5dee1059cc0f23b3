import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { GatewayCalls } from '../tools/calls.ts'
import type { TestDatabase } from '../tools/database.ts'
import { keepCalling, type Seen } from '../tools/keep-calling.ts'
import { answers, streams } from '../tools/upstream-scripts.ts'
import { compareBooks } from './books-seen.ts'
import { type Fleet, type Member, startFleet } from './fleet.ts'

/** A minute was tried, too: TURNPIKE_CRASH_SECONDS=60. */
const KILLING_SECONDS = Number(process.env.TURNPIKE_CRASH_SECONDS ?? 6)
/** 1 unit an input token, 4 an output token. */
const USAGE = { prompt: 10, completion: 10 }
const COST = 50
const RICH = 100_000_000
const POOR = 40_000
const CLIENTS = 18
/** Others take it for dead after 15 s without a sign, and look every 2 s. */
const REAPED = { timeout: 30_000, interval: 250 }

it('whatever is killed, frozen or restarted, each answer that a client saw is charged, and once', {
  timeout: 120_000 + KILLING_SECONDS * 1_000,
}, async () => {
  const fleet = await startFleet(3)
  const { database, members } = fleet
  const [survivor, victim, frozen] = members as readonly [Member, Member, Member]
  const seen: Seen = { complete: [], others: new Map() }
  const stop = new AbortController()
  const clients = (await makePlans(fleet, survivor.calls)).map((plan) =>
    keepCalling(plan, seen, stop.signal),
  )

  for (let second = 0; second < KILLING_SECONDS; second++) {
    await pause(1_000)
    const next = members[second % members.length]
    // It may not have come back from the last time yet.
    if (next?.program !== undefined) restart(next)
  }
  await Promise.all(
    members.map((member) => expect.poll(() => member.program, REAPED).toBeDefined()),
  )

  const { pid = 0 } = frozen.program ?? {}
  const frozenEpochs = await epochs(database, frozen.url)
  frozen.program?.signal('SIGSTOP')
  await pause(1_000)
  restart(victim)
  await pause(1_000)
  await fleet.server.halt()
  await pause(500)
  await fleet.server.resume()
  const isReaped = async () =>
    (await epochs(database)).every((epoch) => !frozenEpochs.includes(epoch))
  await expect.poll(isReaped, REAPED).toBe(true)
  const before = seen.complete.length
  frozen.program?.signal('SIGCONT')
  const isReady = () => fetch(`${frozen.url}/readyz`).then(({ status }) => status)
  await expect.poll(isReady, REAPED).toBe(200)
  await expect.poll(() => seen.complete.length, REAPED).toBeGreaterThan(before + 100)
  expect(frozen.program?.pid).toBe(pid)

  stop.abort()
  await Promise.all(clients)
  await expect.poll(() => epochs(database), REAPED).toHaveLength(members.length)
  for (const { program } of [survivor, victim, frozen]) expect(await program?.end()).toBe(0)
  await compareBooks(database, seen, COST)
})

/** Kills it without a warning and starts another in its place, as a supervisor would. */
function restart(member: Member): void {
  void member.kill().then(async () => {
    for (let attempt = 0; attempt < 3 && member.program === undefined; attempt++) {
      // PostgreSQL may have gone away in the middle of its start.
      await member.start().catch(() => undefined)
    }
  })
}

async function epochs({ rows }: TestDatabase, url = ''): Promise<number[]> {
  const found = await rows(`select epoch from node where url like '${url}%'`)
  return found.map(({ epoch }) => Number(epoch))
}

/** Two keys that one account pays for, one of which runs out; plain answers and streams; every gateway. */
async function makePlans({ members }: Fleet, { offer, manage, createKey }: GatewayCalls) {
  await offer('plain', answers({ usage: USAGE }))
  await offer('streamed', streams({ usage: USAGE, events: 4, gapMs: 50 }))
  const { id } = await manage('GET', '/api/user/self')
  await manage('PUT', `/api/user/${id}`, { quota: RICH, unlimited_quota: false })
  const rich = await createKey({ remain_quota: RICH })
  const poor = await createKey({ remain_quota: POOR })
  return Array.from({ length: CLIENTS }, (_, n) => {
    const stream = n % 2 === 0
    const { key } = n % 6 < 2 ? poor : rich
    const url = members[n % members.length]?.url ?? ''
    return { url, key, stream, model: stream ? 'streamed' : 'plain' }
  })
}
