import type { Entity } from '../ledger/entity.ts'
import type { HeardRates } from '../storage/rate-exchange.ts'

interface Peer {
  epoch: number
  readonly running: Map<Entity, number>
}

/** What runs on the other nodes, as these said last. A node whose epoch has ended runs nothing. */
export class Peers {
  readonly #peers = new Map<number, Peer>()

  /** Whether anything may have changed. */
  hear(heard: readonly HeardRates[], living: readonly number[]): boolean {
    for (const one of heard) this.#hearOne(one)
    const epochs = new Set(living)
    const ended = [...this.#peers].filter(([, { epoch }]) => !epochs.has(epoch))
    for (const [node] of ended) this.#peers.delete(node)
    return heard.length > 0 || ended.length > 0
  }

  /** Of all of them together. */
  running(): ReadonlyMap<Entity, number> {
    const sums = new Map<Entity, number>()
    for (const { running } of this.#peers.values()) {
      for (const [entity, count] of running) sums.set(entity, (sums.get(entity) ?? 0) + count)
    }
    return sums
  }

  #hearOne({ node, epoch, whole, entities }: HeardRates): void {
    const known = whole ? undefined : this.#peers.get(node)
    const peer = known ?? { epoch, running: new Map<Entity, number>() }
    peer.epoch = epoch
    this.#peers.set(node, peer)
    for (const { entity, running } of entities) {
      if (running > 0) peer.running.set(entity, running)
      else peer.running.delete(entity)
    }
  }
}
