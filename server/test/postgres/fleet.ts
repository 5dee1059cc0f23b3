import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createCalls, type GatewayCalls } from '../tools/calls.ts'
import { startServer } from '../tools/cluster.ts'
import { newDatabaseOn, type TestDatabase } from '../tools/database.ts'
import { freePort } from '../tools/free-port.ts'
import { newAdminToken } from '../tools/gateway.ts'
import type { PostgresServer } from '../tools/postgres-server.ts'
import { type Program, startProgram } from '../tools/program.ts'
import { startUpstream, type Upstream } from '../tools/upstream.ts'

/** Gateways in processes of their own that share a database, on a server of their own. */
export interface Fleet {
  readonly server: PostgresServer
  readonly database: TestDatabase
  readonly upstream: Upstream
  readonly members: readonly Member[]
}

/** One place of a fleet: the same port, whatever process has it. */
export interface Member {
  readonly url: string
  readonly calls: GatewayCalls
  /** Undefined while none runs. */
  program: Program | undefined
  start(): Promise<void>
  kill(): Promise<void>
}

/**
 * Starts PostgreSQL and so many gateways, all gone after the test. What is acknowledged is in the log, should PostgreSQL be
 * killed. `more` is what the n-th finds in its environment besides.
 */
export async function startFleet(
  count: number,
  more: readonly Readonly<Record<string, string>>[] = [],
): Promise<Fleet> {
  const { server, cluster } = await startServer({ synchronous_commit: 'on' })
  const database = await newDatabaseOn(cluster)
  const upstream = await startUpstream()
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
      const port = await freePort()
      const url = `http://127.0.0.1:${port}`
      return memberAt(
        createCalls({ url, adminToken, upstream, secrets: new Set(), answers: [] }),
        url,
        () => startProgram({ ...environment, ...more[n], PORT: String(port) }),
      )
    }),
  )
  onTestFinished(async () => {
    await Promise.all(members.map((member) => member.kill()))
    await upstream.close()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  await Promise.all(members.map((member) => member.start()))
  return { server, database, upstream, members }
}

function memberAt(calls: GatewayCalls, url: string, start: () => Promise<Program>): Member {
  const member: Member = {
    url,
    calls,
    program: undefined,
    async start() {
      member.program = await start()
    },
    async kill() {
      const killed = member.program
      member.program = undefined
      await killed?.end('SIGKILL')
    },
  }
  return member
}
