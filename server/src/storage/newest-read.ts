/** What a read found; `undefined` in its place when a later read of the same row was begun meanwhile. */
export type NewestRead<Id> = <Found>(
  id: Id,
  read: () => Promise<Found>,
) => Promise<{ readonly found: Found } | undefined>

/**
 * For caches that follow changes: of several reads of one row only the one begun last counts, in whatever order they
 * come back. Turns are never given twice: one that was would let a slow early read pass for a later one.
 */
export function createNewestRead<Id>(): NewestRead<Id> {
  const newest = new Map<Id, number>()
  let lastTurn = 0
  return async (id, read) => {
    const turn = ++lastTurn
    newest.set(id, turn)
    const found = await read()
    if (newest.get(id) !== turn) return undefined
    newest.delete(id)
    return { found }
  }
}
