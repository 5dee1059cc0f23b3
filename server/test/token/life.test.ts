import { describe, expect, it } from 'vitest'
import { hangs } from '../tools/bad-scripts.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { newCaller } from './callers.ts'

const gateway = await sharedGateway()
const model = await gateway.offer('life-model')
const asking = { model, messages: [{ role: 'user', content: 'Hello' }] }
const DONE = '{"success":true,"message":""}'

const works = async (key: string) => (await gateway.call(asking, key)).status === 200
const codeOf = async (key: string) => (await gateway.call(asking, key)).json.error?.code

describe('DELETE /api/token/{id}', () => {
  it('ends the value for good, from the next call on', async () => {
    const { id, key } = await gateway.createKey()
    expect(await works(key)).toBe(true)
    const answered = await gateway.api('DELETE', `/api/token/${id}/`)
    expect([answered.status, answered.text]).toEqual([200, DONE])
    expect(await codeOf(key)).toBe('key_unknown')
    for (const [method, path, body] of [
      ['GET', `/api/token/${id}`, undefined],
      ['DELETE', `/api/token/${id}`, undefined],
      ['PUT', '/api/token/', { id, status: 1 }],
      ['POST', `/api/token/${id}/rotate`, {}],
      ['POST', `/api/token/${id}/quota`, { delta: 1 }],
      ['POST', `/api/token/${id}/key`, {}],
      ['POST', `/api/token/${id}/check`, {}],
    ] as const) {
      expect((await gateway.api(method, path, body)).json.code).toBe('key_not_found')
    }
  })

  it('ends the former values of a rotated key, too', async () => {
    const { id, key } = await gateway.createKey()
    await gateway.manage('POST', `/api/token/${id}/rotate`, { grace_seconds: 3600 })
    expect(await works(key)).toBe(true)
    await gateway.manage('DELETE', `/api/token/${id}`)
    expect(await codeOf(key)).toBe('key_unknown')
  })

  it('never touches the key of another account', async () => {
    const other = await newCaller(gateway)
    const { id, key } = await other.create()
    const answered = await gateway.api('DELETE', `/api/token/${id}`)
    expect(answered.json.code).toBe('key_not_found')
    expect(await works(key)).toBe(true)
  })
})

describe('POST /api/token/batch', () => {
  it('deletes its own, each once, and skips the rest', async () => {
    const other = await newCaller(gateway)
    const foreign = await other.create()
    const keys = [await gateway.createKey(), await gateway.createKey(), await gateway.createKey()]
    const ids = keys.slice(0, 2).map(({ id }) => id)
    const sent = [...ids, ...ids, foreign.id, 999_999]
    expect(await gateway.manage('POST', '/api/token/batch', { ids: sent })).toBe(2)
    expect(await gateway.manage('POST', '/api/token/batch/', { ids: sent })).toBe(0)
    expect(await codeOf(keys[0]?.key as string)).toBe('key_unknown')
    expect(await works(keys[2]?.key as string)).toBe(true)
    expect(await works(foreign.key)).toBe(true)
  })

  it.each([
    {},
    { ids: [] },
    { ids: 5 },
    { ids: ['5'] },
    { ids: [1.5] },
    { ids: Array.from({ length: 101 }, (_, at) => at + 1) },
  ])('refuses %j', async (body) => {
    const answered = await gateway.api('POST', '/api/token/batch', body)
    expect([answered.status, answered.json.code]).toEqual([200, 'invalid_field'])
    expect(answered.json.message).toContain('ids')
  })
})

describe('POST /api/token/{id}/rotate', () => {
  const rotate = async (id: number, body: object, headers = {}) => {
    const answered = await gateway.api('POST', `/api/token/${id}/rotate`, body, headers)
    expect(answered.json.success).toBe(true)
    expect(answered.headers.get('cache-control')).toBe('no-store')
    return gateway.secret(answered.json.data.key as string)
  }

  it('gives the same record a new value; the old one lives for its grace', async () => {
    const { id, key } = await gateway.createKey({ name: 'kept' })
    const before = await gateway.keyRecord(id)
    expect(await works(key)).toBe(true)
    const renewed = await rotate(id, { grace_seconds: 3600 })
    expect(renewed).not.toBe(key)
    expect({ ...(await gateway.keyRecord(id)), used_quota: 0, accessed_time: 0 }).toEqual({
      ...before,
      key: renewed,
      remain_quota: expect.any(Number),
      used_quota: 0,
      accessed_time: 0,
    })
    expect([await works(key), await works(renewed)]).toEqual([true, true])
    gateway.advance(3595)
    expect(await works(key)).toBe(true)
    gateway.advance(10)
    expect(await codeOf(key)).toBe('key_unknown')
    expect(await works(renewed)).toBe(true)
  })

  it('charges the same balance by either value', async () => {
    const { id, key } = await gateway.createKey()
    const renewed = await rotate(id, { grace_seconds: 60 })
    await gateway.call(asking, key)
    const once = (await gateway.keyRecord(id)).used_quota
    await gateway.call(asking, renewed)
    expect((await gateway.keyRecord(id)).used_quota).toBe(2 * once)
  })

  it('without a grace ends the old value at once, and those of earlier rotations', async () => {
    const { id, key } = await gateway.createKey()
    const second = await rotate(id, { grace_seconds: 3600 })
    expect(await works(key)).toBe(true)
    const third = await rotate(id, {})
    expect([await codeOf(key), await codeOf(second)]).toEqual(['key_unknown', 'key_unknown'])
    expect(await works(third)).toBe(true)
  })

  it('happens once under an Idempotency-Key, also for twins', async () => {
    const { id, key } = await gateway.createKey()
    const headers = { 'idempotency-key': 'rotate-once' }
    const values = await Promise.all(
      Array.from({ length: 6 }, () => rotate(id, { grace_seconds: 60 }, headers)),
    )
    expect(new Set(values).size).toBe(1)
    expect([await works(key), await works(values[0] as string)]).toEqual([true, true])
  })

  it('works at the same time from many hands: the last value counts, the others have their grace', async () => {
    const { id } = await gateway.createKey()
    const values = await Promise.all(
      Array.from({ length: 5 }, () => rotate(id, { grace_seconds: 60 })),
    )
    expect(values).toContain((await gateway.keyRecord(id)).key)
    for (const value of values) expect(await works(value)).toBe(true)
  })

  it.each([-1, 2_592_001, 1.5, '60'])('refuses a grace of %j', async (grace_seconds) => {
    const { id, key } = await gateway.createKey()
    const answered = await gateway.api('POST', `/api/token/${id}/rotate`, { grace_seconds })
    expect(answered.json.code).toBe('invalid_field')
    expect(answered.json.message).toContain('grace_seconds')
    expect(await works(key)).toBe(true)
  })
})

describe('POST /api/token/{id}/quota', () => {
  const change = (id: number, body: object, headers = {}) =>
    gateway.api('POST', `/api/token/${id}/quota`, body, headers)

  it('adds and takes, and says what remains', async () => {
    const { id } = await gateway.createKey({ remain_quota: 100_000 })
    const taken = await change(id, { delta: -500, reason: 'refund' })
    expect(taken.text).toBe('{"success":true,"message":"","data":{"remain_quota":99500}}')
    expect((await change(id, { delta: 0 })).json.data).toEqual({ remain_quota: 99_500 })
    expect((await change(id, { delta: 1 })).json.data).toEqual({ remain_quota: 99_501 })
    expect((await gateway.keyRecord(id)).remain_quota).toBe(99_501)
  })

  it('never goes below zero or above the limit', async () => {
    const { id } = await gateway.createKey({ remain_quota: 100 })
    expect((await change(id, { delta: -101 })).json.code).toBe('quota_too_low')
    expect((await change(id, { delta: 1e15 })).json.code).toBe('quota_out_of_range')
    expect((await change(id, { delta: 1e15 + 1 })).json.code).toBe('quota_out_of_range')
    expect((await change(id, { delta: -1e300 })).json.code).toBe('quota_out_of_range')
    expect((await gateway.keyRecord(id)).remain_quota).toBe(100)
    expect((await change(id, { delta: -100 })).json.data).toEqual({ remain_quota: 0 })
    expect((await gateway.keyRecord(id)).status).toBe(4)
  })

  it('takes exactly what there is when many take at once', async () => {
    const { id } = await gateway.createKey({ remain_quota: 10 })
    const answers = await Promise.all(Array.from({ length: 25 }, () => change(id, { delta: -1 })))
    const left = answers.flatMap(({ json }) => json.data?.remain_quota ?? [])
    expect(left.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(answers.filter(({ json }) => json.code === 'quota_too_low')).toHaveLength(15)
  })

  it('happens once under an Idempotency-Key, and is answered as the first time', async () => {
    const { id } = await gateway.createKey({ remain_quota: 100 })
    const headers = { 'idempotency-key': 'quota-once' }
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => change(id, { delta: -30 }, headers)),
    )
    await change(id, { delta: 1_000 })
    answers.push(await change(id, { delta: -30 }, headers))
    expect(answers.map(({ json }) => json.data.remain_quota)).toEqual(Array(6).fill(70))
    expect((await change(id, { delta: -31 }, headers)).json.code).toBe('idempotency_conflict')
    expect((await gateway.keyRecord(id)).remain_quota).toBe(1_070)
    await gateway.manage('DELETE', `/api/token/${id}`)
    expect((await change(id, { delta: -30 }, headers)).json.data).toEqual({ remain_quota: 70 })
    expect((await change(id, { delta: -30 })).json.code).toBe('key_not_found')
  })

  it('counts for the very next call', async () => {
    const { id, key } = await gateway.createKey({ remain_quota: 0 })
    expect(await codeOf(key)).toBe('quota_exhausted')
    await change(id, { delta: 100_000 })
    expect(await works(key)).toBe(true)
  })

  it.each([{}, { delta: '5' }, { delta: 1.5 }, { delta: null }, { delta: 1, reason: 5 }])(
    'refuses %j',
    async (body) => {
      const { id } = await gateway.createKey({ remain_quota: 100 })
      expect((await change(id, body)).json.code).toBe('invalid_field')
      expect((await gateway.keyRecord(id)).remain_quota).toBe(100)
    },
  )
})

describe('accessed_time', () => {
  it('follows model requests within seconds, and nothing else', async () => {
    const { id, key } = await gateway.createKey()
    const created = Number((await gateway.keyRecord(id)).created_time)
    gateway.advance(100)
    await gateway.keyRecord(id)
    expect((await gateway.keyRecord(id)).accessed_time).toBe(created)
    await gateway.call(asking, key)
    await expect
      .poll(async () => Number((await gateway.keyRecord(id)).accessed_time), { timeout: 8_000 })
      .toBeGreaterThanOrEqual(created + 100)
  })
})

describe('units held by a running call', () => {
  it('stay part of remain_quota until they are spent', async () => {
    await gateway.offer('hanging-model', hangs)
    const { id, key } = await gateway.createKey({ remain_quota: 10_000 })
    const leaving = new AbortController()
    const arrived = gateway.upstream.next()
    const call = gateway.open({ ...asking, model: 'hanging-model' }, key, {
      signal: leaving.signal,
    })
    await arrived
    expect((await gateway.keyRecord(id)).remain_quota).toBe(10_000)
    leaving.abort()
    await expect(call).rejects.toThrow()
  })
})
