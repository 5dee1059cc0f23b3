import type { ChannelTable } from '../storage/tables.ts'

/** What a channel can be. Others of the contract (anthropic, gemini, azure, ...) come with later versions. */
export const CHANNEL_TYPES = ['openai', 'openai-compatible', 'simulator'] as const
export type ChannelType = (typeof CHANNEL_TYPES)[number]

/** Base URLs of the types that have one of their own; the others must name theirs. */
export const DEFAULT_BASE_URLS = {
  openai: 'https://api.openai.com/v1',
} as const satisfies Partial<Record<ChannelType, string>>

/** Where a channel's requests go: `https://host:port`, and the path that stands before `/chat/completions`. */
export interface BaseUrl {
  readonly origin: string
  readonly pathPrefix: string
}

/** Deadlines of one channel; an absent one follows the setting. */
export interface ChannelTimeouts {
  readonly firstByteMs?: number
  readonly idleMs?: number
  readonly totalMs?: number
}

/** One way to reach a provider, compiled from its row: the relay only looks things up in it. */
export interface Channel {
  readonly id: number
  readonly name: string
  readonly type: ChannelType
  readonly baseUrl: BaseUrl
  /** The provider's keys in clear. They live in memory only; empty = the provider asks for none. */
  readonly authorization: readonly string[]
  /** Public model ids. */
  readonly models: ReadonlySet<string>
  /** True when the row names no models, so that the provider's own list counts. */
  readonly asksModels: boolean
  /** Public id -> the provider's id, where they differ. */
  readonly mapping: ReadonlyMap<string, string>
  readonly groups: readonly string[]
  readonly priority: number
  readonly weight: number
  /** Calls through it cost nothing. */
  readonly free: boolean
  readonly enabled: boolean
  /** Extra request headers, names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly timeouts: ChannelTimeouts
}

/** A base URL that cannot be used; the message says what to send. */
export class BaseUrlError extends Error {
  override readonly name = 'BaseUrlError'
}

/**
 * Reads a base URL as people paste it: a URL without a path means its `/v1`, a trailing slash means nothing.
 * @throws BaseUrlError for anything that is not plain http or https.
 */
export function parseBaseUrl(text: string): BaseUrl {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new BaseUrlError('base_url must be a URL that begins with http:// or https://')
  }
  // Credentials in a URL end up in logs; the key has a place of its own, encrypted.
  if (url.username !== '' || url.password !== '') {
    throw new BaseUrlError('base_url must not hold a user name or password: put the key in keys')
  }
  if (url.search !== '' || url.hash !== '') {
    throw new BaseUrlError('base_url must not hold a query or a fragment')
  }
  let end = url.pathname.length
  while (end > 0 && url.pathname[end - 1] === '/') end -= 1
  const path = url.pathname.slice(0, end)
  return { origin: url.origin, pathPrefix: path === '' ? '/v1' : path }
}

/** What compiling needs besides the row. */
export interface ChannelExtras {
  readonly authorization: readonly string[]
  /** The list of the provider that is there, for a row that names no models. */
  askedModels(baseUrl: BaseUrl): readonly string[]
}

/** Turns a stored row into a channel. Runs when the row changes, never per call. @throws when the row is broken. */
export function compileChannel(row: ChannelTable, extras: ChannelExtras): Channel {
  const type = CHANNEL_TYPES.find((known) => known === row.type)
  if (type === undefined) throw new Error(`channel type ${row.type} is not known to this version`)
  const named: readonly string[] = JSON.parse(row.models)
  const mapping: Readonly<Record<string, string>> = JSON.parse(row.model_mapping)
  const headers: Readonly<Record<string, string>> = JSON.parse(row.headers)
  const groups: readonly string[] = JSON.parse(row.groups)
  const baseUrl = type === 'simulator' ? NOWHERE : parseBaseUrl(row.base_url)
  const models =
    named.length > 0 ? named : [...extras.askedModels(baseUrl), ...Object.keys(mapping)]
  return {
    id: row.id,
    name: row.name,
    type,
    baseUrl,
    authorization: extras.authorization,
    models: new Set(models),
    asksModels: named.length === 0,
    mapping: new Map(Object.entries(mapping)),
    // Named twice, it would be tried twice.
    groups: [...new Set(groups)],
    priority: row.priority,
    weight: row.weight,
    free: row.free === 1,
    enabled: row.status === 1,
    headers: Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    timeouts: compileTimeouts(row.timeouts),
  }
}

/** The simulator answers inside the process. */
const NOWHERE: BaseUrl = { origin: '', pathPrefix: '' }

function compileTimeouts(text: string): ChannelTimeouts {
  const { first_byte_ms, idle_ms, total_ms }: Readonly<Record<string, number | undefined>> =
    JSON.parse(text)
  return {
    ...(first_byte_ms === undefined ? {} : { firstByteMs: first_byte_ms }),
    ...(idle_ms === undefined ? {} : { idleMs: idle_ms }),
    ...(total_ms === undefined ? {} : { totalMs: total_ms }),
  }
}
