import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { createCalls, type GatewayCalls } from '../tools/calls.ts'
import { startServer } from '../tools/cluster.ts'
import { newDatabaseOn, type TestDatabase } from '../tools/database.ts'
import { freePort } from '../tools/free-port.ts'
import { newAdminToken } from '../tools/gateway.ts'
import type { PostgresServer } from '../tools/postgres-server.ts'
import { launch, type Program } from '../tools/program.ts'
import { startUpstream, type Upstream } from '../tools/upstream.ts'

/** Gateways in processes of their own that share a database, on a server of their own. */
export interface Fleet {
  readonly server: PostgresServer
  readonly database: TestDatabase
  readonly upstream: Upstream
  readonly members: readonly Member[]
}

/** One place of a fleet: the same port, whatever process has it. One that ends is started again, as by a supervisor. */
export interface Member {
  readonly url: string
  readonly calls: GatewayCalls
  /** The one that runs now, ready or not. */
  readonly program: Program
  /** How many were killed, as their exit says. */
  readonly kills: number
  /** What those printed that ended without having been killed. */
  readonly ended: readonly string[]
  /** Resolves when it answers that it is ready. */
  ready(): Promise<void>
  /** Without a warning, whatever it is at. */
  kill(): Promise<void>
  /** In order unless told otherwise, and none follows; the exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>
}

/** A server on which what was acknowledged is there after a crash, of the machine too. */
const DURABLE = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' }
const READY_MS = 60_000

/** Starts PostgreSQL and so many gateways, all gone after the test. `more` is what the n-th finds in its environment besides. */
export async function startFleet(
  count: number,
  more: readonly Readonly<Record<string, string>>[] = [],
): Promise<Fleet> {
  const { server, cluster } = await startServer(DURABLE)
  const database = await newDatabaseOn(cluster)
  const upstream = await startUpstream({ endsIdle: false })
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-fleet-'))
  const adminToken = newAdminToken()
  const environment = {
    TURNPIKE_DATA: folder,
    TURNPIKE_ADMIN_TOKEN: adminToken,
    TURNPIKE_SECRET: randomBytes(32).toString('hex'),
    DATABASE_URL: database.config.databaseUrl ?? '',
    DRAIN_SECONDS: '5',
  }
  const members = await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const PORT = String(await freePort())
      const url = `http://127.0.0.1:${PORT}`
      const wiring = { url, adminToken, upstream, secrets: new Set<string>(), answers: [] }
      return startMember(url, createCalls(wiring), () =>
        launch({ ...environment, ...more[n], PORT }),
      )
    }),
  )
  onTestFinished(async () => {
    await Promise.all(members.map((member) => member.end('SIGKILL')))
    await upstream.close()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  await Promise.all(members.map((member) => member.ready()))
  return { server, database, upstream, members }
}

async function startMember(
  url: string,
  calls: GatewayCalls,
  start: () => Promise<Program>,
): Promise<Member> {
  const ended: string[] = []
  let program = await start()
  let kills = 0
  let wanted = true
  const supervised = (async () => {
    while (wanted) {
      const code = await program.ended
      if (!wanted) return
      if (code === null) kills++
      else ended.push(`${code}: ${program.printed().slice(-2_000)}`)
      // Whatever made it end may still be there.
      if (code !== null) await pause(200)
      program = await start()
    }
  })()
  return {
    ...{ url, calls, ended },
    get program() {
      return program
    },
    get kills() {
      return kills
    },
    async ready() {
      const signal = () => AbortSignal.timeout(2_000)
      const status = () =>
        fetch(`${url}/readyz`, { signal: signal() }).then(
          (response) => response.status,
          () => 0,
        )
      await expect.poll(status, { timeout: READY_MS, interval: 100 }).toBe(200)
    },
    async kill() {
      const killed = program
      await killed.end('SIGKILL')
      // The next signal must not go to the dead.
      while (program === killed) await pause(5)
    },
    async end(signal: NodeJS.Signals = 'SIGTERM') {
      wanted = false
      const code = await program.end(signal)
      await supervised
      return code
    },
  }
}
