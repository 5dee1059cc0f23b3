/**
 * `node bench/nodes.ts`: how soon a change at one node counts at another, with two gateways on a PostgreSQL of their
 * own, traffic on both, and clients at the other one that never stop asking what the change is about. Once as it is, and
 * once with no change announced, as behind a pooler that loses notifications. BENCH_SAMPLES (60) and BENCH_UNHEARD (20)
 * say how often each change is tried. Ends with code 1 when a goal is missed.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startPostgresServer } from '../server/test/tools/postgres-server.ts'
import { furnish, managing, startGateway } from './gateway.ts'
import { createGoals } from './goals.ts'
import { CHANGES, callThere, createKey, type Pair, untilUsable } from './nodes/changes.ts'
import { percentile, type Racing, type Times, untilItCounts } from './nodes/until.ts'
import { startProgram } from './processes.ts'

/** Clients that call each node all the time. */
const CLIENTS = 2

interface Way {
  readonly called: string
  readonly samples: number
  readonly racing: Racing
  /** Of the 99th percentile, since the change was answered. */
  readonly mostMs: { readonly created: number; readonly changed: number }
  /** Waiting costs nothing: several may wait at the same time. */
  readonly together: boolean
}

const HEARD: Way = {
  called: 'announced',
  samples: Number(process.env.BENCH_SAMPLES ?? 60),
  racing: { clients: 3, pauseMs: 0 },
  mostMs: { created: 50, changed: 100 },
  together: false,
}
const UNHEARD: Way = {
  called: 'nothing announced',
  samples: Number(process.env.BENCH_UNHEARD ?? 20),
  racing: { clients: 2, pauseMs: 2 },
  mostMs: { created: 1_000, changed: 1_000 },
  together: true,
}

const folder = mkdtempSync(join(tmpdir(), 'turnpike-nodes-'))
const server = await startPostgresServer({ max_connections: '100' })
await server.createDatabase('turnpike')
const databaseUrl = server.urlOf('turnpike')
const upstream = await startProgram(join(import.meta.dirname, 'upstream.ts'))
const adminToken = `tpat_${randomBytes(32).toString('base64url')}`
const start = () => startGateway({ folder, adminToken, databaseUrl })
const here = await start()
const there = await start()
const manage = managing(here.url, adminToken)
const pair: Pair = { manage, here: here.url, there: there.url, upstream: upstream.url }
const goals = createGoals()
const rows: string[] = []

function tell(what: string, { called }: Way, times: readonly Times[], mostMs: number): void {
  const of = (from: keyof Times, part: number) =>
    percentile(
      times.map((one) => one[from]),
      part,
    )
  const cells = [of('sent', 0.5), of('sent', 0.99), of('answered', 0.5), of('answered', 0.99)]
  rows.push(`| ${[what, called, times.length, ...cells.map((ms) => ms.toFixed(1))].join(' | ')} |`)
  goals.atMost(`${what}, ${called}: p99`, of('answered', 0.99), mostMs, 'ms')
}

/** So many, of which `atOnce` are under way at the same time. */
async function repeat<T>(times: number, atOnce: number, once: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  let left = times
  const lane = async () => {
    for (; left > 0; ) {
      left -= 1
      results.push(await once())
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return results
}

async function measure(way: Way): Promise<void> {
  const { samples, racing, mostMs, together } = way
  const created = await repeat(samples, 1, () => untilUsable(pair))
  const [usable, answered] = [created.map((one) => one.usable), created.map((one) => one.answered)]
  tell('key created, until usable', way, usable, mostMs.created)
  tell('key created, until answered', way, answered, mostMs.created)
  for (const { what, atOnce, subject } of CHANGES) {
    const once = async () => untilItCounts(await subject(pair), racing)
    tell(what, way, await repeat(samples, together ? atOnce : 1, once), mostMs.changed)
  }
}

/** Takes the announcement out of the function that writes; what looks by itself still finds the change. */
async function silence(): Promise<void> {
  const client = server.clientOf('turnpike')
  await client.connect()
  const { rows: found } = await client.query<{ text: string }>(
    `select pg_get_functiondef('turnpike_write'::regproc) as text`,
  )
  const text = found[0]?.text ?? ''
  const silent = text.replace(/perform pg_notify\([^;]*;/, '')
  if (silent === text) throw new Error('turnpike_write announces nothing')
  await client.query(silent)
  await client.end()
}

const stopping = new AbortController()
async function traffic(url: string, key: string): Promise<void> {
  while (!stopping.signal.aborted) {
    const { status } = await callThere({ ...pair, there: url }, key)
    if (status !== 200) throw new Error(`the traffic got ${status}`)
    await pause(2)
  }
}

let clients: Promise<void>[] = []
try {
  await furnish(manage, upstream.url)
  await manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 1_000_000 })
  const { key } = await createKey(pair)
  while ((await callThere(pair, key)).status !== 200) await pause(20)
  clients = [here, there].flatMap(({ url }) =>
    Array.from({ length: CLIENTS }, () => traffic(url, key)),
  )
  const before = performance.now()
  await measure(HEARD)
  await silence()
  await measure(UNHEARD)
  console.log(
    [
      `Milliseconds until a change at one node counts at another, in ${((performance.now() - before) / 1000).toFixed(0)} s.`,
      '',
      '| change | how | samples | p50 since sent | p99 since sent | p50 since answered | p99 since answered |',
      '|---|---|---:|---:|---:|---:|---:|',
      ...rows,
      '',
      goals.table(),
    ].join('\n'),
  )
} finally {
  stopping.abort()
  await Promise.allSettled(clients)
  await Promise.all([here.stop(), there.stop(), upstream.stop()])
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
process.exit(goals.allMet() ? 0 : 1)
