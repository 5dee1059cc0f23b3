import { describe, expect, it } from 'vitest'
import type { Fields } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()
const DONE = '{"success":true,"message":""}'
const nowSeconds = () => Math.floor(Date.now() / 1000)

async function refused(fields: unknown) {
  const before = (await gateway.manage('GET', '/api/token/')).total
  const answered = await gateway.api('POST', '/api/token/', fields)
  expect(answered.status).toBe(200)
  expect(answered.json).toMatchObject({ success: false })
  expect(answered.headers.get('x-error-code')).toBe(answered.json.code)
  expect((await gateway.manage('GET', '/api/token/')).total).toBe(before)
  return answered.json as { code: string; message: string }
}

/** Creates a key with these fields and reads it back. */
async function recordOf(fields: Fields) {
  const { id } = await gateway.createKey(fields)
  return gateway.keyRecord(id)
}

describe('defaults', () => {
  it('make a key without name, quota or limits that never expires', async () => {
    const answered = await gateway.api('POST', '/api/token/', {})
    expect(answered.text).toBe(DONE)
    const id = Number(answered.headers.get('location')?.split('/').at(-1))
    const record = await gateway.keyRecord(id)
    const account = await gateway.account()
    expect(record).toEqual({
      id,
      user_id: account.id,
      key: expect.stringMatching(/^[A-Za-z0-9]{48}$/),
      status: 4,
      name: '',
      created_time: expect.any(Number),
      accessed_time: record.created_time,
      expired_time: -1,
      remain_quota: 0,
      unlimited_quota: false,
      model_limits_enabled: false,
      model_limits: '',
      allow_ips: null,
      used_quota: 0,
      group: '',
      cross_group_retry: false,
    })
    expect(Math.abs(Number(record.created_time) - nowSeconds())).toBeLessThan(5)
  })

  it('stand for null in every field', async () => {
    const fields = Object.fromEntries(
      [
        ...['name', 'expired_time', 'remain_quota', 'unlimited_quota', 'model_limits_enabled'],
        ...['model_limits', 'allow_ips', 'group', 'cross_group_retry', 'auto_groups'],
        ...['rpm_limit', 'tpm_limit', 'max_concurrent', 'budgets', 'fallback_models', 'metadata'],
      ].map((name) => [name, null]),
    )
    expect((await gateway.api('POST', '/api/token/', fields)).text).toBe(DONE)
  })

  it('are not moved by read-only and unknown fields, whatever their type', async () => {
    const record = await recordOf({
      remain_quota: 5,
      ...{ id: 'x', user_id: 99, key: ['no'], status: {}, used_quota: -1, created_time: 'then' },
      ...{ accessed_time: null, future_field: { deep: [1] }, __proto__x: 1 },
    })
    expect(record).toMatchObject({ status: 1, used_quota: 0, user_id: 1 })
    expect(record).not.toHaveProperty('future_field')
  })
})

describe('name', () => {
  it.each([
    ['50 letters', 'a'.repeat(50)],
    ['50 emoji', '😀'.repeat(50)],
    ['50 code points of combining marks', 'e\u0301'.repeat(25)],
    ['50 Chinese characters', '钥'.repeat(50)],
    ['a family joined of 7 code points, 7 times', '👨‍👩‍👧‍👦'.repeat(7)],
    ['blanks and control characters', ' \t\n '],
    ['nothing', ''],
    ['text that looks like SQL', `'; drop table key; --`],
  ])('takes %s, and gives it back as it came', async (_what, name) => {
    expect((await recordOf({ name })).name).toBe(name)
  })

  it.each([
    ['51 letters', 'a'.repeat(51)],
    ['51 emoji', '😀'.repeat(51)],
    ['51 code points that are 26 characters to a reader', `${'e\u0301'.repeat(25)}e`],
    ['51 Chinese characters', '钥'.repeat(51)],
    ['60 000 letters', 'a'.repeat(60_000)],
  ])('refuses %s with the documented sentence', async (_what, name) => {
    expect(await refused({ name })).toEqual({
      success: false,
      code: 'name_too_long',
      message: 'token name is too long',
    })
  })

  it.each([
    ['a NUL', '{"name":"a\\u0000b"}', 'NUL'],
    ['half a surrogate pair', '{"name":"a\\ud800b"}', 'surrogate'],
    ['the other half', '{"name":"\\udc00"}', 'surrogate'],
    ['a NUL in a list of addresses', '{"allow_ips":"1.2.3.4\\u0000"}', 'NUL'],
  ])('refuses %s', async (_what, body, why) => {
    const { code, message } = await refused(body)
    expect(code).toBe('invalid_field')
    expect(message).toContain(why)
  })
})

describe('expired_time', () => {
  it.each([
    ['never', -1],
    ['a time to come', nowSeconds() + 3600],
    ['the last second before milliseconds', 99_999_999_999],
  ])('takes %s', async (_what, expired_time) => {
    expect(await recordOf({ expired_time })).toMatchObject({ expired_time, status: 1 })
  })

  it('takes the past, and shows the key expired', async () => {
    expect(await recordOf({ expired_time: 1 })).toMatchObject({ expired_time: 1, status: 3 })
  })

  it.each([
    [0, '-1 for never'],
    [-2, '-1 for never'],
    [-1_700_000_000, '-1 for never'],
    [100_000_000_000, 'milliseconds'],
    [1_893_456_000_000, 'send 1893456000'],
    [1e300, 'milliseconds'],
    [1.5, 'whole number'],
    ['1893456000', 'whole number'],
    ['never', 'whole number'],
    [true, 'whole number'],
    [{}, 'whole number'],
  ])('refuses %j, saying what to send', async (expired_time, why) => {
    const { code, message } = await refused({ expired_time })
    expect(code).toBe('invalid_field')
    expect(message).toContain('expired_time')
    expect(message).toContain(why)
  })
})

describe('remain_quota', () => {
  it.each([
    [0, 4],
    [1, 1],
    [1e15, 1],
  ])('takes %d', async (remain_quota, status) => {
    expect(await recordOf({ remain_quota })).toMatchObject({ remain_quota, status })
  })

  it.each([-1, 1e15 + 1, 1e300])('refuses %d', async (remain_quota) => {
    const { code, message } = await refused({ remain_quota })
    expect(code).toBe('quota_out_of_range')
    expect(message).toContain('remain_quota')
  })

  it.each([1.5, '100', true, [1]])('refuses %j, naming the field', async (remain_quota) => {
    const { code, message } = await refused({ remain_quota })
    expect(code).toBe('invalid_field')
    expect(message).toContain('remain_quota')
  })

  it('does not matter to the status of an unlimited key', async () => {
    expect(await recordOf({ remain_quota: 0, unlimited_quota: true })).toMatchObject({ status: 1 })
  })
})

describe('flags', () => {
  it.each(['unlimited_quota', 'model_limits_enabled', 'cross_group_retry'])(
    '%s is true or false, nothing else',
    async (name) => {
      expect(await recordOf({ [name]: true })).toMatchObject({ [name]: true })
      for (const wrong of ['true', 1, 0, 'yes', []]) {
        const { code, message } = await refused({ [name]: wrong })
        expect(code).toBe('invalid_field')
        expect(message).toContain(name)
      }
    },
  )
})

describe('model_limits', () => {
  it.each(['gpt-5', ' gpt-5 , claude-5,, not/known:today ', ''])(
    'keeps the text %j as it came',
    async (model_limits) => {
      const record = await recordOf({ model_limits, model_limits_enabled: true })
      expect(record).toMatchObject({ model_limits, model_limits_enabled: true })
    },
  )

  it('takes 1 000 ids of 256 bytes, as far as a body can hold them', async () => {
    const short = Array.from({ length: 1_000 }, (_, at) => `model-${at}`).join(',')
    const long = `${'é'.repeat(128)},${'m'.repeat(256)}`
    expect((await recordOf({ model_limits: short })).model_limits).toBe(short)
    expect((await recordOf({ model_limits: long })).model_limits).toBe(long)
  })

  it.each([
    [',', 'no model id'],
    [' ', 'no model id'],
    [' , ,', 'no model id'],
    ['m'.repeat(257), '256 bytes'],
    ['é'.repeat(129), '256 bytes'],
    [Array.from({ length: 1_001 }, (_, at) => `m${at}`).join(','), '1000 model ids'],
    [['gpt-5'], 'a string'],
    [5, 'a string'],
  ])('refuses %j', async (model_limits, why) => {
    const { code, message } = await refused({ model_limits })
    expect(code).toBe('invalid_field')
    expect(message).toContain('model_limits')
    expect(message).toContain(why)
  })
})

describe('allow_ips', () => {
  it.each([
    null,
    '',
    '203.0.113.9',
    '203.0.113.77/24\r\n\r\n2001:DB8::1/64\n::ffff:203.0.113.9\n0.0.0.0/0',
  ])('keeps %j as it came', async (allow_ips) => {
    expect((await recordOf({ allow_ips })).allow_ips).toBe(allow_ips)
  })

  it.each([
    ['1.2.3.4,5.6.7.8', 'line 1'],
    ['1.2.3.4\n\nfe80::1%eth0', 'line 3: "fe80::1%eth0"'],
    ['1.2.3.4\r\n010.0.0.1', 'line 2: "010.0.0.1"'],
    ['1.2.3.4/33', 'line 1: "1.2.3.4/33"'],
    ['\n', 'no entry'],
    ['localhost', '"localhost"'],
  ])('refuses %j, naming entry and line', async (allow_ips, why) => {
    const { code, message } = await refused({ allow_ips })
    expect(code).toBe('invalid_address')
    expect(message).toContain(why)
  })

  it.each([[['1.2.3.4']], [5], [{}], [false]])(
    'refuses %j: it is one string',
    async (allow_ips) => {
      const { code, message } = await refused({ allow_ips })
      expect(code).toBe('invalid_field')
      expect(message).toContain('allow_ips')
    },
  )
})

describe('group', () => {
  it('takes the account’s own, by name or by the empty text', async () => {
    expect((await recordOf({ group: 'default' })).group).toBe('default')
    expect((await recordOf({ group: '' })).group).toBe('')
  })

  it.each([{ group: 'vip' }, { auto_groups: ['default', 'vip'] }])(
    'refuses one the account may not use, by name: %j',
    async (fields) => {
      const { code, message } = await refused(fields)
      expect(code).toBe('group_not_accessible')
      expect(message).toBe('no access to group vip')
    },
  )
})

describe('fields of our own', () => {
  it('appear only when set', async () => {
    const fields = {
      auto_groups: ['default'],
      fallback_models: ['gpt-5-mini'],
      metadata: { team: 'search', __proto__: 'x' },
    }
    expect(await recordOf(fields)).toMatchObject(fields)
    const without = await recordOf({ auto_groups: [], fallback_models: [], metadata: {} })
    for (const name of Object.keys(fields)) expect(without).not.toHaveProperty(name)
  })

  it('limit the rate only when set, and take whole numbers within bounds', async () => {
    const least = { rpm_limit: 1, tpm_limit: 1, max_concurrent: 1 }
    expect(await recordOf(least)).toMatchObject(least)
    const most = { rpm_limit: 1_000_000, tpm_limit: 1_000_000_000, max_concurrent: 100_000 }
    expect(await recordOf(most)).toMatchObject(most)
    const without = await recordOf({ rpm_limit: null, tpm_limit: null, max_concurrent: null })
    for (const name of Object.keys(least)) expect(without).not.toHaveProperty(name)
  })

  it.each([
    ['rpm_limit', 0, 'must be from 1 to 1000000, got 0'],
    ['rpm_limit', 1_000_001, 'must be from 1 to 1000000, got 1000001'],
    ['tpm_limit', 1_000_000_001, 'must be from 1 to 1000000000'],
    ['max_concurrent', -1, 'must be from 1 to 100000, got -1'],
    ['rpm_limit', 1.5, 'must be a whole number or null, got 1.5'],
    ['tpm_limit', '60', 'must be a whole number or null, got "60" (string)'],
    ['max_concurrent', true, 'must be a whole number or null'],
  ])('refuse %s %j and say why', async (name, value, why) => {
    const { code, message } = await refused({ [name]: value })
    expect(code).toBe('invalid_field')
    expect(message).toContain(`${name} ${why}`)
  })

  it.each([
    [[{ period: 'day', amount: 0 }], 'budgets[0].amount must be from 1 to 1000000000000000, got 0'],
    [[{ period: 'day', amount: 1e15 + 1 }], 'budgets[0].amount must be from 1 to 1000000000000000'],
    [[{ period: 'day', amount: 1.5 }], 'budgets[0].amount must be a whole number, got 1.5'],
    [[{ period: 'day' }], 'budgets[0].amount is required'],
    [
      [{ period: 'hour', amount: 5 }],
      'budgets[0].period must be one of day, week, month, got "hour"',
    ],
    [[{ amount: 5 }], 'budgets[0].period is required'],
    [[{ period: 'day', amount: 5, tz: 'Mars/Olympus' }], 'budgets[0].tz must be an IANA time zone'],
    [[{ period: 'day', amount: 5, tz: '+01:00' }], 'budgets[0].tz must be an IANA time zone'],
    [[{ period: 'day', amount: 5, tz: '' }], 'budgets[0].tz must be an IANA time zone'],
    [{ period: 'day', amount: 5 }, 'budgets must be a list, got an object'],
    [
      ['day', 'week', 'day'].map((period) => ({ period, amount: 5 })),
      'budgets must have at most one for each period, got two for "day"',
    ],
  ])('refuse budgets %j and say why', async (budgets, why) => {
    const { code, message } = await refused({ budgets })
    expect(code).toBe('invalid_field')
    expect(message).toContain(why)
  })

  it('give budgets back as they were sent', async () => {
    const budgets = [
      { period: 'month', amount: 5_000_000, tz: 'Europe/Kyiv' },
      { period: 'day', amount: 1 },
    ]
    const { id } = await gateway.createKey({
      budgets: budgets.map((one) => ({ ...one, unknown: 'member' })),
    })
    expect((await gateway.keyRecord(id)).budgets).toEqual(budgets)
  })

  it.each([
    ['metadata', Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`k${at}`, 'v']))],
    ['metadata', { '': 'v' }],
    ['metadata', { team: 5 }],
    ['metadata', { 'two\nlines': { deep: [1] } }],
    ['metadata', { 'two\u2028lines': 'v'.repeat(513) }],
    ['metadata', ['team']],
    ['metadata', { ['k'.repeat(65)]: 'v' }],
    ['auto_groups', 'default'],
    ['auto_groups', ['']],
    ['fallback_models', [1]],
  ])('refuses a wrong %s: %j', async (name, value) => {
    const { code, message } = await refused({ [name]: value })
    expect(code).toBe('invalid_field')
    expect(message).toContain(name)
  })
})

describe('the body', () => {
  it.each(['{"name":', '', '[]', '"text"', 'null', '{"name":"a","name":"b"}'])(
    'as %j is answered with 200 and a code, or is an empty object',
    async (body) => {
      const answered = await gateway.api('POST', '/api/token/', body)
      expect(answered.status).toBe(200)
      if (body === '') expect(answered.text).toBe(DONE)
      else expect(answered.json.code).toMatch(/^invalid_(json|field)$/)
    },
  )

  it('may have 64 KiB and no more', async () => {
    const answered = await gateway.api('POST', '/api/token/', {
      metadata: { a: 'b'.repeat(65_536) },
    })
    expect([answered.status, answered.json.code]).toEqual([413, 'body_too_large'])
  })
})
