import type { Clock } from '../../storage/lanes/clock.ts'
import type { Loans } from '../../storage/loans.ts'
import { freeOf } from '../balances.ts'
import type { Ledger, Payers, Reservation, Short } from '../ledger.ts'
import type { Units } from '../units.ts'
import { isShort, type WaitingRoom } from '../waiting-room.ts'
import { wholeOf } from './loan.ts'
import { finiteOf, type LoanBook } from './loan-book.ts'
import type { Mover } from './mover.ts'

export interface TakingParts {
  readonly loans: Pick<Loans, 'recall'>
  readonly clock: Pick<Clock, 'after'>
  readonly book: LoanBook
  readonly mover: Pick<Mover, 'bring'>
  readonly room: WaitingRoom
  /** Takes what is at hand, or says who is short. */
  readonly take: (payers: Payers, amount: Units) => Reservation | Short
}

const WAIT_MS = 500
/** How often what was brought may go to others before its turn. */
const MOST_TRIES = 5
/** When a call that waits asks again for units that other nodes hold: soon, then less and less often. */
const ASK_AGAIN_MS = 25
const ASK_SELDOM_MS = 100

/** Sets units aside: at once from what is at hand, else from what can be borrowed, else from what others give back. */
export function createTaking(parts: TakingParts): Pick<Ledger, 'reserve' | 'reserveSoon'> {
  const { book, mover, room, take } = parts

  function reserve(
    payers: Payers,
    amount: Units,
  ): Reservation | Short | Promise<Reservation | Short> {
    const got = take(payers, amount)
    if (!isShort(got)) return got
    // What is left can only have become less since it was seen: a grant would have been told.
    const poor = finiteOf(book, payers).some((loan) => loan.seen && wholeOf(loan) < amount)
    return poor ? got : bring(payers, amount)
  }

  async function bring(payers: Payers, amount: Units): Promise<Reservation | Short> {
    return keeping(book, payers, async () => {
      for (let left = MOST_TRIES; ; left--) {
        const poor = finiteOf(book, payers).filter((loan) => freeOf(loan) < amount)
        await Promise.all(poor.map(({ entity }) => mover.bring(entity, amount)))
        const got = take(payers, amount)
        // Others, who found it at hand, may have been faster. There is more where it came from.
        if (!isShort(got) || got.available < amount || left === 0) return got
      }
    })
  }

  async function reserveSoon(
    payers: Payers,
    amount: Units,
    signal: AbortSignal,
    waitMs = WAIT_MS,
  ): Promise<Reservation | Short> {
    signal.throwIfAborted()
    return keeping(book, payers, async () => {
      if (!room.hasQueue(payers)) {
        const got = await reserve(payers, amount)
        if (signal.aborted) throw abandoned(got, signal)
        if (!isShort(got) || !got.reserved) return got
      }
      const stop = askAgain(parts, payers, amount)
      try {
        return await room.wait({ payers, amount, signal, waitMs })
      } finally {
        stop()
      }
    })
  }

  return { reserve, reserveSoon }
}

/** Should the key cache drop a payer meanwhile, it is still known when the answer comes. */
async function keeping<T>(book: LoanBook, payers: Payers, run: () => Promise<T>): Promise<T> {
  const wanted = finiteOf(book, payers)
  for (const { entity } of wanted) book.keep(entity)
  try {
    return await run()
  } finally {
    for (const { entity } of wanted) book.letGo(entity)
  }
}

/** Other nodes may hold units that they don't use: they are asked for them, again and again while somebody waits. */
function askAgain(
  { loans, clock, book, mover }: TakingParts,
  payers: Payers,
  amount: Units,
): () => void {
  let stop = () => {}
  let pause = ASK_AGAIN_MS
  const turn = () => {
    const poor = finiteOf(book, payers).filter((loan) => freeOf(loan) < amount)
    const away = poor.filter(({ elsewhere }) => elsewhere > 0)
    if (away.length > 0) loans.recall(away.map(({ entity }) => entity))
    for (const { entity } of poor) mover.bring(entity, amount).catch(() => undefined)
    stop = clock.after(pause, turn)
    pause = Math.min(2 * pause, ASK_SELDOM_MS)
  }
  turn()
  return () => stop()
}

/** Whoever wanted the units is gone; they are not. */
function abandoned(got: Reservation | Short, signal: AbortSignal): unknown {
  if (!isShort(got)) got.release()
  return signal.reason
}
