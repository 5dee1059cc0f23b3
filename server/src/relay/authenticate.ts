import { Refused } from '../errors.ts'
import type { ApiKey } from '../keys/api-key.ts'
import type { KeyCache } from '../keys/key-cache.ts'
import { firstRefusal, keyRules } from '../keys/rules.ts'
import type { Vault } from '../keys/vault.ts'
import type { Asked } from './values.ts'

/** A credential that led to a key, which may make calls at all. */
export interface Proven {
  readonly key: ApiKey
  /** The key as it is now: it may have changed while a body was on its way. */
  again(): ApiKey | Promise<ApiKey>
}

export interface AuthenticateParts {
  readonly keys: Pick<KeyCache, 'find' | 'isUnknown' | 'touch'>
  readonly vault: Pick<Vault, 'digest'>
  readonly now: () => number
}

/**
 * Contract 3.1, checks 2 to 6: all that can be said of a call before its body is asked for. At once when it can be, and
 * returned, not thrown: V8 looks through its frames at each throw, a twentieth of what saying no costs.
 */
export function createAuthenticate({ keys, vault, now }: AuthenticateParts) {
  // A flood of guesses is answered with one object.
  const unknown = new Refused('key_unknown')
  function look(asked: Asked, at: number): ApiKey | Refused | Promise<ApiKey | Refused> {
    const { credential } = asked
    if (keys.isUnknown(credential.value)) return unknown
    const found = keys.find(credential.digest(vault), credential.value)
    return found instanceof Promise
      ? found.then((key) => judged(asked, key, now()))
      : judged(asked, found, at)
  }
  const judged = (asked: Asked, key: ApiKey | undefined, at: number): ApiKey | Refused =>
    key === undefined ? unknown : (examine(key, asked, at) ?? key)

  function again(asked: Asked): ApiKey | Promise<ApiKey> {
    const found = look(asked, now())
    return found instanceof Promise ? found.then(orThrow) : orThrow(found)
  }
  function proven(asked: Asked, key: ApiKey | Refused): Proven | Refused {
    if (key instanceof Refused) return key
    keys.touch(key)
    return { key, again: () => again(asked) }
  }
  return function authenticate(asked: Asked): Proven | Refused | Promise<Proven | Refused> {
    const found = look(asked, asked.startedAt)
    return found instanceof Promise ? found.then((key) => proven(asked, key)) : proven(asked, found)
  }
}

function orThrow(found: ApiKey | Refused): ApiKey {
  if (found instanceof Refused) throw found
  return found
}

/** Checks 3 to 6: what there is to refuse, if anything. */
export function examine(key: ApiKey, { ip }: Pick<Asked, 'ip'>, now: number): Refused | undefined {
  if (ip === undefined) {
    return new Refused('ip_not_allowed', 'X-Forwarded-For holds something that is no address')
  }
  const refusal = firstRefusal(keyRules, key, { ip }, now / 1000)
  if (refusal === 'ip_not_allowed') {
    return new Refused('ip_not_allowed', `${ip} may not use this API key`)
  }
  return refusal === undefined ? undefined : new Refused(refusal)
}
