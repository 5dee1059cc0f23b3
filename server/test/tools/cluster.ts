import type { TestProject } from 'vitest/node'
import { openPostgresStore } from '../../src/storage/postgres/open.ts'
import { startPostgresServer } from './postgres-server.ts'

/** What the tests of a run on PostgreSQL are told of its server. */
export interface Cluster {
  /** Of the database that one makes others from. */
  readonly url: string
  /** A database with our schema, ready to be copied. */
  readonly template: string
}

declare module 'vitest' {
  interface ProvidedContext {
    cluster: Cluster
  }
}

/** Durability costs time and no test asks for it; each gateway has a dozen connections. */
const SERVER = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  shared_buffers: '32MB',
  max_connections: '300',
  max_wal_size: '256MB',
  autovacuum: 'off',
}

/** Starts a real PostgreSQL for one run of the tests, and takes it away again. */
export default async function startCluster(project: TestProject) {
  const { server, cluster } = await startServer()
  project.provide('cluster', cluster)
  return () => server.stop()
}

/** Starts a PostgreSQL with a template of our schema; `settings` differ from the usual ones. */
export async function startServer(settings: Readonly<Record<string, string>> = {}) {
  const server = await startPostgresServer({ ...SERVER, ...settings })
  try {
    const template = 'turnpike_template'
    await server.createDatabase(template)
    await (await openPostgresStore({ url: server.urlOf(template) })).close()
    return { server, cluster: { url: server.urlOf('postgres'), template } satisfies Cluster }
  } catch (failure) {
    await server.stop()
    throw failure
  }
}
