/** Whatever has a balance. The kind sits in the lowest digit, so that one integer column is the primary key. */
export type Entity = number & { readonly entity?: 'entity' }

const KINDS = ['key', 'account', 'budget'] as const

export const keyEntity = (id: number): Entity => id * 4
export const accountEntity = (id: number): Entity => id * 4 + 1

/** For people: `key 12`, `account 1`. */
export function describeEntity(entity: Entity): string {
  return `${KINDS[entity % 4] ?? 'entity'} ${Math.floor(entity / 4)}`
}
