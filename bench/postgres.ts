/**
 * `node bench/postgres.ts`: what the gateway costs on PostgreSQL beside what it costs on SQLite, in one run and under the
 * same load, and what the ledger alone does on three nodes. Ends with code 1 when a goal is missed.
 * BENCH_WARMUP, BENCH_SECONDS, BENCH_REPETITIONS, BENCH_CONNECTIONS as for `npm run bench`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgresServer } from '../server/test/tools/postgres-server.ts'
import { type BenchGateway, startBenchGateway } from './gateway.ts'
import { tellGoal } from './goals.ts'
import { coldKeys, hotKey } from './ledger.ts'
import { press } from './press.ts'
import { cpuMicroseconds, startProgram } from './processes.ts'
import { SCENARIOS } from './scenarios.ts'

const from = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise)
const WARM_UP = from('BENCH_WARMUP', 3)
const SECONDS = from('BENCH_SECONDS', 10)
const REPETITIONS = from('BENCH_REPETITIONS', 3)
const CONNECTIONS = from('BENCH_CONNECTIONS', 32)
/** As a server is run: it syncs each commit. */
const SERVER = { shared_buffers: '256MB', max_connections: '100' }
const MOST_DEARER = 1.15
const LEAST_FIRST_REQUESTS = 5_000
const MOST_P99_MS = 50
const LANES = 6
/** Fewer looks that found a lane at work would say nothing. */
const LEAST_BUSY = 100

const folder = mkdtempSync(join(tmpdir(), 'turnpike-bench-'))
const server = await startPostgresServer(SERVER)
const upstream = await startProgram(join(import.meta.dirname, 'upstream.ts'))
let missed = 0

function judge(what: string, figure: string, goal: string, met: boolean): void {
  if (!met) missed += 1
  tellGoal({ what, measured: figure, goal, met })
  console.log(`| ${what} | ${figure} | ${goal} | ${met ? 'met' : 'missed'} |`)
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** Processor time of the gateway's process for one call, in microseconds, and calls a second. */
async function sample(gateway: BenchGateway, body: string) {
  const load = { url: gateway.url, keys: gateway.keys.one, body, connections: CONNECTIONS }
  const asked = { ...load, answer: 'small' as const }
  await press({ ...asked, seconds: WARM_UP })
  const before = cpuMicroseconds(gateway.pid)
  const measured = await press({ ...asked, seconds: SECONDS })
  const wrong = Object.keys(measured.statuses).filter((status) => status !== '200')
  if (wrong.length > 0 || measured.errors > 0) throw new Error(JSON.stringify(measured))
  return {
    cpu: (cpuMicroseconds(gateway.pid) - before) / measured.requests,
    perSecond: measured.requests / measured.seconds,
    p99: measured.p99,
  }
}

async function compare(): Promise<void> {
  await server.createDatabase('gateway')
  const onSqlite = await startBenchGateway(join(mkdtempSync(join(folder, 'a-'))), upstream.url)
  const onPostgres = await startBenchGateway(mkdtempSync(join(folder, 'b-')), upstream.url, {
    databaseUrl: server.urlOf('gateway'),
  })
  const body = SCENARIOS[0]?.body ?? ''
  const sqlite: Awaited<ReturnType<typeof sample>>[] = []
  const postgres: Awaited<ReturnType<typeof sample>>[] = []
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    sqlite.push(await sample(onSqlite, body))
    postgres.push(await sample(onPostgres, body))
  }
  await Promise.all([onSqlite.stop(), onPostgres.stop()])
  const [own, shared] = [sqlite, postgres].map((taken) => median(taken.map(({ cpu }) => cpu)))
  const ratio = (shared ?? Number.NaN) / (own ?? Number.NaN)
  const told = (taken: typeof sqlite) =>
    `${median(taken.map(({ cpu }) => cpu)).toFixed(0)} us, ${median(taken.map(({ perSecond }) => perSecond)).toFixed(0)}/s, p99 ${median(taken.map(({ p99 }) => p99)).toFixed(0)} ms`
  console.log(`SQLite: ${told(sqlite)}; PostgreSQL: ${told(postgres)}`)
  judge(
    'gateway CPU of a 1 KB call, PostgreSQL to SQLite',
    `${ratio.toFixed(2)} x`,
    `${MOST_DEARER} x`,
    ratio <= MOST_DEARER,
  )
}

async function ledgerAlone(): Promise<void> {
  await server.createDatabase('ledger')
  const url = server.urlOf('ledger')
  const cold = await coldKeys(url)
  judge(
    'first requests of cold keys of one account, three nodes',
    `${cold.perSecond.toFixed(0)}/s, p99 ${cold.p99.toFixed(0)} ms`,
    `${LEAST_FIRST_REQUESTS}/s, p99 ${MOST_P99_MS} ms`,
    cold.perSecond >= LEAST_FIRST_REQUESTS && cold.p99 <= MOST_P99_MS,
  )
  const { hot, apart, lanes } = await hotKey(url)
  judge(
    'one hot key on three nodes, to three keys',
    `${(hot / apart).toFixed(2)} x (${hot.toFixed(0)}/s, ${apart.toFixed(0)}/s)`,
    'as fast (0.9 x)',
    hot / apart >= 0.9,
  )
  judge(
    'transactions in flight of one lane, of three nodes with one hot key',
    `${lanes.most} (${lanes.lanes} lanes, seen at work ${lanes.busy} times in ${lanes.looks} looks)`,
    'at most 1',
    lanes.most === 1 && lanes.lanes === LANES && lanes.busy >= LEAST_BUSY,
  )
}

try {
  await compare()
  await ledgerAlone()
} finally {
  await upstream.stop()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
process.exit(missed === 0 ? 0 : 1)
