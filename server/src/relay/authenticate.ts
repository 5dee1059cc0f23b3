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

/** Contract 3.1, checks 2 to 6: all that can be said of a call before its body is asked for. At once when it can be. */
export function createAuthenticate({ keys, vault, now }: AuthenticateParts) {
  // A flood of guesses is answered with one object.
  const unknown = new Refused('key_unknown')
  return function authenticate(asked: Asked): Proven | Promise<Proven> {
    const { credential } = asked
    const admitted = (key: ApiKey | undefined): ApiKey => {
      if (key === undefined) throw unknown
      examine(key, asked, now())
      return key
    }
    const find = () => {
      if (keys.isUnknown(credential.value)) throw unknown
      const found = keys.find(credential.digest(vault), credential.value)
      return found instanceof Promise ? found.then(admitted) : admitted(found)
    }
    const proven = (key: ApiKey): Proven => {
      keys.touch(key)
      return { key, again: find }
    }
    const found = find()
    return found instanceof Promise ? found.then(proven) : proven(found)
  }
}

/** Checks 3 to 6. @throws Refused */
export function examine(key: ApiKey, { ip }: Pick<Asked, 'ip'>, now: number): void {
  if (ip === undefined) {
    throw new Refused('ip_not_allowed', 'X-Forwarded-For holds something that is no address')
  }
  const refusal = firstRefusal(keyRules, key, { ip }, now / 1000)
  if (refusal === 'ip_not_allowed') {
    throw new Refused('ip_not_allowed', `${ip} may not use this API key`)
  }
  if (refusal !== undefined) throw new Refused(refusal)
}
