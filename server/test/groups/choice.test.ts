import fc from 'fast-check'
import { expect, it } from 'vitest'
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
const holder = await makeKey(gateway, { quota: 1_000_000_000 }, { remain_quota: 100_000_000 })
const account = `/api/user/${holder.accountId}`

/** Mostly all of them, in any order: calls that go on to other groups are what this is about. */
const most = fc.oneof(
  { weight: 4, arbitrary: fc.shuffledSubarray([...GROUPS], { minLength: 3 }) },
  { weight: 1, arbitrary: fc.shuffledSubarray([...GROUPS]) },
)
const channel = fc.record({
  groups: fc.shuffledSubarray([...GROUPS], { minLength: 1, maxLength: 2 }),
  status: fc.constantFrom(200, 500, 429, 403, 400),
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
})
type Arrangement = typeof arrangement extends fc.Arbitrary<infer T> ? T : never

/** Contract 3.3 in its plainest words. */
function expected({ channels, granted, order, own, across }: Arrangement) {
  const list = (own ?? order).filter((group) => granted.includes(group))
  const serving = list.filter((group) => channels.some(({ groups }) => groups.includes(group)))
  const tried: string[] = []
  let group: Group | undefined
  for (group of across ? serving : serving.slice(0, 1)) {
    for (const [at, { groups, status, free }] of channels.entries()) {
      if (!groups.includes(group) || tried.includes(String(at))) continue
      tried.push(String(at))
      const quota = free ? 0 : Math.ceil(Number((PLAIN * RATIOS[group]).toFixed(6)))
      if (status === 200) return { tried, group, quota, status }
      if (status === 400) return { tried, group, quota: 0, status }
    }
  }
  const code = list.length === 0 ? 403 : 404
  return { tried, status: serving.length === 0 ? code : undefined }
}

async function arrange({ channels: ways, granted, order, own, across }: Arrangement) {
  for (const [at, { groups, status, free }] of ways.entries()) {
    gateway.upstream.on(`m-${at}`, answering(status))
    const path = `/api/channel/${channels[at]?.id}`
    // What it did in the last arrangement is forgotten when it is enabled again.
    await gateway.manage('PUT', path, { status: 2 })
    await gateway.manage('PUT', path, { groups, free, status: 1 })
  }
  // The key keeps an order that its account may no longer use; it is given while it may.
  await gateway.manage('PUT', account, { groups: [...GROUPS, 'auto'] })
  const fields = { group: 'auto', auto_groups: own ?? [], cross_group_retry: across }
  const put = await holder.api('PUT', '/api/token/', { id: holder.id, ...fields })
  expect(put.json.message).toBe('')
  await gateway.manage('PUT', account, { groups: [...granted, 'auto'] })
  await gateway.manage('PUT', '/api/group/auto', { groups: order })
}

it('only channels of allowed groups are tried, each once, and the group that answers is the one that is paid', async () => {
  await fc.assert(
    fc.asyncProperty(arrangement, async (arranged) => {
      await arrange(arranged)
      const { answer, ...got } = await called(gateway, holder.key, 'm')
      const { status, ...wanted } = expected(arranged)
      expect(got).toMatchObject(wanted)
      if (status !== undefined) expect(answer.status).toBe(status)
      else expect(answer.status).toBeGreaterThanOrEqual(400)
    }),
    { numRuns: 100 },
  )
  // A dozen changes for each of them.
}, 120_000)
