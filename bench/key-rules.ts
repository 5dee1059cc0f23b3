export const MODELS = Array.from({ length: 50 }, (_, i) => `bench-${i}`)

/** The loopback comes last: each call looks at all of them. */
const ADDRESSES = [
  ...Array.from({ length: 9 }, (_, i) => `10.${i}.0.0/16`),
  ...Array.from({ length: 9 }, (_, i) => `2001:db8:${i + 1}::/48`),
  '::1/128',
  '127.0.0.0/8',
]

/** Rules that each key of the benchmark has: all of them are checked on each call. */
export const KEY_RULES = {
  name: 'bench',
  remain_quota: 1_000_000_000_000,
  expired_time: 4_000_000_000,
  model_limits: MODELS.join(','),
  allow_ips: ADDRESSES.join('\n'),
}
