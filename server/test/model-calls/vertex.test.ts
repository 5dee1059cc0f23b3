import { describe, expect, it } from 'vitest'
import { asking, type Fields } from '../tools/calls.ts'
import { assertedBy, newServiceAccount, type TestAccount } from '../tools/cloud-checks.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { closedPort, type Script, startUpstream, type UpstreamCall } from '../tools/upstream.ts'
import { answers, sendJson, streams } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const BASE = `${gateway.upstream.url}/v1/projects/project/locations/europe-west4`
const last = () => gateway.upstream.calls.at(-1) as UpstreamCall
const bearer = () => String(last().headers.authorization)

/** Where one account has its tokens from. */
async function startTokens(expiresIn = 3600) {
  const { url, calls, on, close } = await startUpstream()
  const account = newServiceAccount(`${url}/token`)
  gateway.secret(account.pem.split('\n')[3] ?? '')
  const issued: string[] = []
  const claims: unknown[] = []
  const place = { account, issued, claims, calls, close, expiresIn, gate: Promise.resolve() }
  on('undefined', async (call, response) => {
    await place.gate
    const asserted = assertedBy(account, call.body.toString())
    if (asserted?.aud !== `${url}/token`)
      return sendJson(response, 400, { error: 'invalid_grant', error_description: account.email })
    claims.push(asserted)
    const token = gateway.secret(`ya29.token-${issued.length}-${Math.random()}`)
    issued.push(token)
    sendJson(response, 200, {
      access_token: token,
      expires_in: place.expiresIn,
      token_type: 'Bearer',
    })
  })
  return place
}

const withKey = ({ text }: TestAccount, more: Fields = {}) => ({
  channel: { type: 'vertex', base_url: BASE, keys: [text], ...more },
})

/** Quotes the token that it got, as providers do. */
const refusing: Script = (call, response) =>
  sendJson(response, 400, { error: { message: `bad token ${call.headers.authorization}` } })

describe('a channel of type vertex', () => {
  it('exchanges a signed assertion for a token, once, and sends it', async () => {
    const tokens = await startTokens()
    const model = 'google/gemini-2.5-flash'
    await gateway.offer(model, answers(), withKey(tokens.account))
    const both = [gateway.call(asking(model), key), gateway.call(asking(model), key)]
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200])
    expect(last().path).toBe(
      '/v1/projects/project/locations/europe-west4/endpoints/openapi/chat/completions',
    )
    gateway.upstream.on(model, streams({ events: 2 }))
    const headers = { 'x-goog-user-project': 'somebody-else' }
    const { text } = await gateway.call(asking(model, { stream: true }), key, { headers })
    expect(text).toContain('[DONE]')
    expect([bearer(), last().headers['x-goog-user-project']]).toEqual([
      `Bearer ${tokens.issued[0]}`,
      undefined,
    ])
    expect(tokens.claims).toEqual([
      expect.objectContaining({
        iss: tokens.account.email,
        scope: 'https://www.googleapis.com/auth/cloud-platform',
      }),
    ])
    await tokens.close()
  })

  it('has embeddings beside its chat completions, also at an endpoint of its own', async () => {
    const tokens = await startTokens()
    const embedded: Script = (_call, response) =>
      sendJson(response, 200, {
        ...{ object: 'list', data: [{ object: 'embedding', index: 0, embedding: [1] }] },
        usage: { prompt_tokens: 3, total_tokens: 3 },
      })
    const own = withKey(tokens.account, { base_url: `${BASE}/endpoints/123` })
    for (const [model, channel, endpoint] of [
      ['embeds', withKey(tokens.account), 'openapi'],
      ['embeds-itself', own, '123'],
    ] as const) {
      await gateway.offer(model, embedded, channel)
      const path = '/v1/embeddings'
      const answered = await gateway.call({ model, input: 'Hi' } as never, key, { path })
      expect(answered.status, answered.text).toBe(200)
      const place = '/v1/projects/project/locations/europe-west4/endpoints'
      expect(last().path).toBe(`${place}/${endpoint}/embeddings`)
      expect(bearer()).toBe(`Bearer ${tokens.issued[0]}`)
    }
    await tokens.close()
  })

  it('asks for the next token ahead, while calls go on with the one that is there', async () => {
    const tokens = await startTokens()
    await gateway.offer('ahead', answers(), withKey(tokens.account))
    await gateway.call(asking('ahead'), key)
    gateway.advance(3600 - 200)
    let open = () => {}
    tokens.gate = new Promise((resolve) => {
      open = resolve
    })
    for (let n = 0; n < 3; n++) {
      await gateway.call(asking('ahead'), key)
      expect(bearer()).toBe(`Bearer ${tokens.issued[0]}`)
    }
    open()
    await expect.poll(() => tokens.issued.length).toBe(2)
    await expect
      .poll(async () => {
        await gateway.call(asking('ahead'), key)
        return bearer()
      })
      .toBe(`Bearer ${tokens.issued[1]}`)
    expect(tokens.calls).toHaveLength(2)
    await tokens.close()
  })

  it('sends no token that has ended', async () => {
    const tokens = await startTokens(60)
    await gateway.offer('ended', answers(), withKey(tokens.account))
    for (const at of [0, 1, 2]) {
      await gateway.call(asking('ended'), key)
      expect(bearer()).toBe(`Bearer ${tokens.issued[at]}`)
      gateway.advance(60)
    }
    await tokens.close()
  })

  it('takes its tokens out of what the provider says', async () => {
    const tokens = await startTokens()
    await gateway.offer('quoting', refusing, withKey(tokens.account))
    const { status, text } = await gateway.call(asking('quoting'), key)
    expect([status, text]).toEqual([400, expect.stringContaining('bad token Bearer [key]')])
    await tokens.close()
  })

  it('is 502 channel_refused when its key is refused, and leaves that key out', async () => {
    const tokens = await startTokens()
    const stranger = newServiceAccount(tokens.account.account.token_uri)
    const { channel } = withKey(stranger, { models: ['stranger'] })
    const { id } = await gateway.createChannel(channel)
    await gateway.manage('PUT', '/api/price/stranger', { input: '2', output: '8' })
    const refused = await gateway.call(asking('stranger'), key)
    expect([refused.status, refused.json.error.code]).toEqual([502, 'channel_refused'])
    expect(gateway.logs.join('')).toContain('answered 400 invalid_grant')
    const { health } = await gateway.manage('GET', `/api/channel/${id}`)
    expect(health.keys[0]).toMatchObject({ state: 'open', reason: 'denied' })
    const { status } = await gateway.call(asking('stranger'), key)
    expect([status, tokens.calls.length]).toEqual([503, 1])
    await tokens.close()
  })

  it('asks for no token again at once when it got none', async () => {
    const tokens = await startTokens()
    const stranger = newServiceAccount(tokens.account.account.token_uri)
    const { id } = await gateway.createChannel(withKey(stranger, { models: ['again'] }).channel)
    const test = () => gateway.api('POST', `/api/channel/${id}/test`, {})
    await test()
    await test()
    expect(tokens.calls).toHaveLength(1)
    gateway.advance(2)
    await test()
    expect(tokens.calls).toHaveLength(2)
    await tokens.close()
  })

  it('is 502 upstream_unreachable when nobody gives tokens, or nobody may be asked', async () => {
    for (const [model, uri] of [
      ['closed', await closedPort()],
      ['metadata', 'http://169.254.169.254/computeMetadata/v1/token'],
    ] as const) {
      await gateway.offer(model, answers(), withKey(newServiceAccount(uri)))
      const { status, json } = await gateway.call(asking(model), key)
      expect([status, json.error.code]).toEqual([502, 'upstream_unreachable'])
    }
    expect(gateway.logs.join('')).toContain('FORBIDDEN_ADDRESS')
  })

  it('is tested with one small request, and shows a key by its name', async () => {
    const tokens = await startTokens()
    const { channel } = withKey(tokens.account, { models: ['vertex-test'] })
    const made = await gateway.createChannel(channel)
    expect(made.keys).toEqual([`${tokens.account.email}**********cdef`])
    expect(await gateway.manage('PUT', `/api/channel/${made.id}`, made)).toEqual(made)
    const test = async () => (await gateway.api('POST', `/api/channel/${made.id}/test`, {})).json
    expect((await test()).data).toMatchObject({ ok: true, status: 200 })
    expect(bearer()).toBe(`Bearer ${tokens.issued[0]}`)
    const stranger = newServiceAccount(tokens.account.account.token_uri)
    await gateway.manage('PUT', `/api/channel/${made.id}`, { keys: [stranger.text] })
    const { ok, message } = (await test()).data
    expect([ok, message]).toEqual([false, expect.stringContaining('400 invalid_grant')])
    await tokens.close()
  })

  it('says what its base URL, models and keys have to be', async () => {
    const { account } = newServiceAccount('https://oauth2.googleapis.com/token')
    const refusal = async (fields: Fields) => {
      const { json } = await gateway.api('POST', '/api/channel/', {
        ...{ name: 'v', type: 'vertex', keys: [JSON.stringify(account)], models: ['m'] },
        ...{ base_url: BASE, ...fields },
      })
      expect(json.success).toBe(false)
      return json.message
    }
    const keyed = (more: object) => refusal({ keys: [JSON.stringify({ ...account, ...more })] })
    expect(await refusal({ base_url: gateway.upstream.url })).toMatch(/aiplatform\.googleapis/)
    expect(await refusal({ models: [] })).toMatch(/models is required for the type vertex/)
    expect(await refusal({ keys: ['ya29.token'] })).toMatch(/^keys\[0\] must be the JSON/)
    expect(await keyed({ type: 'external_account' })).toMatch(/type must be service_account/)
    expect(await keyed({ client_email: 1 })).toMatch(/client_email is missing/)
    expect(await keyed({ private_key: 'x' })).toMatch(/private_key must be an RSA key/)
    expect(await keyed({ token_uri: 'file:///etc/passwd' })).toMatch(/token_uri must be a URL/)
    expect(await keyed({ token_uri: 'https://a:b@c.example' })).toMatch(/token_uri must be a URL/)
  })
})
