import { brotliCompressSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { asking } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { exchange, openRaw, requestText } from '../tools/raw.ts'
import { streams } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
await gateway.manage('POST', '/api/group/', { name: 'elsewhere' })
await gateway.offer('model-a')
await gateway.offer('vendor/model:b')
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const body = JSON.stringify(asking('model-a'))
const json = { 'content-type': 'application/json', authorization: `Bearer ${key}` }

describe('base URLs are forgiven', () => {
  it.each([
    '/v1/chat/completions',
    '/v1/chat/completions/',
    '/chat/completions',
    '/v1/v1/chat/completions',
    '//v1//chat/completions',
    '/v1/chat//completions//',
  ])('%s is a chat completion', async (path) => {
    expect((await gateway.call(body, key, { path })).status).toBe(200)
  })

  it('and what is no endpoint says which base URL is right', async () => {
    for (const path of ['/v1/chat/completion', '/v1/nothing', '/v1']) {
      const answer = await gateway.call(body, key, { path })
      expect(answer.status).toBe(404)
      expect(answer.json.error.code).toBe('route_not_found')
      expect(answer.json.error.message).toContain('/v1')
      expect(answer.headers.get('x-error-code')).toBe('route_not_found')
    }
  })

  it('and other families of the vendor are named as not offered', async () => {
    for (const path of ['/mj/submit/imagine', '/suno/submit/music', '/kling/v1/videos']) {
      const answer = await gateway.call(body, key, { path })
      expect([path, answer.status, answer.json?.error?.code]).toEqual([
        path,
        404,
        'route_not_found',
      ])
    }
  })

  it('and what looks like a key is not said back', async () => {
    for (const path of [`/v1/${key}`, `/nothing/${key}`, `/api/token/1/${key}`]) {
      const answer = await gateway.call(body, key, { path })
      expect([answer.status, answer.headers.get('x-error-code')]).toEqual([404, 'route_not_found'])
      expect(answer.text).not.toContain(key)
      expect(answer.text).toContain(`${key.slice(0, 4)}...`)
    }
  })

  it('and HEAD / answers 200', async () => {
    const answer = await fetch(gateway.url, { method: 'HEAD' })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/)
  })
})

describe('bodies', () => {
  it('may be packed with gzip or br, and reach the upstream unpacked', async () => {
    for (const [encoding, packed] of [
      ['gzip', gzipSync(body)],
      ['br', brotliCompressSync(body)],
    ] as const) {
      const arrived = gateway.upstream.next()
      const answer = await gateway.call(packed, key, { headers: { 'content-encoding': encoding } })
      expect([encoding, answer.status]).toEqual([encoding, 200])
      const call = await arrived
      expect(call.body.toString()).toBe(body)
      expect(call.headers).not.toHaveProperty('content-encoding')
    }
  })

  it('that unpack to more than 32 MiB, or are cut, are refused without being held', async () => {
    const bomb = gzipSync(Buffer.alloc(40 * 2 ** 20, 32))
    const headers = { 'content-encoding': 'gzip' }
    const answer = await gateway.call(bomb, key, { headers })
    expect([answer.status, answer.json.error.code]).toEqual([413, 'body_too_large'])
    const cut = await gateway.call(gzipSync(body).subarray(0, 30), key, { headers })
    expect([cut.status, cut.json.error.code]).toEqual([400, 'invalid_request'])
  })

  it('beyond 32 MiB are refused by their announced length, before they are sent', async () => {
    const raw = openRaw(gateway.url)
    const head = [
      'POST /v1/chat/completions HTTP/1.1',
      'host: gateway',
      `authorization: Bearer ${key}`,
      'content-type: application/json',
      `content-length: ${33 * 2 ** 20}`,
    ]
    raw.send([...head, '', ''].join('\r\n'))
    expect(await raw.until('body_too_large')).toMatch(/^HTTP\/1.1 413 /)
    raw.socket.destroy()
  })

  it('are asked for with 100 Continue, but only when the key may call', async () => {
    const waiting = (authorization: string) => {
      const raw = openRaw(gateway.url)
      const head = [
        'POST /v1/chat/completions HTTP/1.1',
        'host: gateway',
        authorization,
        'content-type: application/json',
        'expect: 100-continue',
        `content-length: ${Buffer.byteLength(body)}`,
        'connection: close',
      ]
      raw.send([...head, '', ''].join('\r\n'))
      return raw
    }
    const served = waiting(`authorization: Bearer ${key}`)
    await served.until('HTTP/1.1 100 Continue\r\n\r\n')
    served.send(body)
    expect(await served.toEnd()).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 /)

    const refused = waiting('x-none: 1')
    expect(await refused.until('key_missing')).toMatch(/^HTTP\/1.1 401 /)
    refused.socket.destroy()
  })

  it('may come in chunks', async () => {
    const raw = openRaw(gateway.url)
    const head = ['POST /v1/chat/completions HTTP/1.1', 'host: g', 'transfer-encoding: chunked']
    const headers = Object.entries({ ...json, connection: 'close' }).map((pair) => pair.join(': '))
    raw.send([...head, ...headers, '', ''].join('\r\n'))
    for (const part of [body.slice(0, 20), body.slice(20)]) {
      raw.send(`${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`)
    }
    raw.send('0\r\n\r\n')
    expect(await raw.toEnd()).toMatch(/^HTTP\/1.1 200 /)
  })
})

describe('what is no request', () => {
  const answerTo = async (text: string) => {
    const [head = '', said = ''] = (await exchange(gateway.url, Buffer.from(text))).split(
      '\r\n\r\n',
    )
    return { head, error: JSON.parse(said).error }
  }

  it('because its headers are too large is refused in words, and the connection closed', async () => {
    const { head, error } = await answerTo(
      `GET /v1/models HTTP/1.1\r\nhost: g\r\nx-long: ${'x'.repeat(200_000)}\r\n\r\n`,
    )
    expect(head).toMatch(/^HTTP\/1.1 431 Request Header Fields Too Large\r\n/)
    expect(head).toMatch(/^connection: close$/im)
    expect(head).toMatch(/^access-control-allow-origin: \*$/im)
    expect(head).toMatch(/^x-error-code: headers_too_large$/im)
    const id = /^x-request-id: (\S+)$/im.exec(head)?.[1]
    expect(error).toMatchObject({ code: 'headers_too_large', param: '', type: 'comet_api_error' })
    expect(error.message).toContain(`(request id: ${id})`)
  })

  it('because it is no HTTP is refused in words', async () => {
    const { head, error } = await answerTo(`what ${key}\r\n\r\n`)
    expect(head).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/)
    expect(error.code).toBe('invalid_request')
    expect(error.message).toContain('not valid HTTP')
  })

  it('does not disturb the answer that is half out before it', async () => {
    // It stands still behind its first event.
    const held = new Promise<void>(() => {})
    const beforeEvent = (event: number) => (event === 0 ? undefined : held)
    await gateway.offer('slow', streams({ beforeEvent }))
    const asked = requestText(
      'POST /v1/chat/completions',
      json,
      JSON.stringify(asking('slow', { stream: true })),
    )
    const raw = openRaw(gateway.url)
    raw.send(asked)
    await raw.until('data: ')
    raw.send('what\r\n\r\n')
    expect(await raw.toEnd()).not.toContain('HTTP/1.1 400')
  })
})

describe('browsers', () => {
  it('may ask from anywhere, are answered before authentication, and see the useful headers', async () => {
    const asked = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-stainless-os',
      },
    })
    expect(asked.ok).toBe(true)
    expect(asked.headers.get('x-request-id')).toMatch(/^req_/)
    expect(asked.headers.get('request-id')).toBe(asked.headers.get('x-request-id'))
    expect(asked.headers.get('access-control-allow-origin')).toBe('*')
    expect(asked.headers.get('access-control-allow-headers')).toContain('x-stainless-os')
    expect(asked.headers.get('access-control-allow-methods')).toContain('POST')
    expect(asked.headers.get('access-control-allow-credentials')).toBe(null)

    const served = await gateway.call(body, key, { headers: { origin: 'https://app.example' } })
    expect(served.headers.get('access-control-allow-origin')).toBe('*')
    const exposed = served.headers.get('access-control-expose-headers')?.toLowerCase()
    for (const name of ['x-request-id', 'retry-after', 'x-error-code'])
      expect(exposed).toContain(name)
    const refused = await gateway.call(body, 'nonsense', {
      headers: { origin: 'https://a.example' },
    })
    expect(refused.headers.get('access-control-allow-origin')).toBe('*')
  })

  it('find that open doors say so to everybody: some proxies keep answers for all', async () => {
    const open = async (path: string, method: string, of = key) => {
      const answer = await gateway.call(method === 'GET' ? '' : body, of, { path, method })
      return [path, answer.status, answer.headers.get('access-control-allow-origin')]
    }
    for (const [path, method, status] of [
      ['/v1/chat/completions', 'POST', 200],
      ['/v1/models', 'GET', 200],
      ['/v1/nothing', 'POST', 404],
      ['/api/models', 'GET', 200],
      ['/api/models/', 'POST', 404],
      ['/api/usage/token', 'GET', 200],
    ] as const) {
      expect(await open(path, method)).toEqual([path, status, '*'])
    }
    expect(await open('/v1/chat/completions', 'POST', 'nonsense')).toContain('*')
    expect(await open('/api/usage/token', 'GET', 'nonsense')).toContain('*')
    expect(await open('/api/token/', 'GET')).toContain(null)
  })

  it('may not use the management API from another origin', async () => {
    const asked = await fetch(`${gateway.url}/api/token/`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    })
    expect(asked.headers.get('access-control-allow-origin')).toBe(null)
  })
})

describe('GET /v1/models', () => {
  it('lists exactly the models this key may call now', async () => {
    const { key: limited } = await gateway.createKey({
      model_limits_enabled: true,
      model_limits: 'vendor/model:b,not-served',
    })
    const ids = async (of: string) => {
      const { json } = await gateway.call('', of, { path: '/v1/models', method: 'GET' })
      expect(json.object).toBe('list')
      return json.data.map(({ id }: { id: string }) => id).sort()
    }
    expect(await ids(key)).toEqual(expect.arrayContaining(['model-a', 'vendor/model:b']))
    expect(await ids(limited)).toEqual(['vendor/model:b'])
  })

  it('leaves out what has no price or no channel that is enabled', async () => {
    await gateway.offer('unpriced', undefined, { price: null })
    await gateway.offer('gift', undefined, { price: null, channel: { free: true } })
    await gateway.offer('asleep', undefined, { channel: { status: 2 } })
    await gateway.offer('elsewhere', undefined, { channel: { groups: ['elsewhere'] } })
    const { json } = await gateway.call('', key, { path: '/v1/models', method: 'GET' })
    const ids = json.data.map(({ id }: { id: string }) => id)
    expect(ids).toContain('gift')
    for (const id of ['unpriced', 'asleep', 'elsewhere']) {
      expect(ids).not.toContain(id)
      const one = await gateway.call('', key, { path: `/v1/models/${id}`, method: 'GET' })
      expect([id, one.status]).toEqual([id, 404])
    }
    // As the list says, so do calls.
    expect((await gateway.call(asking('gift'), key)).status).toBe(200)
    expect((await gateway.call(asking('unpriced'), key)).status).toBe(403)
    for (const id of ['asleep', 'elsewhere'])
      expect((await gateway.call(asking(id), key)).json.error.code).toBe('model_not_found')
  })

  it('shows one, also with a slash in its id, and is 404 for those the key may not call', async () => {
    const get = (id: string) => gateway.call('', key, { path: `/v1/models/${id}`, method: 'GET' })
    expect((await get('model-a')).json).toMatchObject({ id: 'model-a', object: 'model' })
    expect((await get('vendor/model:b')).json).toMatchObject({ id: 'vendor/model:b' })
    expect((await get('vendor%2Fmodel:b')).json).toMatchObject({ id: 'vendor/model:b' })
    const missing = await get('nothing')
    expect([missing.status, missing.json.error.code]).toEqual([404, 'model_not_found'])
  })

  it('wants a key', async () => {
    const answer = await gateway.call('', '', {
      path: '/v1/models',
      method: 'GET',
      headers: { authorization: '' },
    })
    expect([answer.status, answer.json.error.code]).toEqual([401, 'key_missing'])
  })
})

describe('the caller’s address', () => {
  it('cannot be forged by a header', async () => {
    const { key: walled } = await gateway.createKey({ allow_ips: '203.0.113.9' })
    const answer = await gateway.call(body, walled, {
      headers: {
        'x-forwarded-for': '203.0.113.9',
        'x-real-ip': '203.0.113.9',
        forwarded: 'for=203.0.113.9',
      },
    })
    expect(answer.json.error.code).toBe('ip_not_allowed')
  })

  it('of a request that smuggles a second length is never looked at', async () => {
    const request = requestText(
      'POST /v1/chat/completions',
      { ...json, 'Content-Length': '3' },
      body,
    )
    expect(await exchange(gateway.url, request)).toMatch(/^HTTP\/1.1 400 /)
  })
})
