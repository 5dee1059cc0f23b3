import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { asking } from '../tools/calls.ts'
import type { TestDatabase } from '../tools/database.ts'
import { answers } from '../tools/upstream-scripts.ts'
import { type Member, startFleet } from './fleet.ts'

const JUMP_MS = 20_000
/** There and back, for keys that expire; then both ways and back, under the eyes of clients. */
const JUMPS = [JUMP_MS, -JUMP_MS, JUMP_MS, -JUMP_MS, -JUMP_MS, JUMP_MS]
const CLOCK = pathToFileURL(join(import.meta.dirname, '../tools/jumping-clock.ts'))
const JUMPING = { NODE_OPTIONS: `--import ${CLOCK.href}`, CLOCK_JUMPS: JUMPS.join(',') }
/** Shorter than a jump. */
const SHORT_SECONDS = 18
/** A node that does not trust its clocks asks the database at its next beat, two seconds apart, and goes on. */
const FENCED_MS = 5_000
const WATCHED_MS = 3_000
/** A node that took its last answer for an old one would refuse after 10 s. */
const LONGER_THAN_THE_FENCE_MS = 12_000
const CLIENTS = 8
const USAGE = { prompt: 10, completion: 10 }
const COST = 50
const QUOTA = 100_000_000
const SOON = { timeout: 5_000, interval: 100 }
const IDLE = { timeout: 30_000, interval: 500 }

interface Heard {
  readonly status: number
  /** Of a refusal. */
  readonly code: string | undefined
  readonly requestId: string
}

it('a node whose clock jumps by 20 s, either way, refuses nothing but while it asks the database, and charges as ever', {
  timeout: 180_000,
}, async () => {
  const { database, members } = await startFleet(2, [{}, JUMPING])
  const [right, jumping] = members as readonly [Member, Member]
  const { offer, manage, createKey } = right.calls
  await offer('plain', answers({ usage: USAGE }))
  const { id } = await manage('GET', '/api/user/self')
  await manage('PUT', `/api/user/${id}`, { quota: QUOTA, unlimited_quota: false })
  const { id: keyId, key } = await createKey({ remain_quota: QUOTA })
  const epochs = await epochsOf(database)

  const stop = new AbortController()
  const heard = new Map(members.map((member): [Member, Heard[]] => [member, []]))
  const clients = Array.from({ length: CLIENTS }, async (_, n) => {
    const [member, all] = [...heard][n % heard.size] as [Member, Heard[]]
    while (!stop.signal.aborted) all.push(await callOnce(member, key))
  })
  const refusals = () => (heard.get(jumping) ?? []).filter(({ status }) => status !== 200)
  const jump = () => jumping.program.signal('SIGUSR2')
  /** Jumps and waits until its clocks may be trusted again; nothing is refused from then on. */
  async function jumpAndWatch(fencedMs: number) {
    const served = heard.get(jumping)?.length ?? 0
    jump()
    await pause(fencedMs)
    const before = refusals().length
    await pause(WATCHED_MS)
    expect(refusals().length).toBe(before)
    expect(heard.get(jumping)?.length).toBeGreaterThan(served + 10)
  }

  const short = await createKey({
    expired_time: Math.floor(Date.now() / 1000) + SHORT_SECONDS,
    unlimited_quota: true,
  })
  const saidBy = async (member: Member) => {
    const { status, code } = await callOnce(member, short.key)
    return code ?? status
  }
  await expect.poll(() => saidBy(jumping), SOON).toBe(200)
  jump()
  await expect.poll(() => saidBy(jumping), SOON).toBe('key_expired')
  expect(await saidBy(right)).toBe(200)
  jump()
  await expect.poll(() => saidBy(jumping), SOON).toBe(200)

  await jumpAndWatch(FENCED_MS)
  // Set back, it knows by the other clock how long it was silent.
  const before = refusals().length
  await jumpAndWatch(0)
  await jumpAndWatch(0)
  await expect.poll(() => saidBy(right), IDLE).toBe('key_expired')
  // By its own clock it has seconds left.
  expect(await saidBy(jumping)).toBe(200)
  await pause(LONGER_THAN_THE_FENCE_MS)
  expect(refusals().length).toBe(before)
  await jumpAndWatch(FENCED_MS)
  expect(await saidBy(jumping)).toBe('key_expired')

  stop.abort()
  await Promise.all(clients)
  expect(refusals().filter(({ code }) => code !== 'ledger_unavailable')).toEqual([])
  expect(heard.get(right)?.filter(({ status }) => status !== 200)).toEqual([])
  expect(await epochsOf(database)).toEqual(epochs)
  await expect.poll(() => database.rows('select * from hold'), IDLE).toEqual([])
  expect(await database.doctor()).toEqual([])
  const served = [...heard.values()].flat().filter(({ status }) => status === 200)
  const charged = await database.rows(
    `select request_id as id, quota::int as quota from usage where key_id = ${keyId} and quota > 0`,
  )
  expect(charged.map(({ id }) => id).sort()).toEqual(
    served.map(({ requestId }) => requestId).sort(),
  )
  expect(charged.filter(({ quota }) => quota !== COST)).toEqual([])
  const { remain_quota } = await manage('GET', `/api/token/${keyId}`)
  expect(remain_quota).toBe(QUOTA - served.length * COST)
})

async function callOnce({ calls }: Member, key: string): Promise<Heard> {
  const { status, json, requestId } = await calls.call(asking('plain', { max_tokens: 20 }), key)
  if (status !== 200) await pause(20)
  return { status, code: json?.error?.code, requestId }
}

async function epochsOf({ rows }: TestDatabase): Promise<number[]> {
  const found = await rows('select epoch from node order by epoch')
  return found.map(({ epoch }) => Number(epoch))
}
