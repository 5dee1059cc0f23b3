import type { Store } from '../storage/store.ts'

/**
 * Whether this process is the one that looks for what happened: the oldest of the nodes. Two may think so for a moment;
 * marks keep them from telling the same twice.
 */
export async function isFirstNode(store: Pick<Store, 'nodes'>): Promise<boolean> {
  if (store.nodes === undefined) return true
  const nodes = await store.nodes()
  const self = nodes.find((node) => node.self)
  return self !== undefined && nodes.every(({ id }) => id >= self.id)
}
