import { describe, expect, it } from 'vitest'
import { asking, PRICE } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { answers, streams } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()

/** What key and account lost by a call, beside its usage record. */
async function spending(
  key: { id: number; key: string },
  body: Parameters<typeof gateway.call>[0],
) {
  const before = [await gateway.keyRecord(key.id), await gateway.account()] as const
  const answer = await gateway.call(body, key.key)
  expect([answer.status, answer.text]).toEqual([200, expect.anything()])
  const after = [await gateway.keyRecord(key.id), await gateway.account()] as const
  return {
    answer,
    usage: await gateway.usageOf(answer.requestId),
    keyLost: before[0].remain_quota - after[0].remain_quota,
    keyUsed: after[0].used_quota - before[0].used_quota,
    accountLost: before[1].quota - after[1].quota,
    accountUsed: after[1].used_quota - before[1].used_quota,
    requests: after[1].request_count - before[1].request_count,
  }
}

describe('a call charges', () => {
  it('key and account alike, the exact cost, and records it', async () => {
    await gateway.offer('exact', answers({ usage: { prompt: 100, completion: 25 } }))
    const key = await gateway.createKey()
    const spent = await spending(key, asking('exact', { max_tokens: 100 }))
    expect(spent).toMatchObject({ keyLost: 200, keyUsed: 200, accountUsed: 200, requests: 1 })
    expect([0, 200]).toContain(spent.accountLost)
    expect(spent.usage).toMatchObject({
      request_id: spent.answer.requestId,
      token_id: key.id,
      token_name: 'test',
      model_name: 'exact',
      group: 'default',
      quota: 200,
      shortfall: 0,
      prompt_tokens: 100,
      completion_tokens: 25,
      estimated: false,
      is_stream: false,
      status: 200,
      error_code: '',
      ip: '127.0.0.1',
      attempts: 1,
    })
  })

  it('announces the cost where it is known before the body', async () => {
    const key = await gateway.createKey()
    const { answer } = await spending(key, asking('exact'))
    expect(answer.headers.get('x-turnpike-cost')).toBe('200')
  })

  it('cached input at its own price, and the whole sum rounded up once', async () => {
    // 0.5 + 0.05 + 2 units a token: 90 x 0.5 + 11 x 0.05 + 3 x 2 = 51.55.
    await gateway.offer('cached', answers({ usage: { prompt: 101, cached: 11, completion: 3 } }), {
      price: { input: '1', cache_read: '0.1', output: '4' },
    })
    const spent = await spending(await gateway.createKey(), asking('cached'))
    expect(spent.keyLost).toBe(52)
    expect(spent.usage).toMatchObject({ cached_tokens: 11, quota: 52 })
  })

  it('a price per request, tokens or none', async () => {
    await gateway.offer('flat', answers({ usage: { prompt: 5, completion: 5 } }), {
      price: { input: '0', output: '0', per_request: '0.01' },
    })
    expect((await spending(await gateway.createKey(), asking('flat'))).keyLost).toBe(5000)
  })

  it('nothing on a free channel, which needs no price', async () => {
    await gateway.offer('gift', answers(), { price: null, channel: { free: true } })
    const spent = await spending(await gateway.createKey({ remain_quota: 1 }), asking('gift'))
    expect(spent).toMatchObject({ keyLost: 0, accountUsed: 0 })
    expect(spent.usage).toMatchObject({ quota: 0, prompt_tokens: 10, completion_tokens: 5 })
  })

  it('an unlimited key’s account, and counts what the key used', async () => {
    const key = await gateway.createKey({ unlimited_quota: true, remain_quota: 0 })
    const spent = await spending(key, asking('exact'))
    expect(spent).toMatchObject({ keyLost: 0, keyUsed: 200, accountUsed: 200 })
  })

  it('a stream by the usage at its end', async () => {
    await gateway.offer('streamed', streams({ usage: { prompt: 40, completion: 10 } }))
    const body = asking('streamed', { stream: true, max_tokens: 50 })
    const spent = await spending(await gateway.createKey(), body)
    expect(spent).toMatchObject({ keyLost: 80, accountUsed: 80 })
    expect(spent.usage).toMatchObject({ is_stream: true, estimated: false })
  })

  it('a call at the prices it was admitted with', async () => {
    const go = Promise.withResolvers<void>()
    const started = gateway.upstream.next()
    await gateway.offer('repriced', async (call, response) => {
      await go.promise
      await answers({ usage: { prompt: 10, completion: 10 } })(call, response)
    })
    const key = await gateway.createKey()
    const running = spending(key, asking('repriced', { max_tokens: 10 }))
    await started
    await gateway.manage('PUT', '/api/price/repriced', { input: '2000', output: '8000' })
    go.resolve()
    expect((await running).keyLost).toBe(50)
    await gateway.manage('PUT', '/api/price/repriced', PRICE)
  })
})

describe('an upstream that reports no usage', () => {
  it('is counted with a tokenizer and marked as estimated', async () => {
    await gateway.offer('silent', answers({ usage: null, text: 'one two three four five' }))
    const { usage, keyLost } = await spending(await gateway.createKey(), asking('silent'))
    expect(usage).toMatchObject({ estimated: true, completion_tokens: 5 })
    expect(usage?.prompt_tokens).toBeGreaterThanOrEqual(3)
    expect(usage?.prompt_tokens).toBeLessThan(20)
    expect(keyLost).toBe((usage?.prompt_tokens as number) + 5 * 4)
  })

  it('is counted for a stream as well', async () => {
    await gateway.offer('silent-stream', streams({ usage: null, events: 6 }))
    const body = asking('silent-stream', { stream: true, max_tokens: 100 })
    const { usage, keyLost } = await spending(await gateway.createKey(), body)
    expect(usage?.estimated).toBe(true)
    expect(usage?.completion_tokens).toBeGreaterThanOrEqual(6)
    expect(keyLost).toBeGreaterThan(24)
  })
})

describe('an upstream that reports more than was reserved', () => {
  it('takes at most what is left; the rest is recorded as shortfall, and nothing goes below zero', async () => {
    await gateway.offer('greedy', answers({ usage: { prompt: 1000, completion: 1000 } }))
    const key = await gateway.createKey({ remain_quota: 600 })
    const { usage, keyLost } = await spending(key, asking('greedy', { max_tokens: 20 }))
    expect(keyLost).toBe(600)
    expect(usage).toMatchObject({ quota: 600, shortfall: 4400, completion_tokens: 1000 })
    expect(await gateway.keyRecord(key.id)).toMatchObject({ remain_quota: 0, status: 4 })
  })
})
