import { describe, expect, it } from 'vitest'
import { refuses } from '../tools/bad-scripts.ts'
import { asking } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { answers, streams } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { upstream } = gateway
await gateway.offer('plain')
await gateway.offer('streamed', streams())
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })

/** What the upstream was sent for a body. */
async function sentUpstream(body: string | Uint8Array, headers: Record<string, string> = {}) {
  const arrived = upstream.next()
  const answer = await gateway.call(body, key, { headers })
  expect(answer.status).toBe(200)
  return arrived
}

/** Odd but valid spelling, which a parse and a new print would change. */
const ODD =
  '{ "messages" : [ {"role":"user","content":"\\u0041\\/ caf\u00e9 \\ud83d\\ude00 \u{1f600}"} ],\n' +
  '\t"seed": 12345678901234567890, "temperature": 1.0, "x": 1e2, "top_p":0.10,\r\n' +
  '"max_tokens":16, "unknown_field": {"b":1,"a":2, "a":3}, "model":"plain"}  \n'

describe('a body to a channel of the same dialect', () => {
  it('arrives byte for byte', async () => {
    const call = await sentUpstream(ODD)
    expect(call.body.toString()).toBe(ODD)
    expect(call.headers['content-length']).toBe(String(Buffer.byteLength(ODD)))
    expect(call.headers['content-type']).toBe('application/json')
  })

  it('differs in the model’s name alone where the channel maps it', async () => {
    await gateway.offer('public-name', answers(), {
      channel: { model_mapping: { 'public-name': 'vendor/model:1' } },
    })
    const mapped = ODD.replace('"plain"', '"public-name"').replace(
      'caf',
      'public-name \\"model\\": ',
    )
    const call = await sentUpstream(mapped)
    expect(call.body.toString()).toBe(
      mapped.replace('"model":"public-name"', '"model":"vendor/model:1"'),
    )
  })

  it('is asked for usage when it streams, and nothing else changes', async () => {
    const body = ODD.replace('"plain"', '"streamed","stream":true')
    const call = await sentUpstream(body)
    const { stream_options, ...rest } = call.json ?? {}
    expect(stream_options).toEqual({ include_usage: true })
    expect(rest).toEqual(JSON.parse(body))
    expect(call.body.toString()).toContain(
      '"content":"\\u0041\\/ caf\u00e9 \\ud83d\\ude00 \u{1f600}"',
    )
    expect(call.body.toString()).toContain('"seed": 12345678901234567890')
  })

  it('keeps other stream options, and a caller’s own include_usage', async () => {
    const asked = '{"stream_options":{"include_usage":true , "include_obfuscation":false}'
    const body = `${asked},"stream":true,"model":"streamed","max_tokens":9,"messages":[]}`
    expect((await sentUpstream(body)).body.toString()).toBe(body)
    const off = body.replace('true , ', 'false , ')
    expect((await sentUpstream(off)).json?.stream_options).toEqual({
      include_usage: true,
      include_obfuscation: false,
    })
    const nothing = body.replace(asked, '{"stream_options":null')
    expect((await sentUpstream(nothing)).json?.stream_options).toEqual({ include_usage: true })
  })
})

describe('headers', () => {
  it('reach the upstream, less those that are the gateway’s, the caller’s secret or hop-by-hop', async () => {
    const { headers, rawHeaders } = await sentUpstream(JSON.stringify(asking('plain')), {
      'X-Custom': 'Kept As It Is',
      'openai-beta': 'assistants=v2',
      'user-agent': 'tester/1.0',
      cookie: 'a=b',
      'x-forwarded-for': '203.0.113.1',
      'x-forwarded-proto': 'https',
      'openai-organization': 'org',
      'openai-project': 'project',
      te: 'trailers',
    })
    expect(headers).toMatchObject({
      'x-custom': 'Kept As It Is',
      'openai-beta': 'assistants=v2',
      'user-agent': 'tester/1.0',
      host: new URL(upstream.url).host,
    })
    expect(headers.authorization).toMatch(/^Bearer upstream-secret-/)
    for (const gone of [
      'cookie',
      'x-forwarded-for',
      'x-forwarded-proto',
      'openai-organization',
      'openai-project',
      'te',
      'x-api-key',
    ]) {
      expect(headers).not.toHaveProperty(gone)
    }
    expect(rawHeaders.join()).not.toContain(key)
  })

  it('come back, less those that are the provider’s own', async () => {
    await gateway.offer(
      'chatty',
      answers({
        headers: {
          'x-vendor': 'kept',
          'openai-processing-ms': '12',
          'set-cookie': 'a=b',
          server: 'vendor',
          'x-ratelimit-remaining-requests': '7',
          'openai-organization': 'org-secret',
          'x-request-id': 'req_of_the_vendor',
        },
      }),
    )
    const answer = await gateway.call(asking('chatty'), key)
    expect(answer.headers.get('x-vendor')).toBe('kept')
    expect(answer.headers.get('openai-processing-ms')).toBe('12')
    for (const gone of [
      'set-cookie',
      'server',
      'openai-organization',
      'x-ratelimit-remaining-requests',
    ]) {
      expect([gone, answer.headers.get(gone)]).toEqual([gone, null])
    }
    expect(answer.requestId).not.toContain('req_of_the_vendor')
  })

  it('of a caller’s request id are recorded, never adopted', async () => {
    const mine = 'my-own-request-id'
    const answer = await gateway.call(asking('plain'), key, { headers: { 'x-request-id': mine } })
    expect(answer.requestId).not.toBe(mine)
    expect(answer.headers.get('request-id')).toBe(answer.requestId)
  })
})

describe('an answer', () => {
  it('comes back byte for byte', async () => {
    const odd = `{"choices":[{"message":{"content":"\\u00e9 \u{1f600}"},"finish_reason":"stop"}],\n "usage": {"prompt_tokens":1,"completion_tokens":1,"total_tokens":2} }\n`
    await gateway.offer('odd', (_call, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(odd)
    })
    expect((await gateway.call(asking('odd'), key)).text).toBe(odd)
  })

  it('that refuses the request comes back as the upstream said it', async () => {
    await gateway.offer('picky', refuses(400, 'temperature must be 1', { code: 'bad_value' }))
    const answer = await gateway.call(asking('picky'), key)
    expect(answer.status).toBe(400)
    expect(answer.json.error).toMatchObject({ message: 'temperature must be 1', code: 'bad_value' })
    expect((await gateway.usageOf(answer.requestId))?.quota ?? 0).toBe(0)
  })
})
