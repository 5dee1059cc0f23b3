import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, assert } from 'vitest'
import type { HashCost } from '../../src/accounts/passwords.ts'
import type { FirstStart } from '../../src/cli/first-start.ts'
import { compose } from '../../src/compose.ts'
import type { Config } from '../../src/config.ts'
import { openLog } from '../../src/log.ts'
import { type Answered, createCalls, type GatewayCalls } from './calls.ts'
import { newDatabase, type TestDatabase } from './database.ts'
import { leaks, type Said } from './secrets.ts'
import { startUpstream, type Upstream } from './upstream.ts'

export type { Answered }

export interface GatewayOptions {
  /** What differs from the configuration of a test: no channels from outside, port 0, an admin token. */
  readonly config?: Partial<Config>
  /** An existing data folder, which the caller removes. */
  readonly dataFolder?: string
  /** An existing database, which the caller removes: another gateway's, or a former one's. */
  readonly database?: TestDatabase
  /** Token of the administrator that an existing folder was started with. */
  readonly adminToken?: string
  /** Of passwords; little unless told. */
  readonly passwordCost?: HashCost
}

/** A hash for people takes some tenths of a second of a processor, and each gateway makes one. */
export const QUICK_HASH: HashCost = { N: 2 ** 8, r: 8, p: 1 }

/** A whole gateway in this process, on a folder of its own, with a scripted provider behind it. */
export interface TestGateway extends GatewayCalls {
  readonly url: string
  readonly adminToken: string
  readonly dataFolder: string
  readonly database: TestDatabase
  readonly upstream: Upstream
  /** Every log line so far, as JSON text. */
  readonly logs: readonly string[]
  /** What its first start made, if it was one. */
  readonly first: FirstStart | undefined
  /** Moves the gateway's clock on. */
  advance(seconds: number): void
  /** What is wrong with the books: nothing, in a gateway that works. */
  doctor(): Promise<readonly unknown[]>
  /** Stops; fails when a secret was said or the books are wrong. */
  close(): Promise<void>
}

export const newAdminToken = () => `tpat_${randomBytes(32).toString('base64url')}`

/** Starts a gateway for one test or one file; the caller closes it. See `sharedGateway`. */
export async function startGateway(options: GatewayOptions = {}): Promise<TestGateway> {
  const database = options.database ?? (await newDatabase(options.dataFolder))
  const { dataFolder } = database.config
  const adminToken = options.adminToken ?? newAdminToken()
  const upstream = await startUpstream()
  const secrets = new Set([adminToken])
  const logs: string[] = []
  const answers: Said[] = []
  let ahead = 0

  const config: Config = { ...testConfig(database, adminToken), ...options.config }
  const gateway = await compose(config, {
    now: () => Date.now() + ahead,
    steady: () => performance.now() + ahead,
    random: (bytes: number) => randomBytes(bytes),
    log: openLog('trace', { write: (line: string) => void logs.push(line) }),
    passwordCost: options.passwordCost ?? QUICK_HASH,
  })

  async function close() {
    await gateway.close()
    await upstream.close()
    const findings = await database.doctor()
    if (options.database === undefined) await database.remove()
    const logged = logs.map((text) => ({ where: 'a log line', text }))
    assert.deepEqual(leaks(secrets, [...logged, ...answers]), [])
    assert.deepEqual(findings, [])
  }

  const calls = createCalls({ url: gateway.url, adminToken, upstream, secrets, answers })
  return {
    ...calls,
    url: gateway.url,
    adminToken,
    dataFolder,
    database,
    upstream,
    logs,
    first: gateway.first,
    advance: (seconds) => {
      ahead += Math.round(seconds * 1000)
    },
    doctor: database.doctor,
    close,
  }
}

/** One gateway for all tests of a file. After each test the books are right; at the end no secret was said. */
export async function sharedGateway(options: GatewayOptions = {}): Promise<TestGateway> {
  const gateway = await startGateway(options)
  afterEach(async () => assert.deepEqual(await gateway.doctor(), []))
  afterAll(() => gateway.close())
  return gateway
}

/** What a gateway of a test is configured as. */
export function testConfig({ config }: TestDatabase, adminToken: string): Config {
  return {
    host: '127.0.0.1',
    workers: 1,
    port: 0,
    ...config,
    trustedProxies: [],
    privateUpstreams: 'allow',
    outwardProxies: undefined,
    secret: undefined,
    adminToken,
    adminPassword: undefined,
    providers: [],
    drainSeconds: 5,
    logLevel: 'trace',
    signIn: { consoleUrl: undefined, mail: undefined, providers: [] },
  }
}
