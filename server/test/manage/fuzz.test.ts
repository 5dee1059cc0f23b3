import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()
await gateway.manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 1_000_000 })
const key = await gateway.createKey()

interface Described {
  readonly operationId: string
  readonly parameters?: readonly { name: string; in: string }[]
  readonly requestBody?: {
    readonly content: Record<string, { schema: { properties?: Record<string, object> } }>
  }
}

const document = (await (await fetch(`${gateway.url}/api/openapi.json`)).json()) as {
  paths: Record<string, Record<string, Described>>
}

const described = Object.entries(document.paths)
  .filter(([path]) => !path.startsWith('/v1/'))
  .flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )

/** Texts that have broken somebody's parser before. */
const nasty = fc.constantFrom(
  '',
  '\0',
  '\ud800',
  "'; drop table key; --",
  '%',
  '_',
  '../../etc/passwd',
  '0.0.0.0/0\n::/0',
  'http://[::1',
  'x'.repeat(5000),
  '\u202e',
  '-1',
  '1e999',
)
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  nasty,
  fc.constantFrom(-1, 0, 1, 2, 1e15, 1e15 + 1, 1e21, -0, 0.5, 2 ** 53),
  fc.array(fc.oneof(nasty, fc.integer()), { maxLength: 4 }),
  fc.dictionary(fc.oneof(nasty, fc.string()), fc.oneof(nasty, fc.integer()), { maxKeys: 4 }),
)

const RUNS = { numRuns: 40 }

/** Whatever was sent: an envelope, no fault of ours. A refusal has words and a code. */
async function isAnswered(method: string, path: string, body?: unknown) {
  const { status, json, text, headers } = await gateway.api(method.toUpperCase(), path, body)
  expect(status, text).toBeLessThan(500)
  if (json?.success === false) {
    expect(json.message.length).toBeGreaterThan(0)
    expect(headers.get('x-error-code')).toMatch(/^[a-z_]+$/)
    expect(json.message).not.toMatch(/undefined|something else|\[object/)
  }
}

describe('no operation fails, whatever is in its', () => {
  // Settings would switch off what the others need; their values are tried in a test of their own.
  const withBody = described.filter(
    ({ operation }) => operation.requestBody && operation.operationId !== 'putSetting',
  )

  it.each(withBody)('body: $method $path', async ({ path, method, operation }) => {
    const { properties = {} } = operation.requestBody?.content['application/json']?.schema ?? {}
    const members = Object.fromEntries(Object.keys(properties).map((name) => [name, value]))
    const body = fc.record(members, { requiredKeys: [] })
    const place = path.replace('{id}', String(path.includes('token') ? key.id : 1))
    await fc.assert(
      fc.asyncProperty(body, (sent) => isAnswered(method, place.replace('{model}', 'm'), sent)),
      RUNS,
    )
  })

  const withQuery = described.filter(
    ({ method, operation }) =>
      method === 'get' && operation.parameters?.some((parameter) => parameter.in === 'query'),
  )

  it.each(withQuery)('query: $method $path', async ({ path, method, operation }) => {
    const names = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query')
    const text = fc.oneof(nasty, fc.string(), fc.integer().map(String))
    const members = Object.fromEntries(names.map(({ name }) => [name, text]))
    await fc.assert(
      fc.asyncProperty(fc.record(members, { requiredKeys: [] }), (sent) => {
        const safe = Object.entries(sent).map(([name, word]) => [name, String(word).toWellFormed()])
        return isAnswered(method, `${path}?${new URLSearchParams(safe)}`)
      }),
      RUNS,
    )
  })

  const withPath = described.filter(({ path, method }) => path.includes('{') && method === 'get')

  it.each(withPath)('path: $method $path', async ({ path, method }) => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(nasty, fc.string({ maxLength: 20 })), (word) =>
        isAnswered(
          method,
          path.replace(/\{\w+\}/, () => encodeURIComponent(String(word).toWellFormed()) || 'x'),
        ),
      ),
      RUNS,
    )
  })
})
