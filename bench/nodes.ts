/**
 * `node bench/nodes.ts`: how soon a change at one node counts at another, with two gateways on a PostgreSQL of their
 * own, and traffic on both. Once as it is, and once with no change announced, as behind a pooler that loses
 * notifications. BENCH_SAMPLES changes how many keys are tried for each row (200). Ends with code 1 when a goal is missed.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startPostgresServer } from '../server/test/tools/postgres-server.ts'
import { furnish, managing, startGateway } from './gateway.ts'
import { tellGoal } from './goals.ts'
import { startProgram } from './processes.ts'
import { SCENARIOS } from './scenarios.ts'

const SAMPLES = Number(process.env.BENCH_SAMPLES ?? 200)
/** Clients that call each node all the time. */
const CLIENTS = 2
/** Clients that call with the very key that is disabled. */
const RACING = 3
const BODY = SCENARIOS[0]?.body ?? ''

interface Times {
  /** Since the change was sent, and since it was answered. */
  readonly sent: number
  readonly answered: number
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

async function statusAt(url: string, key: string): Promise<number> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: BODY,
  })
  await response.arrayBuffer()
  return response.status
}

const createKey = () =>
  manage('POST', '/api/token/', { name: 'bench', remain_quota: 1_000_000_000 })

/** From the change until the first call there that was served began. */
async function untilUsable(): Promise<Times> {
  const sentAt = performance.now()
  const { key } = await createKey()
  const answeredAt = performance.now()
  for (;;) {
    const at = performance.now()
    if ((await statusAt(there.url, key)) === 200) {
      return { sent: at - sentAt, answered: at - answeredAt }
    }
  }
}

/** From the change until the first call there is answered: the key comes into memory, and units are borrowed for it. */
async function untilAnswered(): Promise<Times> {
  const sentAt = performance.now()
  const { key } = await createKey()
  const answeredAt = performance.now()
  while ((await statusAt(there.url, key)) !== 200);
  const at = performance.now()
  return { sent: at - sentAt, answered: at - answeredAt }
}

/** From the change until the last call there that was served began, while several clients never stop. */
async function untilRefused(): Promise<Times> {
  const { id, key } = await createKey()
  while ((await statusAt(there.url, key)) !== 200) await pause(1)
  let lastServed = 0
  const racing = Array.from({ length: RACING }, async () => {
    for (;;) {
      const at = performance.now()
      if ((await statusAt(there.url, key)) !== 200) return
      lastServed = Math.max(lastServed, at)
    }
  })
  await pause(10 * Math.random())
  const sentAt = performance.now()
  await manage('PUT', '/api/token/', { id, status: 2 })
  const answeredAt = performance.now()
  await Promise.all(racing)
  const since = (from: number) => Math.max(0, lastServed - from)
  return { sent: since(sentAt), answered: since(answeredAt) }
}

function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN
}

const rows: string[] = []

async function measure(what: string, goalMs: number, once: () => Promise<Times>) {
  const times: Times[] = []
  for (let n = 0; n < SAMPLES; n++) times.push(await once())
  const cells = (['sent', 'answered'] as const).flatMap((from) =>
    [0.5, 0.99].map((part) =>
      percentile(
        times.map((one) => one[from]),
        part,
      ),
    ),
  )
  const judged = cells[3] ?? Number.NaN
  const met = judged <= goalMs
  if (!met) process.exitCode = 1
  tellGoal({ what, measured: `p99 ${judged.toFixed(1)} ms`, goal: `at most ${goalMs} ms`, met })
  const shown = cells.map((value) => value.toFixed(1)).join(' | ')
  rows.push(`| ${what} | ${shown} | ${goalMs} | ${met ? 'met' : 'missed'} |`)
  console.error(`measured: ${what}`)
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
    const status = await statusAt(url, key)
    if (status !== 200) throw new Error(`the traffic got ${status}`)
    await pause(2)
  }
}

let clients: Promise<void>[] = []
try {
  await furnish(manage, upstream.url)
  await manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 1_000_000 })
  const { key } = await createKey()
  while ((await statusAt(there.url, key)) !== 200) await pause(20)
  clients = [here, there].flatMap(({ url }) =>
    Array.from({ length: CLIENTS }, () => traffic(url, key)),
  )
  await measure('created to usable', 50, untilUsable)
  await measure('created to answered', 50, untilAnswered)
  await measure('disabled to refused', 100, untilRefused)
  await silence()
  await measure('created to usable, nothing announced', 1_000, untilUsable)
  await measure('disabled to refused, nothing announced', 1_000, untilRefused)
  console.log(
    [
      `Milliseconds at the other node, ${SAMPLES} samples, since the change was sent and since it was answered.`,
      '',
      '| change | p50 sent | p99 sent | p50 answered | p99 answered | goal p99 answered | |',
      '|---|---:|---:|---:|---:|---:|---|',
      ...rows,
    ].join('\n'),
  )
} finally {
  stopping.abort()
  await Promise.allSettled(clients)
  await Promise.all([here.stop(), there.stop(), upstream.stop()])
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
