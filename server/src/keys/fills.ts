/**
 * Reads under way, one for each digest however many calls wait for it, and what was changed or evicted meanwhile: a read
 * sees a snapshot of its own and may bring back what was there before a change. What changed before it began, it sees.
 * That holds for changes of other nodes, too: a node hears of a change only after its commit, so whatever was heard of
 * before a read began is in the snapshot of that read, and whatever is heard of later is noted here.
 */
export interface Fills<T, R> {
  /** Reads, again whenever `outdated` says that something noted meanwhile makes the result old; then keeps it. */
  once(digest: string, fill: Fill<T, R>): Promise<T>
  /** Says that something changed or was evicted. */
  note(what: string): void
}

export interface Fill<T, R> {
  read(): Promise<R>
  outdated(what: string, row: R): boolean
  keep(row: R): T
}

interface Running<T> {
  readonly found: Promise<T>
  /** How many notes there had been when it began. */
  readonly mark: number
}

/** Below this many notes, forgetting costs more than keeping. */
const WORTH_FORGETTING = 1_000

/** Nothing is kept between reads. */
export function createFills<T, R>(): Fills<T, R> {
  const running = new Map<string, Running<T>>()
  let notes: string[] = []
  let forgotten = 0
  const mark = () => forgotten + notes.length

  async function run(fill: Fill<T, R>): Promise<T> {
    for (;;) {
      const began = mark()
      const row = await fill.read()
      const meanwhile = notes.slice(began - forgotten)
      if (!meanwhile.some((what) => fill.outdated(what, row))) return fill.keep(row)
    }
  }

  /** The first that runs is the oldest: no read looks at notes from before it began. */
  function forgetOldNotes(): void {
    const [oldest] = running.values()
    const from = oldest?.mark ?? mark()
    if (from - forgotten < WORTH_FORGETTING) return
    notes = notes.slice(from - forgotten)
    forgotten = from
  }

  return {
    once(digest, fill) {
      const same = running.get(digest)
      if (same !== undefined) return same.found
      const began = mark()
      const found = run(fill).finally(() => {
        running.delete(digest)
        forgetOldNotes()
      })
      running.set(digest, { found, mark: began })
      return found
    },
    note(what) {
      if (running.size > 0) notes.push(what)
    },
  }
}
