import { type RefusalCode, Refused, saysOf } from '../../errors.ts'
import { canonicalAddress } from '../../keys/address.ts'
import type { ApiKey } from '../../keys/api-key.ts'
import { accountActive, addressAllowed, firstRefusal, keyEnabled } from '../../keys/rules.ts'
import { parseKey } from '../../keys/secret.ts'
import { nowSeconds } from '../now-seconds.ts'
import type { Asked } from '../operation.ts'
import type { Rooms } from '../rooms.ts'

/** Expired and exhausted keys may ask what became of them; the address, the account and a disabled key still count. */
const RULES = [addressAllowed, accountActive, keyEnabled]

/**
 * The API key that asks about itself: from `Authorization: Bearer`, `x-api-key`, `x-goog-api-key`, or `inQuery` where a
 * route takes it there. Counts towards the limit of calls by keys of its account.
 * @throws Refused
 */
export async function proveKey(rooms: Rooms, asked: Asked, inQuery = ''): Promise<ApiKey> {
  const value = keyValueOf(asked.headers, inQuery)
  const key = await rooms.keys.find(rooms.vault.digest(value), value)
  if (key === undefined) throw new Refused('key_unknown')
  const refusal = firstRefusal(RULES, key, { ip: canonicalAddress(asked.ip) }, nowSeconds(rooms))
  if (refusal === 'ip_not_allowed') {
    throw new Refused(refusal, `${asked.ip} may not use this API key`)
  }
  if (refusal !== undefined) throw new Refused(refusal)
  // Last: a key that is disabled, or stolen and tied to an address, must not use up the calls of others.
  asked.admitKey(key.accountId)
  return key
}

function keyValueOf(headers: Asked['headers'], inQuery: string): string {
  const sent = [
    // The bare word is what `Bearer $KEY` becomes with a variable that is not set.
    headers.authorization?.replace(/^bearer(?:\s+|$)/i, ''),
    headers['x-api-key'],
    headers['x-goog-api-key'],
    inQuery,
  ]
    .map((one) => one?.trim() ?? '')
    .filter((one) => one !== '')
  const [first] = sent
  if (first === undefined) throw new Refused('key_missing')
  const values = new Set(sent.map(parseKey).filter((value) => value !== undefined))
  if (values.size > 1) {
    throw new Refused('key_malformed', 'invalid token: two different API keys were sent')
  }
  const [value] = values
  if (value !== undefined) return value
  if (!first.startsWith('tpat_')) throw new Refused('key_malformed')
  throw new Refused(
    'key_malformed',
    `${saysOf('key_malformed')}; a personal access token opens other routes, this one takes an API key`,
  )
}

/** How these routes say no: they have no envelope (contract 2.4). */
export const refusalShape = (_code: RefusalCode, message: string) => ({
  code: false,
  success: false,
  message,
})
