import type { Clock } from '../../storage/lanes/clock.ts'
import type { Entity } from '../entity.ts'

/** Entities that are asked for alone, because somebody may keep one of their rows for himself. */
export interface Apart {
  has(entity: Entity): boolean
  add(entities: Iterable<Entity>): void
  remove(entities: Iterable<Entity>): void
}

/** So long after it was last in the way, others go with it again. */
const APART_MS = 5_000

export function createApart(clock: Pick<Clock, 'monotonic'>): Apart {
  /** In the order of their ends: who is added again moves to the back. */
  const until = new Map<Entity, number>()

  function forgetOld(): void {
    for (const [entity, end] of until) {
      if (end > clock.monotonic()) return
      until.delete(entity)
    }
  }

  return {
    has(entity) {
      if (until.size > 0) forgetOld()
      return until.has(entity)
    },
    add(entities) {
      for (const entity of entities) {
        until.delete(entity)
        until.set(entity, clock.monotonic() + APART_MS)
      }
    },
    remove(entities) {
      if (until.size > 0) for (const entity of entities) until.delete(entity)
    },
  }
}
