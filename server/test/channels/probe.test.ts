import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createUpstreamConnector } from '../../src/channels/address-rules.ts'
import type { Channel } from '../../src/channels/channel.ts'
import { createProbe } from '../../src/channels/probe.ts'
import { Refused } from '../../src/errors.ts'

const SECRET = 'sk-provider-secret'
let answer: (response: ServerResponse) => void = () => undefined
const asked: { url: string; authorization: string | undefined; body: string }[] = []
const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  asked.push({ url: request.url ?? '', authorization: request.headers.authorization, body })
  answer(response)
})
const agent = new Agent({ connect: createUpstreamConnector('allow') })
const probe = createProbe({ dispatcher: agent, accessTo: () => undefined, now: () => 0 })
let baseUrl = ''

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
})
afterAll(async () => {
  await agent.destroy()
  server.close()
})

const models = (url = baseUrl) =>
  probe.models({ type: 'openai-compatible', baseUrl: url, keys: [SECRET], headers: {} })

const channel = (url = baseUrl) =>
  ({
    type: 'openai-compatible',
    baseUrl: { origin: new URL(url).origin, pathPrefix: '/v1' },
    authorization: [SECRET],
    headers: [['x-team', 'a']],
    mapping: new Map([['public', 'theirs']]),
  }) as unknown as Channel

/** Answers with this status and body from now on. */
const answers = (status: number, body: string) => {
  answer = (response) => response.writeHead(status).end(body)
}

async function refusal(asking: Promise<unknown>): Promise<Refused> {
  const refused = await asking.catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(Refused)
  return refused as Refused
}

describe("a provider's list of models", () => {
  it('is asked for with the key, and holds what can be called', async () => {
    answers(200, JSON.stringify({ data: [{ id: 'b' }, { id: 'a' }, { id: 'a' }, {}, null] }))
    expect(await models()).toEqual(['a', 'b'])
    expect(asked.at(-1)).toMatchObject({ url: '/v1/models', authorization: `Bearer ${SECRET}` })
  })

  it.each([
    ['another status', 401, `{"error":"bad key ${SECRET}"}`],
    ['no JSON', 200, '<html>'],
    ['another shape', 200, '{"data":"all of them"}'],
    ['nothing', 200, 'null'],
  ])('is refused in words when the provider answers %s', async (_what, status, body) => {
    answers(status, body)
    const refused = await refusal(models())
    expect(refused.message).toMatch(/^models: /)
    expect(`${refused.message}${refused.detail}`).not.toContain(SECRET)
  })

  it('is not read without end', async () => {
    answer = (response) => {
      response.on('error', () => undefined)
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      }
      response.on('drain', more)
      more()
    }
    expect((await refusal(models())).message).toMatch(/could not be reached/)
  })

  it('names why nobody answers', async () => {
    expect((await refusal(models('http://127.0.0.1:1/v1'))).message).toContain('ECONNREFUSED')
    expect((await refusal(models('http://169.254.169.254'))).message).toContain('FORBIDDEN')
    expect((await refusal(models('gopher://x'))).message).toMatch(/http/)
  })

  it('of the simulator needs nobody to ask', async () => {
    const asking = { type: 'simulator' as const, baseUrl: '', keys: [], headers: {} }
    expect(await probe.models(asking)).toEqual(['turnpike-simulator'])
  })
})

describe('a test of a channel', () => {
  it('sends one small request with the mapped model, key and headers', async () => {
    answers(200, '{"choices":[]}')
    expect(await probe.test(channel(), 'public')).toMatchObject({ ok: true, status: 200 })
    expect(asked.at(-1)?.url).toBe('/v1/chat/completions')
    expect(JSON.parse(asked.at(-1)?.body ?? '').model).toBe('theirs')
  })

  it("tells a provider's refusal without its words", async () => {
    answers(401, `{"error":{"message":"Incorrect API key: ${SECRET}"}}`)
    const trial = await probe.test(channel(), 'm')
    expect(trial).toMatchObject({ ok: false, status: 401 })
    expect(JSON.stringify(trial)).not.toContain(SECRET)
  })

  it('tells that nobody is there', async () => {
    const trial = await probe.test(channel('http://127.0.0.1:1'), 'm')
    expect(trial).toMatchObject({ ok: false, status: 0 })
    expect(trial.message).toContain('ECONNREFUSED')
  })
})
