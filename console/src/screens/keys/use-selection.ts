import { useCallback, useMemo, useState } from 'react'
import { fetchAllKeys, type KeyQuery, type KeyRecord } from './keys.ts'

/** The rows that were ticked, as they were then. */
export interface Selection {
  readonly selected: readonly KeyRecord[]
  has(id: number): boolean
  toggle(record: KeyRecord): void
  /** Also those that were not scrolled to. */
  selectAll(): void
  clear(): void
}

export function useSelection(query: KeyQuery): Selection {
  const [chosen, setChosen] = useState<ReadonlyMap<number, KeyRecord>>(new Map())
  const toggle = useCallback(
    (record: KeyRecord) =>
      setChosen((now) => {
        const next = new Map(now)
        if (!next.delete(record.id)) next.set(record.id, record)
        return next
      }),
    [],
  )
  const clear = useCallback(() => setChosen(new Map()), [])
  const selectAll = useCallback(() => {
    void fetchAllKeys(query).then((all) => setChosen(new Map(all.map((one) => [one.id, one]))))
  }, [query])
  return useMemo(
    () => ({
      selected: [...chosen.values()],
      has: (id: number) => chosen.has(id),
      toggle,
      selectAll,
      clear,
    }),
    [chosen, toggle, selectAll, clear],
  )
}
