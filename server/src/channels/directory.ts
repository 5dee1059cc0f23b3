import { mirror } from '../storage/mirror.ts'
import type { ChannelTable } from '../storage/tables.ts'
import { type AskedModelsParts, createAskedModels } from './asked-models.ts'
import type { BaseUrl } from './base-url.ts'
import { type Channel, compileChannel } from './channel.ts'
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
const NOBODY: readonly Channel[] = []
const NOTHING: readonly string[] = []

/** What a group offers: the answer to every question the relay asks, made when a channel changes. */
interface Offer {
  readonly byModel: ReadonlyMap<string, readonly Channel[]>
  readonly models: readonly string[]
}

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
      shelf.arrange()
      // Whoever made a channel without models may call it once the answer is there, so its first list is waited for.
      const channel = id === undefined ? undefined : shelf.channels.get(id)
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
    candidates: (group, model) => shelf.offer(group)?.byModel.get(model) ?? NOBODY,
    models: (group) => shelf.offer(group)?.models ?? NOTHING,
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
  let offers: ReadonlyMap<string, Offer> = new Map()
  const arrange = () => {
    offers = toOffers(channels.values())
  }
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
    arrange,
    offer: (group: string) => offers.get(group),
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
      channels.set(id, { ...now, models: new Set([...asked.of(now), ...now.mapping.keys()]) })
      arrange()
    },
  }
}

const isSamePlace = (a: BaseUrl | undefined, b: BaseUrl): boolean =>
  a?.origin === b.origin && a.pathPrefix === b.pathPrefix

/** Sorts the enabled channels into groups and models. */
function toOffers(channels: Iterable<Channel>): ReadonlyMap<string, Offer> {
  const best = [...channels].filter(({ enabled }) => enabled)
  best.sort((a, b) => b.priority - a.priority || a.id - b.id)
  const groups = Map.groupBy(
    best.flatMap((channel) => channel.groups.map((group) => ({ group, channel }))),
    ({ group }) => group,
  )
  return new Map(
    [...groups].map(([group, members]) => [group, toOffer(members.map(({ channel }) => channel))]),
  )
}

/** What channels offer together; the first ones are the best. */
function toOffer(channels: readonly Channel[]): Offer {
  const byModel = new Map<string, Channel[]>()
  for (const channel of channels) {
    for (const model of channel.models) {
      const serving = byModel.get(model)
      if (serving) serving.push(channel)
      else byModel.set(model, [channel])
    }
  }
  return { byModel, models: [...byModel.keys()].sort() }
}
