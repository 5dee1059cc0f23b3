import { describe, expect, it } from 'vitest'
import { asking } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { answers, sendJson } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { upstream } = gateway
/** 1 unit an input token, 4 an output token; each call here spends exactly 10 + 10 x 4. */
await gateway.offer('fifty', answers({ usage: { prompt: 10, completion: 10 } }))
/** Costs exactly what it reserves when asked for 10 tokens: its input is free. */
const COST = 40
await gateway.offer('forty', answers({ usage: { prompt: 10, completion: 10 } }), {
  price: { input: '0', output: '8' },
})

async function sent(body: ReturnType<typeof asking>, key: string) {
  const before = upstream.calls.length
  const answer = await gateway.call(body, key)
  return { answer, json: upstream.calls[before]?.json }
}

describe('a call without a limit of its own', () => {
  it('goes out without one when plenty is left', async () => {
    const { key } = await gateway.createKey({ remain_quota: 1_000_000_000 })
    const { json } = await sent(asking('fifty'), key)
    expect(json).toEqual(asking('fifty'))
  })

  it('goes out with a cap that a quarter of what is left, or 1 024 tokens, can pay', async () => {
    const { key } = await gateway.createKey({ remain_quota: 40_000 })
    const { answer, json } = await sent(asking('fifty'), key)
    expect(answer.status).toBe(200)
    const cap = (json?.max_completion_tokens ?? json?.max_tokens) as number
    // A quarter of 40 000 units, less the input, at 4 units a token.
    expect(cap).toBeGreaterThan(2400)
    expect(cap).toBeLessThanOrEqual(2500)
  })

  it('is never kept from running by others that hold a quarter each', async () => {
    const { key } = await gateway.createKey({ remain_quota: 100_000 })
    const all = await Promise.all(
      Array.from({ length: 8 }, () => gateway.call(asking('fifty'), key)),
    )
    expect(all.map(({ status }) => status)).toEqual(Array(8).fill(200))
  })
})

describe('a limit that can’t be afforded', () => {
  it('is lowered by at most half, announced and recorded', async () => {
    const { key } = await gateway.createKey({ remain_quota: 2500 })
    const { answer, json } = await sent(asking('fifty', { max_tokens: 1000 }), key)
    expect(answer.status).toBe(200)
    const lowered = json?.max_tokens as number
    expect(lowered).toBeGreaterThanOrEqual(500)
    expect(lowered).toBeLessThan(625)
    expect(answer.headers.get('x-turnpike-output-limit')).toBe(String(lowered))
    expect(await gateway.usageOf(answer.requestId)).toMatchObject({ output_limit: lowered })
  })

  it('is refused beyond that, saying what was asked and what can be had', async () => {
    const { id, key } = await gateway.createKey({ remain_quota: 1500 })
    const { answer, json } = await sent(asking('fifty', { max_completion_tokens: 1000 }), key)
    expect([answer.status, answer.json.error.code]).toEqual([403, 'quota_exhausted'])
    expect(answer.json.error.message).toMatch(/1000 output tokens asked, 3\d\d affordable/)
    expect(json).toBeUndefined()
    expect((await gateway.keyRecord(id)).remain_quota).toBe(1500)
  })

  it('counts once for each of n answers', async () => {
    const { key } = await gateway.createKey({ remain_quota: 4500 })
    const { answer } = await sent(asking('fifty', { max_tokens: 1000, n: 3 }), key)
    expect(answer.json.error.code).toBe('quota_exhausted')
  })

  it('is refused for all of its input, whatever stands beside a picture or a file', async () => {
    const { key } = await gateway.createKey({ remain_quota: 9000 })
    const words = 'word '.repeat(10_000)
    for (const part of [
      { type: 'text', text: words, image_url: 'https://e.com/a.png' },
      { type: 'text', text: words, file: { file_data: 'data:text/plain;base64,YQ==' } },
      { type: 'refusal', text: '', refusal: words },
    ]) {
      const messages = [{ role: 'user', content: [part] }]
      const { answer } = await sent(asking('fifty', { messages, max_tokens: 10 }), key)
      expect([answer.status, answer.json.error?.code]).toEqual([403, 'quota_exhausted'])
    }
  })

  it('of which key and account lack units names who lacks too many', async () => {
    const { id } = await gateway.manage('POST', '/api/user/', { username: 'lacking', quota: 300 })
    const { token } = await gateway.manage('POST', `/api/user/${id}/access_tokens`, { name: 't' })
    const headers = { authorization: gateway.secret(token), prefer: 'return=representation' }
    // The key could pay 600 of 1 000 tokens; its account only 60.
    const made = await gateway.api('POST', '/api/token/', { remain_quota: 2500 }, headers)
    const { answer } = await sent(
      asking('fifty', { max_tokens: 1000 }),
      gateway.secret(made.json.data.key),
    )
    expect([answer.status, answer.json.error.code]).toEqual([403, 'insufficient_balance'])
  })

  it('is refused when lowering is switched off', async () => {
    await gateway.manage('PUT', '/api/setting/', { 'quota.lower_output': 'off' })
    const { key } = await gateway.createKey({ remain_quota: 2500 })
    const { answer } = await sent(asking('fifty', { max_tokens: 1000 }), key)
    await gateway.manage('PUT', '/api/setting/', { 'quota.lower_output': 'on' })
    expect(answer.json.error.code).toBe('quota_exhausted')
  })
})

describe('units that running calls hold', () => {
  it('are waited for, and had as soon as the call before ends', async () => {
    const go = Promise.withResolvers<void>()
    await gateway.offer('slow-first', async (call, response) => {
      await go.promise
      await answers({ usage: { prompt: 10, completion: 10 } })(call, response)
    })
    const { key } = await gateway.createKey({ remain_quota: 1000 })
    const arrived = upstream.next()
    const first = gateway.call(asking('slow-first', { max_tokens: 200 }), key)
    await arrived
    const second = gateway.call(asking('fifty', { max_tokens: 200 }), key)
    go.resolve()
    expect([(await first).status, (await second).status]).toEqual([200, 200])
  })

  it('are not had by a key that was disabled while it waited', async () => {
    await gateway.manage('PUT', '/api/setting/', { 'ledger.wait_ms': 20_000 })
    const go = Promise.withResolvers<void>()
    await gateway.offer('slow-again', async (call, response) => {
      await go.promise
      await answers({ usage: { prompt: 10, completion: 10 } })(call, response)
    })
    const { id, key } = await gateway.createKey({ remain_quota: 1000 })
    const arrived = upstream.next()
    const first = gateway.call(asking('slow-again', { max_tokens: 200 }), key)
    await arrived
    const second = gateway.call(asking('fifty', { max_tokens: 200 }), key)
    // By the time that these are answered, it waits.
    for (let n = 0; n < 10; n++) await gateway.keyRecord(id)
    const calls = upstream.calls.length
    await gateway.manage('PUT', '/api/token/?status_only=true', { id, status: 2 })
    go.resolve()
    expect((await first).status).toBe(200)
    expect([(await second).status, (await second).json.error.code]).toEqual([401, 'key_disabled'])
    expect(upstream.calls.length).toBe(calls)
    expect((await gateway.keyRecord(id)).used_quota).toBe(50)
    await gateway.manage('PUT', '/api/setting/', { 'ledger.wait_ms': 500 })
  })

  it('make 429 quota_reserved with Retry-After when they stay held', async () => {
    const go = Promise.withResolvers<void>()
    await gateway.offer('stuck', async (call, response) => {
      await go.promise
      sendJson(response, 200, {
        ...call.json,
        choices: [],
        usage: { prompt_tokens: 1, completion_tokens: 1 },
      })
    })
    const { key } = await gateway.createKey({ remain_quota: 1000 })
    const arrived = upstream.next()
    const first = gateway.call(asking('stuck', { max_tokens: 200 }), key)
    await arrived
    const second = await gateway.call(asking('fifty', { max_tokens: 200 }), key)
    expect([second.status, second.json.error.code]).toEqual([429, 'quota_reserved'])
    expect(second.headers.get('retry-after')).toBe('1')
    expect(second.headers.get('x-should-retry')).not.toBe('false')
    go.resolve()
    await first
  })
})

describe('calls at the same time', () => {
  it('never overspend: quota for exactly 100 serves exactly 100 of 500', {
    timeout: 120_000,
  }, async () => {
    const { id, key } = await gateway.createKey({ remain_quota: 100 * COST })
    let [asked, served] = [0, 0]
    const refused = new Set<string>()
    const client = async () => {
      while (asked < 500) {
        asked += 1
        const answer = await gateway.call(asking('forty', { max_tokens: 10 }), key)
        if (answer.status === 200) served += 1
        else refused.add(answer.json.error.code)
      }
    }
    await Promise.all(Array.from({ length: 64 }, client))
    expect(served).toBe(100)
    expect([...refused].filter((code) => !/quota_(exhausted|reserved)/.test(code))).toEqual([])
    expect(await gateway.keyRecord(id)).toMatchObject({
      remain_quota: 0,
      used_quota: 100 * COST,
      status: 4,
    })
  })

  it('of several keys never overspend their account', { timeout: 120_000 }, async () => {
    const { id } = await gateway.manage('POST', '/api/user/', {
      username: 'shared',
      quota: 40 * COST,
    })
    const { token } = await gateway.manage('POST', `/api/user/${id}/access_tokens`, { name: 't' })
    gateway.secret(token)
    const headers = { authorization: token, prefer: 'return=representation' }
    const keys: string[] = []
    for (let i = 0; i < 5; i++) {
      const made = await gateway.api(
        'POST',
        '/api/token/',
        { unlimited_quota: i > 2, remain_quota: 1e6 },
        headers,
      )
      keys.push(gateway.secret(made.json.data.key))
    }
    const answers = await Promise.all(
      Array.from({ length: 120 }, (_, i) =>
        gateway.call(asking('forty', { max_tokens: 10 }), keys[i % keys.length] ?? ''),
      ),
    )
    const served = answers.filter(({ status }) => status === 200).length
    const account = await gateway.manage('GET', `/api/user/${id}`)
    expect(account.quota).toBe(40 * COST - served * COST)
    expect(served).toBeLessThanOrEqual(40)
    expect(served).toBeGreaterThan(0)
  })
})
