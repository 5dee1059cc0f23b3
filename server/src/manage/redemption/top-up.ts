import Type from 'typebox'
import { Refused } from '../../errors.ts'
import { accountEntity } from '../../ledger/entity.ts'
import { changeBalance } from '../../ledger/statements.ts'
import { type Compilable, mustChange } from '../../storage/store.ts'
import { actorOf, auditStatement } from '../audit/record.ts'
import { createRecent, type Recent } from '../limits.ts'
import { nowSeconds } from '../now-seconds.ts'
import { type Asked, operation } from '../operation.ts'
import type { Rooms } from '../rooms.ts'
import { digestOf, parseCode } from './code.ts'
import { isExpired, type RedemptionRow, subjectOf } from './record.ts'

const MOST_FAILURES = 10

/** `POST /api/user/topup` */
export const topUp = (rooms: Rooms) => {
  const failures = createRecent(rooms.now)
  return operation({
    method: 'POST',
    path: '/api/user/topup',
    scope: 'account:write',
    summary: 'Redeem a code: its units are added to the balance of your account',
    description:
      'A code works once. `data` is the number of units that were added. After ten codes in a minute that can not be ' +
      'redeemed, an account has to wait.',
    tag: 'Your account',
    body: Type.Object({
      key: Type.String({ minLength: 1, maxLength: 256, description: 'The code.' }),
    }),
    data: Type.Integer({ description: 'Units added.' }),
    idempotent: true,
    run: (asked) =>
      rooms.once(asked, {
        async first(remember) {
          const { accountId } = asked.caller
          refuseGuessing(failures, accountId)
          try {
            const row = await redeemableRow(rooms, asked)
            await redeem(rooms, asked, { row, also: remember(row.quota) })
            return { data: row.quota }
          } catch (failure) {
            if (isWrongCode(failure)) {
              // Of guesses that run at the same time no more are told whether they are right.
              refuseGuessing(failures, accountId)
              failures.count(accountId)
            }
            throw failure
          }
        },
        again: async (units) => ({ data: units }),
      }),
  })
}

type ToppingUp = Asked<unknown, unknown, { readonly key: string }>

/** @throws Refused `rate_limited`. */
function refuseGuessing(failures: Recent, accountId: number): void {
  const retryAfter = failures.secondsUntilRoom(accountId, MOST_FAILURES)
  if (retryAfter === 0) return
  const says = `${MOST_FAILURES} codes that can't be redeemed were sent within a minute: wait`
  throw new Refused('rate_limited', says, { retryAfter })
}

const WRONG_CODE = new Set(['redemption_unknown', 'redemption_used', 'redemption_expired'])

const isWrongCode = (failure: unknown): boolean =>
  failure instanceof Refused && WRONG_CODE.has(failure.code)

/** @throws Refused, saying what is wrong with the code. */
async function redeemableRow(rooms: Rooms, { caller, body }: ToppingUp): Promise<RedemptionRow> {
  const code = parseCode(body.key)
  const row =
    code === undefined
      ? undefined
      : await rooms.store.db
          .selectFrom('redemption')
          .selectAll()
          .where('digest', '=', digestOf(code))
          .executeTakeFirst()
  if (row === undefined) throw new Refused('redemption_unknown')
  if (row.redeemed_by !== null) {
    // Whoever repeats a call whose answer was lost wants to know that it was not in vain.
    const own = row.redeemed_by === caller.accountId
    throw new Refused('redemption_used', own ? 'your account has redeemed this code' : undefined)
  }
  if (isExpired(row, nowSeconds(rooms))) throw new Refused('redemption_expired')
  return row
}

interface Redeeming {
  readonly row: RedemptionRow
  readonly also: readonly Compilable[]
}

/** The code is used up, the balance grows and the books say why, in one write. */
async function redeem(rooms: Rooms, asked: ToppingUp, { row, also }: Redeeming): Promise<void> {
  const { accountId } = asked.caller
  const { id, quota } = row
  const [balance, entry] = changeBalance(rooms.store, {
    entity: accountEntity(accountId),
    delta: quota,
    kind: 'redeem',
    reason: subjectOf(id),
    actor: actorOf(asked),
    idempotency: `redeem:${id}`,
    seconds: nowSeconds(rooms),
  })
  const written = await rooms.store.write([
    useUp(rooms, id, accountId),
    mustChange(balance),
    entry,
    auditStatement(rooms, asked, {
      action: 'account.topup',
      subject: `account ${accountId}`,
      after: { redemption_id: id, quota },
    }),
    ...also,
  ])
  if (written.done) return
  if (written.stoppedAt > 0) {
    const says = `with the ${quota} units of this code the balance would be above 10^15: the code is still unused`
    throw new Refused('quota_out_of_range', says)
  }
  // Somebody was faster, or withdrew it.
  await redeemableRow(rooms, asked)
  throw new Refused('redemption_used')
}

/** Decides, inside the write, who of those that ask at the same time gets the units. */
function useUp({ store, now }: Rooms, id: number, accountId: number) {
  const seconds = nowSeconds({ now })
  return mustChange(
    store.db
      .updateTable('redemption')
      .set({ redeemed_at: seconds, redeemed_by: accountId })
      .where('id', '=', id)
      .where('redeemed_at', 'is', null)
      .where((row) => row.or([row('expires_at', 'is', null), row('expires_at', '>', seconds)])),
  )
}
