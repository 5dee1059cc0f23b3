import { describe, expect, it } from 'vitest'
import { openai } from '../../src/dialects/openai.ts'
import { createClientAddress } from '../../src/http/client-address.ts'
import { routeOf } from '../../src/http/path.ts'
import { queryForUpstream } from '../../src/http/query.ts'
import { parseAddresses } from '../../src/keys/address.ts'
import { headersForClient, headersForUpstream } from '../../src/relay/forward/headers.ts'

const parse = (text: string) =>
  openai.parseCall(Buffer.from(text), { model: '', stream: false }, [])

describe('a path', () => {
  const path = { model: '', stream: false }
  const chat = { to: 'relay', endpoint: 'chat', dialect: 'openai', path }

  it('leads to chat completions however the base URL was written', () => {
    for (const path of [
      '/v1/chat/completions',
      '/v1/chat/completions/',
      '//v1//chat/completions',
      '/v1/v1/chat/completions',
      '/v1/v1/v1/chat/completions',
      '/chat/completions',
    ]) {
      expect(routeOf('POST', path), path).toEqual(chat)
    }
  })

  it('names a model, with raw and escaped slashes', () => {
    for (const path of ['/v1/models/a/b', '/v1/models/a%2Fb', '/models/a/b/']) {
      expect(routeOf('GET', path)).toEqual({
        ...{ to: 'relay', endpoint: 'model', dialect: 'of the caller' },
        path: { model: 'a/b', stream: false },
      })
    }
  })

  it('leads to every other dialect, with the model where Gemini has it in the path', () => {
    const call = (dialect: string, model = '', stream = false) => ({
      ...{ to: 'relay', endpoint: 'chat', dialect, path: { model, stream } },
    })
    for (const [path, expected] of [
      ['/v1/messages', call('anthropic')],
      ['/v1/v1/messages', call('anthropic')],
      ['/messages/', call('anthropic')],
      ['/v1/responses', call('responses')],
      ['/responses', call('responses')],
      ['/v1beta/models/g:generateContent', call('gemini', 'g')],
      ['/v1/models/g:generateContent', call('gemini', 'g')],
      ['/v1/v1beta/models/g:generateContent', call('gemini', 'g')],
      ['/models/g:generateContent', call('gemini', 'g')],
      ['/v1beta/models/a/b:c:streamGenerateContent', call('gemini', 'a/b:c', true)],
      ['/v1beta/models/a%2Fb%3Ac:streamGenerateContent', call('gemini', 'a/b:c', true)],
    ] as const) {
      expect(routeOf('POST', path), path).toEqual(expected)
    }
    expect(routeOf('GET', '/v1/messages')).toMatchObject({ to: 'nowhere', dialect: 'anthropic' })
  })

  it('under a model prefix that is not offered goes nowhere, all else to the management API', () => {
    for (const path of ['/v1/nothing', '/v1', '/mj/submit', '/v1beta/models/x:tuneModel']) {
      expect(routeOf('POST', path).to, path).toBe('nowhere')
    }
    for (const path of ['/', '/api/token/', '/healthz', '/docs', '/v2/x']) {
      expect(routeOf('GET', path).to, path).toBe('manage')
    }
  })

  it('keeps its query for the upstream, less the key', () => {
    expect(queryForUpstream('?a=1&key=secret&b=2')).toBe('?a=1&b=2')
    expect(queryForUpstream('?k%65y=secret')).toBe('')
    expect(queryForUpstream('?monkey=1')).toBe('?monkey=1')
  })
})

describe("the caller's address", () => {
  const trusted = createClientAddress(parseAddresses('10.0.0.0/8\n::1'))

  it('is the socket’s while no proxy is trusted, whatever is forwarded', () => {
    const address = createClientAddress(undefined)
    expect(address('::ffff:203.0.113.9', '198.51.100.1')).toBe('203.0.113.9')
    expect(trusted('203.0.113.9', '198.51.100.1')).toBe('203.0.113.9')
  })

  it('is the rightmost one that no trusted proxy has', () => {
    expect(trusted('10.0.0.1', '1.1.1.1, 198.51.100.1, 10.2.3.4')).toBe('198.51.100.1')
    expect(trusted('10.0.0.1', '10.9.9.9, 10.2.3.4')).toBe('10.9.9.9')
    expect(trusted('::1', '[2001:db8::7]:443')).toBe('2001:db8::7')
    expect(trusted('10.0.0.1', undefined)).toBe('10.0.0.1')
  })

  it('is refused when a malformed entry stands where it is read, and only then', () => {
    expect(trusted('10.0.0.1', '198.51.100.1, unknown')).toBeUndefined()
    expect(trusted('10.0.0.1', '198.51.100.1,')).toBeUndefined()
    expect(trusted('10.0.0.1', ',10.2.3.4')).toBeUndefined()
    expect(trusted('10.0.0.1', '[2001:db8::7]x, 10.2.3.4')).toBeUndefined()
    expect(trusted('10.0.0.1', '198.51.100.1:x')).toBeUndefined()
    expect(trusted('10.0.0.1', '[198.51.100.1')).toBeUndefined()
    expect(trusted('10.0.0.1', '')).toBe('10.0.0.1')
    expect(trusted('10.0.0.1', '198.51.100.1:443')).toBe('198.51.100.1')
    expect(trusted('10.0.0.1', 'garbage, 198.51.100.1')).toBe('198.51.100.1')
  })
})

describe('a body', () => {
  it('is understood as the upstream will understand it, or refused', () => {
    for (const body of [
      '{"model":"a","model":"b"}',
      '{"model":"a","Model":"b"}',
      '{"model":"a","mod\\u0065l":"b"}',
      '{"model":"a","\\u017ftream":true}',
      '{"model":"a","ſtream":true}',
      '{"x":"世","model":"a","Model":"b"}',
      '{"x":"世\\"","model":"a","model":"b"}',
      '{"model":"a","max_tokens":1,"max_tokens":2}',
      '{"model":"a","stream":"true"}',
      '{"model":"a","n":1.5}',
      '{"model":"a","max_tokens":-1}',
    ]) {
      expect(() => parse(body), body).toThrow(expect.objectContaining({ code: 'invalid_request' }))
    }
    expect(parse('{"x":{"model":"b"},"model":"a","metadata":{"model":1}}').model).toBe('a')
    expect(parse('{"__proto__":{"model":"b"},"model":"a"}').model).toBe('a')
  })

  it('has its members where they stand in its bytes, whatever is written before them', () => {
    for (const before of ['plain', 'günther', '世界', '😀', '\\"model\\":1,', '\\\\']) {
      const text = `{"x":"${before}","messages": [{"content":"${before}"}] ,"model":"a"}`
      const { spans } = parse(text)
      const at = (name: string) => {
        const span = spans.get(name)
        return Buffer.from(text).toString('utf8', span?.start, span?.end)
      }
      expect(at('messages')).toBe(`[{"content":"${before}"}]`)
      expect(at('model')).toBe('"a"')
    }
  })

  it('that is not UTF-8 is refused', () => {
    const body = Buffer.from('{"model":"a","x":"ü"}', 'latin1')
    expect(() => openai.parseCall(body, { model: '', stream: false }, [])).toThrow(/UTF-8/)
  })

  it('may be 128 levels deep and no deeper', () => {
    const deep = (levels: number) =>
      `{"model":"a","x":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
    expect(parse(deep(128)).model).toBe('a')
    expect(() => parse(deep(129))).toThrow(/deeper/)
    expect(() => parse('['.repeat(100_000))).toThrow(/deeper/)
    expect(parse(`{"model":"a","x":"${'['.repeat(1_000)}\\\\\\""}`).model).toBe('a')
  })

  it('counts reasoning that only the total names', () => {
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 40 }
    expect(openai.readUsage(usage)).toMatchObject({ prompt: 10, completion: 30 })
    expect(openai.readUsage({ prompt_tokens: 10, completion_tokens: 5 })).toMatchObject({
      completion: 5,
    })
    expect(openai.readUsage({})).toBeUndefined()
  })
})

describe('headers', () => {
  it('go up without credentials, the caller’s whereabouts and this hop’s own', () => {
    const received = [
      ['Authorization', 'Bearer x'],
      ['X-API-Key', 'x'],
      ['Cookie', 'x'],
      ['X-Forwarded-For', 'x'],
      ['Host', 'x'],
      ['OpenAI-Organization', 'x'],
      ['Connection', 'keep-alive, X-Hop'],
      ['X-Hop', 'x'],
      ['Accept-Encoding', 'gzip'],
      ['User-Agent', 'sdk'],
    ].flat()
    expect(headersForUpstream(received)).toEqual([
      'User-Agent',
      'sdk',
      'accept-encoding',
      'identity',
    ])
  })

  it('go up by what they are now, whatever a list of the same length held before', () => {
    const listed = (...names: string[]) => names.flatMap((name) => [name, 'x'])
    const own = ['accept-encoding', 'identity']
    for (let time = 0; time < 2; time++) {
      expect(headersForUpstream(listed('Cookie', 'User-Agent'))).toEqual([
        'User-Agent',
        'x',
        ...own,
      ])
      expect(headersForUpstream(listed('User-Agent', 'Cookie'))).toEqual([
        'User-Agent',
        'x',
        ...own,
      ])
      expect(headersForUpstream(listed('User-Agent', 'cookie'))).toEqual([
        'User-Agent',
        'x',
        ...own,
      ])
      expect(headersForUpstream(listed('User-Agent', 'Cookie2'))).toEqual([
        ...listed('User-Agent', 'Cookie2'),
        ...own,
      ])
    }
  })

  it('come back without cookies, limits and the provider’s account', () => {
    const received = [
      ['set-cookie', 'x'],
      ['server', 'x'],
      ['x-ratelimit-limit-tokens', 'x'],
      ['openai-organization', 'x'],
      ['retry-after', '7'],
      ['openai-processing-ms', '5'],
    ].flat()
    expect(headersForClient(received)).toEqual(['retry-after', '7', 'openai-processing-ms', '5'])
  })
})
