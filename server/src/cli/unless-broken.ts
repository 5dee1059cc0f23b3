import { SealBroken } from '../keys/vault.ts'
import type { Compilable } from '../storage/store.ts'

/** One changed row must not keep all others under the former secret: `broken` names it. */
export function unlessBroken(
  broken: string[],
  name: string,
  renew: () => Compilable,
): Compilable[] {
  try {
    return [renew()]
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error
    broken.push(name)
    return []
  }
}
