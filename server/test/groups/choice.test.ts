import fc from 'fast-check'
import { expect, it } from 'vitest'
import { resets } from '../tools/bad-scripts.ts'
import { asking, PRICE } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { answering, called, makeGroups, makeKey, makeModel, PLAIN } from './world.ts'

const gateway = await sharedGateway()
await gateway.manage('PUT', '/api/setting/', {
  'limits.manage_per_minute': 1_000_000,
  // How often is tried again at most has tests of its own.
  'routing.retry_percent': 1_000,
})
const RATIOS = { a: 2, b: 0.35, c: 1.1 }
const GROUPS = ['a', 'b', 'c'] as const
await makeGroups(gateway, RATIOS)
const channels = await makeModel(
  gateway,
  'm',
  [0, 1, 2, 3].map((at) => ({ name: String(at), groups: ['a'] })),
)
await gateway.manage('PUT', '/api/price/f', PRICE)
const MODELS = ['m', 'f'] as const
type Model = (typeof MODELS)[number]
const holder = await makeKey(gateway, { quota: 1_000_000_000 }, { remain_quota: 100_000_000 })
const account = `/api/user/${holder.accountId}`

/** Mostly all of them, in any order: calls that go on to other groups are what this is about. */
const most = fc.oneof(
  { weight: 4, arbitrary: fc.shuffledSubarray([...GROUPS], { minLength: 3 }) },
  { weight: 1, arbitrary: fc.shuffledSubarray([...GROUPS]) },
)
/** How a provider answers to a model; 0: it resets the connection; `undefined`: it does not have it. */
const status = fc.constantFrom(200, 500, 429, 403, 400, 0, undefined)
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
  stream: fc.boolean(),
})
type Arrangement = typeof arrangement extends fc.Arbitrary<infer T> ? T : never

/** The groups that serve a model to the key, with the channels of each that do. */
function servingOf({ channels, granted, order, own }: Arrangement, model: Model) {
  const list = (own ?? order).filter((group) => granted.includes(group))
  const ways = [...channels.entries()].flatMap(([at, { groups, free, [model]: status }]) =>
    status === undefined ? [] : [{ at, groups, free, status, name: `${model}-${at}` }],
  )
  return list
    .map((group) => ({ group, model, ways: ways.filter(({ groups }) => groups.includes(group)) }))
    .filter(({ ways: found }) => found.length > 0)
}

/** In which groups with which model a call is tried, given which channels are down when it is the model's turn. */
function* walked(arranged: Arrangement, down: ReadonlySet<number>) {
  const { across, fallback } = arranged
  for (const model of fallback === 'key' || fallback === 'model' ? MODELS : (['m'] as const)) {
    const serving = servingOf(arranged, model)
    const up = serving.findIndex(({ ways }) => ways.some(({ at }) => !down.has(at)))
    const from = Math.max(0, up)
    yield* serving.slice(from, across ? undefined : from + 1)
  }
}

/** Contract 3.3 in its plainest words. */
function expected(arranged: Arrangement) {
  const tried: string[] = []
  /** Whose key was refused or is asked too often is left alone for a while. */
  const down = new Set<number>()
  let isServed = false
  for (const { group, model, ways } of walked(arranged, down)) {
    isServed = true
    for (const { at, status, free, name } of ways) {
      if (down.has(at) || tried.includes(name)) continue
      const isToldOfM = model === 'f' && tried.some((one) => one.startsWith('m'))
      tried.push(name)
      const quota = free ? 0 : Math.ceil(Number((PLAIN * RATIOS[group]).toFixed(6)))
      if (status === 200) return { tried, group, quota, status, by: model }
      if (status === 400) return { tried, group, quota: 0, status: isToldOfM ? undefined : 400 }
      if (status === 429 || status === 403) down.add(at)
    }
  }
  const { own, order, granted } = arranged
  const mayUseAny = (own ?? order).some((group) => granted.includes(group))
  return { tried, status: isServed ? undefined : mayUseAny ? 404 : 403 }
}

async function arrange({ channels: ways, granted, order, own, across, fallback }: Arrangement) {
  for (const [at, { groups, free, ...statuses }] of ways.entries()) {
    const models: string[] = MODELS.filter((model) => statuses[model] !== undefined)
    for (const model of MODELS) {
      const status = statuses[model]
      gateway.upstream.on(`${model}-${at}`, status === 0 ? resets : answering(status))
    }
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
      const more = { max_tokens: 10, stream: arranged.stream }
      const { answer, tried, ...got } = await called(gateway, holder.key, 'm', more)
      const { status, by, ...wanted } = { by: undefined, ...expected(arranged) }
      // The world leaves the asked model out of what it says.
      const names = tried.map((name) => (name.startsWith('f') ? name : `m-${name}`))
      expect({ ...got, tried: names }).toMatchObject(wanted)
      expect(answer.headers.get('x-turnpike-model')).toBe(by === 'f' ? 'f' : null)
      if (status !== undefined) expect(answer.status).toBe(status)
      else expect(answer.status).toBeGreaterThanOrEqual(400)
    }),
    { numRuns: 100 },
  )
  // A dozen changes for each of them.
}, 120_000)

/** Channels that fail now and then, each by a pattern of its own, so that no breaker keeps them from being tried. */
const unsteady = fc.record({
  patterns: fc.array(fc.array(fc.boolean(), { minLength: 2, maxLength: 6 }), {
    minLength: 2,
    maxLength: 4,
  }),
  percent: fc.constantFrom(0, 5, 20, 50),
  calls: fc.integer({ min: 10, max: 80 }),
  atOnce: fc.constantFrom(1, 4, 16),
})

let groups = 0
let mostFurther = 0

it('the attempts of all calls never exceed what the retry budget of their group allows', async () => {
  await fc.assert(
    fc.asyncProperty(unsteady, async ({ patterns, percent, calls, atOnce }) => {
      const name = `unsteady-${groups++}`
      await makeGroups(gateway, { [name]: 1 })
      const ways = patterns.map((_, at) => ({ name: String(at), groups: [name] }))
      await makeModel(gateway, name, ways)
      for (const [at, pattern] of patterns.entries()) {
        let turn = 0
        gateway.upstream.on(`${name}-${at}`, (call, response) =>
          answering(pattern[turn++ % pattern.length] ? 500 : 200)(call, response),
        )
      }
      const { key } = await makeKey(gateway, { groups: [name] }, { group: name })
      await gateway.manage('PUT', '/api/setting/', { 'routing.retry_percent': percent })
      const before = gateway.upstream.calls.length
      for (let made = 0; made < calls; made += atOnce) {
        const some = Array.from({ length: Math.min(atOnce, calls - made) }, (_, at) =>
          gateway.call(asking(name, { max_tokens: 10, stream: at % 2 === 1 }), key),
        )
        await Promise.all(some)
      }
      const further = gateway.upstream.calls.length - before - calls
      mostFurther = Math.max(mostFurther, further)
      // Ten may always be made where any may; docs/routing.md.
      expect(further).toBeLessThanOrEqual(percent === 0 ? 0 : Math.max(10, (calls * percent) / 100))
    }),
    { numRuns: 40 },
  )
  // Else no budget was ever in the way.
  expect(mostFurther).toBeGreaterThanOrEqual(10)
}, 120_000)
