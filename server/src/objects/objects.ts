import type { IssuedKind } from '../dialects/dialect.ts'
import type { ObjectTable } from '../storage/object-table.ts'
import type { Store } from '../storage/store.ts'
import { createRecording } from './recording.ts'

/** An object that a provider keeps for an account. */
export interface KeptObject {
  /** As the provider wrote it. */
  readonly id: string
  readonly kind: IssuedKind
  readonly accountId: number
  readonly keyId: number
  /** Who issued it: nobody else knows it. */
  readonly channelId: number
  /** Which of the channel's keys it was made with, as `upstreamKeyMark` says it. */
  readonly upstreamKey: string
  /** The most input tokens that a call which names it adds. */
  readonly tokens: number
  /** Of files: what they are for; else ''. */
  readonly purpose: string
  /** Of what can be listed: JSON of what the provider said of it last; else ''. */
  readonly record: string
  /** Unix seconds; `undefined`: the provider keeps it until it is deleted. */
  readonly expiresAt: number | undefined
}

/** Kinds that can be listed. */
export type ListedKind = Extract<IssuedKind, 'file' | 'video' | 'batch'>

/** A page of an account's objects of one kind. */
export interface Listing {
  readonly accountId: number
  readonly kind: ListedKind
  /** '' = whatever they are for. */
  readonly purpose: string
  /** The last one of the page before; '' = from the beginning. */
  readonly after: string
  readonly order: 'asc' | 'desc'
  readonly most: number
}

/** Whose the objects are that providers keep, and where. */
export interface Objects {
  /** Those of the account with these ids, newest first. Asked of the database each time: another node may know more. */
  find(accountId: number, ids: readonly string[]): Promise<readonly KeptObject[]>
  /** Resolves when it is durable. What was issued again belongs to whom it was issued last. */
  keep(objects: readonly KeptObject[]): Promise<void>
  /** Its provider says something new of it. Does nothing where it was deleted. */
  update(object: Pick<KeptObject, 'id' | 'kind' | 'channelId' | 'record'>): Promise<void>
  forget(object: Pick<KeptObject, 'id' | 'kind' | 'channelId'>): Promise<void>
  /** Those of one kind, in the order in which they were made; `undefined`: the account has none with the id `after`. */
  list(listing: Listing): Promise<readonly KeptObject[] | undefined>
}

export interface ObjectsParts {
  readonly store: Pick<Store, 'db' | 'dbForCalls' | 'write'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/**
 * There is no cache: an object may be deleted at another node, or issued again to somebody else, and a look-up by its index
 * costs little beside the call that names it. Calls that name none ask nothing.
 */
export function createObjects({ store, now }: ObjectsParts): Objects {
  const seconds = () => Math.floor(now() / 1000)
  const living = (db = store.db) =>
    db
      .selectFrom('object')
      .selectAll()
      .where((is) => is.or([is('expires_at', 'is', null), is('expires_at', '>', seconds())]))
  const write = createRecording(store)

  async function numberOf({ accountId, kind, after }: Listing): Promise<number | undefined> {
    const row = await living()
      .where('object_id', '=', after)
      .where('kind', '=', kind)
      .where('account_id', '=', accountId)
      .executeTakeFirst()
    return row?.id
  }

  return {
    async find(accountId, ids) {
      const rows = await living(store.dbForCalls)
        .where('object_id', 'in', ids)
        .where('account_id', '=', accountId)
        .orderBy('id', 'desc')
        .execute()
      return rows.map(read)
    },
    keep: (objects) => write(objects.map((one) => rowOf(one, seconds()))),
    async update({ id, kind, channelId, record }) {
      await store.write([
        store.db
          .updateTable('object')
          .set({ record })
          .where('object_id', '=', id)
          .where('kind', '=', kind)
          .where('channel_id', '=', channelId),
      ])
    },
    async forget({ id, kind, channelId }) {
      await store.write([
        store.db
          .deleteFrom('object')
          .where('object_id', '=', id)
          .where('kind', '=', kind)
          .where('channel_id', '=', channelId),
      ])
    },
    async list(listing) {
      const { accountId, kind, purpose, after, order, most } = listing
      let query = living().where('account_id', '=', accountId).where('kind', '=', kind)
      if (purpose !== '') query = query.where('purpose', '=', purpose)
      if (after !== '') {
        const number = await numberOf(listing)
        if (number === undefined) return undefined
        query = query.where('id', order === 'asc' ? '>' : '<', number)
      }
      return (await query.orderBy('id', order).limit(most).execute()).map(read)
    },
  }
}

export type ObjectRow = Omit<ObjectTable, 'id'>

const rowOf = (object: KeptObject, created_at: number): ObjectRow => ({
  object_id: object.id,
  kind: object.kind,
  channel_id: object.channelId,
  upstream_key: object.upstreamKey,
  account_id: object.accountId,
  key_id: object.keyId,
  tokens: object.tokens,
  purpose: object.purpose,
  record: object.record,
  created_at,
  expires_at: object.expiresAt ?? null,
})

const read = (row: ObjectRow): KeptObject => ({
  id: row.object_id,
  // Written by `rowOf` alone.
  kind: row.kind as IssuedKind,
  accountId: row.account_id,
  keyId: row.key_id,
  channelId: row.channel_id,
  upstreamKey: row.upstream_key,
  tokens: row.tokens,
  purpose: row.purpose,
  record: row.record,
  expiresAt: row.expires_at ?? undefined,
})
