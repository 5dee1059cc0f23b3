import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()
const LONG_KEY = gateway.secret('upstream-key-0123456789-abcdef')
const OTHER_KEY = gateway.secret('another-key-9876543210-fedcba')

const create = (fields: object) =>
  gateway.manage('POST', '/api/channel/', {
    name: 'c',
    type: 'openai-compatible',
    base_url: gateway.upstream.url,
    keys: [LONG_KEY],
    models: ['m'],
    ...fields,
  })

async function refused(method: string, path: string, fields: object) {
  const { json, status } = await gateway.api(method, path, fields)
  expect({ status, success: json.success }).toEqual({ status: 200, success: false })
  return json
}

describe('channels', () => {
  it('are made with everything at its standard, keys masked, and read back', async () => {
    const made = await create({ name: 'standard' })
    expect(made).toEqual({
      id: made.id,
      name: 'standard',
      type: 'openai-compatible',
      base_url: gateway.upstream.url,
      keys: ['upst**********cdef'],
      models: ['m'],
      groups: ['default'],
      model_mapping: {},
      priority: 0,
      weight: 1,
      free: false,
      cost_ratio: 1,
      status: 1,
      dialects: [],
      headers: {},
      timeouts: {},
      served_models: ['m'],
      health: {
        state: 'closed',
        since: made.health.since,
        keys: [{ key: 'upst**********cdef', state: 'closed', since: made.health.since }],
      },
      created_time: made.created_time,
    })
    expect(await gateway.manage('GET', `/api/channel/${made.id}/`)).toEqual(made)
    const { items } = await gateway.manage('GET', '/api/channel/?page_size=1')
    expect(items).toEqual([made])
  })

  it('change nothing when they are read and sent back', async () => {
    const made = await create({
      keys: [LONG_KEY, 'short', 'tiny'],
      headers: { 'x-mine': 'a' },
      timeouts: { idle_ms: 500 },
      model_mapping: { m: 'theirs' },
    })
    const path = `/api/channel/${made.id}`
    expect(await gateway.manage('PUT', path, made)).toEqual(made)
    const { json } = await gateway.api('POST', `${path}/test`, {})
    expect(json.data.ok).toBe(true)
    expect(gateway.upstream.calls.at(-1)?.headers.authorization).toBe(`Bearer ${LONG_KEY}`)
  })

  it('keep masked keys beside new ones, whatever their order', async () => {
    const made = await create({ keys: [LONG_KEY] })
    const path = `/api/channel/${made.id}`
    const changed = await gateway.manage('PUT', path, { keys: [OTHER_KEY, ...made.keys] })
    expect(changed.keys).toEqual(['anot**********dcba', 'upst**********cdef'])
    const wrong = await refused('PUT', path, { keys: ['none**********none'] })
    expect(wrong.message).toBe('keys[0] is the mask of no key of this channel')
  })

  it('ask for the keys again when they are pointed at another host', async () => {
    const made = await create({})
    const path = `/api/channel/${made.id}`
    const elsewhere = { base_url: 'http://127.0.0.1:9/v1' }
    for (const fields of [
      elsewhere,
      { ...elsewhere, keys: made.keys },
      { ...made, ...elsewhere },
    ]) {
      const { message } = await refused('PUT', path, fields)
      expect(message).toBe('base_url names another host: send the keys again, unmasked')
    }
    const sameHost = { base_url: `${gateway.upstream.url}/other` }
    expect((await gateway.manage('PUT', path, sameHost)).keys).toEqual(made.keys)
    const moved = await gateway.manage('PUT', path, { ...elsewhere, keys: [OTHER_KEY] })
    expect(moved.base_url).toBe(elsewhere.base_url)
  })

  it('do not give a key away by a detour over the simulator', async () => {
    const made = await create({})
    const path = `/api/channel/${made.id}`
    const simulated = await gateway.manage('PUT', path, { type: 'simulator', base_url: '' })
    expect(simulated.keys).toEqual([])
    const elsewhere = { type: 'openai-compatible', base_url: 'http://127.0.0.1:9' }
    expect((await gateway.manage('PUT', path, elsewhere)).keys).toEqual([])
  })

  it('never mix the host of one change with the keys of another that crosses it', async () => {
    const made = await create({})
    const path = `/api/channel/${made.id}`
    const elsewhere = { base_url: 'http://127.0.0.1:9/v1', keys: [OTHER_KEY] }
    const [moved, echoed, renamed] = await Promise.all([
      gateway.api('PUT', path, elsewhere),
      gateway.api('PUT', path, { keys: made.keys, priority: 3 }),
      gateway.api('PUT', path, { name: 'crossed' }),
    ])
    expect([moved.json.success, renamed.json.success]).toEqual([true, true])
    const now = await gateway.manage('GET', path)
    expect(now).toMatchObject({ name: 'crossed', keys: ['anot**********dcba'] })
    // The one that sent masks either came first or found no such keys any more.
    expect(now.priority).toBe(echoed.json.success ? 3 : 0)
  })

  it('lose their keys with their deletion', async () => {
    const key = gateway.secret('key-of-a-channel-to-be-deleted')
    const { id } = await create({ key, keys: undefined, models: ['gone'] })
    expect(await gateway.manage('DELETE', `/api/channel/${id}`)).toBeUndefined()
    expect((await gateway.api('GET', `/api/channel/${id}`)).json.code).toBe('not_found')
    expect((await refused('DELETE', `/api/channel/${id}`, {})).code).toBe('not_found')
    expect((await refused('PUT', `/api/channel/${id}`, {})).code).toBe('not_found')
  })

  it('hold their keys encrypted', async () => {
    await create({})
    for (const { name, bytes } of await gateway.database.stored()) {
      expect(bytes.includes(LONG_KEY), name).toBe(false)
    }
  })

  it('without models serve what the provider answers', async () => {
    const provider = createServer((_request, response) => {
      response.end(JSON.stringify({ data: [{ id: 'theirs-2' }, { id: 'theirs-1' }] }))
    }).listen(0, '127.0.0.1')
    await once(provider, 'listening')
    const { port } = provider.address() as AddressInfo
    const { served_models, models } = await create({
      base_url: `http://127.0.0.1:${port}`,
      models: [],
    })
    provider.closeAllConnections()
    provider.close()
    expect(models).toEqual([])
    expect(served_models).toEqual(['theirs-1', 'theirs-2'])
  })

  it.each([
    [
      { type: 'unheard-of' },
      'type must be one of openai, openai-compatible, azure, anthropic, gemini, vertex, bedrock, simulator, got "unheard-of" (string)',
    ],
    [
      { dialects: ['anthropic', 'gemini'] },
      'dialects: a channel of type openai-compatible speaks openai, responses, anthropic, not gemini',
    ],
    [{ type: 'openai', keys: [] }, 'keys is required for the type openai'],
    [{ base_url: '' }, 'base_url is required for the type openai-compatible'],
    [{ base_url: 'ftp://x' }, 'base_url must be a URL that begins with http:// or https://'],
    // Nothing is sent there, but it would be shown, and in the way of every later change of type.
    [
      { type: 'simulator', base_url: 'nowhere' },
      'base_url must be a URL that begins with http:// or https://',
    ],
    [
      { type: 'simulator', base_url: 'http://me:secret@127.0.0.1' },
      'base_url must not hold a user name or password: put the key in keys',
    ],
    [
      { base_url: 'http://169.254.169.254/latest' },
      'base_url: requests to 169.254.169.254 are not allowed',
    ],
    [{ base_url: 'http://[fe80::1]/v1' }, 'base_url: requests to [fe80::1] are not allowed'],
    [
      { base_url: 'http://[::a9fe:a9fe]/v1' },
      'base_url: requests to [::a9fe:a9fe] are not allowed',
    ],
    [{ key: 'x' }, 'send key or keys, not both'],
    [{ keys: ['a\nb'] }, 'keys[0] must be visible ASCII characters without blanks or line breaks'],
    [{ keys: [5] }, 'keys[0] must be a string, got a number'],
    [{ keys: ['abcd**********wxyz'] }, 'keys holds a mask instead of a key'],
    [{ models: ['a', 'a'] }, 'models holds a twice'],
    [{ models: ['ä'.repeat(200)] }, 'models: a model id must have at most 256 bytes'],
    [
      { headers: { Authorization: 'Bearer x' } },
      "headers: authorization can't be set here; a provider's key belongs in keys",
    ],
    [
      { headers: { 'Accept-Encoding': 'gzip' } },
      "headers: accept-encoding can't be set here; a provider's key belongs in keys",
    ],
    [{ headers: { 'x-a': 'a\r\nb: c' } }, 'headers: the value of x-a is not valid'],
    [{ model_mapping: { 'a\nb': 5 } }, 'model_mapping.a\nb must be a string, got 5'],
    [{ weight: -1 }, 'weight must be from 0 to 1000000, got -1'],
    [{ status: 3 }, 'status must be one of 1, 2, got 3'],
    [{ timeouts: { idle_ms: 'x' } }, 'timeouts.idle_ms must be a whole number, got "x" (string)'],
    [{ groups: [] }, 'groups must not be empty, got a list'],
  ])('are refused in words when a field is wrong: %o', async (fields, message) => {
    const sent = {
      ...{ name: 'c', type: 'openai-compatible', base_url: gateway.upstream.url },
      ...{ keys: [LONG_KEY], models: ['m'], ...fields },
    }
    expect(await refused('POST', '/api/channel/', sent)).toMatchObject({
      code: 'invalid_field',
      message,
    })
  })

  it('are tried with one real request, whose failure tells no secret', async () => {
    const { id } = await create({ base_url: 'http://127.0.0.1:9/v1' })
    const { data } = (await gateway.api('POST', `/api/channel/${id}/test`, {})).json
    expect(data).toMatchObject({ ok: false, status: 0 })
    expect(data.message).toMatch(/could not be reached/)
  })
})
