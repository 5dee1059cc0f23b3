/**
 * `node bench/size.ts [--keys N] [--records N] [sqlite|postgres]`: lists, searches, logs and charts of a large installation
 * (a million keys, ten million records unless told), asked of the real gateway, and what the relay's calls notice of it.
 * Without a database, both are measured, one after the other. Ends with code 1 when a goal is missed.
 * `--folder F` keeps what was seeded there, and takes it as it is the next time; on PostgreSQL together with `--url`, a
 * database of one's own. BENCH_ROUNDS (30) is how often each question is asked, BENCH_ONLY a part of their names,
 * BENCH_RATE (200) how many calls a second the relay carries, and BENCH_READS (20) how many questions meanwhile;
 * BENCH_TURNS (40) times BENCH_SECONDS (2) without questions and with them. Without rounds or turns that part is left out.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startPostgresServer } from '../server/test/tools/postgres-server.ts'
import { managing, startGateway } from './gateway.ts'
import { tellGoal } from './goals.ts'
import { startProgram } from './processes.ts'
import { createClient } from './size/ask.ts'
import { findAskers } from './size/askers.ts'
import { besideCalls } from './size/beside-calls.ts'
import { type Installation, makeInstallation } from './size/make.ts'
import { type Measured, measure, tableOf } from './size/measure.ts'
import { questionsFor } from './size/questions.ts'

const from = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise)
const ROUNDS = from('BENCH_ROUNDS', 30)
const RATE = from('BENCH_RATE', 200)
/** As some dozens of people with consoles open do. */
const READS = from('BENCH_READS', 20)
const SECONDS = from('BENCH_SECONDS', 2)
const TURNS = from('BENCH_TURNS', 40)
const SERVER = {
  ...{ shared_buffers: '2GB', max_connections: '100', max_wal_size: '8GB' },
  ...{ checkpoint_timeout: '15min', effective_cache_size: '8GB', maintenance_work_mem: '512MB' },
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    keys: { type: 'string', default: '1000000' },
    records: { type: 'string', default: '10000000' },
    folder: { type: 'string' },
    url: { type: 'string' },
  },
})
const upstream = await startProgram(join(import.meta.dirname, 'upstream.ts'))

async function doctor(installation: Installation): Promise<void> {
  const { folder, databaseUrl } = installation
  const program = join(import.meta.dirname, '../server/turnpike.js')
  const place = databaseUrl === undefined ? ['--data', join(folder, 'data')] : []
  const startedAt = performance.now()
  const child = spawn(process.execPath, [program, 'doctor', ...place], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    },
    stdio: 'inherit',
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`the doctor ended with ${code}`)
  console.log(`The doctor took ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`)
}

/** An installation that was kept knows the provider of the run before. */
async function pointTo(provider: string, manage: ReturnType<typeof managing>): Promise<void> {
  const channels = (await manage('GET', '/api/channel/')) as unknown as {
    items: readonly { id: number; name: string }[]
  }
  const ours = channels.items.find(({ name }) => name === 'bench')
  await manage('PUT', `/api/channel/${ours?.id}`, {
    base_url: `${provider}/v1`,
    keys: ['bench-upstream-key'],
  })
}

/** Seeds, asks everything, and says whether every goal was met. */
async function bench(folder: string, databaseUrl: string | undefined): Promise<boolean> {
  const installation = await makeInstallation({
    ...{ folder, databaseUrl, upstream: upstream.url },
    ...{ keys: Number(values.keys), records: Number(values.records) },
  })
  const { adminToken, extent } = installation
  const named = databaseUrl === undefined ? 'SQLite' : 'PostgreSQL'
  const startedAt = performance.now()
  const gateway = await startGateway({ folder, adminToken, databaseUrl })
  console.error(`started in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  try {
    await pointTo(upstream.url, managing(gateway.url, adminToken))
    const askers = await findAskers((token) => managing(gateway.url, token), {
      admin: adminToken,
      extent,
    })
    const only = process.env.BENCH_ONLY ?? ''
    const questions = questionsFor(askers).filter(({ name }) => name.includes(only))
    const client = createClient(gateway.url)
    const measured: Measured[] = []
    for (const question of ROUNDS === 0 ? [] : questions) {
      const rounds = question.goalMs === undefined ? Math.min(ROUNDS, 5) : ROUNDS
      measured.push(await measure(client, question, rounds))
      console.error(`measured: ${question.name}, ${measured.at(-1)?.median.toFixed(1)} ms`)
    }
    client.close()
    console.log(`\n## ${named}: ${extent.keys} keys, ${extent.records} records, milliseconds\n`)
    console.log(measured.length > 0 ? tableOf(measured) : 'No question was asked alone.')
    const met = measured.map((one) => isMet(one, named)).every(Boolean)
    if (TURNS === 0) return met
    const isUndisturbed = await besideCalls({
      ...{ url: gateway.url, keyFile: installation.loadKey, turns: TURNS, seconds: SECONDS },
      ...{ calls: RATE, reads: READS, database: named },
      ...{ askers, only },
    })
    return isUndisturbed && met
  } finally {
    await gateway.stop()
    if (process.env.BENCH_DOCTOR !== 'no') await doctor(installation)
  }
}

/** Judges the answers to one question, and tells of it. */
function isMet({ name, median, goalMs }: Measured, database: string): boolean {
  if (goalMs === undefined) return true
  const met = median <= goalMs
  tellGoal({
    what: `${database}: ${name}`,
    measured: `median ${median.toFixed(1)} ms`,
    goal: `at most ${goalMs} ms`,
    met,
  })
  return met
}

async function onSqlite(): Promise<boolean> {
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'turnpike-size-'))
  mkdirSync(folder, { recursive: true })
  try {
    return await bench(folder, undefined)
  } finally {
    if (values.folder === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

async function onPostgres(): Promise<boolean> {
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'turnpike-size-'))
  mkdirSync(folder, { recursive: true })
  if (values.url !== undefined) return bench(folder, values.url)
  const server = await startPostgresServer(SERVER)
  try {
    await server.createDatabase('turnpike')
    return await bench(folder, server.urlOf('turnpike'))
  } finally {
    await server.stop()
    if (values.folder === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

let met = true
try {
  for (const database of positionals.length === 0 ? ['sqlite', 'postgres'] : positionals) {
    met = (await (database === 'postgres' ? onPostgres() : onSqlite())) && met
  }
} finally {
  await upstream.stop()
}
process.exit(met ? 0 : 1)
