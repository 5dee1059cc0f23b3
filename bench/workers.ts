/**
 * `node bench/workers.ts`: the processor time of one call where one process carries all, and where two do, in turn and
 * under the same load for each process, on a PostgreSQL of their own. Where there are cores enough for all of them, two
 * processes carry 2 / (what a call costs two / what it costs one) times as much as one; on fewer cores nothing else can be
 * measured. BENCH_WARMUP, BENCH_SECONDS, BENCH_REPETITIONS, BENCH_CONNECTIONS as for `npm run bench`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgresServer } from '../server/test/tools/postgres-server.ts'
import { type BenchGateway, startBenchGateway } from './gateway.ts'
import { press } from './press.ts'
import { cpuOfFamily, startProgram } from './processes.ts'
import { SCENARIOS } from './scenarios.ts'

const from = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise)
const WARM_UP = from('BENCH_WARMUP', 3)
const SECONDS = from('BENCH_SECONDS', 10)
const REPETITIONS = from('BENCH_REPETITIONS', 3)
const CONNECTIONS = from('BENCH_CONNECTIONS', 32)
const SERVER = { shared_buffers: '256MB', max_connections: '100' }
const LEAST = 1.6
const BODY = SCENARIOS[0]?.body ?? ''

interface Sample {
  /** Microseconds for one call: all processes of the gateway, and all of the database. */
  readonly gateway: number
  readonly database: number
  readonly perSecond: number
}

const folder = mkdtempSync(join(tmpdir(), 'turnpike-workers-'))
const server = await startPostgresServer(SERVER)
const upstream = await startProgram(join(import.meta.dirname, 'upstream.ts'))

/** The process that all of the database's are children of. */
async function postmaster(): Promise<number> {
  const client = server.clientOf('postgres')
  await client.connect()
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const status = readFileSync(`/proc/${rows[0]?.pid}/status`, 'utf8')
  await client.end()
  return Number(/PPid:\s+(\d+)/.exec(status)?.[1])
}

/** Of processes that were there before and still are. */
function since(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number {
  let sum = 0
  for (const [pid, spent] of after) sum += spent - (before.get(pid) ?? spent)
  return sum
}

async function sample(
  gateway: BenchGateway,
  workers: number,
  databasePid: number,
): Promise<Sample> {
  const { url, pid } = await gateway.restart(workers)
  const load = { url, keys: gateway.keys.one, body: BODY, answer: 'small' as const }
  const asked = { ...load, connections: CONNECTIONS * workers }
  await press({ ...asked, seconds: WARM_UP })
  const before = [cpuOfFamily(pid), cpuOfFamily(databasePid)] as const
  const measured = await press({ ...asked, seconds: SECONDS })
  const wrong = Object.keys(measured.statuses).filter((status) => status !== '200')
  if (wrong.length > 0 || measured.errors > 0) throw new Error(JSON.stringify(measured))
  return {
    gateway: since(before[0], cpuOfFamily(pid)) / measured.requests,
    database: since(before[1], cpuOfFamily(databasePid)) / measured.requests,
    perSecond: measured.requests / measured.seconds,
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

function tell(workers: number, samples: readonly Sample[]): number {
  const of = (figure: keyof Sample) => median(samples.map((one) => one[figure]))
  console.log(
    `| ${workers} | ${of('gateway').toFixed(0)} | ${of('database').toFixed(0)} | ${of('perSecond').toFixed(0)} |`,
  )
  return of('gateway')
}

try {
  await server.createDatabase('turnpike')
  const databaseUrl = server.urlOf('turnpike')
  const gateway = await startBenchGateway(folder, upstream.url, { databaseUrl })
  const databasePid = await postmaster()
  const [one, two]: [Sample[], Sample[]] = [[], []]
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    one.push(await sample(gateway, 1, databasePid))
    two.push(await sample(gateway, 2, databasePid))
  }
  await gateway.stop()
  console.log(
    `${availableParallelism()} cores, for gateway, database, load and provider together.\n`,
  )
  console.log('| processes | gateway, us a call | database, us a call | calls a second here |')
  console.log('|---:|---:|---:|---:|')
  const times = (2 * tell(1, one)) / tell(2, two)
  const met = times >= LEAST
  console.log(
    `\nTwo carry ${times.toFixed(2)} x one where cores are free (goal ${LEAST}): ${met ? 'met' : 'missed'}`,
  )
  if (!met) process.exitCode = 1
} finally {
  await upstream.stop()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
