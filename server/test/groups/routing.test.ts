import { describe, expect, it } from 'vitest'
import { sharedGateway } from '../tools/gateway.ts'
import { called, makeGroups, makeKey, makeModel, PLAIN, type Way } from './world.ts'

const gateway = await sharedGateway()
const { manage } = gateway
await manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 1_000_000 })
await makeGroups(gateway, { a: 2, b: 0.5, c: 3, staff: 1 })
await makeGroups(gateway, { special: { ratio: 9, ratios: { staff: '0.05' } }, free: 0 })
await manage('PUT', '/api/group/auto', { groups: ['c', 'a', 'b', 'default'] })

const ALL = ['a', 'b', 'c', 'special', 'free', 'auto']
const a = (name: string, status = 200): Way => ({ name, groups: ['a'], status })
const b = (name: string, status = 200): Way => ({ name, groups: ['b'], status })
const walks = (...auto_groups: string[]) => ({ group: 'auto', auto_groups })
const AB = { ...walks('a', 'b'), cross_group_retry: true }

/** What a key may do, who serves; who is tried in which order, which group answered, what it costs. */
const table: readonly [string, object, readonly Way[], string[], string, number][] = [
  ['its own group', {}, [{ name: 'd', groups: ['default'] }, a('a1')], ['d'], 'default', PLAIN],
  ['a further group', { group: 'a' }, [a('a1'), b('b1')], ['a1'], 'a', 60],
  ['a ratio that is no whole number', { group: 'b' }, [a('a1'), b('b1')], ['b1'], 'b', 15],
  ['a ratio of 0', { group: 'free' }, [{ name: 'f', groups: ['free'] }], ['f'], 'free', 0],
  ['the next channel of the group', { group: 'a' }, [a('a1', 503), a('a2')], ['a1', 'a2'], 'a', 60],
  ['one group, failing', { group: 'a' }, [a('a1', 500), b('b1')], ['a1'], 'a', 0],
  [
    'a single group, retried across',
    { group: 'a', cross_group_retry: true },
    [a('a1', 500), b('b1')],
    ['a1'],
    'a',
    0,
  ],
  ['auto, by the global order', { group: 'auto' }, [a('a1'), b('b1')], ['a1'], 'a', 60],
  ['auto, by its own order', walks('b', 'a'), [a('a1'), b('b1')], ['b1'], 'b', 15],
  ['auto, the first that serves it', walks('c', 'b', 'a'), [a('a1'), b('b1')], ['b1'], 'b', 15],
  [
    'auto, staying in a group',
    walks('a', 'b'),
    [a('a1', 500), a('a2', 429), b('b1')],
    ['a1', 'a2'],
    'a',
    0,
  ],
  [
    'auto, on to a cheaper group',
    AB,
    [a('a1', 500), a('a2', 401), b('b1')],
    ['a1', 'a2', 'b1'],
    'b',
    15,
  ],
  [
    'auto, on to a dearer group',
    { ...AB, ...walks('b', 'a') },
    [a('a1'), b('b1', 500)],
    ['b1', 'a1'],
    'a',
    60,
  ],
  [
    'auto, through three',
    { ...AB, ...walks('b', 'a', 'c') },
    [a('a1', 500), b('b1', 500), { name: 'c1', groups: ['c'] }],
    ['b1', 'a1', 'c1'],
    'c',
    90,
  ],
  ['auto, all failing', AB, [a('a1', 500), b('b1', 503)], ['a1', 'b1'], 'b', 0],
  ['auto, not on when the caller is to blame', AB, [a('a1', 400), b('b1')], ['a1'], 'a', 0],
  [
    'a channel of two groups, once',
    AB,
    [{ name: 'ab', groups: ['a', 'b'], status: 500 }, b('b1')],
    ['ab', 'b1'],
    'b',
    15,
  ],
  [
    'a group of channels that failed, not',
    AB,
    [{ name: 'ab', groups: ['a', 'b'], status: 500 }],
    ['ab'],
    'a',
    0,
  ],
  ['a channel that is free', { group: 'a' }, [{ ...a('a1'), free: true }], ['a1'], 'a', 0],
  [
    'from a free channel to one that is not',
    AB,
    [{ ...a('a1', 500), free: true }, b('b1')],
    ['a1', 'b1'],
    'b',
    15,
  ],
]

describe('a call goes to', () => {
  it.each(table.map((row, at) => ({ what: row[0], row, at })))('$what', async ({ row, at }) => {
    const [, fields, ways, tried, group, quota] = row
    const model = `row-${at}`
    await makeModel(gateway, model, ways)
    const { key } = await makeKey(gateway, { groups: ALL }, fields)
    expect(await called(gateway, key, model)).toMatchObject({ tried, group, quota })
    const asking = { path: '/api/usage/token', method: 'GET' }
    const { json } = await gateway.call('', key, asking)
    expect(json.data).toMatchObject({ total_used: quota, total_available: 1_000_000 - quota })
  })

  it('the same price again: the special ratio of the account’s own group wins', async () => {
    await makeModel(gateway, 'special', [{ name: 's', groups: ['special'] }])
    const staff = await makeKey(
      gateway,
      { group: 'staff', groups: ['special'] },
      { group: 'special' },
    )
    // 30 x 0.05 = 1.5, rounded up once.
    expect(await called(gateway, staff.key, 'special')).toMatchObject({ quota: 2 })
    const other = await makeKey(gateway, { groups: ['special'] }, { group: 'special' })
    expect(await called(gateway, other.key, 'special')).toMatchObject({ quota: 270 })
    // Further groups of an account have no special ratios.
    const further = { groups: ['special', 'staff'] }
    const third = await makeKey(gateway, further, { group: 'special' })
    expect(await called(gateway, third.key, 'special')).toMatchObject({ quota: 270 })
    await manage('PUT', '/api/group/special', { ratios: { staff: 1 } })
    expect(await called(gateway, staff.key, 'special')).toMatchObject({ quota: PLAIN })
  })
})

describe('before a dearer group', () => {
  const dearer = { ...walks('b', 'c', 'a'), cross_group_retry: true }

  it('units are reserved for it, or it is skipped', async () => {
    const ways = [b('b1', 500), { name: 'c1', groups: ['c'] }, a('a1')]
    await makeModel(gateway, 'topped-up', ways)
    const rich = await makeKey(gateway, { groups: ALL }, dearer)
    const wanted = await called(gateway, rich.key, 'topped-up', { max_tokens: 100 })
    expect(wanted).toMatchObject({ tried: ['b1', 'c1'], group: 'c', quota: 90 })
    // The most it can cost: 100 x 4 units and some input, at 0.5, at 3 and at 2.
    const poor = await makeKey(gateway, { groups: ALL }, { ...dearer, remain_quota: 1_000 })
    const skipping = await called(gateway, poor.key, 'topped-up', { max_tokens: 100 })
    expect(skipping).toMatchObject({ tried: ['b1', 'a1'], group: 'a', quota: 60 })
    expect(skipping.answer.headers.get('x-turnpike-attempts')).toBe('2')
    const poorer = await makeKey(gateway, { groups: ALL }, { ...dearer, remain_quota: 300 })
    const staying = await called(gateway, poorer.key, 'topped-up', { max_tokens: 100 })
    expect(staying).toMatchObject({ tried: ['b1'], group: 'b', quota: 0, status: 500 })
  })

  it('also where the account is short, and where the first channel was free', async () => {
    await makeModel(gateway, 'free-first', [{ ...b('b1', 500), free: true }, a('a1')])
    const fields = { ...dearer, unlimited_quota: true }
    const poor = await makeKey(gateway, { groups: ALL, quota: 200 }, fields)
    const staying = await called(gateway, poor.key, 'free-first', { max_tokens: 100 })
    expect(staying).toMatchObject({ tried: ['b1'], status: 500 })
    const rich = await makeKey(gateway, { groups: ALL, quota: 2_000 }, fields)
    const going = await called(gateway, rich.key, 'free-first', { max_tokens: 100 })
    expect(going).toMatchObject({ tried: ['b1', 'a1'], quota: 60 })
  })

  it('a call without an output limit is given as much as there is room for', async () => {
    await makeModel(gateway, 'unlimited', [{ ...b('b1', 500), free: true }, a('a1')])
    const { key } = await makeKey(gateway, { groups: ALL }, { ...dearer, remain_quota: 80_000 })
    const { answer, tried, ...got } = await called(gateway, key, 'unlimited', {})
    expect({ tried, ...got }).toMatchObject({ tried: ['b1', 'a1'], quota: 60 })
    // A quarter of 80 000 units, at 8 units a token, less the input.
    const limit = Number(answer.headers.get('x-turnpike-output-limit'))
    expect(limit).toBeGreaterThan(2_400)
    expect(limit).toBeLessThan(2_500)
    const [first, second] = gateway.upstream.calls.slice(-2)
    expect([first?.json?.max_tokens, second?.json?.max_tokens]).toEqual([undefined, limit])
    const { items } = await manage('GET', `/api/log/?request_id=${answer.requestId}`)
    expect(items[0]).toMatchObject({ group: 'a', attempts: 2 })
  })
})

describe('the policy of a group', () => {
  it('chooses among its channels; a group without one follows the setting', async () => {
    await makeGroups(gateway, { thrifty: { policy: 'cheapest' }, usual: {} })
    const groups = ['thrifty', 'usual']
    await makeModel(gateway, 'chosen', [
      { name: 'free', groups, free: true },
      { name: 'paid', groups },
    ])
    const [free, paid] = (await manage('GET', '/api/channel/')).items.filter(
      ({ models }: { models: string[] }) => models.includes('chosen'),
    )
    for (const { id, free: isFree } of [free, paid]) {
      await manage('PUT', `/api/channel/${id}`, { priority: 0, weight: isFree ? 1 : 1_000 })
    }
    const chosenIn = async (group: string) => {
      const { key } = await makeKey(gateway, { groups }, { group })
      const chosen = new Set<string>()
      for (let call = 0; call < 10; call++) {
        for (const name of (await called(gateway, key, 'chosen')).tried) chosen.add(name)
      }
      return chosen
    }
    expect(await chosenIn('thrifty')).toEqual(new Set(['free']))
    expect(await chosenIn('usual')).toContain('paid')
    await manage('PUT', '/api/setting/', { 'routing.policy': 'cheapest' })
    expect(await chosenIn('usual')).toEqual(new Set(['free']))
    await manage('PUT', '/api/setting/', { 'routing.policy': 'weighted' })
    await manage('PUT', '/api/group/thrifty', { policy: '' })
    expect(await chosenIn('thrifty')).toContain('paid')
    const { json } = await gateway.api('PUT', '/api/group/thrifty', { policy: 'dearest' })
    expect(json).toMatchObject({ success: false, code: 'invalid_field' })
  })
})
