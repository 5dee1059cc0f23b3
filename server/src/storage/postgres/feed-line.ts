import type { Change } from '../tables.ts'

/** What a look brought. `behind`: some changes can't be had any more; `lost`: the database went back in time. */
export type News =
  | { readonly kind: 'changes'; readonly changes: readonly NumberedChange[] }
  | { readonly kind: 'behind'; readonly newest: number; readonly lost: boolean }

export interface NumberedChange {
  readonly seq: number
  readonly change: Change
}

/** How far the changes go, and who says so. */
export interface Newest {
  readonly newest: number
  /** What tells this server's life from those of others. */
  readonly life: string
}

/** Changes behind some number, or the first of them, in their order: in one snapshot. */
export interface Found extends Newest {
  readonly changes: readonly NumberedChange[]
}

/** A connection to the database that carries changes. */
export interface FeedConnection {
  newest(): Promise<Newest>
  changesAfter(number: number): Promise<Found>
  end(): Promise<void>
}

/** The feed's own connection: nothing that takes long keeps a revocation waiting. Connects anew at the next look. */
export interface FeedLine {
  /** The number of the newest change. */
  newest(): Promise<number>
  /**
   * The changes after this number, or some of them. `anew`: on another connection than the last look, or behind a pooler that
   * leads to another server, so that one may answer which never heard of the last changes and has given their numbers to others.
   */
  look(after: number): Promise<News & { readonly anew: boolean }>
  close(): Promise<void>
}

export function createFeedLine(open: () => Promise<FeedConnection>): FeedLine {
  let connection: FeedConnection | undefined
  let closed = false
  let broke = false
  let known: string | undefined

  /** Any failure is taken for a broken connection: the next look has a new one. */
  async function using<T>(work: (connection: FeedConnection) => Promise<T>): Promise<T> {
    if (closed) throw new Error('the feed is closed')
    try {
      connection ??= await open()
      if (closed) throw new Error('the feed is closed')
      return await work(connection)
    } catch (failure) {
      const broken = connection
      connection = undefined
      broke = true
      void broken?.end().catch(() => undefined)
      throw failure
    }
  }

  return {
    newest: () =>
      using(async (on) => {
        const { newest, life } = await on.newest()
        known = life
        return newest
      }),
    look: (after) =>
      using(async (on) => {
        const found = await on.changesAfter(after)
        const news = newsOf(found, after)
        const anew = broke || found.life !== known
        broke = false
        known = found.life
        return { ...news, anew }
      }),
    async close() {
      closed = true
      await connection?.end().catch(() => undefined)
    },
  }
}

/** Numbers have no gaps, so one that is missing was swept away. */
function newsOf({ newest, changes }: Found, after: number): News {
  if (newest === after) return { kind: 'changes', changes: [] }
  if (newest < after || changes[0]?.seq !== after + 1) {
    return { kind: 'behind', newest, lost: newest < after }
  }
  return { kind: 'changes', changes }
}
