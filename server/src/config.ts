import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { BaseUrlError, parseBaseUrl } from './channels/base-url.ts'
import type { OutwardProxies } from './channels/dispatcher.ts'
import { type Environment, Values } from './config-values.ts'
import { readSignIn, type SignInConfig } from './sign-in/config.ts'

/** All that is decided before the gateway starts. The rest is a setting in the database. */
export interface Config {
  readonly host: string
  readonly port: number
  /** Folder of the database, the secret and the lock; absolute. */
  readonly dataFolder: string
  /** The PostgreSQL database that many nodes may share; without it, SQLite in the data folder. Holds a password. */
  readonly databaseUrl: string | undefined
  /** Processes that share the port; more than one only on PostgreSQL. */
  readonly workers: number
  /** Proxies whose `X-Forwarded-For` is believed: addresses and CIDRs. */
  readonly trustedProxies: readonly string[]
  readonly privateUpstreams: 'allow' | 'deny'
  /** Proxies on the way to providers, if there are any. */
  readonly outwardProxies: OutwardProxies | undefined
  /** The root secret, when it comes from the environment instead of a file. */
  readonly secret: string | undefined
  readonly adminToken: string | undefined
  readonly adminPassword: string | undefined
  /** Channels that the environment asks for at first start. */
  readonly providers: readonly ProviderConfig[]
  /** Seconds that a stopping gateway waits for running calls. */
  readonly drainSeconds: number
  readonly logLevel: LogLevel
  readonly signIn: SignInConfig
}

/** Providers that the environment can name, by the type of their channel. */
const PROVIDERS = ['openai', 'anthropic', 'gemini'] as const
export type Provider = (typeof PROVIDERS)[number]

/** A provider named by the environment. No models = ask it. */
export interface ProviderConfig {
  readonly provider: Provider
  readonly key: string
  readonly baseUrl: string | undefined
  readonly models: readonly string[]
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
type LogLevel = (typeof LOG_LEVELS)[number]

/** Everything that is wrong with the environment, one line a mistake. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly mistakes: readonly string[]
  constructor(mistakes: readonly string[]) {
    super(
      `The environment is not usable:\n${mistakes.map((mistake) => `  - ${mistake}`).join('\n')}`,
    )
    this.mistakes = mistakes
  }
}

/** What reading the environment may depend on besides the environment. */
export interface Reading {
  /** Relative folders are taken from here. */
  readonly folder: string
  /** Whether a text is an address or a CIDR (keys/address.ts). */
  isAddress(text: string): boolean
}

/**
 * The only reader of the environment. An empty variable counts as not set.
 * @throws ConfigError that names every mistake at once.
 */
export function readConfig(environment: Environment, reading: Reading): Config {
  const mistakes: string[] = []
  const values = new Values(environment, mistakes)
  const config: Config = {
    host: values.text('HOST') ?? '127.0.0.1',
    port: values.whole('PORT', { standard: 3000, least: 0, most: 65_535 }),
    dataFolder: resolve(reading.folder, values.text('TURNPIKE_DATA') ?? 'data'),
    databaseUrl: values.checked('DATABASE_URL', whyNotDatabase),
    workers: readWorkers(values),
    trustedProxies: values.list('TURNPIKE_TRUSTED_PROXIES', (entry) =>
      reading.isAddress(entry) ? undefined : `${entry} is not an address or CIDR`,
    ),
    privateUpstreams: values.oneOf('TURNPIKE_PRIVATE_UPSTREAMS', ['allow', 'deny'], 'allow'),
    outwardProxies: readProxies(values),
    secret: values.checked('TURNPIKE_SECRET', (text) =>
      text.length < 32
        ? 'needs at least 32 characters; `openssl rand -hex 32` makes one'
        : undefined,
    ),
    adminToken: values.checked('TURNPIKE_ADMIN_TOKEN', (text) =>
      /^tpat_[\w-]{43}$/.test(text)
        ? undefined
        : 'must be tpat_ and 43 letters, digits, "-" or "_"; ' +
          "echo \"tpat_$(openssl rand -base64 48 | tr '+/' '-_' | cut -c1-43)\" makes one",
    ),
    adminPassword: values.checked('TURNPIKE_ADMIN_PASSWORD', (text) =>
      text.length < 12 ? 'needs at least 12 characters' : undefined,
    ),
    providers: PROVIDERS.flatMap((provider) => readProvider(values, provider)),
    drainSeconds: values.whole('DRAIN_SECONDS', { standard: 30, least: 0, most: 86_400 }),
    logLevel: values.oneOf('LOG_LEVEL', LOG_LEVELS, 'info'),
    signIn: readSignIn(values),
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return Object.freeze(config)
}

/** Says nothing of the value: it holds a password, and one that is wrong may be nothing but a password. */
export function whyNotDatabase(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol)) {
    return 'must look like postgres://user:password@host:5432/database. Unset it to store everything in SQLite, in the folder TURNPIKE_DATA'
  }
  return url.pathname.length > 1 ? undefined : 'names no database: its path is empty'
}

const MOST_WORKERS = 1024

function readWorkers(values: Values): number {
  const workers =
    values.text('TURNPIKE_WORKERS') === 'auto'
      ? availableParallelism()
      : values.whole('TURNPIKE_WORKERS', { standard: 1, least: 1, most: MOST_WORKERS })
  if (workers === 1 || values.text('DATABASE_URL') !== undefined) return workers
  values.mistake(
    'TURNPIKE_WORKERS',
    'SQLite belongs to one process. Leave it at 1, or let the workers share PostgreSQL by DATABASE_URL',
  )
  return workers
}

function readProxies(values: Values): OutwardProxies | undefined {
  // curl and others read them so.
  const read = (name: string) => values.text(name.toLowerCase()) ?? values.text(name) ?? ''
  const [http, https, except] = [read('HTTP_PROXY'), read('HTTPS_PROXY'), read('NO_PROXY')]
  for (const [name, url] of Object.entries({ HTTP_PROXY: http, HTTPS_PROXY: https })) {
    if (url !== '' && !isProxyUrl(url)) {
      values.mistake(name, 'must be a URL that begins with http:// or https://')
    }
  }
  return http === '' && https === '' ? undefined : { http, https, except }
}

function isProxyUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return false
  // What is sent of them is what they stand for.
  return !/%(?![0-9a-f]{2})/i.test(url.username + url.password)
}

function readProvider(values: Values, provider: Provider): readonly ProviderConfig[] {
  const name = provider.toUpperCase() as Uppercase<Provider>
  const key = values.text(`${name}_API_KEY`)
  const baseUrl = values.checked(`${name}_BASE_URL`, whyNotBaseUrl)
  const models = values.list(`${name}_MODELS`, () => undefined)
  if (key !== undefined) return [{ provider, key, baseUrl, models }]
  for (const other of [`${name}_BASE_URL`, `${name}_MODELS`] as const) {
    if (values.text(other) !== undefined) {
      values.mistake(other, `means nothing without ${name}_API_KEY`)
    }
  }
  return []
}

function whyNotBaseUrl(text: string): string | undefined {
  try {
    parseBaseUrl(text)
    return undefined
  } catch (error) {
    if (error instanceof BaseUrlError) return error.message.replace('base_url ', '')
    throw error
  }
}
