import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PRICE } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { answering, called, makeGroups, makeKey, makeModel, PLAIN } from './world.ts'

const gateway = await sharedGateway()
await gateway.manage('PUT', '/api/setting/', {
  'limits.manage_per_minute': 1_000_000,
  // How often is tried again at most has tests of its own.
  'routing.retry_percent': 1_000,
})
const RATIOS = { a: 2, b: 0.35, c: 1.1 }
type Group = keyof typeof RATIOS
const GROUPS = ['a', 'b', 'c'] as const
await makeGroups(gateway, RATIOS)
const channels = await makeModel(
  gateway,
  'm',
  [0, 1, 2, 3].map((at) => ({ name: String(at), groups: ['a'] })),
)
await gateway.manage('PUT', '/api/price/f', PRICE)
const MODELS = ['m', 'f'] as const
const holder = await makeKey(gateway, { quota: 1_000_000_000 }, { remain_quota: 100_000_000 })
const account = `/api/user/${holder.accountId}`

/** Mostly all of them, in any order: calls that go on to other groups are what this is about. */
const most = fc.oneof(
  { weight: 4, arbitrary: fc.shuffledSubarray([...GROUPS], { minLength: 3 }) },
  { weight: 1, arbitrary: fc.shuffledSubarray([...GROUPS]) },
)
/** How a provider answers to a model; `undefined`: it does not have it. */
const status = fc.constantFrom(200, 500, 429, 403, 400, 500, undefined)
const channel = fc.record({
  groups: fc.shuffledSubarray([...GROUPS], { minLength: 1, maxLength: 2 }),
  m: status,
  f: status,
  free: fc.constantFrom(false, false, false, true),
})
const arrangement = fc.record({
  channels: fc.tuple(channel, channel, channel, channel),
  /** What the account may use beside `default` and `auto`. */
  granted: most,
  /** What all walk, and what the key walks; `undefined`: it has no order of its own. */
  order: most,
  own: fc.option(fc.shuffledSubarray([...GROUPS], { minLength: 2 }), { nil: undefined }),
  across: fc.constantFrom(true, true, false),
  /** Who names `f` to be tried instead of `m`. With `forbidden` it is the model, and the key may not use it. */
  fallback: fc.constantFrom('key', 'model', 'nobody', 'forbidden'),
})
type Arrangement = typeof arrangement extends fc.Arbitrary<infer T> ? T : never

/** Contract 3.3 in its plainest words. */
function expected({ channels, granted, order, own, across, fallback }: Arrangement) {
  const list = (own ?? order).filter((group) => granted.includes(group))
  const tried: string[] = []
  /** Whose key was refused or is asked too often is left alone for a while. */
  const down = new Set<number>()
  let group: Group | undefined
  let isServed = false
  let isToldOfM = false
  for (const model of fallback === 'key' || fallback === 'model' ? MODELS : (['m'] as const)) {
    const has = (name: Group) =>
      [...channels.entries()].filter(
        ([, one]) => one.groups.includes(name) && one[model] !== undefined,
      )
    const serving = list.filter((name) => has(name).length > 0)
    const isUp = (name: Group) => has(name).some(([at]) => !down.has(at))
    const chosen = serving.slice(Math.max(0, serving.findIndex(isUp)))
    isServed ||= serving.length > 0
    isToldOfM ||= model === 'f' && tried.length > 0
    const failed = new Set<number>()
    for (const name of across ? chosen : chosen.slice(0, 1)) {
      for (const [at, { free, [model]: status }] of has(name)) {
        if (down.has(at) || failed.has(at)) continue
        failed.add(at)
        group = name
        tried.push(model === 'm' ? String(at) : `f-${at}`)
        const quota = free ? 0 : Math.ceil(Number((PLAIN * RATIOS[name]).toFixed(6)))
        if (status === 200) return { tried, group, quota, status, by: model }
        if (status === 400) {
          return { tried, group, quota: 0, status: isToldOfM ? undefined : status, by: 'm' }
        }
        if (status === 429 || status === 403) down.add(at)
      }
    }
  }
  const code = list.length === 0 ? 403 : 404
  return { tried, status: isServed ? undefined : code, by: 'm' }
}

async function arrange({ channels: ways, granted, order, own, across, fallback }: Arrangement) {
  for (const [at, { groups, free, ...statuses }] of ways.entries()) {
    const models: string[] = MODELS.filter((model) => statuses[model] !== undefined)
    for (const model of MODELS) gateway.upstream.on(`${model}-${at}`, answering(statuses[model]))
    // Without models of its own it would be asked for some.
    const serves = { models: models.length === 0 ? ['none'] : models }
    const mapped = { model_mapping: { m: `m-${at}`, f: `f-${at}` } }
    const path = `/api/channel/${channels[at]?.id}`
    // What it did in the last arrangement is forgotten when it is enabled again.
    await gateway.manage('PUT', path, { status: 2 })
    await gateway.manage('PUT', path, { groups, free, ...serves, ...mapped, status: 1 })
  }
  // The key keeps an order that its account may no longer use; it is given while it may.
  await gateway.manage('PUT', account, { groups: [...GROUPS, 'auto'] })
  const fields = {
    ...{ group: 'auto', auto_groups: own ?? [], cross_group_retry: across },
    ...{ fallback_models: fallback === 'key' ? ['f'] : [], model_limits: 'm' },
    model_limits_enabled: fallback === 'forbidden',
  }
  const put = await holder.api('PUT', '/api/token/', { id: holder.id, ...fields })
  expect(put.json.message).toBe('')
  await gateway.manage('PUT', account, { groups: [...granted, 'auto'] })
  await gateway.manage('PUT', '/api/group/auto', { groups: order })
  const named = fallback === 'model' || fallback === 'forbidden'
  const lists = named ? { m: ['f'] } : {}
  await gateway.manage('PUT', '/api/setting/', { 'routing.fallback_models': lists })
}

it('only channels of allowed groups are tried, each once for a model, and the group that answers is the one that is paid', async () => {
  await fc.assert(
    fc.asyncProperty(arrangement, async (arranged) => {
      await arrange(arranged)
      const { answer, ...got } = await called(gateway, holder.key, 'm')
      const { status, by, ...wanted } = expected(arranged)
      expect(got).toMatchObject(wanted)
      expect(answer.headers.get('x-turnpike-model')).toBe(by === 'm' ? null : by)
      if (status !== undefined) expect(answer.status).toBe(status)
      else expect(answer.status).toBeGreaterThanOrEqual(400)
    }),
    { numRuns: 100 },
  )
  // A dozen changes for each of them.
}, 120_000)
