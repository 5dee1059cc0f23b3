import type { Store } from '../storage/store.ts'
import type { Channel } from './channel.ts'

/** A channel, and where it asks: another provider's list is not its own. */
type Home = Pick<Channel, 'id' | 'baseUrl'>

/** What providers answered when asked which models they have. */
export interface AskedModels {
  of(home: Home): readonly string[]
  /** Reads the lists of last time. */
  load(): Promise<void>
  /**
   * Asks; resolves with whether the list is another one now. A provider that does not answer keeps the list it had, and
   * one that answers when the channel is no longer there (`isThere`) is not heard.
   */
  ask(channel: Channel, isThere: () => boolean): Promise<boolean>
}

export interface AskedModelsParts {
  readonly store: Store
  /** The provider's own list of models. Rejects when there is none to be had. */
  askModels(channel: Channel): Promise<readonly string[]>
  readonly log: { warn(what: object, says: string): void }
}

interface Kept {
  readonly from: string
  readonly models: readonly string[]
}

const nameOf = (id: number) => `channel_models:${id}`
const placeOf = ({ baseUrl }: Home) =>
  baseUrl.origin + baseUrl.pathPrefix + (baseUrl.chatPath ?? '')

/** The lists that providers gave, kept in `meta` so that a restart serves before (and without) asking. */
export function createAskedModels({ store, askModels, log }: AskedModelsParts): AskedModels {
  const lists = new Map<number, Kept>()
  const of = (home: Home) => {
    const kept = lists.get(home.id)
    return kept?.from === placeOf(home) ? kept.models : []
  }
  return {
    of,
    async load(): Promise<void> {
      const rows = await store.db
        .selectFrom('meta')
        .selectAll()
        .where('name', 'like', 'channel_models:%')
        .execute()
      for (const { name, value } of rows) {
        lists.set(Number(name.slice(name.indexOf(':') + 1)), JSON.parse(value))
      }
    },
    async ask(channel: Channel, isThere: () => boolean): Promise<boolean> {
      try {
        const kept: Kept = { from: placeOf(channel), models: await askModels(channel) }
        const value = JSON.stringify(kept)
        if (!isThere() || value === JSON.stringify(lists.get(channel.id))) return false
        lists.set(channel.id, kept)
        const row = store.db.insertInto('meta').values({ name: nameOf(channel.id), value })
        // Not waited for: this may run inside a write that waits for its listeners.
        const saving = store.write([
          row.onConflict((on) => on.column('name').doUpdateSet({ value })),
        ])
        saving.catch((reason) =>
          log.warn({ reason: String(reason) }, 'a list of models was not saved'),
        )
        return true
      } catch (error) {
        log.warn(
          { channel: channel.id, reason: error instanceof Error ? error.message : String(error) },
          'the provider gave no list of models; the last one stays',
        )
        return false
      }
    },
  }
}
