import type { Settled, Settlement, Written } from './store.ts'
import type { AskedWrite } from './wire.ts'

/** What goes together. A number in `order` stands for that many settlements in a row. */
export interface Gathered {
  readonly order: readonly (number | AskedWrite)[]
  readonly settlements: readonly Settlement[]
}

export interface WaitingSettlement {
  readonly kind: 'settlement'
  readonly settlement: Settlement
  readonly resolve: (settled: Settled | Promise<Settled>) => void
  readonly reject: (failure: Error) => void
}

export interface WaitingWrite {
  readonly kind: 'write'
  readonly asked: AskedWrite
  readonly resolve: (written: Written) => void
  readonly reject: (failure: Error) => void
}

export type Waiting = WaitingSettlement | WaitingWrite

/** Lays out what waits, in the order it was asked for. */
export function gather(batch: readonly Waiting[]): Gathered {
  const order: (number | AskedWrite)[] = []
  const settlements: Settlement[] = []
  let inRow = 0
  for (const waiting of batch) {
    if (waiting.kind === 'settlement') {
      settlements.push(waiting.settlement)
      inRow++
      continue
    }
    if (inRow > 0) order.push(inRow)
    inRow = 0
    order.push(waiting.asked)
  }
  if (inRow > 0) order.push(inRow)
  return { order, settlements }
}
