import type { Log } from '../commit-queue.ts'
import { type Clock, hasPassed, machineClock, momentOn } from '../lanes/clock.ts'
import { FENCE_MS } from '../lanes/node.ts'
import type { Change } from '../tables.ts'
import type { FeedLine, News } from './feed-line.ts'

export interface FeedParts {
  /** Calls `wake` when a change was announced. */
  readonly line: (wake: () => void) => FeedLine
  /** Told of each change once, in the order of commits; what it returns is waited for by the change's writer. */
  readonly onChange: (change: Change) => Promise<void>
  /** Told when changes are gone, or may be, that were never told: whatever is remembered may be old. */
  readonly onBehind: () => Promise<void>
  /** Told whenever the database has answered. */
  readonly onLook?: () => void
  readonly log?: Log | undefined
  readonly clock?: Pick<Clock, 'after' | 'monotonic' | 'wall'>
}

/** Everybody's changes, in the order of their numbers, this node's among them. */
export interface Feed {
  /** Resolves when this node has followed its own write: these changes, of which the last has the number `newest`. */
  follow(newest: number, changes: readonly Change[]): Promise<void>
  /** The database did not answer when it was asked last. */
  isSilent(): boolean
  /** True when nothing was heard for so long that what is remembered must not be gone by: a key may have been revoked. */
  fenced(): boolean
  close(): Promise<void>
}

/** Notifications wake the feed; where they don't arrive, or get lost, it looks so often by itself. */
const LOOK_EVERY_MS = 250
const SHORTEST_PAUSE_MS = 100
/** The lanes are back as soon: what is revoked then must not wait for the feed. */
const LONGEST_PAUSE_MS = 500

/** Begins behind the newest change: whoever reads the tables from now on sees what is older. */
export async function startFeed(parts: FeedParts): Promise<Feed> {
  const { clock = machineClock } = parts
  let heard = momentOn(clock)
  const wake = createWake(clock)
  const line = parts.line(wake.up)
  const order = createOrder(parts, await line.newest())
  let closed = false
  let isSilent = false

  async function watch(): Promise<void> {
    for (let pause = LOOK_EVERY_MS; !closed; await wake.orAfter(pause)) {
      try {
        const asked = momentOn(clock)
        const news = await line.look(order.applied())
        order.hear(news)
        heard = asked
        if (news.anew && news.kind === 'changes') void parts.onBehind()
        // A look brings so many at most.
        if (news.kind === 'changes' && news.changes.length > 0) wake.up()
        if (isSilent) parts.log?.error({}, 'changes are followed again')
        isSilent = false
        pause = LOOK_EVERY_MS
        parts.onLook?.()
      } catch (failure) {
        if (closed) return
        if (!isSilent) {
          parts.log?.error({ err: failure }, 'changes of other nodes are not heard: retrying')
          pause = SHORTEST_PAUSE_MS
        }
        isSilent = true
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
      }
    }
  }
  const watching = watch()

  return {
    follow(newest, changes) {
      if (changes.length === 0) return Promise.resolve()
      const followed = order.own(newest, changes)
      if (order.applied() < newest) wake.up()
      return followed
    },
    isSilent: () => isSilent,
    fenced: () => hasPassed(clock, heard, FENCE_MS),
    async close() {
      closed = true
      wake.up()
      await line.close()
      await watching
      order.giveUp()
    },
  }
}

/** What was applied, and who waits for it. */
function createOrder(parts: Pick<FeedParts, 'onChange' | 'onBehind'>, newest: number) {
  let applied = newest
  /** Listeners that are still following a change, by its number. */
  const following = new Map<number, Promise<void>>()
  let waiting: { readonly seq: number; readonly resolve: () => void }[] = []

  function apply(seq: number, told: Promise<void>): void {
    applied = seq
    const done = told.finally(() => {
      if (following.get(seq) === done) following.delete(seq)
    })
    following.set(seq, done)
  }

  function tellWaiting(): void {
    const reached = waiting.filter(({ seq }) => seq <= applied)
    waiting = waiting.filter(({ seq }) => seq > applied)
    for (const { resolve } of reached) resolve()
  }

  return {
    applied: () => applied,
    /** Own changes meanwhile may have been applied already: each is told once. */
    hear(news: News) {
      if (news.kind === 'behind') {
        if (news.lost || news.newest > applied) apply(news.newest, parts.onBehind())
      } else {
        for (const { seq, change } of news.changes) {
          if (seq === applied + 1) apply(seq, parts.onChange(change))
        }
      }
      tellWaiting()
    },
    /** Follows at once when nothing is missing before them; else the next look brings them in their turn. */
    async own(last: number, changes: readonly Change[]): Promise<void> {
      const first = last - changes.length + 1
      if (applied === first - 1) {
        for (const [at, change] of changes.entries()) apply(first + at, parts.onChange(change))
        tellWaiting()
      }
      if (applied < last) {
        await new Promise<void>((resolve) => void waiting.push({ seq: last, resolve }))
      }
      // Only those of this very write, so that a listener may write, too.
      await Promise.all(changes.flatMap((_, at) => following.get(first + at) ?? []))
    },
    /** Nobody will hear of these any more, but they are committed. */
    giveUp() {
      applied = Number.POSITIVE_INFINITY
      tellWaiting()
    },
  }
}

/** A pause that can be ended, also before it begins. */
function createWake(clock: Pick<Clock, 'after'>) {
  let woken = false
  let end: (() => void) | undefined
  return {
    up() {
      woken = true
      end?.()
    },
    async orAfter(ms: number): Promise<void> {
      if (!woken) {
        await new Promise<void>((resolve) => {
          const stop = clock.after(ms, resolve)
          end = () => {
            stop()
            resolve()
          }
        })
      }
      end = undefined
      woken = false
    },
  }
}
