import { mirror } from '../storage/mirror.ts'
import type { ChannelTable } from '../storage/tables.ts'
import { type AskedModelsParts, createAskedModels } from './asked-models.ts'
import { type BaseUrl, isSamePlace } from './base-url.ts'
import { type Channel, compileChannel } from './channel.ts'
import { createOffers } from './offers.ts'
import type { AccessTo } from './types/accesses.ts'
import { openUpstreamKeys, type Sealer } from './upstream-keys.ts'

/** All channels, in memory: which of them serve a model in a group. */
export interface Directory {
  /** Enabled channels that serve the model in the group, higher priority first. A Map look-up. */
  candidates(group: string, model: string): readonly Channel[]
  /** Every model that some enabled channel serves in the group, sorted. */
  models(group: string): readonly string[]
  get(id: number): Channel | undefined
  all(): readonly Channel[]
  /** Resolves once every provider was asked for its models since the start. */
  readonly asked: Promise<void>
  close(): void
}

export interface DirectoryParts extends AskedModelsParts {
  readonly vault: Pick<Sealer, 'open'>
  /** Hears of every channel as it is now; `undefined`: it is gone, or can't be read. */
  readonly changed?: (id: number, channel: Channel | undefined) => void
  readonly accessTo: AccessTo
}

/** Providers add and retire models without telling. */
const ASK_AGAIN_MS = 10 * 60_000

/** Reads every channel, then follows the changes one row at a time. */
export async function createDirectory(parts: DirectoryParts): Promise<Directory> {
  const { store } = parts
  const shelf = createShelf(parts)
  await shelf.asked.load()
  const rows = () => store.db.selectFrom('channel').selectAll().where('deleted_at', 'is', null)
  await mirror<number, ChannelTable>({
    store,
    kind: 'channel',
    idOf: Number,
    readAll: async () => new Map((await rows().execute()).map((row) => [row.id, row])),
    readOne: (id) => rows().where('id', '=', id).executeTakeFirst(),
    known: () => shelf.channels.keys(),
    keep: shelf.put,
    async kept(id) {
      if (id === undefined) return shelf.offers.fill(shelf.channels.values())
      const channel = shelf.channels.get(id)
      shelf.offers.follow(id, channel)
      // Whoever made a channel without models may call it once the answer is there, so its first list is waited for.
      if (channel === undefined) return
      const first = shelf.asked.of(channel).length === 0
      const asking = shelf.ask(channel.id)
      if (first) await asking
    },
  })
  const askAll = async () => void (await Promise.all([...shelf.channels.keys()].map(shelf.ask)))
  // No start waits for a provider: the lists of last time serve until theirs are there.
  const asked = askAll()
  const again = setInterval(() => void askAll(), ASK_AGAIN_MS).unref()

  return {
    candidates: shelf.offers.candidates,
    models: shelf.offers.models,
    get: (id) => shelf.channels.get(id),
    all: () => [...shelf.channels.values()],
    asked,
    close: () => clearInterval(again),
  }
}

/** Holds the compiled channels and what they offer together. */
function createShelf(parts: DirectoryParts) {
  const { accessTo } = parts
  const channels = new Map<number, Channel>()
  const asked = createAskedModels(parts)
  const offers = createOffers()
  function read(id: number, row: ChannelTable): void {
    try {
      const authorization = openUpstreamKeys(parts.vault, id, row.keys)
      const askedModels = (baseUrl: BaseUrl) => asked.of({ id, baseUrl })
      channels.set(id, compileChannel(row, { authorization, askedModels, accessTo }))
    } catch (error) {
      // One broken row must not take the others down with it.
      const reason = String(error)
      parts.log.warn({ channel: id, reason }, 'channel left out: it cannot be read')
    }
  }
  return {
    channels: channels as ReadonlyMap<number, Channel>,
    asked,
    offers,
    put(id: number, row: ChannelTable | undefined) {
      channels.delete(id)
      if (row !== undefined) read(id, row)
      parts.changed?.(id, channels.get(id))
    },
    async ask(id: number): Promise<void> {
      const channel = channels.get(id)
      if (!channel?.asksModels) return
      // It may change, or move, while the provider thinks about it.
      const isThere = () => isSamePlace(channels.get(id)?.baseUrl, channel.baseUrl)
      if (!(await asked.ask(channel, isThere))) return
      const now = channels.get(id)
      if (!now?.asksModels) return
      const asking = { ...now, models: new Set([...asked.of(now), ...now.mapping.keys()]) }
      channels.set(id, asking)
      offers.follow(id, asking)
    },
  }
}
