import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
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

/** Starts a real PostgreSQL for one run of the tests, and takes it away again; or makes do with one that runs. */
export default async function startCluster(project: TestProject) {
  const { TURNPIKE_TEST_POSTGRES_URL: given } = process.env
  const { server, cluster } = given ? await borrowServer(given) : await startServer()
  project.provide('cluster', cluster)
  return () => server.stop()
}

/** Somebody's server, whose user may create databases: ours are gone from it afterwards. */
async function borrowServer(url: string) {
  const template = `turnpike_template_${randomBytes(4).toString('hex')}`
  const run = async (statement: string) => {
    const client = new Client({ connectionString: url })
    await client.connect()
    await client.query(statement).finally(() => client.end())
  }
  const stop = () => run(`drop database if exists ${template} with (force)`)
  await run(`create database ${template}`)
  try {
    const own = Object.assign(new URL(url), { pathname: `/${template}` }).href
    await (await openPostgresStore({ url: own })).close()
    // A pooler in between keeps connections to it, and what is in use can't be copied.
    await run(`alter database ${template} allow_connections false`)
    await run(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${template}'`,
    )
  } catch (failure) {
    await stop()
    throw failure
  }
  return { server: { stop }, cluster: { url, template } satisfies Cluster }
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
