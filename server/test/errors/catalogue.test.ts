import { expect, it } from 'vitest'
import { refusals } from '../../src/errors.ts'

/** Contract 6: what clients may rely on, whatever else the catalogue holds. */
const PROMISED: Readonly<Record<number, string>> = {
  401: 'key_missing key_malformed key_unknown key_disabled key_expired pat_missing pat_unknown pat_expired',
  403: 'scope_missing account_suspended ip_not_allowed model_not_allowed group_not_available price_missing quota_exhausted insufficient_balance budget_exhausted',
  404: 'model_not_found object_not_found route_not_found',
  400: 'invalid_request unsupported_parameter',
  413: 'body_too_large',
  429: 'rate_limited quota_reserved',
  502: 'upstream_unreachable channel_refused upstream_invalid',
  503: 'no_channel_available ledger_unavailable draining',
  504: 'upstream_timeout',
  200: 'invalid_json invalid_field name_too_long quota_out_of_range invalid_address group_not_accessible key_not_found too_many_keys quota_too_low key_still_expired key_still_exhausted idempotency_conflict',
}

it.each(Object.entries(PROMISED))('the codes with status %s are as promised', (status, codes) => {
  const catalogue: Readonly<Record<string, readonly [number, string, string]>> = refusals
  for (const code of codes.split(' ')) expect(catalogue[code]?.[0], code).toBe(Number(status))
})

it('no sentence is left empty, and none is said of two codes', () => {
  const sentences = Object.values(refusals).map(([, says]) => says)
  for (const [, says, todo] of Object.values(refusals)) {
    expect(says).not.toBe('')
    expect(todo).toMatch(/\.$/)
  }
  const twice = sentences.filter((says, at) => sentences.indexOf(says) !== at)
  // The same thing, once of a model request and once of a management call.
  expect(twice).toEqual(['no access to group'])
})
