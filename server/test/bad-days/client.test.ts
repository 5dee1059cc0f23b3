import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { hangs } from '../tools/bad-scripts.ts'
import { asking } from '../tools/calls.ts'
import { readEvents } from '../tools/events.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { exchange, openRaw, requestText } from '../tools/raw.ts'
import { streams } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { upstream } = gateway
await gateway.offer('plain')
const { id, key } = await gateway.createKey({ remain_quota: 1_000_000_000 })
const streaming = (model: string) => asking(model, { stream: true, max_tokens: 50 })
const headers = {
  authorization: `Bearer ${key}`,
  'content-type': 'application/json',
  connection: 'close',
}
setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')
const remain = async () => (await gateway.keyRecord(id)).remain_quota

/** Nothing is held for calls that are over: all of it can be asked for at once. */
async function expectNothingHeld() {
  const metrics = await fetch(`${gateway.url}/metrics`).then((response) => response.text())
  expect(metrics).toMatch(/reserv\w*(\{\})? 0\n/)
}

describe('a client that leaves', () => {
  it('before the first byte cancels the upstream at once, and pays nothing', async () => {
    await gateway.offer('hanging', hangs)
    const before = await remain()
    const leaving = new AbortController()
    const arrived = upstream.next()
    const call = gateway.call(asking('hanging'), key, { signal: leaving.signal })
    const atUpstream = await arrived
    const leftAt = performance.now()
    leaving.abort()
    await expect(call).rejects.toThrow()
    expect(await atUpstream.over).toBe('aborted')
    expect(performance.now() - leftAt).toBeLessThan(1000)
    expect(await remain()).toBe(before)
    await expectNothingHeld()
  })

  it('in the middle of a stream cancels the upstream at once, and pays what was produced', async () => {
    await gateway.offer('endless', streams({ events: 1e6, gapMs: 2 }))
    const before = await remain()
    const arrived = upstream.next()
    const response = await gateway.open(streaming('endless'), key)
    const events = readEvents(response)
    for (let i = 0; i < 10; i++) await events.next()
    const leftAt = performance.now()
    await events.cancel()
    expect(await (await arrived).over).toBe('aborted')
    expect(performance.now() - leftAt).toBeLessThan(1000)
    const requestId = response.headers.get('x-request-id') ?? ''
    await expect
      .poll(() => gateway.usageOf(requestId))
      .toMatchObject({ status: 499, estimated: true })
    const usage = await gateway.usageOf(requestId)
    expect(usage?.completion_tokens).toBeGreaterThanOrEqual(10)
    expect(before - (await remain())).toBe(usage?.quota)
    await expectNothingHeld()
  })

  it('before its body is whole costs nothing and calls nobody', async () => {
    const calls = upstream.calls.length
    const request = requestText(
      'POST /v1/chat/completions',
      headers,
      JSON.stringify(asking('plain')),
    )
    const raw = openRaw(gateway.url)
    raw.send(request.subarray(0, request.length - 10))
    raw.socket.end()
    await raw.toEnd()
    expect(upstream.calls.length).toBe(calls)
    await expectNothingHeld()
  })

  it('after the end has paid once, like any other', async () => {
    const before = await remain()
    const raw = openRaw(gateway.url)
    const body = JSON.stringify(asking('plain'))
    raw.send(
      requestText('POST /v1/chat/completions', { ...headers, connection: 'keep-alive' }, body),
    )
    await raw.until('Hello from upstream')
    raw.socket.destroy()
    expect(before - (await remain())).toBe(30)
  })

  it('while the upstream is asked one after the other never leaves anything held', async () => {
    await gateway.offer('slow', streams({ events: 20, gapMs: 5 }))
    await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const leaving = new AbortController()
        setTimeout(() => leaving.abort(), i * 4)
        await gateway.call(streaming('slow'), key, { signal: leaving.signal }).catch(() => {})
      }),
    )
    await expect.poll(expectNothingHeld).toBeUndefined()
    await expect.poll(() => gateway.doctor()).toEqual([])
  })
})

describe('a slow reader', () => {
  it('holds the upstream back instead of filling memory', async () => {
    const total = 400
    const padding = 2 ** 20
    await gateway.offer('torrent', streams({ events: total, padding }))
    collectGarbage()
    const before = process.memoryUsage()
    const arrived = upstream.next()
    const raw = openRaw(gateway.url)
    raw.socket.pause()
    raw.send(
      requestText('POST /v1/chat/completions', headers, JSON.stringify(streaming('torrent'))),
    )
    const call = await arrived
    // Until it stands still: the kernel's buffers of two connections, and no more than that.
    let seen = -1
    await expect
      .poll(
        () => {
          const still = call.accepted === seen && seen > 0
          seen = call.accepted
          return still
        },
        { interval: 250, timeout: 20_000 },
      )
      .toBe(true)
    expect(call.accepted).toBeLessThan(48 * 2 ** 20)
    const more = () => {
      collectGarbage()
      const { external, arrayBuffers } = process.memoryUsage()
      return external + arrayBuffers - before.external - before.arrayBuffers
    }
    await expect.poll(more).toBeLessThan(64 * 2 ** 20)
    raw.socket.destroy()
    expect(await call.over).toBe('aborted')
  })

  it('gets everything in the end', async () => {
    await gateway.offer(
      'long',
      streams({ events: 64, padding: 2 ** 18, usage: { prompt: 1, completion: 1 } }),
    )
    const raw = openRaw(gateway.url)
    raw.socket.pause()
    const arrived = upstream.next()
    raw.send(requestText('POST /v1/chat/completions', headers, JSON.stringify(streaming('long'))))
    await arrived
    raw.socket.resume()
    const text = await raw.toEnd()
    expect(text.length).toBeGreaterThan(64 * 2 ** 18)
    expect(text).toContain('data: [DONE]')
  })
})

describe('a body that is no chat', () => {
  const refusedWith = async (body: string | Uint8Array) => {
    const answer = await gateway.call(body, key)
    return [answer.status, answer.json?.error?.code]
  }

  it('is 400: no JSON, no UTF-8, 100 000 brackets, a lone surrogate as model', async () => {
    const invalid = [400, 'invalid_request']
    expect(await refusedWith('not json')).toEqual(invalid)
    expect(await refusedWith(Buffer.from([0xff, 0xfe, 0x7b, 0x7d]))).toEqual(invalid)
    const wrongUtf8 = Buffer.concat([
      Buffer.from('{"model":"plain","messages":[{"role":"user","content":"'),
      Buffer.from([0xc3, 0x28, 0xed, 0xa0, 0x80]),
      Buffer.from('"}]}'),
    ])
    expect(await refusedWith(wrongUtf8)).toEqual(invalid)
    const nested = `{"model":"plain","messages":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    expect(await refusedWith(nested)).toEqual(invalid)
    expect(await refusedWith('['.repeat(100_000))).toEqual(invalid)
    const deep = `{"model":"plain","messages":[],"x":${'{"a":'.repeat(129)}1${'}'.repeat(129)}}`
    expect(await refusedWith(deep)).toEqual(invalid)
    expect((await refusedWith('{"model":"\\ud800","messages":[]}'))[0]).toBeGreaterThanOrEqual(400)
  })

  it('cannot hide its model in a duplicate or in __proto__', async () => {
    const limited = await gateway.createKey({ model_limits_enabled: true, model_limits: 'plain' })
    await gateway.offer('dear', streams())
    const said = async (body: string) => {
      const calls = upstream.calls.length
      const answer = await gateway.call(body, limited.key)
      return { answer, sent: upstream.calls[calls]?.json?.model }
    }
    const twice = await said('{"model":"plain","messages":[],"model":"dear"}')
    expect([400, 403]).toContain(twice.answer.status)
    expect(twice.sent).toBeUndefined()
    const reversed = await said('{"model":"dear","messages":[],"model":"plain"}')
    expect(reversed.answer.status).toBe(400)
    const proto = await said('{"__proto__":{"model":"dear"},"messages":[]}')
    expect(proto.answer.json.error.message).toContain('model name is required')
    const polluted = await said(
      '{"model":"plain","messages":[],"__proto__":{"stream":true},"constructor":{"prototype":{"x":1}}}',
    )
    expect(polluted.answer.status).toBe(200)
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  it('with duplicate limits is charged by the one that counts upstream', async () => {
    const poor = await gateway.createKey({ remain_quota: 200 })
    const body = '{"max_tokens":1,"model":"plain","messages":[],"max_tokens":100000}'
    const answer = await gateway.call(body, poor.key)
    expect([400, 403]).toContain(answer.status)
  })

  it('with a 70 KB header is 431, and leaves the connection of others alone', async () => {
    const request = requestText('POST /v1/chat/completions', {
      ...headers,
      'x-long': 'x'.repeat(70_000),
    })
    expect(await exchange(gateway.url, request)).toMatch(/^HTTP\/1.1 431 /)
    expect((await gateway.call(asking('plain'), key)).status).toBe(200)
  })

  it('of an unknown encoding is refused by name', async () => {
    const answer = await gateway.call('x', key, { headers: { 'content-encoding': 'zstd-or-so' } })
    expect([400, 415]).toContain(answer.status)
    expect(answer.json.error.message).toContain('zstd-or-so')
  })

  it('that is half sent and then stops does not keep others from being served', async () => {
    const request = requestText(
      'POST /v1/chat/completions',
      headers,
      JSON.stringify(asking('plain')),
    )
    const stuck = Array.from({ length: 50 }, () => {
      const raw = openRaw(gateway.url)
      raw.send(request.subarray(0, request.length - 5))
      return raw
    })
    expect((await gateway.call(asking('plain'), key)).status).toBe(200)
    for (const { socket } of stuck) socket.destroy()
  })
})

describe('a stream that the client reads to its end', () => {
  it('can be followed by another call on the same connection', async () => {
    await gateway.offer('short', async (call, response) => {
      await streams({ events: 1 })(call, response)
    })
    const body = JSON.stringify(streaming('short'))
    const raw = openRaw(gateway.url)
    const kept = { ...headers, connection: 'keep-alive' }
    raw.send(requestText('POST /v1/chat/completions', kept, body))
    await raw.until('[DONE]')
    raw.send(requestText('POST /v1/chat/completions', headers, JSON.stringify(asking('plain'))))
    expect(await raw.toEnd()).toContain('Hello from upstream')
  })
})
