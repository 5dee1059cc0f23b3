import { describe, expect, it } from 'vitest'
import {
  breaksMidStream,
  breaksPlainAnswer,
  endsWithHalfAnEvent,
  hangs,
  hangsMidStream,
  refuses,
  resets,
  says,
  talksOn,
} from '../tools/bad-scripts.ts'
import { type Answered, asking, type Fields } from '../tools/calls.ts'
import { readEvents } from '../tools/events.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { closedPort, type Script } from '../tools/upstream.ts'

const gateway = await sharedGateway()
const { id, key } = await gateway.createKey({ remain_quota: 100_000_000 })
const streaming = (model: string) => asking(model, { stream: true, max_tokens: 50 })

let models = 0
const offer = (script: Script, channel: Fields = {}) =>
  gateway.offer(`bad-${models++}`, script, { channel })

const remain = async () => (await gateway.keyRecord(id)).remain_quota

/** Calls a model that fails, and checks that it cost nothing and held nothing back. */
async function failing(body: Fields): Promise<Answered> {
  const before = await remain()
  const answer = await gateway.call(body, key)
  expect(await remain()).toBe(before)
  return answer
}

describe('before the first byte, at no charge', () => {
  it('an upstream that refuses the connection is 502 upstream_unreachable', async () => {
    const base = await closedPort()
    const model = await offer(() => {}, { base_url: `${base}/v1` })
    for (const body of [asking(model), streaming(model)]) {
      const answer = await failing(body)
      expect([answer.status, answer.json.error.code]).toEqual([502, 'upstream_unreachable'])
      expect(answer.text).not.toContain(new URL(base).port)
    }
  })

  it('an upstream that resets the connection is 502 upstream_unreachable', async () => {
    const answer = await failing(asking(await offer(resets)))
    expect([answer.status, answer.json.error.code]).toEqual([502, 'upstream_unreachable'])
  })

  it('an upstream that hangs is 504 upstream_timeout, and is let go', async () => {
    const model = await offer(hangs, { timeouts: { first_byte_ms: 150 } })
    const arrived = gateway.upstream.next()
    const answer = await failing(asking(model))
    expect([answer.status, answer.json.error.code]).toEqual([504, 'upstream_timeout'])
    expect(await (await arrived).over).toBe('aborted')
  })

  it('429 comes with the upstream’s Retry-After', async () => {
    const model = await offer(refuses(429, 'slow down', { headers: { 'retry-after': '17' } }))
    const answer = await failing(asking(model))
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '17'])
    expect(answer.json.error.message).toContain('slow down')
    expect(answer.headers.get('x-should-retry')).not.toBe('false')
  })

  it('401, 402 and 403 of the provider are 502 channel_refused without its words', async () => {
    for (const status of [401, 402, 403]) {
      const model = await offer(refuses(status, 'Incorrect API key provided: sk-upstream-1234'))
      const answer = await failing(asking(model))
      expect([answer.status, answer.json.error.code]).toEqual([502, 'channel_refused'])
      expect(answer.text).not.toContain('sk-upstream')
    }
  })

  it('an error that quotes the channel’s key is freed of it', async () => {
    const model = await offer((call, response) => {
      const message = `bad request by ${call.headers.authorization} at 10.0.0.7`
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { message, type: 'x', code: null } }))
    })
    const answer = await failing(asking(model))
    expect(answer.status).toBe(400)
    expect(answer.text).not.toContain('upstream-secret-')
  })

  it('5 MB of error neither break the gateway nor are read without end', async () => {
    const model = await offer(says(500, `{"error":{"message":"${'x'.repeat(5 * 2 ** 20)}"}}`))
    const answer = await failing(asking(model))
    expect([answer.status, answer.json.error.code]).toEqual([500, 'upstream_invalid'])
    expect(answer.text.length).toBeLessThan(1_000)
    const bad = await offer(says(400, 'y'.repeat(5 * 2 ** 20)))
    expect((await failing(asking(bad))).status).toBe(400)
  })

  it('500s that are no JSON, and empty ones, come back as the upstream said them', async () => {
    for (const body of ['<html>oops</html>', '']) {
      const answer = await failing(asking(await offer(says(503, body))))
      expect([answer.status, answer.text]).toEqual([503, body])
      expect(answer.requestId).not.toBe('')
    }
  })

  it('what is no JSON with status 200 is 502 upstream_invalid', async () => {
    for (const body of ['{"choices":[', 'OK', '<html></html>']) {
      const answer = await failing(asking(await offer(says(200, body))))
      expect([answer.status, answer.json.error.code]).toEqual([502, 'upstream_invalid'])
    }
  })

  it('a plain answer that is cut is an error, not half an answer', async () => {
    const answer = await failing(asking(await offer(breaksPlainAnswer)))
    expect(answer.status).toBe(502)
  })

  it('what is no HTTP is 502', async () => {
    const model = await offer(
      (_call, response) => void response.socket?.end('SSH-2.0-OpenSSH\r\n\r\n'),
    )
    expect((await failing(asking(model))).status).toBe(502)
  })
})

describe('after the first byte, charged once for what was produced', () => {
  /** Reads a stream that breaks; resolves with what was seen of it. */
  async function broken(model: string) {
    const before = await remain()
    const response = await gateway.open(streaming(model), key)
    expect(response.status).toBe(200)
    const events = readEvents(response)
    await events.rest().catch(() => {})
    const requestId = response.headers.get('x-request-id') ?? ''
    await expect.poll(() => gateway.usageOf(requestId)).toBeDefined()
    const usage = await gateway.usageOf(requestId)
    expect(before - (await remain())).toBe(usage?.quota)
    return { text: events.text(), usage }
  }

  it.each([
    ['breaks between events', breaksMidStream(3)],
    ['breaks within an event', breaksMidStream(3, true)],
    ['ends in order within an event', endsWithHalfAnEvent],
  ])('a stream that %s ends with an error event, never with [DONE]', async (_how, script) => {
    const { text, usage } = await broken(await offer(script))
    expect(text).not.toContain('[DONE]')
    expect(text).toMatch(/\n\ndata: \{"error":/)
    expect(usage).toMatchObject({ estimated: true, shortfall: 0 })
    expect(usage?.quota).toBeGreaterThan(0)
    expect(usage?.error_code).not.toBe('')
  })

  it('a stream that hangs is ended by the idle deadline', async () => {
    const model = await offer(hangsMidStream(2), { timeouts: { idle_ms: 200 } })
    const arrived = gateway.upstream.next()
    const { text, usage } = await broken(model)
    expect(text).toContain('upstream_timeout')
    expect(usage).toMatchObject({ estimated: true, error_code: 'upstream_timeout' })
    expect(await (await arrived).over).toBe('aborted')
  })

  it('a stream without end is ended by the total deadline', async () => {
    const model = await offer(
      async (call, response) => {
        await hangsMidStream(1)(call, response)
        const clock = setInterval(() => response.write(': ping\n\n'), 20)
        response.on('close', () => clearInterval(clock))
      },
      { timeouts: { idle_ms: 5000, total_ms: 400 } },
    )
    expect((await broken(model)).text).toContain('upstream_timeout')
  })
})

describe('an upstream that goes on', () => {
  it('after its completion signal is charged once, and reaches its end', async () => {
    const more = ['data: {"choices":[],"x":1}\n\n', ': ping\n\n', 'event: odd\ndata: 1\n\n']
    const before = await remain()
    const answer = await gateway.call(streaming(await offer(talksOn(more))), key)
    expect(answer.status).toBe(200)
    expect(answer.text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(before - (await remain())).toBe(10 + 5 * 4)
  })

  it('after [DONE] does not keep the call open', async () => {
    const model = await offer(
      async (call, response) => {
        await hangsMidStream(1)(call, response)
        response.write('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n')
        response.write('data: [DONE]\n\n')
      },
      { timeouts: { idle_ms: 1000 } },
    )
    const answer = await gateway.call(streaming(model), key)
    expect(answer.text).toContain('data: [DONE]\n\n')
    expect(answer.text).not.toContain('"error"')
  })
})
