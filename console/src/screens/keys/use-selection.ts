import { useMutation } from '@tanstack/react-query'
import { useCallback, useMemo, useState } from 'react'
import { fetchAllKeys, type KeyQuery, type KeyRecord } from './keys.ts'

/** The rows that were ticked, as they were then. */
export interface Selection {
  /** Whether there are boxes to tick also where there is little room for them. */
  readonly isOpen: boolean
  open(): void
  readonly selected: readonly KeyRecord[]
  has(id: number): boolean
  toggle(record: KeyRecord): void
  /** Also those that were not scrolled to. */
  selectAll(): void
  /** All were asked for and are not there yet: what is selected is not what was meant. */
  readonly isComing: boolean
  clear(): void
}

/** `onFailure` is told when not all could be found. */
export function useSelection(query: KeyQuery, onFailure: (failure: unknown) => void): Selection {
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
  const [isOpen, setOpen] = useState(false)
  const clear = useCallback(() => {
    // The same where nothing is ticked: another one draws the whole list again.
    setChosen((now) => (now.size === 0 ? now : new Map()))
    setOpen(false)
  }, [])
  const { mutate: selectAll, isPending: isComing } = useMutation({
    mutationFn: () => fetchAllKeys(query),
    onSuccess: (all) => setChosen(new Map(all.map((one) => [one.id, one]))),
    onError: onFailure,
  })
  return useMemo(
    () => ({
      selected: [...chosen.values()],
      isOpen,
      open: () => setOpen(true),
      has: (id: number) => chosen.has(id),
      toggle,
      selectAll: () => selectAll(),
      isComing,
      clear,
    }),
    [chosen, isOpen, toggle, selectAll, isComing, clear],
  )
}
