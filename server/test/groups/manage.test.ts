import { describe, expect, it } from 'vitest'
import { newCaller } from '../token/callers.ts'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()
await gateway.manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 1_000_000 })
const { manage } = gateway

async function refusal(method: string, path: string, body?: unknown): Promise<[string, string]> {
  const { json } = await gateway.api(method, path, body)
  expect(json.success).toBe(false)
  return [json.code, json.message]
}

describe('a group', () => {
  it('is created, listed by name, changed and deleted', async () => {
    const made = await manage('POST', '/api/group/', {
      ...{ name: 'managed', description: 'For tests.', ratio: '1.50' },
      ratios: { default: 0.1, managed: '2e-3' },
    })
    const record = { name: 'managed', description: 'For tests.', ratio: 1.5 }
    expect(made).toEqual({
      ...record,
      policy: '',
      fallback_models: [],
      ratios: { default: 0.1, managed: 0.002 },
    })
    const list = await manage('GET', '/api/group/?page_size=100')
    const plain = { description: '', ratio: 1, policy: '', fallback_models: [], ratios: {} }
    expect(list).toMatchObject({ page: 1, total: 2, items: [{ name: 'default', ...plain }, made] })
    expect((await manage('GET', '/api/group/?p=2&page_size=1')).items).toEqual([made])
    const changed = await manage('PUT', '/api/group/managed', { ratio: 0, name: 'managed' })
    expect(changed).toEqual({ ...made, ratio: 0 })
    const other = await manage('PUT', '/api/group/managed/', { description: '', ratios: {} })
    expect(other).toEqual({ name: 'managed', ...plain, ratio: 0 })
    await manage('DELETE', '/api/group/managed')
    expect(await refusal('PUT', '/api/group/managed', {})).toEqual([
      'not_found',
      'there is no group managed',
    ])
    const { items } = await manage('GET', '/api/audit/')
    const [deleted, , updated, created] = items
    expect(deleted).toMatchObject({ action: 'group.delete', subject: 'group managed' })
    expect(updated).toMatchObject({ before: { ratio: 1.5 }, after: { ratio: 0 } })
    expect(created).toMatchObject({ action: 'group.create', after: made })
  })

  it.each(['高级', 'a.b:c-d_e', '__proto__', 'constructor', "it's", 'a%2Fb?&#', 'A', 'a'])(
    'may be called %s',
    async (name) => {
      expect(await manage('POST', '/api/group/', { name, ratio: 2 })).toMatchObject({ name })
      const path = `/api/group/${encodeURIComponent(name)}`
      expect(await manage('PUT', path, { ratios: { [name]: 3 } })).toMatchObject({
        ratios: Object.fromEntries([[name, 3]]),
      })
      await manage('DELETE', path)
    },
  )

  it.each([
    [{ name: '' }, 'name must have 1 to 64 characters'],
    [{ name: 'x'.repeat(65) }, 'name must have 1 to 64 characters'],
    ...['a b', 'a,b', 'a/b', '\u200bhidden', 'a\nb', 'a\\b', 'a"b', '\u00a0', 'line\u2028'].map(
      (name): [object, string] => [
        { name },
        'name must not hold blanks, commas, slashes, quotation marks or control characters',
      ],
    ),
    [{ name: '..' }, 'name must not be ..'],
    [{ name: 'auto' }, 'name must not be auto, which walks other groups'],
    [{}, 'name is required'],
    [{ name: 'g', ratio: -1 }, /^ratio must be a number from 0 to 1000 with at most 9 decimals$/],
    [{ name: 'g', ratio: 1000.5 }, /^ratio must be a number from 0/],
    [{ name: 'g', ratio: '0.0000000001' }, /^ratio must be a number from 0/],
    [{ name: 'g', ratio: '1,5' }, /^ratio must be a number from 0/],
    [{ name: 'g', ratio: 'NaN' }, /^ratio must be a number from 0/],
    [{ name: 'g', ratio: true }, /^ratio must be a number or a string/],
    [{ name: 'g', ratios: { default: '' } }, /^ratios.default must be a number from 0/],
    [{ name: 'g', ratios: { nowhere: 1 } }, /^ratios: there is no group nowhere; an administrator/],
    [{ name: 'g', ratios: { auto: 1 } }, 'ratios: auto is no group, it walks groups'],
    [{ name: 'g', description: 'x'.repeat(201) }, 'description must have at most 200 characters'],
  ])('is refused where a field is wrong: %j', async (sent, message) => {
    const [code, said] = await refusal('POST', '/api/group/', sent)
    expect(code).toBe('invalid_field')
    expect(said).toMatch(message)
    expect(await manage('GET', '/api/group/')).toMatchObject({ total: 1 })
  })

  it('has its name alone, and keeps it', async () => {
    expect(await refusal('POST', '/api/group/', { name: 'default' })).toEqual([
      'already_exists',
      'there is a group named default already',
    ])
    expect(await refusal('PUT', '/api/group/default', { name: 'other' })).toEqual([
      'invalid_field',
      'name can not be changed: create another group',
    ])
  })

  it('default can be changed, and never be deleted; auto is none', async () => {
    await manage('PUT', '/api/group/default', { ratio: '1.25', description: 'Everybody.' })
    await manage('PUT', '/api/group/default', { ratio: 1, description: '' })
    expect((await refusal('DELETE', '/api/group/default'))[0]).toBe('in_use')
    expect((await refusal('DELETE', '/api/group/auto'))[0]).toBe('not_found')
  })
})

describe('a group that is in use is not deleted, and it says by what:', () => {
  const name = 'used'
  const inUse = async () => {
    const [code, message] = await refusal('DELETE', `/api/group/${name}`)
    expect(code).toBe('in_use')
    return message.replace('group used is still in use: ', '')
  }

  it('channels, accounts, keys, the order of auto and special ratios', async () => {
    await manage('POST', '/api/group/', { name })
    await manage('POST', '/api/group/', { name: 'use', ratios: { used: 2 } })
    const channel = await gateway.createChannel({ name: 'c1', models: ['m'], groups: ['used'] })
    expect(await inUse()).toBe('1 channel ("c1"), the special ratios of use')
    await manage('PUT', `/api/channel/${channel.id}`, { groups: ['default'] })
    await manage('PUT', '/api/group/use', { ratios: {} })
    await manage('PUT', '/api/group/auto', { groups: ['used', 'default'] })
    const own = await newCaller(gateway, { account: { group: 'used' } })
    const further = await newCaller(gateway, { account: { groups: ['auto', 'used'] } })
    const key = await further.create({ group: 'used', name: 'k1' })
    const automatic = await further.create({ group: 'auto', auto_groups: ['used'], name: 'k2' })
    expect(await inUse()).toMatch(
      /^2 accounts \(such as "caller-\d+"\), 2 API keys \(such as "k1"\), the order of auto$/,
    )
    await manage('PUT', '/api/group/auto', { groups: ['default'] })
    await manage('PUT', `/api/user/${own.accountId}`, { group: 'default' })
    await manage('PUT', `/api/user/${further.accountId}`, { groups: ['use', 'auto'] })
    expect(await inUse()).toBe('2 API keys (such as "k1")')
    await further.api('PUT', '/api/token/', { id: automatic.id, auto_groups: ['use'] })
    // What only looks like it is no use.
    await further.api('PUT', '/api/token/', { id: automatic.id, metadata: { used: 'used' } })
    expect(await inUse()).toBe('1 API key ("k1")')
    await further.api('DELETE', `/api/token/${key.id}`)
    await manage('DELETE', `/api/group/${name}`)
    await manage('DELETE', `/api/user/${further.accountId}`)
    await manage('DELETE', '/api/group/use')
  })

  it('never one that somebody begins to use at that moment', async () => {
    for (let round = 0; round < 10; round++) {
      await manage('POST', '/api/group/', { name: 'contested' })
      const [deleted, ...used] = await Promise.all([
        gateway.api('DELETE', '/api/group/contested'),
        gateway.api('PUT', '/api/group/auto', { groups: ['default', 'contested'] }),
        gateway.api('PUT', '/api/group/default', { ratios: { contested: 2 } }),
      ])
      const uses = used.filter(({ json }) => json.success).length
      expect(deleted.json.success && uses > 0, deleted.text).toBe(false)
      const names = (await manage('GET', '/api/group/')).items.map(
        (group: { name: string }) => group.name,
      )
      expect(names.includes('contested')).toBe(!deleted.json.success)
      await manage('PUT', '/api/group/auto', { groups: ['default'] })
      await manage('PUT', '/api/group/default', { ratios: {} })
      if (!deleted.json.success) await manage('DELETE', '/api/group/contested')
    }
  })
})

describe('the order of auto', () => {
  it('is default at first, and what was set', async () => {
    expect(await manage('GET', '/api/group/auto')).toEqual({ groups: ['default'] })
    await manage('POST', '/api/group/', { name: 'walked' })
    const groups = ['walked', 'default']
    expect(await manage('PUT', '/api/group/auto', { groups })).toEqual({ groups })
    expect(await manage('GET', '/api/group/auto/')).toEqual({ groups })
    expect((await manage('GET', '/api/audit/')).items[0]).toMatchObject({
      ...{ action: 'group.auto', before: { groups: ['default'] }, after: { groups } },
    })
    await manage('PUT', '/api/group/auto', { groups: [] })
    await manage('PUT', '/api/group/auto', { groups: ['default'] })
    await manage('DELETE', '/api/group/walked')
  })

  it.each([
    [['nowhere'], /^groups: there is no group nowhere/],
    [['default', 'default'], 'groups holds default twice'],
    [['auto'], 'groups: auto is no group, it walks groups'],
    ['default', 'groups must be a list, got "default" (string)'],
    [undefined, 'groups is required'],
  ])('refuses %j', async (groups, message) => {
    const [code, said] = await refusal('PUT', '/api/group/auto', { groups })
    expect(code).toBe('invalid_field')
    if (typeof message === 'string') expect(said).toBe(message)
    else expect(said).toMatch(message)
  })
})

describe('only groups that exist', () => {
  const sent = { name: 'c', type: 'simulator', models: ['m'] }
  it.each([
    ['POST', '/api/channel/', { ...sent, groups: ['nowhere'] }, /^groups: there is no group nowh/],
    ['POST', '/api/channel/', { ...sent, groups: ['auto'] }, /^groups: auto is no group/],
    ['POST', '/api/channel/', { ...sent, groups: ['default', 'default'] }, /^groups holds default/],
    ['PUT', '/api/channel/1', { groups: ['default', 'nowhere'] }, /^groups: there is no group now/],
    ['POST', '/api/user/', { username: 'x', group: 'nowhere' }, /^group: there is no group nowh/],
    ['POST', '/api/user/', { username: 'x', group: 'auto' }, /^group: auto is no group/],
    ['POST', '/api/user/', { username: 'x', groups: ['auto', 'nowhere'] }, /^groups: there is no/],
    ['PUT', '/api/user/1', { group: 'nowhere' }, /^group: there is no group nowhere/],
    ['PUT', '/api/user/1', { groups: ['default', 'default'] }, /^groups holds default twice/],
  ])('can be named: %s %s %j', async (method, path, body, message) => {
    const [code, said] = await refusal(method, path, body)
    expect(code).toBe('invalid_field')
    expect(said).toMatch(message)
  })
})

describe('GET /api/user/self/groups', () => {
  it('shows own and further groups with what they cost this account, and auto when it was granted', async () => {
    await manage('POST', '/api/group/', { name: 'staff', ratio: 0.5 })
    const vip = { name: 'vip', ratio: 2, ratios: { staff: '0.1' }, description: 'Fast.' }
    await manage('POST', '/api/group/', vip)
    await manage('PUT', '/api/group/auto', { groups: ['vip', 'default', 'staff'] })
    const one = await newCaller(gateway, { account: { group: 'staff', groups: ['vip'] } })
    const two = await newCaller(gateway, { account: { groups: ['vip', 'auto'] } })
    const shown = async ({ api }: typeof one) => (await api('GET', '/api/user/self/groups')).json
    expect((await shown(one)).data).toEqual({
      staff: { ratio: 0.5, desc: '' },
      vip: { ratio: 0.1, desc: 'Fast.' },
    })
    expect((await shown(two)).data).toEqual({
      default: { ratio: 1, desc: '' },
      vip: { ratio: 2, desc: 'Fast.' },
      auto: { ratio: 2, desc: 'vip, default: in this order' },
    })
    await manage('PUT', `/api/user/${two.accountId}`, { groups: [] })
    expect((await shown(two)).data).toEqual({ default: { ratio: 1, desc: '' } })
  })
})

describe('prices', () => {
  it('are quoted at the ratio of a group that the caller may use; a special ratio wins', async () => {
    const caller = await newCaller(gateway, {
      account: { group: 'staff', groups: ['vip', 'auto'] },
    })
    await manage('PUT', '/api/price/quoted', { input: '2', output: '8' })
    const quote = async (group?: string) => {
      const body = { model: 'quoted', usage: { prompt_tokens: 3, completion_tokens: 1 }, group }
      return (await caller.api('POST', '/api/price/quote', body)).json
    }
    expect((await quote()).data).toMatchObject({ group: 'staff', ratio: '0.5', quota: 4 })
    expect((await quote('vip')).data).toMatchObject({
      ...{ group: 'vip', ratio: '0.1', exact_units: '0.7', quota: 1 },
      lines: [{ computation: '3 x $2 / 1000000 x ratio 0.1 x 500000 = 0.3 units' }, {}],
    })
    expect(await quote('default')).toMatchObject({
      ...{ code: 'group_not_accessible', message: 'no access to group default' },
    })
    expect(await quote('nowhere')).toMatchObject({ code: 'group_not_accessible' })
    expect(await quote('auto')).toMatchObject({
      ...{ code: 'invalid_field', message: 'group: auto has no ratio: name one that it walks' },
    })
    const usage = { prompt_tokens: 3 }
    const asked = { model: 'quoted', usage, group: 'vip' }
    expect(await manage('POST', '/api/price/quote', asked)).toMatchObject({ ratio: '2', quota: 6 })
  })

  it('are shown to the public at the ratio of default', async () => {
    await gateway.createChannel({ models: ['quoted'] })
    await manage('PUT', '/api/group/default', { ratio: '1.1' })
    const { json } = await gateway.api('GET', '/api/models')
    const shown = json.data.find(({ id }: { id: string }) => id === 'quoted')
    expect(shown.pricing).toMatchObject({ input: 2.2, output: 8.8, per_request: null })
    await manage('PUT', '/api/group/default', { ratio: 1 })
  })
})
