import { describe, expect, it } from 'vitest'
import { asking } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { leaksInBytes } from '../tools/secrets.ts'

const gateway = await sharedGateway()
await gateway.manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 1_000_000 })

const CODE = /^[A-Za-z0-9]{32}$/
const UNKNOWN = 'A'.repeat(32)

/** An account of its own for a test, with a token. */
async function member(fields: object = {}, token: object = {}) {
  const username = `user-${Math.random().toString(36).slice(2)}`
  const { id } = await gateway.manage('POST', '/api/user/', { username, ...fields })
  const path = `/api/user/${id}/access_tokens`
  const made = await gateway.manage('POST', path, { name: 'test', ...token })
  const as = { authorization: gateway.secret(made.token) }
  const topUp = (key: unknown, headers = {}) =>
    gateway.api('POST', '/api/user/topup', { key }, { ...as, ...headers })
  const quota = async () => (await gateway.manage('GET', `/api/user/${id}`)).quota
  return { id, as, topUp, quota }
}

async function make(fields: object = {}): Promise<string[]> {
  const sent = { name: 'gift', quota: 500, count: 1, ...fields }
  const codes = await gateway.manage('POST', '/api/redemption/', sent)
  return codes.map(gateway.secret)
}

async function makeOne(fields: object = {}): Promise<string> {
  const [code] = await make(fields)
  return code ?? ''
}

const newest = async () => (await gateway.manage('GET', '/api/redemption/?page_size=1')).items[0]
const auditOf = async (action: string) =>
  (await gateway.manage('GET', `/api/audit/?action=${action}&page_size=1`)).items[0]
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

describe('redeem codes', () => {
  it('are shown once, and listed newest first without themselves', async () => {
    const sent = { name: 'spring 🌱', quota: 250_000, count: 3 }
    const { json, headers } = await gateway.api('POST', '/api/redemption', sent)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(json).toEqual({ success: true, message: '', data: json.data })
    const codes: string[] = json.data.map(gateway.secret)
    expect(new Set(codes).size).toBe(3)
    for (const code of codes) expect(code).toMatch(CODE)
    const list = await gateway.manage('GET', '/api/redemption/?p=1&page_size=2')
    expect(list).toMatchObject({ page: 1, page_size: 2 })
    expect(list.total).toBeGreaterThanOrEqual(3)
    const [third, second] = list.items
    expect(third).toEqual({
      id: third.id,
      name: 'spring 🌱',
      hint: codes[2]?.slice(-4),
      quota: 250_000,
      status: 1,
      created_time: third.created_time,
      expires_at: 0,
      redeemed_time: 0,
      redeemed_by: 0,
    })
    expect(Math.abs(third.created_time - Date.now() / 1000)).toBeLessThan(60)
    expect(second.id).toBe(third.id - 1)
    const audited = await auditOf('redemption.create')
    expect(audited.subject).toBe(`redemption ${third.id - 2}`)
    const ids = [third.id - 2, third.id - 1, third.id]
    expect(audited.after).toEqual({ ...sent, expires_at: 0, ids })
  })

  it('are not in the database', async () => {
    const codes = new Set(await make({ count: 5 }))
    for (const { name, bytes } of await gateway.database.stored()) {
      expect(leaksInBytes(codes, name, bytes)).toEqual([])
    }
  })

  it('are made once for one Idempotency-Key; a repeat reads their records', async () => {
    const sent = { name: 'once', quota: 7, count: 4, expires_at: inSeconds(3600) }
    const once = (body: object = sent) =>
      gateway.api('POST', '/api/redemption/', body, { 'idempotency-key': 'codes' })
    const { total } = await gateway.manage('GET', '/api/redemption/')
    const twins = await Promise.all([once(), once(), once()])
    const isFirst = ({ json }: { json: { data: unknown[] } }) => typeof json.data[0] === 'string'
    const codes: string[] = twins.find(isFirst)?.json.data ?? []
    for (const code of codes) expect(gateway.secret(code)).toMatch(CODE)
    const again = twins.filter((twin) => !isFirst(twin))
    expect(again).toHaveLength(2)
    for (const { json } of again) {
      expect(json.data).toHaveLength(4)
      const hints = json.data.map(({ hint }: { hint: string }) => hint)
      expect(hints).toEqual(codes.map((code) => code.slice(-4)))
      expect(json.data[0]).toMatchObject({ name: 'once', quota: 7, status: 1 })
    }
    expect((await gateway.manage('GET', '/api/redemption/')).total).toBe(total + 4)
    expect((await once({ ...sent, count: 1 })).json.code).toBe('idempotency_conflict')
    // What was withdrawn since is not read any more.
    await gateway.manage('DELETE', `/api/redemption/${(await newest()).id}`)
    expect((await once()).json.data).toHaveLength(3)
  })

  it.each([
    [{ name: 'x', quota: 1 }, 'count is required'],
    [{ name: 'x', count: 1 }, 'quota is required'],
    [{ quota: 1, count: 1 }, 'name is required'],
    [{ name: '' }, 'name must not be empty, got "" (string)'],
    [
      { name: 'x'.repeat(65) },
      'name must have at most 64 characters, got a string of 65 characters',
    ],
    [{ name: 'a\0b' }, 'name must not hold a NUL character'],
    [{ name: '\ud800' }, 'name must not hold an unpaired surrogate'],
    [{ name: 5 }, 'name must be a string, got 5'],
    [{ quota: 0 }, 'quota must be from 1 to 1000000000000000, got 0'],
    [{ quota: -5 }, 'quota must be from 1 to 1000000000000000, got -5'],
    [{ quota: 1e15 + 1 }, 'quota must be from 1 to 1000000000000000, got 1000000000000001'],
    [{ quota: 0.5 }, 'quota must be a whole number, got 0.5'],
    [{ quota: '5' }, 'quota must be a whole number, got "5" (string)'],
    [{ quota: null }, 'quota must be a whole number, got null'],
    [{ count: 0 }, 'count must be from 1 to 100, got 0'],
    [{ count: 101 }, 'count must be from 1 to 100, got 101'],
    [{ count: 1.5 }, 'count must be a whole number, got 1.5'],
    [{ count: [1] }, 'count must be a whole number, got a list'],
    [{ expires_at: 1 }, 'expires_at must lie in the future, in Unix seconds'],
    [{ expires_at: -1 }, 'expires_at must be from 0 to 99999999999, got -1'],
    [
      { expires_at: 1_900_000_000_000 },
      'expires_at must be from 0 to 99999999999, got 1900000000000',
    ],
    [{ expires_at: 'tomorrow' }, 'expires_at must be a whole number, got "tomorrow" (string)'],
  ])('are refused in words when a field is wrong: %o', async (fields, message) => {
    const sent = message.endsWith('required')
      ? fields
      : { name: 'x', quota: 1, count: 1, ...fields }
    const before = (await gateway.manage('GET', '/api/redemption/')).total
    const { status, json } = await gateway.api('POST', '/api/redemption/', sent)
    expect({ status, code: json.code, message: json.message }).toEqual({
      status: 200,
      code: 'invalid_field',
      message,
    })
    expect((await gateway.manage('GET', '/api/redemption/')).total).toBe(before)
  })

  it('may be a hundred at once, worth the most there is; a null expiry is none', async () => {
    const codes = await make({
      count: 100,
      quota: 1e15,
      expires_at: null,
      name: '🌱'.repeat(64),
    })
    expect(new Set(codes).size).toBe(100)
    expect(await newest()).toMatchObject({ name: '🌱'.repeat(64), quota: 1e15, expires_at: 0 })
    const { topUp, quota } = await member()
    expect((await topUp(codes[99])).json.data).toBe(1e15)
    expect(await quota()).toBe(1e15)
  })

  it('can be withdrawn while nobody has used them', async () => {
    const code = await makeOne()
    const { id } = await newest()
    await gateway.manage('DELETE', `/api/redemption/${id}`)
    const { topUp } = await member()
    expect((await topUp(code)).json.code).toBe('redemption_unknown')
    expect((await newest()).id).not.toBe(id)
    expect(await auditOf('redemption.withdraw')).toMatchObject({
      subject: `redemption ${id}`,
      before: { id, quota: 500, status: 1 },
      after: null,
    })
    const gone = await gateway.api('DELETE', `/api/redemption/${id}`)
    expect(gone.json.code).toBe('not_found')

    const used = await makeOne()
    await topUp(used)
    const { id: usedId } = await newest()
    expect((await gateway.api('DELETE', `/api/redemption/${usedId}`)).json.code).toBe(
      'redemption_used',
    )
    expect(await newest()).toMatchObject({ id: usedId, status: 2 })
  })
})

describe('a top-up', () => {
  it('adds what the code is worth, once, and stands in the books and the audit log', async () => {
    const { id, topUp, quota } = await member({ quota: 10 })
    const code = await makeOne({ quota: 90 })
    expect((await topUp(code)).json).toEqual({ success: true, message: '', data: 90 })
    expect(await quota()).toBe(100)
    const record = await newest()
    expect(record).toMatchObject({ status: 2, redeemed_by: id })
    expect(record.redeemed_time).toBeGreaterThanOrEqual(record.created_time)
    expect(await auditOf('account.topup')).toMatchObject({
      actor_id: id,
      subject: `account ${id}`,
      after: { redemption_id: record.id, quota: 90 },
    })
    const [entry] = await gateway.database.rows(
      "select * from entry where kind = 'redeem' order by id desc limit 1",
    )
    // A driver may read whole numbers as text.
    expect([entry?.delta, entry?.entity].map(Number)).toEqual([90, id * 4 + 1])
    expect(entry).toMatchObject({
      reason: `redemption ${record.id}`,
      idempotency: `redeem:${record.id}`,
    })

    const own = (await topUp(code)).json
    expect(own).toMatchObject({ success: false, code: 'redemption_used' })
    expect(own.message).toBe('your account has redeemed this code')
    const other = (await (await member()).topUp(code)).json
    expect(other).toMatchObject({
      code: 'redemption_used',
      message: 'this code was redeemed already',
    })
    expect(await quota()).toBe(100)
  })

  it('lets calls pass at once that the balance refused before', async () => {
    await gateway.offer('for-top-up')
    const { as, topUp } = await member()
    const headers = { ...as, prefer: 'return=representation' }
    const { json } = await gateway.api('POST', '/api/token/', { unlimited_quota: true }, headers)
    const key = gateway.secret(json.data.key)
    const ask = () => gateway.call(asking('for-top-up', { max_tokens: 50 }), key)
    expect((await ask()).json.error.code).toBe('insufficient_balance')
    expect((await topUp(await makeOne({ quota: 100_000 }))).json.data).toBe(100_000)
    expect((await ask()).status).toBe(200)
  })

  it('forgives blanks around a pasted code', async () => {
    const { topUp } = await member()
    expect((await topUp(` \t${await makeOne({ quota: 3 })}\r\n`)).json.data).toBe(3)
  })

  it('of one code by many at the same time succeeds for exactly one', async () => {
    const code = await makeOne({ quota: 1000 })
    const members = await Promise.all(Array.from({ length: 4 }, () => member({ quota: 1 })))
    const twenty = Array.from({ length: 5 }, () => members).flat()
    const answers = await Promise.all(twenty.map(({ topUp }) => topUp(code)))
    const won = answers.filter((answer) => answer.json.success)
    expect(won.map((answer) => answer.json.data)).toEqual([1000])
    const lost = answers.filter((answer) => !answer.json.success)
    expect(new Set(lost.map((answer) => answer.json.code))).toEqual(new Set(['redemption_used']))
    const balances = await Promise.all(members.map(({ quota }) => quota()))
    expect(balances.sort((a, b) => a - b)).toEqual([1, 1, 1, 1001])
  })

  it('and the withdrawal of its code at the same time: one of both', async () => {
    for (let round = 0; round < 5; round++) {
      const { topUp, quota } = await member()
      const code = await makeOne({ quota: 5 })
      const path = `/api/redemption/${(await newest()).id}`
      const [added, withdrawn] = await Promise.all([topUp(code), gateway.api('DELETE', path)])
      expect(Number(added.json.success) + Number(withdrawn.json.success)).toBe(1)
      expect(await quota()).toBe(added.json.success ? 5 : 0)
    }
  })

  it('by many codes at the same time adds them all', async () => {
    const codes = await make({ quota: 11, count: 30 })
    const { topUp, quota } = await member()
    const answers = await Promise.all(codes.map((code) => topUp(code)))
    expect(answers.map(({ json }) => json.data)).toEqual(Array(30).fill(11))
    expect(await quota()).toBe(330)
  })

  it('never takes a balance beyond 10^15: then nothing happens, and the code still works', async () => {
    const codes = await make({ quota: 6e14, count: 2 })
    const { id, topUp, quota } = await member()
    const answers = await Promise.all(codes.map((code) => topUp(code)))
    const refused = answers.findIndex(({ json }) => !json.success)
    expect(answers.filter(({ json }) => json.data === 6e14)).toHaveLength(1)
    expect(answers[refused]?.json.code).toBe('quota_out_of_range')
    expect(answers[refused]?.json.message).toMatch(/600000000000000 units.*still unused/)
    expect(await quota()).toBe(6e14)
    await gateway.manage('PUT', `/api/user/${id}`, { quota: 4e14 })
    expect((await topUp(codes[refused])).json.data).toBe(6e14)
    expect(await quota()).toBe(1e15)
  })

  it('happens once for one Idempotency-Key, and a repeat is answered as the first was', async () => {
    const { topUp, quota } = await member()
    const code = await makeOne({ quota: 42 })
    const once = (key: string) => topUp(key, { 'idempotency-key': 'top-up' })
    // A failure is not remembered.
    expect((await once(UNKNOWN)).json.code).toBe('redemption_unknown')
    const twins = await Promise.all([once(code), once(code), once(code)])
    expect(twins.map(({ json }) => json.data)).toEqual([42, 42, 42])
    expect(await quota()).toBe(42)
    expect((await once(await makeOne())).json.code).toBe('idempotency_conflict')
    gateway.advance(24 * 3600 + 1)
    expect((await once(code)).json.code).toBe('redemption_used')
    expect(await quota()).toBe(42)
  })

  it('comes too late when the code has expired', async () => {
    const { topUp, quota } = await member()
    await make()
    const { created_time } = await newest()
    const [code, other] = await make({ count: 2, expires_at: created_time + 1000 })
    expect((await topUp(other)).json.success).toBe(true)
    gateway.advance(1001)
    expect((await topUp(code)).json).toMatchObject({ success: false, code: 'redemption_expired' })
    // A code that was redeemed in time stays redeemed.
    expect((await topUp(other)).json.code).toBe('redemption_used')
    const { items } = await gateway.manage('GET', '/api/redemption/?page_size=2')
    expect(items.map(({ status }: { status: number }) => status)).toEqual([2, 3])
    expect(items[0].expires_at).toBe(created_time + 1000)
    expect(await quota()).toBe(500)
  })

  it.each([
    ['nothing', undefined, 'key is required'],
    ['null', null, 'key must be a string, got null'],
    ['a number', 12345678, 'key must be a string, got a number'],
    ['an empty text', '', 'key must not be empty, got a string'],
    ['a long text', 'x'.repeat(257), 'key must have at most 256 characters, got a string'],
    ['a NUL', `${UNKNOWN}\0`, 'key must not hold a NUL character'],
    ['a lone surrogate', '\udc00', 'key must not hold an unpaired surrogate'],
  ])('with %s is refused in words', async (_what, key, message) => {
    const { topUp } = await member()
    expect((await topUp(key)).json).toEqual({ success: false, message, code: 'invalid_field' })
  })

  it.each([
    UNKNOWN,
    'ａ'.repeat(32),
    "' or 1=1 --",
    `${'A'.repeat(31)}é`,
    '\u202e',
    'A'.repeat(33),
  ])('with a code that nobody made is refused: %s', async (key) => {
    const { topUp } = await member()
    expect((await topUp(key)).json.code).toBe('redemption_unknown')
  })

  it('is refused without saying the code, however it is sent', async () => {
    const code = await makeOne()
    const { as, topUp } = await member()
    const send = (body: string) => gateway.api('POST', '/api/user/topup', body, as)
    expect((await send(`{"key": "${code}"`)).json.code).toBe('invalid_json')
    expect((await send(`{"key": ["${code}"]}`)).json.code).toBe('invalid_field')
    expect((await send(`"${code}"`)).json.code).toBe('invalid_field')
    expect((await topUp(`${code}${code}`)).json.code).toBe('redemption_unknown')
    expect((await topUp(code)).json.data).toBe(500)
  })

  it('takes the scope account:write', async () => {
    const code = await makeOne()
    const narrow = await member({}, { scopes: ['keys:write', 'usage:read'] })
    const { status, json } = await narrow.topUp(code)
    expect({ status, code: json.code }).toEqual({ status: 403, code: 'scope_missing' })
    const fitting = await member({}, { scopes: ['account:write'] })
    expect((await fitting.topUp(code)).json.data).toBe(500)
  })
})

describe('guessing codes', () => {
  it('has to wait after ten failures within a minute, a right code too', async () => {
    const code = await makeOne()
    const { topUp, quota } = await member()
    for (let guess = 0; guess < 10; guess++) {
      expect((await topUp(UNKNOWN)).json.code).toBe('redemption_unknown')
    }
    const { status, json, headers } = await topUp(code)
    expect({ status, code: json.code }).toEqual({ status: 429, code: 'rate_limited' })
    expect(json.message).toMatch(/codes that can't be redeemed/)
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60)
    expect(await quota()).toBe(0)
    // Others are not kept waiting.
    expect((await (await member()).topUp(UNKNOWN)).json.code).toBe('redemption_unknown')
    gateway.advance(61)
    expect((await topUp(code)).json.data).toBe(500)
  })

  it('at the same time tells of ten only', async () => {
    const { topUp } = await member()
    const answers = await Promise.all(Array.from({ length: 25 }, () => topUp(UNKNOWN)))
    expect(answers.filter(({ json }) => json.code === 'redemption_unknown')).toHaveLength(10)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(15)
  })

  it('counts no mistakes that are no guesses', async () => {
    const { topUp } = await member({ quota: 1e15 })
    const code = await makeOne()
    for (let at = 0; at < 12; at++) {
      expect((await topUp(code)).json.code).toBe('quota_out_of_range')
      expect((await topUp(5)).json.code).toBe('invalid_field')
    }
  })
})
