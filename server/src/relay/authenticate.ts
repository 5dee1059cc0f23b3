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
  again(): Promise<ApiKey>
}

export interface AuthenticateParts {
  readonly keys: Pick<KeyCache, 'find' | 'touch'>
  readonly vault: Pick<Vault, 'digest'>
  readonly now: () => number
}

/** Contract 3.1, checks 2 to 6: all that can be said of a call before its body is asked for. */
export function createAuthenticate({ keys, vault, now }: AuthenticateParts) {
  return async function authenticate(asked: Asked): Promise<Proven> {
    const digest = vault.digest(asked.credential)
    async function find(): Promise<ApiKey> {
      const found = keys.find(digest, asked.credential)
      const key = found instanceof Promise ? await found : found
      if (key === undefined) throw new Refused('key_unknown')
      admit(key, asked, now())
      return key
    }
    const key = await find()
    keys.touch(key)
    return { key, again: find }
  }
}

function admit(key: ApiKey, { ip }: Asked, now: number) {
  if (ip === undefined) {
    throw new Refused('ip_not_allowed', 'X-Forwarded-For holds something that is no address')
  }
  const refusal = firstRefusal(keyRules, key, { ip }, now / 1000)
  if (refusal === 'ip_not_allowed') {
    throw new Refused('ip_not_allowed', `${ip} may not use this API key`)
  }
  if (refusal !== undefined) throw new Refused(refusal)
}
