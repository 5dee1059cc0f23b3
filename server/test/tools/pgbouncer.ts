import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import type { Pooler, PoolerOptions } from './pooler.ts'

interface Options extends PoolerOptions {
  readonly port: number
  readonly binary: string
}

/** PgBouncer does not run as root; this is who the servers of the tests run as there. */
const NOT_ROOT = process.getuid?.() === 0 ? ['-u', 'postgres'] : []
const START_MS = 10_000

/** Runs the program itself. But for what is asked, it only tries a server that was away sooner again. */
export async function startPgBouncer(url: string, options: Options): Promise<Pooler> {
  const at = { hostname: '127.0.0.1', port: String(options.port) }
  const own = Object.assign(new URL(url), at).href
  let end = async (): Promise<void> => undefined

  async function resume(): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'turnpike-pgbouncer-'))
    chmodSync(folder, 0o755)
    const parameters = [...NOT_ROOT, writeSettings(folder, url, options)]
    const child = spawn(options.binary, parameters, { stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = once(child, 'close')
    end = async () => {
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    }
    await answering(own, child).catch(async (failure: unknown) => {
      await end()
      throw failure
    })
  }

  await resume()
  return { url: own, resume, halt: () => end() }
}

/** Resolves when the first client is let in. */
async function answering(url: string, child: ChildProcessByStdio<null, Readable, Readable>) {
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      said += bytes
    })
  for (const until = performance.now() + START_MS; !(await letsIn(url)); await pause(50)) {
    if (child.exitCode === null && performance.now() < until) continue
    throw new Error(`PgBouncer did not start: ${said}`)
  }
}

function writeSettings(folder: string, url: string, options: Options): string {
  const { hostname, port, username, password } = new URL(url)
  const [user, secret] = [decodeURIComponent(username), decodeURIComponent(password)]
  const users = join(folder, 'users.txt')
  writeFileSync(users, `"${user}" "${secret}"\n`)
  const file = join(folder, 'pgbouncer.ini')
  writeFileSync(
    file,
    `[databases]
* = host=${hostname} port=${port || 5432}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${options.port}
unix_socket_dir =
auth_type = md5
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${options.connections}
server_round_robin = ${Number(options.isRoundRobin)}
server_login_retry = 1
`,
  )
  return file
}

async function letsIn(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  const isThere = await client.connect().then(
    () => true,
    () => false,
  )
  await client.end().catch(() => undefined)
  return isThere
}
