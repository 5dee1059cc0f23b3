/**
 * What was changed or evicted while reads are under way. A read sees a snapshot of its own and may bring back what was
 * there before the change, so whoever reads marks the start and asks afterwards. What changed before is in the snapshot.
 */
export interface Overtaken {
  mark(): number
  note(what: string): void
  /** What was noted after this mark. */
  since(mark: number): readonly string[]
  /** No read is older than this mark. */
  forgetBefore(mark: number): void
}

/** Below this many notes, forgetting costs more than keeping. */
const WORTH_FORGETTING = 1_000

export function createOvertaken(): Overtaken {
  let notes: string[] = []
  let forgotten = 0
  return {
    mark: () => forgotten + notes.length,
    note: (what) => void notes.push(what),
    since: (mark) => notes.slice(mark - forgotten),
    forgetBefore(mark) {
      if (mark - forgotten < WORTH_FORGETTING) return
      notes = notes.slice(mark - forgotten)
      forgotten = mark
    },
  }
}
