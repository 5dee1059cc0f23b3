import type { DialectName } from '../dialects/dialect.ts'
import type { ChannelTable } from '../storage/tables.ts'
import type { BaseUrl } from './base-url.ts'
import type { Access } from './types/access.ts'
import type { AccessTo } from './types/accesses.ts'
import { type ChannelType, channelTypeOf, TYPE_RULES } from './types/types.ts'

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
  /** What its provider speaks, preferred ones first. */
  readonly dialects: readonly DialectName[]
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
  /** What a call costs the operator there, in relation to other channels. */
  readonly costRatio: number
  readonly enabled: boolean
  /** Extra request headers, names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly timeouts: ChannelTimeouts
  /** How its requests are let in; absent: by the key as it is, as a bearer. */
  readonly access?: Access | undefined
}

/** What compiling needs besides the row. */
export interface ChannelExtras {
  readonly authorization: readonly string[]
  /** The list of the provider that is there, for a row that names no models. */
  askedModels(baseUrl: BaseUrl): readonly string[]
  readonly accessTo: AccessTo
}

/** Turns a stored row into a channel. Runs when the row changes, never per call. @throws when the row is broken. */
export function compileChannel(row: ChannelTable, extras: ChannelExtras): Channel {
  const type = channelTypeOf(row.type)
  if (type === undefined) throw new Error(`channel type ${row.type} is not known to this version`)
  const named: readonly string[] = JSON.parse(row.models)
  const mapping: Readonly<Record<string, string>> = JSON.parse(row.model_mapping)
  const headers: Readonly<Record<string, string>> = JSON.parse(row.headers)
  const groups: readonly string[] = JSON.parse(row.groups)
  const spoken: readonly DialectName[] = JSON.parse(row.dialects)
  const baseUrl = TYPE_RULES[type].parseBaseUrl(row.base_url)
  const models =
    named.length > 0 ? named : [...extras.askedModels(baseUrl), ...Object.keys(mapping)]
  return {
    id: row.id,
    name: row.name,
    type,
    baseUrl,
    dialects: spoken.length > 0 ? spoken : TYPE_RULES[type].dialectsOf(baseUrl),
    authorization: extras.authorization,
    models: new Set(models),
    asksModels: named.length === 0 && TYPE_RULES[type].modelsPath(baseUrl) !== undefined,
    mapping: new Map(Object.entries(mapping)),
    // Named twice, it would be tried twice.
    groups: [...new Set(groups)],
    priority: row.priority,
    weight: row.weight,
    free: row.free === 1,
    costRatio: row.cost_ratio,
    enabled: row.status === 1,
    headers: Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    timeouts: compileTimeouts(row.timeouts),
    access: extras.accessTo(type, { baseUrl, keys: extras.authorization }),
  }
}

function compileTimeouts(text: string): ChannelTimeouts {
  const { first_byte_ms, idle_ms, total_ms }: Readonly<Record<string, number | undefined>> =
    JSON.parse(text)
  return {
    ...(first_byte_ms === undefined ? {} : { firstByteMs: first_byte_ms }),
    ...(idle_ms === undefined ? {} : { idleMs: idle_ms }),
    ...(total_ms === undefined ? {} : { totalMs: total_ms }),
  }
}
