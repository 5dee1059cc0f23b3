import type { Store } from '../storage/store.ts'
import { createLedger } from './create-ledger.ts'
import type { Ledger } from './ledger.ts'
import { createSharedLedger } from './shared/create-shared-ledger.ts'

/** One process that owns its database has all units at hand; one of many borrows them. `now`: milliseconds since 1970. */
export const openLedger = (store: Store, now: () => number): Ledger =>
  store.loans === undefined
    ? createLedger({ store, now })
    : createSharedLedger({ store, loans: store.loans, now })
