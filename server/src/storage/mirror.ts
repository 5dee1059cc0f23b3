import { createNewestRead } from './newest-read.ts'
import type { Store } from './store.ts'
import type { ChangeKind } from './tables.ts'

export interface MirrorParts<Id, Row> {
  readonly store: Pick<Store, 'onChange' | 'onBehind'>
  readonly kind: ChangeKind
  /** The row's id as the subject of a change says it. */
  readonly idOf: (subject: string) => Id
  readonly readAll: () => Promise<ReadonlyMap<Id, Row>>
  readonly readOne: (id: Id) => Promise<Row | undefined>
  /** The ids that memory knows. */
  readonly known: () => Iterable<Id>
  /** `undefined`: the row is gone. */
  readonly keep: (id: Id, row: Row | undefined) => void
  /** After rows were kept: some, or `undefined` for all. A change's writer waits for it. */
  readonly kept?: (id: Id | undefined) => void | Promise<void>
}

/**
 * Keeps memory equal to a small table: reads it once, then row by row as other writes say, whichever node they come
 * from; all of it again when changes were missed. It listens before it reads, so that nothing falls between the two.
 */
export async function mirror<Id, Row>(parts: MirrorParts<Id, Row>): Promise<void> {
  const { store, kind, keep, kept = () => undefined } = parts
  const newest = createNewestRead<Id>()
  /** For each read of everything under way, the rows that were read by themselves meanwhile: those are newer. */
  const readAlls = new Set<Set<Id>>()

  async function follow(id: Id): Promise<void> {
    for (const meanwhile of readAlls) meanwhile.add(id)
    const read = await newest(id, () => parts.readOne(id))
    if (read === undefined) return
    keep(id, read.found)
    await kept(id)
  }

  async function readAll(): Promise<void> {
    const meanwhile = new Set<Id>()
    readAlls.add(meanwhile)
    try {
      const rows = await parts.readAll()
      for (const id of new Set([...parts.known(), ...rows.keys()])) {
        if (!meanwhile.has(id)) keep(id, rows.get(id))
      }
    } finally {
      readAlls.delete(meanwhile)
    }
    await kept(undefined)
  }

  store.onChange((change) =>
    change.kind === kind ? follow(parts.idOf(change.subject)) : undefined,
  )
  store.onBehind(readAll)
  await readAll()
}
