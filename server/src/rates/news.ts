import type { Entity } from '../ledger/entity.ts'
import type { EntityNews } from '../storage/rate-exchange.ts'
import { WINDOW_MS } from './sliding-window.ts'
import type { Tally } from './tally.ts'

/** What this node counted and others should know, and the other way round. */
export interface RateNews {
  /** What came since this was asked last. `whole`: everything that runs here, too. */
  tell(whole: boolean): readonly EntityNews[]
  /** Others have heard what was told last. */
  told(): void
  /** Counts what another node admitted so long ago. */
  hear(entities: readonly EntityNews[], ageMs: number): void
  /** How many calls run on other nodes, in the place of what was said before. */
  setElsewhere(running: ReadonlyMap<Entity, number>): void
}

interface NewsParts {
  readonly tallies: ReadonlyMap<Entity, Tally>
  /** Those with something to tell. */
  readonly changed: Set<Tally>
  readonly tallyOf: (entity: Entity) => Tally
  readonly now: () => number
}

export function createRateNews({ tallies, changed, tallyOf, now }: NewsParts): RateNews {
  let telling: readonly Tally[] = []
  let busyElsewhere: readonly Tally[] = []
  return {
    tell(whole) {
      telling = [...changed]
      changed.clear()
      const at = now()
      const news = telling.flatMap((tally) => tally.tell(at) ?? [])
      if (!whole) return news
      const named = new Set(news.map(({ entity }) => entity))
      for (const { entity, running } of tallies.values()) {
        if (running > 0 && !named.has(entity)) {
          news.push({ entity, requests: 0, tokens: 0, running })
        }
      }
      return news
    },
    told() {
      for (const tally of telling) tally.told()
      telling = []
    },
    hear(entities, ageMs) {
      if (ageMs >= WINDOW_MS) return
      const at = now() - ageMs
      for (const one of entities) {
        if (one.requests !== 0 || one.tokens !== 0) tallyOf(one.entity).hear(one, at)
      }
    },
    setElsewhere(running) {
      for (const tally of busyElsewhere) tally.elsewhere = 0
      busyElsewhere = [...running.keys()].map(tallyOf)
      for (const tally of busyElsewhere) tally.elsewhere = running.get(tally.entity) ?? 0
    },
  }
}
