import { StorageUnavailable, UniqueViolation } from './failures.ts'
import {
  type Gathered,
  gather,
  type Waiting,
  type WaitingSettlement,
  type WaitingWrite,
} from './gather.ts'
import { type Clock, machineClock } from './lanes/clock.ts'
import type { Settled, Settlement, Written } from './store.ts'
import type { Change } from './tables.ts'
import { type AskedWrite, type BatchAnswer, type PlainStatement, unpackSettled } from './wire.ts'

/**
 * Commits one batch and answers, once; the disk's refusal is an answer too. Rejects when nobody is there to answer.
 * Settlements are read before it returns: afterwards their owners may still change them, in vain.
 */
export type Commit = (gathered: Gathered) => Promise<BatchAnswer>

export interface Log {
  error(detail: object, message: string): void
}

export interface CommitQueueParts {
  readonly commit: Commit
  /** Told of every balance of a commit, in order, before its promises resolve. */
  readonly onBalance: (entity: number, remain: number) => void
  readonly onChange: (change: Change) => void
  readonly log?: Log | undefined
  readonly clock?: Clock | undefined
  /** Between attempts while the disk refuses. */
  readonly retryMs?: number
}

/** Settlements that may wait for a disk to recover: about 100 MB. Running calls end long before it is full. */
const MOST_WAITING = 100_000
/** New calls are accepted until a failing disk has failed for this long. */
const FENCE_MS = 10_000
const RETRY_MS = 1_000

/** A failing store refuses calls, and so nobody would ever try the disk again: it tries by itself, with a real write. */
const PROBE: WaitingWrite = {
  kind: 'write',
  asked: {
    statements: [{ sql: 'update change_counter set seq = seq', parameters: [], must: false }],
    changes: [],
  },
  resolve: () => undefined,
  reject: () => undefined,
}

/**
 * From so many settlements in one commit on, the next one is waited for, so long or until so many are there: what a
 * commit costs beside its records (two threads that wake up, the disk's sync) is then shared by enough. Measured with 32
 * callers: 2 ms or 16 cost a sixth more, and waiting for all 32 leaves the relay without work.
 */
const BUSY = 4
const GATHER_MS = 4
const ENOUGH = 24

/**
 * What stands between many callers and one disk: at most one batch is on its way, and whatever is asked for meanwhile
 * is the next one. A settlement is never given up: it waits at the head of the queue until the disk takes it.
 */
export class CommitQueue {
  readonly #parts: CommitQueueParts
  readonly #clock: Clock
  #waiting: Waiting[] = []
  #underway: readonly Waiting[] = []
  #sentAt = 0
  #failingSince: number | undefined
  #retry: (() => void) | undefined
  #scheduled = false
  #gathering: (() => void) | undefined
  #closed = false
  #idle: (() => void)[] = []

  constructor(parts: CommitQueueParts) {
    this.#parts = parts
    this.#clock = parts.clock ?? machineClock
  }

  settle(settlement: Settlement): Promise<Settled> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length >= MOST_WAITING)
        reject(new StorageUnavailable('too much waits for the disk', true))
      else this.#ask({ kind: 'settlement', settlement, resolve, reject })
    })
  }

  write(statements: readonly PlainStatement[], changes: readonly Change[]): Promise<Written> {
    return new Promise((resolve, reject) => {
      this.#ask({ kind: 'write', asked: { statements, changes }, resolve, reject })
    })
  }

  healthy(): boolean {
    return this.#failingSince === undefined && !this.#closed && !this.#stalled()
  }

  accepting(): boolean {
    if (this.#closed || this.#waiting.length >= MOST_WAITING / 2) return false
    if (this.#failingSince === undefined) return !this.#stalled()
    return this.#clock.monotonic() - this.#failingSince < FENCE_MS
  }

  /** A disk may also say nothing at all: a network's, or one that dies. */
  #stalled(): boolean {
    return this.#underway.length > 0 && this.#clock.monotonic() - this.#sentAt >= FENCE_MS
  }

  /** Resolves when nothing waits; whatever a failing disk still refuses after `graceMs` is rejected and logged. */
  async close(graceMs: number): Promise<void> {
    const noMore = this.#clock.after(graceMs, () =>
      this.#abandon(new StorageUnavailable('the gateway stopped', false)),
    )
    if (this.#waiting.length > 0 || this.#underway.length > 0) {
      await new Promise<void>((resolve) => this.#idle.push(resolve))
    }
    noMore()
    this.#retry?.()
    this.#closed = true
  }

  /** Nobody will commit any more: everything that waits is told. */
  #abandon(failure: Error): void {
    this.#closed = true
    this.#retry?.()
    const lost = [...this.#underway, ...this.#waiting]
    this.#underway = []
    this.#waiting = []
    const settlements = lost.filter((waiting) => waiting.kind === 'settlement')
    if (settlements.length > 0) {
      const calls = settlements.map(({ settlement }) => settlement.record.request_id)
      this.#parts.log?.error({ err: failure, calls }, 'settlements were not written')
    }
    for (const waiting of lost) waiting.reject(failure)
    this.#tellIdle()
  }

  #ask(waiting: Waiting): void {
    if (this.#closed) {
      waiting.reject(new StorageUnavailable('the store is closed', false))
      return
    }
    this.#waiting.push(waiting)
    if (this.#gathering !== undefined && this.#waiting.length >= ENOUGH) this.#send()
    if (this.#scheduled || this.#underway.length > 0 || this.#retry !== undefined) return
    this.#scheduled = true
    // What is asked for in the same turn of the loop goes together.
    this.#clock.after(0, () => this.#send())
  }

  #send(): void {
    this.#gathering?.()
    this.#gathering = undefined
    this.#scheduled = false
    this.#retry = undefined
    if (this.#underway.length > 0) return
    if (this.#waiting.length === 0) {
      if (this.#failingSince === undefined) return
      this.#waiting.push(PROBE)
    }
    const batch = this.#waiting
    this.#underway = batch
    this.#sentAt = this.#clock.monotonic()
    this.#waiting = []
    this.#parts.commit(gather(batch)).then(
      (answer) => this.#answered(batch, answer),
      (failure: unknown) => this.#abandon(toUnavailable(failure)),
    )
  }

  #answered(batch: readonly Waiting[], answer: BatchAnswer): void {
    // Abandoned meanwhile: everybody was told already.
    if (this.#underway !== batch) return
    this.#underway = []
    if (answer.durable) this.#committed(batch, answer)
    else this.#refused(batch, answer.because)
    if (this.#waiting.length === 0) this.#tellIdle()
    else if (answer.durable) this.#sendSoon(batch.length)
  }

  /** Many calls at once: waiting a moment for more of them costs less than another round to the thread and the disk. */
  #sendSoon(lately: number): void {
    if (lately < BUSY || this.#waiting.length >= ENOUGH) {
      this.#send()
      return
    }
    this.#scheduled = true
    this.#gathering = this.#clock.after(GATHER_MS, () => this.#send())
  }

  #committed(batch: readonly Waiting[], answer: Durable): void {
    if (this.#failingSince !== undefined)
      this.#parts.log?.error({}, 'the database can be written again')
    this.#failingSince = undefined
    for (const { because } of answer.mended) {
      this.#parts.log?.error({ because }, 'a usage record had to be mended')
    }
    const settled: (Settled | Promise<Settled>)[] = []
    const budgets = answer.budgets.values()
    let writeIndex = 0
    for (const waiting of batch) {
      if (waiting.kind === 'settlement') {
        const at = settled.length
        settled.push(answer.apart?.get(at) ?? this.#followSettled(waiting, answer, at))
        for (const budget of waiting.settlement.budgets)
          this.#parts.onBalance(budget, budgets.next().value ?? 0)
      } else this.#followWritten(waiting.asked, answer.writes[writeIndex++])
    }
    // Nobody is told before memory has followed the whole commit.
    let settledIndex = 0
    writeIndex = 0
    for (const waiting of batch) {
      if (waiting.kind === 'write') answerWrite(waiting, answer.writes[writeIndex++])
      else waiting.resolve(settled[settledIndex++] as Settled | Promise<Settled>)
    }
  }

  #followSettled({ settlement }: WaitingSettlement, answer: Durable, index: number): Settled {
    const { charged, shortfall, keyRemain, accountRemain } = unpackSettled(answer.settled, index)
    this.#parts.onBalance(settlement.key, keyRemain)
    this.#parts.onBalance(settlement.account, accountRemain)
    return { charged, shortfall }
  }

  /** Memory follows a write before its caller knows of it. */
  #followWritten(asked: AskedWrite, written: BatchWrite | undefined): void {
    if (!written || 'refused' in written || !written.done) return
    for (const rows of written.rows) {
      for (const { entity, remain } of rows) {
        if (typeof entity === 'number' && typeof remain === 'number')
          this.#parts.onBalance(entity, remain)
      }
    }
    for (const change of asked.changes) this.#parts.onChange(change)
  }

  #refused(batch: readonly Waiting[], because: string): void {
    if (this.#failingSince === undefined) {
      this.#failingSince = this.#clock.monotonic()
      this.#parts.log?.error({ because }, 'the database refuses to be written: retrying')
    }
    const kept = batch.filter((waiting) => waiting.kind === 'settlement')
    this.#waiting = [...kept, ...this.#waiting]
    for (const waiting of batch) {
      if (waiting.kind === 'write') waiting.reject(new StorageUnavailable(because, true))
    }
    if (this.#closed) return
    this.#retry = this.#clock.after(this.#parts.retryMs ?? RETRY_MS, () => this.#send())
  }

  #tellIdle(): void {
    for (const resolve of this.#idle) resolve()
    this.#idle = []
  }
}

function answerWrite(waiting: WaitingWrite, written: BatchWrite | undefined): void {
  if (written === undefined) waiting.reject(new Error('the writer answered too few writes'))
  else if (!('refused' in written)) waiting.resolve(written)
  else if (written.columns) waiting.reject(new UniqueViolation(written.columns))
  else waiting.reject(new Error(`the database refused a statement: ${written.refused}`))
}

type Durable = Extract<BatchAnswer, { durable: true }>
type BatchWrite = Durable['writes'][number]

const toUnavailable = (failure: unknown): StorageUnavailable =>
  new StorageUnavailable(failure instanceof Error ? failure.message : String(failure), false)
