import Type from 'typebox'
import { accountEntity } from '../../ledger/entity.ts'
import { operation } from '../operation.ts'
import { pageOf, pageOfItems, pageQuery, pageSchema } from '../paging.ts'
import type { Rooms } from '../rooms.ts'

const KINDS = ['grant', 'adjust', 'set', 'refund', 'redeem', 'close'] as const

const entry = Type.Object({
  id: Type.Integer(),
  kind: Type.Enum([...KINDS], {
    description:
      '`grant`: the balance was opened with it; `adjust`, `set`: an administrator changed it; `refund`: a call or job was given back; `redeem`: a code.',
  }),
  delta: Type.Integer({ description: 'Units that came; negative: went.' }),
  request_id: Type.Optional(Type.String({ description: 'Of a refund: which request.' })),
  created_time: Type.Integer({ description: 'Unix seconds.' }),
})

/** `GET /api/user/self/entries`: all that changed the balance of the account, but usage. */
export const listOwnEntries = ({ store }: Pick<Rooms, 'store'>) =>
  operation({
    method: 'GET',
    path: '/api/user/self/entries',
    scope: 'usage:read',
    tag: 'Your account',
    summary: 'What changed your balance, besides usage',
    description: 'Newest first. What calls cost is told by `GET /api/log/self`.',
    query: Type.Object(pageQuery),
    data: pageSchema(entry),
    async run({ caller, query }) {
      const page = pageOf(query)
      const entries = store.db
        .selectFrom('entry')
        .where('entity', '=', accountEntity(caller.accountId))
      const [rows, count] = await Promise.all([
        entries
          .select(['id', 'kind', 'delta', 'reason', 'created_at'])
          .orderBy('id', 'desc')
          .limit(page.pageSize)
          .offset(page.skip)
          .execute(),
        entries.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
      ])
      return { data: pageOfItems(page, Number(count.total), rows.map(toEntry)) }
    },
  })

interface EntryRow {
  readonly id: number
  readonly kind: string
  readonly delta: number
  readonly reason: string
  readonly created_at: number
}

const REFUNDED = /^request (\S+)$/

/** Neither who did it nor why: administrators write that for each other. */
function toEntry({ id, kind, delta, reason, created_at }: EntryRow) {
  const requestId = kind === 'refund' ? REFUNDED.exec(reason)?.[1] : undefined
  return {
    ...{ id, kind, delta, created_time: created_at },
    ...(requestId === undefined ? {} : { request_id: requestId }),
  }
}
