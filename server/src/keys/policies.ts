import { AUTO, type Groups } from '../groups/groups.ts'
import { type AddressMatcher, parseAddresses } from './address.ts'
import { autoGroupsOf, compileGroups, type GroupColumns, type GroupPolicy } from './group-policy.ts'
import { listModels } from './model-limits.ts'

export interface ModelPolicy {
  /** Empty = any model. */
  readonly ids: readonly string[]
  readonly mayUse: (id: string) => boolean
}

export interface AddressPolicy {
  readonly matcher: AddressMatcher
}

/** What a compiled policy weighs in the key cache, in kilobytes; 0 when another key's was shared. */
interface Weighed {
  readonly weight: number
}

/** Compiles the texts of keys, once for all keys that carry the same text. */
export interface Policies {
  models(text: string): ModelPolicy & Weighed
  addresses(text: string): AddressPolicy & Weighed
  groups(row: GroupColumns): GroupPolicy
  /** The same text, once in memory for all keys that carry it: what the database answers is a copy each time. */
  text(text: string): string
}

const ANY_MODEL: ModelPolicy = { ids: [], mayUse: () => true }
/** Stored texts were accepted by `parseAddresses`. One that no longer parses must not open the key to everybody. */
const NOBODY: AddressMatcher = { count: 1, has: () => false }

/** An entry takes 8 bytes (IPv4) or 32, an id in a Set about 100. */
const ADDRESS_KILOBYTES = 0.03
export const MODEL_KILOBYTES = 0.1

/** How many characters of texts are remembered for sharing; what they compile to is at most some 5 MB. */
const SHARED_CHARACTERS = 1 << 19
const MOST_TEXTS = 1_000

/** Keys are often made by one script with the same lists; 50 000 of them then hold one matcher, not 50 000. */
export function createPolicies(groups: Pick<Groups, 'get' | 'order' | 'changes'>): Policies {
  const models = shared(compileModels)
  const addresses = shared(compileAddresses)
  return {
    models: (text) => (text === '' ? { ...ANY_MODEL, weight: 0 } : models(text)),
    addresses,
    groups: createGroupPolicies(groups),
    text: createTexts(),
  }
}

/** Names of accounts and groups: a few of them are on nearly every key. */
function createTexts(): (text: string) => string {
  const known = new Map<string, string>()
  return (text) => {
    const same = known.get(text)
    if (same !== undefined) return same
    if (known.size >= MOST_TEXTS) known.clear()
    known.set(text, text)
    return text
  }
}

/** What was compiled holds until a group changes. Only keys of `auto` have an order of their own. */
function createGroupPolicies(groups: Parameters<typeof createPolicies>[0]): Policies['groups'] {
  const known = new Map<string, GroupPolicy>()
  let compiledAt = groups.changes
  return (row) => {
    if (compiledAt !== groups.changes || known.size >= MOST_TEXTS) known.clear()
    compiledAt = groups.changes
    const { group_name, account_group, account_groups } = row
    const own = group_name === '' ? account_group : group_name
    const parts = [own, account_group, account_groups, own === AUTO ? autoGroupsOf(row) : null]
    const name = JSON.stringify(parts)
    const same = known.get(name)
    if (same !== undefined) return same
    const compiled = compileGroups(row, groups)
    known.set(name, compiled)
    return compiled
  }
}

function compileModels(text: string): ModelPolicy & Weighed {
  const ids = listModels(text)
  if (ids.length === 0) return { ...ANY_MODEL, weight: 0 }
  const allowed = new Set(ids)
  return { ids, mayUse: (id) => allowed.has(id), weight: Math.ceil(ids.length * MODEL_KILOBYTES) }
}

function compileAddresses(text: string): AddressPolicy & Weighed {
  const matcher = parseOrNobody(text)
  return { matcher, weight: Math.ceil(matcher.count * ADDRESS_KILOBYTES) }
}

function parseOrNobody(text: string): AddressMatcher {
  try {
    return parseAddresses(text)
  } catch {
    return NOBODY
  }
}

function shared<T extends Weighed>(compile: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  let characters = 0
  return (text) => {
    const same = known.get(text)
    if (same !== undefined) return same
    const compiled = compile(text)
    known.set(text, { ...compiled, weight: 0 })
    characters += text.length
    for (const oldest of known.keys()) {
      if (characters <= SHARED_CHARACTERS) break
      known.delete(oldest)
      characters -= oldest.length
    }
    return compiled
  }
}
