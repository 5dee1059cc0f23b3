/** The gateway as people run it, made ready for the load: everything that costs something is on. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { KEY_RULES, MODELS } from './key-rules.ts'
import { type Running, stopProcess } from './processes.ts'

const ROOT = join(import.meta.dirname, '..')
const MANY = 100_000
/** A client whose key was deleted asks again and again with the same one. */
const REFUSED = 100
/** The gateway that is measured, and files with the keys for the load, one a line. */
export interface BenchGateway extends Running {
  readonly keys: Readonly<Record<'one' | 'refused' | 'many', string>>
  /** Stops it and starts it again on the same data, perhaps as so many processes. */
  restart(workers?: number): Promise<Running>
}

/** A port that is free now; the gateway prints its address for people, not for programs. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export interface GatewayStart {
  readonly folder: string
  readonly adminToken: string
  /** Flags for Node, such as `--cpu-prof`. */
  readonly flags?: readonly string[]
  /** PostgreSQL instead of a file in the folder. */
  readonly databaseUrl?: string | undefined
  /** Processes that share the port. */
  readonly workers?: number | undefined
}

/** What `npm start` runs, flags included: what people run is what is measured. */
function startCommand(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const [, ...parameters] = String(scripts.start).split(' ')
  return [...parameters.slice(0, -1), join(ROOT, parameters.at(-1) ?? '')]
}

/** Starts the program on a folder and waits until it is ready for calls. */
export async function startGateway(start: GatewayStart): Promise<Running> {
  const { folder, adminToken, flags = [], databaseUrl, workers } = start
  const port = await freePort()
  const child = spawn(process.execPath, [...flags, ...startCommand()], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      TURNPIKE_DATA: join(folder, 'data'),
      TURNPIKE_ADMIN_TOKEN: adminToken,
      LOG_LEVEL: 'warn',
      ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
      ...(workers === undefined ? {} : { TURNPIKE_WORKERS: String(workers) }),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const url = `http://127.0.0.1:${port}`
  while (!(await answersAt(`${url}/readyz`))) {
    if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return { url, pid: child.pid ?? 0, stop: () => stopProcess(child) }
}

const answersAt = (url: string) =>
  fetch(url).then(
    (response) => response.ok,
    () => false,
  )

/** Asks the management API; fails unless it says success. */
export function managing(url: string, adminToken: string) {
  return async (method: string, path: string, body?: object) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: adminToken,
        'content-type': 'application/json',
        prefer: 'return=representation',
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const answer = (await response.json()) as { success: boolean; message: string; data?: unknown }
    if (!answer.success) throw new Error(`${method} ${path}: ${answer.message}`)
    return answer.data as { id: number; key: string }
  }
}

/** A channel, prices for its models, and an account with a finite balance. */
export async function furnish(manage: ReturnType<typeof managing>, upstream: string) {
  await manage('POST', '/api/channel/', {
    name: 'bench',
    type: 'openai-compatible',
    base_url: `${upstream}/v1`,
    keys: ['bench-upstream-key'],
    models: MODELS,
    groups: ['default'],
  })
  for (const model of MODELS) {
    await manage('PUT', `/api/price/${model}`, {
      input: '0.15',
      output: '0.6',
      cache_read: '0.075',
    })
  }
  const { id } = await manage('GET', '/api/user/self')
  await manage('PUT', `/api/user/${id}`, { unlimited_quota: false })
  await manage('POST', `/api/user/${id}/quota`, { delta: 1e14, reason: 'bench' })
  return id
}

/** Runs a program of the benchmark to its end. */
async function run(file: string, ...parameters: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, file), ...parameters], {
    stdio: 'inherit',
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${file} ended with ${code}`)
}

/** A gateway with all rules on, 100 000 keys in its database and a channel to `upstream`. */
export async function startBenchGateway(
  folder: string,
  upstream: string,
  { flags = [], databaseUrl }: Pick<GatewayStart, 'flags' | 'databaseUrl'> = {},
): Promise<BenchGateway> {
  const adminToken = `tpat_${randomBytes(32).toString('base64url')}`
  const keys = {
    one: join(folder, 'one-key'),
    refused: join(folder, 'refused-keys'),
    many: join(folder, 'many-keys'),
  }
  const first = await startGateway({ folder, adminToken, databaseUrl })
  const manage = managing(first.url, adminToken)
  const account = await furnish(manage, upstream)
  const { key } = await manage('POST', '/api/token/', {
    ...KEY_RULES,
    model_limits_enabled: true,
  })
  writeFileSync(keys.one, key)
  await first.stop()

  const seeding = [join(folder, 'data'), String(account), String(MANY), keys.many]
  await run('seed-keys.ts', ...seeding, ...(databaseUrl === undefined ? [] : [databaseUrl]))
  writeFileSync(keys.refused, unknownKeys(keys.many))
  const start = { folder, adminToken, flags, databaseUrl }
  const running = await startGateway(start)
  let latest = running
  const restart = async (workers?: number) => {
    await latest.stop()
    latest = await startGateway({ ...start, workers })
    return latest
  }
  return { ...running, keys, restart, stop: () => latest.stop() }
}

/** Keys that are well formed and were never made, from the file's second half, which is not in the database. */
function unknownKeys(file: string): string {
  const keys = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  writeFileSync(file, keys.slice(0, MANY).join('\n'))
  return keys.slice(MANY, MANY + REFUSED).join('\n')
}
