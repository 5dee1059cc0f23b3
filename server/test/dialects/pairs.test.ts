import { describe, expect, it } from 'vitest'
import type { DialectName } from '../../src/dialects/dialect.ts'
import type { Speech } from '../tools/dialect-scripts.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { sendJson } from '../tools/upstream-scripts.ts'
import { CALLERS, PROVIDERS } from './speakers.ts'

/** Every dialect of callers to every other one of providers, over real sockets. */

const gateway = await sharedGateway()
const { upstream } = gateway
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const NAMES: readonly DialectName[] = ['openai', 'responses', 'anthropic', 'gemini']
const TOOL = { id: 'call_1', name: 'weather', input: { city: 'Oslo', days: 3 } }
let nth = 0

async function offer(provider: DialectName, speech: Speech): Promise<string> {
  const { channel, script } = PROVIDERS[provider]
  return gateway.offer(`${provider}-${++nth}`, script(speech), { channel: channel(upstream.url) })
}

for (const caller of NAMES) {
  for (const provider of NAMES.filter((name) => name !== caller)) {
    const speaks = CALLERS[caller]
    const ask = (model: string, how: { stream?: boolean; tools?: boolean } = {}) => {
      const { path, body } = speaks.call({ model, stream: false, tools: false, ...how })
      return gateway.call(body as never, key, { path, headers: speaks.headers })
    }

    describe(`${caller} to ${provider}`, () => {
      for (const stream of [false, true]) {
        const kind = stream ? 'streaming' : 'plain'

        it(`says what was said, ${kind}, and is charged by the provider's figures`, async () => {
          const model = await offer(provider, { usage: { input: 100, output: 20 } })
          const answered = await ask(model, { stream })
          expect(answered.status, answered.text).toBe(200)
          const sent = upstream.calls.at(-1)
          const heard = speaks.hear(answered.text, stream)
          expect(heard).toMatchObject({
            text: 'Hello there.',
            finish: 'stop',
            input: 100,
            output: 20,
          })
          expect(sent?.body.toString()).toContain('Say hello.')
          const record = await gateway.usageOf(answered.requestId)
          expect(record).toMatchObject({ quota: 180, prompt_tokens: 100, completion_tokens: 20 })
          expect(record).toMatchObject({ estimated: false, is_stream: stream })
        })

        it(`calls tools, ${kind}`, async () => {
          const model = await offer(provider, { texts: [], tool: TOOL })
          const answered = await ask(model, { stream, tools: true })
          expect(answered.status, answered.text).toBe(200)
          const { tool, finish } = speaks.hear(answered.text, stream)
          expect(tool).toMatchObject({ name: 'weather', input: TOOL.input })
          expect(finish).toBe('tool_calls')
        })
      }

      it("says a provider's refusal in the caller's own words", async () => {
        const model = await offer(provider, {})
        upstream.on(model, (_call, response) =>
          sendJson(response, 400, PROVIDERS[provider].refusal('too much of it')),
        )
        const answered = await ask(model)
        expect(answered.status).toBe(400)
        expect(speaks.refusal(answered.json)).toContain('too much of it')
      })

      it('that breaks off does not look whole', async () => {
        const model = await offer(provider, { breaksAfter: PROVIDERS[provider].begun })
        const { path, body } = speaks.call({ model, stream: true, tools: false })
        const answer = await gateway.open(body as never, key, { path, headers: speaks.headers })
        const text = await answer.text().catch(() => '')
        expect(text).not.toContain(speaks.complete)
      })
    })
  }
}
