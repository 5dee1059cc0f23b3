import { describe, expect, it } from 'vitest'
import { sharedGateway } from '../tools/gateway.ts'
import { sendJson } from '../tools/upstream-scripts.ts'
import { PROVIDERS } from './speakers.ts'

const gateway = await sharedGateway()
const { upstream } = gateway
const { key } = await gateway.createKey({ remain_quota: 1 })
const TEXT = 'one two three four five six seven eight nine ten'

const ASKING = {
  anthropic: {
    path: () => '/v1/messages/count_tokens?beta=true',
    body: (model: string) => ({ model, messages: [{ role: 'user', content: TEXT }] }),
    tokens: (json: { input_tokens: number }) => json.input_tokens,
    theirs: { input_tokens: 77 },
  },
  gemini: {
    path: (model: string) => `/v1beta/models/${model}:countTokens`,
    body: () => ({ contents: [{ role: 'user', parts: [{ text: TEXT }] }] }),
    tokens: (json: { totalTokens: number }) => json.totalTokens,
    theirs: { totalTokens: 77 },
  },
  responses: {
    path: () => '/v1/responses/input_tokens',
    body: (model: string) => ({ model, input: TEXT }),
    tokens: (json: { input_tokens: number }) => json.input_tokens,
    theirs: { object: 'response.input_tokens', input_tokens: 77 },
  },
} as const

for (const [name, asking] of Object.entries(ASKING)) {
  const { path, body, tokens, theirs } = asking as unknown as {
    path(model: string): string
    body(model: string): object
    tokens(json: unknown): number
    theirs: object
  }
  const dialect = name as keyof typeof ASKING
  const type = dialect === 'responses' ? 'openai' : dialect
  const base_url = dialect === 'responses' ? `${upstream.url}/v1` : upstream.url
  const count = (model: string) => gateway.call(body(model) as never, key, { path: path(model) })

  describe(`counting in the dialect ${name}`, () => {
    it('asks whoever serves the model, for nothing', async () => {
      const model = await gateway.offer(
        `${name}-native`,
        (_call, response) => sendJson(response, 200, theirs),
        {
          channel: { type, base_url },
        },
      )
      const answered = await count(model)
      expect([answered.status, answered.json]).toEqual([200, theirs])
      expect(upstream.calls.at(-1)?.path).toMatch(/count_tokens|countTokens|input_tokens/)
      expect(await gateway.usageOf(answered.requestId)).toBeUndefined()
    })

    it('counts here where nobody can be asked, or nobody says', async () => {
      const foreign = await gateway.offer(`${name}-foreign`, undefined, {
        channel: PROVIDERS.openai.channel(upstream.url),
      })
      const mute = await gateway.offer(
        `${name}-mute`,
        (_call, response) => sendJson(response, 404, {}),
        {
          channel: { type, base_url },
        },
      )
      for (const model of [foreign, mute]) {
        const answered = await count(model)
        expect(answered.status, answered.text).toBe(200)
        expect(tokens(answered.json)).toBeGreaterThanOrEqual(10)
        expect(tokens(answered.json)).toBeLessThan(30)
      }
    })

    it('is refused as a call would be', async () => {
      const answered = await count('no-such-model')
      expect(answered.headers.get('x-error-code')).toBe('model_not_found')
    })
  })
}
