/**
 * `node bench/workers.ts`: the processor time of one call where one process carries all, and where two do, in turn, on a
 * PostgreSQL of their own. Where there are cores enough for all of them, two processes carry 2 / (what a call costs two /
 * what it costs one) times as much as one; on fewer cores nothing else can be measured. Each process gets the same load:
 * BENCH_RATE (500) calls a second, which leaves the machine time, so that a call costs what it costs and not what taking
 * turns costs, too; and then as many as go, which tells how much that is. BENCH_WARMUP, BENCH_SECONDS, BENCH_REPETITIONS,
 * BENCH_CONNECTIONS as for `npm run bench`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgresServer } from '../server/test/tools/postgres-server.ts'
import { type BenchGateway, startBenchGateway } from './gateway.ts'
import { tellGoal } from './goals.ts'
import { press, pressSteadily } from './press.ts'
import { cpuOfFamily, startProgram } from './processes.ts'
import { SCENARIOS } from './scenarios.ts'

const from = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise)
const WARM_UP = from('BENCH_WARMUP', 3)
const SECONDS = from('BENCH_SECONDS', 10)
const REPETITIONS = from('BENCH_REPETITIONS', 3)
const CONNECTIONS = from('BENCH_CONNECTIONS', 32)
const SERVER = { shared_buffers: '256MB', max_connections: '100' }
/** Of each process. */
const RATE = from('BENCH_RATE', 500)
const LEAST = 1.6
const BODY = SCENARIOS[0]?.body ?? ''

type Pace = 'unhurried' | 'as many as go'

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

interface Subject {
  readonly gateway: BenchGateway
  readonly databasePid: number
}

async function samplesOf(subject: Subject, workers: number): Promise<Record<Pace, Sample>> {
  const { url, pid } = await subject.gateway.restart(workers)
  const keys = subject.gateway.keys.one
  const load = { url, keys, body: BODY, answer: 'small', connections: CONNECTIONS * workers }
  const calls = { url, key: readFileSync(keys, 'utf8').trim(), body: BODY, rate: RATE * workers }
  const pids = [pid, subject.databasePid] as const
  await press({ ...load, seconds: WARM_UP })
  return {
    unhurried: await sample(pids, async () => {
      const { length } = await pressSteadily({ ...calls, seconds: SECONDS })
      return { requests: length, seconds: SECONDS }
    }),
    'as many as go': await sample(pids, async () => {
      const measured = await press({ ...load, seconds: SECONDS })
      const wrong = Object.keys(measured.statuses).filter((status) => status !== '200')
      if (wrong.length > 0 || measured.errors > 0) throw new Error(JSON.stringify(measured))
      return measured
    }),
  }
}

async function sample(
  [pid, databasePid]: readonly [number, number],
  load: () => Promise<{ readonly requests: number; readonly seconds: number }>,
): Promise<Sample> {
  const before = [cpuOfFamily(pid), cpuOfFamily(databasePid)] as const
  const { requests, seconds } = await load()
  return {
    gateway: since(before[0], cpuOfFamily(pid)) / requests,
    database: since(before[1], cpuOfFamily(databasePid)) / requests,
    perSecond: requests / seconds,
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

function tell(pace: Pace, workers: number, all: readonly Record<Pace, Sample>[]): number {
  const of = (figure: keyof Sample) => median(all.map((one) => one[pace][figure]))
  console.log(
    `| ${workers} | ${pace} | ${of('gateway').toFixed(0)} | ${of('database').toFixed(0)} | ${of('perSecond').toFixed(0)} |`,
  )
  return of('gateway')
}

try {
  await server.createDatabase('turnpike')
  const databaseUrl = server.urlOf('turnpike')
  const gateway = await startBenchGateway(folder, upstream.url, { databaseUrl })
  const databasePid = await postmaster()
  const one: Record<Pace, Sample>[] = []
  const two: Record<Pace, Sample>[] = []
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    one.push(await samplesOf({ gateway, databasePid }, 1))
    two.push(await samplesOf({ gateway, databasePid }, 2))
  }
  await gateway.stop()
  console.log(
    `${availableParallelism()} cores, for gateway, database, load and provider together.\n`,
  )
  console.log('| processes | pace | gateway, us a call | database, us a call | calls a second |')
  console.log('|---:|---|---:|---:|---:|')
  const timesAt = (pace: Pace) => (2 * tell(pace, 1, one)) / tell(pace, 2, two)
  const times = timesAt('unhurried')
  const full = timesAt('as many as go')
  const met = times >= LEAST
  console.log(
    `\nTwo carry ${times.toFixed(2)} x one where cores are free (goal ${LEAST}): ${met ? 'met' : 'missed'}; ` +
      `${full.toFixed(2)} by what a call costs while all of them take turns on these cores.`,
  )
  tellGoal({
    what: 'two processes, to one, where cores are free',
    measured: `${times.toFixed(2)} x`,
    goal: `at least ${LEAST} x`,
    met,
  })
  if (!met) process.exitCode = 1
} finally {
  await upstream.stop()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
