import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { TestDatabase } from '../tools/database.ts'
import { badSeconds, isComplete, keepCalling, type SeenCall, tally } from '../tools/keep-calling.ts'
import { chargedInVain, reconcile } from '../tools/reconcile.ts'
import { EXHAUSTED, openRichAndPoor, unreasonable } from '../tools/rich-and-poor.ts'
import { type Fleet, type Member, startFleet } from './fleet.ts'

const KILLS = badSeconds(5)
/** Of PostgreSQL. */
const CRASHES = 1 + Math.floor(KILLS / 30)
const CLIENTS = 18
/** Others take it for dead after 15 s without a sign, and look every 2 s. */
const REAPED = { timeout: 40_000, interval: 250 }
const DRY = { timeout: 120_000, interval: 100 }

it('whatever is killed, frozen or restarted, each answer that a client saw is charged, and once', {
  timeout: 300_000 + KILLS * 10_000,
}, async ({ annotate }) => {
  const fleet = await startFleet(3)
  const { database, members } = fleet
  const [survivor, victim, frozen] = members as readonly [Member, Member, Member]
  const { plans, expected } = await openRichAndPoor([survivor.calls, victim.calls, frozen.calls], {
    clients: CLIENTS,
    poorCalls: 40 * KILLS,
  })
  const seen: SeenCall[] = []
  const stop = new AbortController()
  const clients = plans.map((plan) => keepCalling(plan, seen, stop.signal))

  for (let kill = 0; kill < KILLS; kill++) {
    await pause(1_000)
    const next = members[kill % members.length]
    // Now and then it still starts since the last time; else there are calls, also where starts take long.
    if (kill % 4 !== 3) await next?.ready()
    await next?.kill()
  }
  await Promise.all(members.map((member) => member.ready()))

  const { pid } = frozen.program
  const frozenEpochs = await epochs(database, frozen.url)
  expect(frozenEpochs.length).toBeGreaterThan(0)
  frozen.program.signal('SIGSTOP')
  for (let crash = 0; crash < CRASHES; crash++) {
    await pause(1_000)
    await crashPostgres(fleet, seen)
  }
  // What a gateway has yet to give back while PostgreSQL is away would die with it.
  await expect.poll(() => chargedInVain(database, seen), REAPED).toEqual([])
  await victim.kill()
  await victim.ready()
  await fleet.server.halt()
  await pause(500)
  await fleet.server.resume()
  const isReaped = async () =>
    (await epochs(database)).every((epoch) => !frozenEpochs.includes(epoch))
  await expect.poll(isReaped, REAPED).toBe(true)
  const before = seen.filter(isComplete).length
  frozen.program.signal('SIGCONT')
  await frozen.ready()
  await expect.poll(() => seen.filter(isComplete).length, REAPED).toBeGreaterThan(before + 100)
  expect(frozen.program.pid).toBe(pid)
  await expect.poll(() => tally(seen)[EXHAUSTED] ?? 0, DRY).toBeGreaterThan(0)

  stop.abort()
  await Promise.all(clients)
  await expect.poll(() => epochs(database), REAPED).toHaveLength(members.length)
  for (const member of members) expect(await member.end()).toBe(0)
  expect(members.flatMap(({ ended }) => ended)).toEqual([])
  const kills = members.reduce((sum, member) => sum + member.kills, 0)
  expect(kills).toBe(KILLS + 1)

  expect(await database.rows('select * from hold')).toEqual([])
  expect(await database.doctor()).toEqual([])
  const said = tally(seen)
  const reconciled = await reconcile(database, seen, expected)
  await annotate(JSON.stringify({ kills, crashes: CRASHES, said, reconciled }))
  expect(unreasonable(said, OF_A_LEDGER_AWAY)).toEqual([])
  // Kills did meet calls, of which each place has a third.
  const broken = Object.values(reconciled).reduce((sum, one) => sum + one.broken, 0)
  expect(broken).toBeGreaterThan(0)
  expect(broken).toBeLessThanOrEqual((kills * CLIENTS) / members.length)
})

/** Both keys hear of a ledger that is away, or that took a frozen gateway for dead. */
const OF_A_LEDGER_AWAY = ['rich', 'poor'].flatMap((payer) =>
  [200, 503].map((status) => `${payer} ${status} ledger_unavailable`),
)

/** What clients saw complete until then is on the books of the one that recovers, which nobody told of it again. */
async function crashPostgres({ server, database }: Fleet, seen: readonly SeenCall[]) {
  server.crash()
  const complete = seen.filter(isComplete).map(({ requestId }) => requestId)
  await server.resume()
  const written = await database.rows('select request_id as id from usage')
  const charged = new Set(written.map(({ id }) => id))
  expect(complete.filter((requestId) => !charged.has(requestId))).toEqual([])
}

async function epochs({ rows }: TestDatabase, url = ''): Promise<number[]> {
  const found = await rows(`select epoch from node where url like '${url}%'`)
  return found.map(({ epoch }) => Number(epoch))
}
