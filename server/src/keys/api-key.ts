import type { Budget } from '../budgets/budget.ts'
import type { Entity } from '../ledger/entity.ts'
import type { Limited } from '../rates/limits.ts'
import type { WalkedGroup } from './group-policy.ts'

/** A key with its rules compiled, as the relay asks it. Made when the key enters the cache; never changed afterwards. */
export interface ApiKey {
  readonly id: number
  readonly accountId: number
  readonly name: string
  readonly username: string
  readonly entity: Entity
  readonly unlimited: boolean
  readonly accountEntity: Entity
  readonly accountUnlimited: boolean
  readonly accountActive: boolean
  readonly disabled: boolean
  /** 3 or 4: its owner marked it expired or exhausted, which blocks until it is enabled again. */
  readonly mark: 0 | 3 | 4
  /** Unix seconds; null = never. */
  readonly expiresAt: number | null
  /** Ids it may use; empty = any. */
  readonly modelLimits: readonly string[]
  /** How many entries `allow_ips` has; 0 = from anywhere. */
  readonly addressCount: number
  /** What the key names: a group or `auto`; or its account's own group. */
  readonly group: string
  /** Where its calls may go, in the order in which that is tried. Empty: it has no access to `group`. */
  readonly groups: readonly WalkedGroup[]
  /** Every group that its account may use. */
  readonly accountGroups: readonly string[]
  /** Whether a call goes on to the next group when it failed in one. */
  readonly crossGroupRetry: boolean
  /** Models to try when nobody can serve the asked one: its own, else its group's; undefined: those of the model, if any. */
  readonly fallbackModels: readonly string[] | undefined
  /** Rate limits of the key and of its account; undefined when neither has any. */
  readonly limits: readonly Limited[] | undefined
  /** Budgets of the key and of its account; undefined when neither has any. */
  readonly budgets: readonly Budget[] | undefined
  mayUseModel(id: string): boolean
  mayCallFrom(ip: string): boolean
}
