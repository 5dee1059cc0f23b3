import { describe, expect, it } from 'vitest'
import { EMBEDDINGS_OF_GEMINI } from '../../src/dialects/gemini-embeddings.ts'
import { OPERATIONS } from '../../src/dialects/operations.ts'
import { CALLS_ABOUT, OFFERED } from '../../src/http/object-path.ts'
import { routeOf } from '../../src/http/path.ts'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()
const { paths } = (await (await fetch(`${gateway.url}/api/openapi.json`)).json()) as {
  readonly paths: Record<string, Record<string, { readonly operationId: string }>>
}
const isModelCall = (path: string) => /^\/v1(beta)?\//.test(path)
/** `videos/remix` is asked of one video. */
const aboutOne = (name: string) => (CALLS_ABOUT.has(name) ? name.replace('/', '/*/') : name)
const described = Object.entries(paths).flatMap(([path, methods]) =>
  isModelCall(path) ? Object.keys(methods).map((method) => [method, path] as const) : [],
)

describe('the description of model calls', () => {
  it.each(described)('tells of %s %s, which is served', (method, path) => {
    const asked = path.replaceAll(/\{\w+\}/g, 'some-id')
    expect(routeOf(method.toUpperCase(), asked).to).toBe('relay')
  })

  it('leaves out nothing that is served', () => {
    const known = new Set(
      described.map(([method, path]) => `${method} ${path.replaceAll(/\{\w+\}/g, '*')}`),
    )
    const served = [
      ...[...OPERATIONS.keys()].map((name) => `post /v1/${aboutOne(name)}`),
      ...[...EMBEDDINGS_OF_GEMINI.keys()].map((name) => `post /v1beta/models/*:${name}`),
      ...[...OFFERED].flatMap(([family, { at }]) =>
        Object.entries(at).flatMap(([place, methods]) =>
          methods.map((method) =>
            `${method.toLowerCase()} /v1/${family}/${place}`.replace(/\/$/, ''),
          ),
        ),
      ),
      ...['chat/completions', 'messages', 'messages/count_tokens'].map(
        (name) => `post /v1/${name}`,
      ),
      ...['responses', 'responses/input_tokens'].map((name) => `post /v1/${name}`),
      ...['generateContent', 'streamGenerateContent', 'countTokens'].map(
        (name) => `post /v1beta/models/*:${name}`,
      ),
      ...['/v1/realtime', '/v1/models', '/v1/models/*', '/v1beta/models', '/v1beta/models/*'].map(
        (path) => `get ${path}`,
      ),
    ]
    expect([...known].sort()).toEqual(served.sort())
  })
})
