import { createRates } from '../../src/rates/rates.ts'
import { SharedRates } from '../../src/rates/shared-rates.ts'
import type { HeardRates, RateExchange, ToldRates } from '../../src/storage/rate-exchange.ts'
import { createClockByHand } from '../tools/clock-by-hand.ts'

/** Nodes that share rate limits, on a clock that only the test moves and a database that is a list. */
export interface SimulatedNodes {
  readonly nodes: readonly SharedRates[]
  now(): number
  /** Lets time pass, and everything happen that is due. */
  pass(ms: number): Promise<void>
  /** Ends a node's registration, as others do with one that they take for dead. */
  bury(node: number): void
  /** It registers again. */
  revive(node: number): void
  /** How many exchanges there were. */
  exchanges(): number
}

interface Trouble {
  /** Milliseconds of the next way to the database, or back. */
  readonly latency: () => number
  /** What becomes of the next exchange. */
  readonly fate?: () => 'answered' | 'lost before' | 'lost after'
}

export function simulateNodes(count: number, { latency, fate }: Trouble): SimulatedNodes {
  const clock = createClockByHand()
  let exchanges = 0
  const way = () => new Promise<void>((resolve) => void clock.after(latency(), resolve))
  const told: (HeardRates & { readonly turn: number; readonly at: number })[] = []
  const living = new Set(Array.from({ length: count }, (_, node) => node + 1))

  function exchangeOf(node: number): RateExchange {
    let seen = 0
    const tell = (news: ToldRates) => {
      if (told.some((one) => one.node === node && one.turn === news.turn)) return
      told.push({ ...news, node, at: clock.monotonic(), ageMs: 0 })
    }
    return {
      epoch: node,
      async exchange(news) {
        exchanges += 1
        const becomes = fate?.() ?? 'answered'
        await way()
        if (becomes === 'lost before') throw new Error('lost')
        if (news !== undefined) tell(news)
        const heard = told
          .slice(seen)
          .filter((one) => one.node !== node)
          .map((one) => ({ ...one, ageMs: clock.monotonic() - one.at }))
        const answer = { living: [...living], heard }
        const newest = told.length
        await way()
        if (becomes === 'lost after') throw new Error('lost')
        seen = newest
        return answer
      },
    }
  }

  return {
    nodes: Array.from(living, (node) => {
      const counts = createRates({ now: clock.monotonic, isShared: true })
      return new SharedRates({ counts, exchange: exchangeOf(node), clock })
    }),
    now: clock.monotonic,
    pass: clock.pass,
    bury: (node) => void living.delete(node + 1),
    revive: (node) => void living.add(node + 1),
    exchanges: () => exchanges,
  }
}
