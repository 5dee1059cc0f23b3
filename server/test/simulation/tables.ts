type Changed<Key, Row> = (key: Key, row: Row | undefined, before: Row | undefined) => void

/** Rows by key. Every change is noted, so that a transaction can be undone, and a failover can lose it later. */
export class Table<Key, Row> {
  readonly #rows = new Map<Key, Row>()
  readonly #journal: Journal
  readonly #changed: Changed<Key, Row>

  /** `changed` is told of all that becomes of rows, by undoing, too. */
  constructor(journal: Journal, changed: Changed<Key, Row> = () => undefined) {
    this.#journal = journal
    this.#changed = changed
  }

  get(key: Key): Row | undefined {
    return this.#rows.get(key)
  }

  /** Rows are never changed in place: the one that was there must be there again after an undo. */
  set(key: Key, row: Row): void {
    this.#note(key)
    this.#put(key, row)
  }

  delete(key: Key): void {
    this.#note(key)
    this.#put(key, undefined)
  }

  rows(): IterableIterator<[Key, Row]> {
    return this.#rows.entries()
  }

  #note(key: Key): void {
    const before = this.#rows.get(key)
    this.#journal.note(() => this.#put(key, before))
  }

  #put(key: Key, row: Row | undefined): void {
    const before = this.#rows.get(key)
    if (row === before) return
    this.#changed(key, row, before)
    if (row === undefined) this.#rows.delete(key)
    else this.#rows.set(key, row)
  }
}

/** How many of the last commits a failover can lose. */
const KEPT = 8

/** What would undo the last transactions. */
export class Journal {
  onCommit: () => void = () => undefined
  #undo: (() => void)[] = []
  #within = false
  readonly #commits: (() => void)[][] = []

  note(undo: () => void): void {
    this.#undo.push(undo)
  }

  /** Everything or nothing; what is asked for within is part of it. */
  transact<T>(work: () => T): T {
    if (this.#within) return work()
    this.#within = true
    this.#undo = []
    try {
      const did = work()
      if (this.#undo.length > 0) {
        this.#commits.push(this.#undo)
        if (this.#commits.length > KEPT) this.#commits.shift()
        this.onCommit()
      }
      return did
    } catch (failure) {
      revert(this.#undo)
      throw failure
    } finally {
      this.#undo = []
      this.#within = false
    }
  }

  /** What was committed so far can't be lost any more. */
  keep(): void {
    this.#commits.length = 0
  }

  /** Forgets the last commits, as far as they are kept; says how many. */
  lose(count: number): number {
    let lost = 0
    while (lost < count) {
      const undo = this.#commits.pop()
      if (undo === undefined) break
      revert(undo)
      lost++
    }
    this.#undo = []
    return lost
  }
}

function revert(undo: readonly (() => void)[]): void {
  for (const step of undo.toReversed()) step()
}
