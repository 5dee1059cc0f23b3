import { beforeAll, describe, expect, test } from 'vitest'
import { asking, readWhole } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { answers } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { api, manage } = gateway
const MODEL = 'logged-model'
const OTHER = 'other-model'

let first: Awaited<ReturnType<typeof gateway.createKey>>
let second: typeof first
/** Another account, which must see nothing of this one's. */
let stranger: string
const requests: string[] = []

beforeAll(async () => {
  first = await gateway.createKey({ name: '=HYPERLINK("http://evil.example")' })
  second = await gateway.createKey({ name: 'second, "quoted"' })
  await gateway.offer(MODEL, answers({ usage: { prompt: 100, completion: 10, cached: 40 } }))
  await gateway.offer(OTHER, answers({ usage: { prompt: 1, completion: 1 } }))
  for (const [model, key] of [
    [MODEL, first],
    [MODEL, first],
    [OTHER, first],
    [MODEL, second],
    [OTHER, second],
  ] as const) {
    const answered = await gateway.call(asking(model), key.key)
    expect(answered.status).toBe(200)
    requests.push(answered.requestId)
  }
  const user = await manage('POST', '/api/user/', { username: 'stranger' })
  const token = await manage('POST', `/api/user/${user.id}/access_tokens`, { name: 'looks' })
  stranger = gateway.secret(token.token)
})

const idsOf = (list: { items: { request_id: string }[] }) =>
  list.items.map((record) => record.request_id)
const newestFirst = () => requests.toReversed()

test('how long calls take is the median of those that were answered', async () => {
  const { items } = await manage('GET', '/api/log/self')
  const middle = (of: (record: (typeof items)[0]) => number) =>
    items.map(of).toSorted((a: number, b: number) => a - b)[2]
  expect(await manage('GET', '/api/log/self/latency')).toEqual({
    calls: 5,
    use_time_ms: middle((record) => record.use_time_ms),
    first_token_ms: middle((record) => record.first_token_ms),
  })
  expect((await manage('GET', `/api/log/self/latency?token_id=${second.id}`)).calls).toBe(2)
  const { json } = await api('GET', '/api/log/self/latency', undefined, { authorization: stranger })
  expect(json.data).toEqual({ calls: 0, use_time_ms: 0, first_token_ms: 0 })
})

describe('usage records', () => {
  test('say what was called, with which key, and what it cost', async () => {
    const { items } = await manage('GET', `/api/log/self?request_id=${requests[0]}`)
    expect(items).toEqual([
      {
        id: expect.any(Number),
        created_at: expect.any(Number),
        request_id: requests[0],
        token_id: first.id,
        token_name: first.name,
        model_name: MODEL,
        group: 'default',
        quota: 140,
        correction: 0,
        shortfall: 0,
        prompt_tokens: 100,
        completion_tokens: 10,
        cached_tokens: 40,
        cache_write_tokens: 0,
        reasoning_tokens: 0,
        audio_tokens: 0,
        image_tokens: 0,
        estimated: false,
        use_time_ms: expect.any(Number),
        first_token_ms: expect.any(Number),
        is_stream: false,
        status: 200,
        error_code: '',
        ip: '127.0.0.1',
        attempts: 1,
        attempt_list: [{ status: 200, ms: expect.any(Number), outcome: 'answered' }],
        output_limit: expect.any(Number),
        requested_model: '',
        details: {},
      },
    ])
    expect(items[0].created_at).toBeGreaterThan(Date.now() / 1000 - 600)
  })

  test('come newest first, by page and by cursor', async () => {
    expect(idsOf(await manage('GET', '/api/log/self'))).toEqual(newestFirst())
    const page = await manage('GET', '/api/log/self?p=2&page_size=2')
    expect(page).toMatchObject({ page: 2, page_size: 2, total: 5 })
    expect(idsOf(page)).toEqual(newestFirst().slice(2, 4))
    const walked: string[] = []
    let next = (await manage('GET', '/api/log/self?page_size=2')).next_cursor
    while (next) {
      const more = await manage('GET', `/api/log/self?page_size=2&cursor=${next}`)
      walked.push(...idsOf(more))
      next = more.next_cursor
    }
    expect(walked).toEqual(newestFirst().slice(2))
  })

  test.each([
    [() => `token_id=${second.id}`, [4, 3]],
    [() => `token_name=${encodeURIComponent(second.name)}`, [4, 3]],
    [() => `model_name=${OTHER}`, [4, 2]],
    [() => 'group=default&status=200', [4, 3, 2, 1, 0]],
    [() => 'status=404', []],
    [() => 'group=vip', []],
    [() => 'start_timestamp=0&end_timestamp=0', [4, 3, 2, 1, 0]],
    [() => `start_timestamp=${Math.floor(Date.now() / 1000) + 60}`, []],
    [() => `end_timestamp=${Math.floor(Date.now() / 1000) - 3_600}`, []],
  ])('are found by filter %#', async (query, expected) => {
    const found = idsOf(await manage('GET', `/api/log/self?${query()}`))
    expect(found).toEqual(expected.map((at) => requests[at]))
  })

  test.each([
    'start_timestamp=now',
    'start_timestamp=1700000000000',
    'token_id=x',
    'cursor=abc',
    'format=xml',
    'p=-1',
  ])('are not looked for by %s', async (query) => {
    expect((await api('GET', `/api/log/self?${query}`)).json).toMatchObject({
      success: false,
      code: 'invalid_field',
    })
  })

  test('of others are for administrators only', async () => {
    const authorization = stranger
    expect(
      (await api('GET', '/api/log/self', undefined, { authorization })).json.data.items,
    ).toEqual([])
    expect(
      (await api('GET', `/api/log/self?token_id=${first.id}`, undefined, { authorization })).json
        .data.items,
    ).toEqual([])
    for (const path of ['/api/log/', '/api/log/stat', '/api/data/']) {
      expect((await api('GET', path, undefined, { authorization })).status).toBe(403)
    }
    const all = await manage('GET', '/api/log/')
    expect(all.items[0]).toMatchObject({
      channel: expect.any(Number),
      username: expect.any(String),
    })
    expect(idsOf(await manage('GET', `/api/log/?username=${all.items[0].username}`))).toEqual(
      newestFirst(),
    )
    expect(idsOf(await manage('GET', '/api/log/?username=stranger'))).toEqual([])
    expect(idsOf(await manage('GET', '/api/log/?username=nobody-at-all'))).toEqual([])
    const { user_id, username } = all.items[0]
    const both = `/api/log/?user_id=${user_id}&username=`
    expect(idsOf(await manage('GET', both + username))).toEqual(newestFirst())
    expect(idsOf(await manage('GET', `${both}stranger`))).toEqual([])
    expect(idsOf(await manage('GET', `/api/log/?channel=${all.items[0].channel}`))).toEqual([
      requests[4],
      requests[2],
    ])
  })

  test('leave as a file that a spreadsheet can open without harm', async () => {
    const answered = await api('GET', '/api/log/self?format=csv')
    expect(answered.headers.get('content-type')).toMatch(/^text\/csv/)
    const [names, ...lines] = answered.text.split('\r\n')
    expect(names).toMatch(/^id,created_at,request_id,token_id,token_name,model_name,/)
    expect(lines).toHaveLength(6)
    expect(lines.at(-1)).toBe('')
    expect(lines[0]).toContain(`,"second, ""quoted""",`)
    expect(lines[4]).toContain(`,"'=HYPERLINK(""http://evil.example"")",`)
  })
})

describe('sums', () => {
  test('tell what was spent', async () => {
    expect(await manage('GET', '/api/log/self/stat')).toEqual({
      requests: 5,
      failed: 0,
      quota: 3 * 140 + 2 * 5,
      shortfall: 0,
      prompt_tokens: 302,
      completion_tokens: 32,
      rpm: 5,
      tpm: 334,
    })
    expect(await manage('GET', `/api/log/stat?model_name=${OTHER}`)).toMatchObject({
      requests: 2,
      quota: 10,
    })
  })

  test.each([
    [
      'model',
      [
        { model_name: MODEL, requests: 3 },
        { model_name: OTHER, requests: 2 },
      ],
    ],
    ['group', [{ group: 'default', requests: 5 }]],
  ])('make a chart by %s', async (by, expected) => {
    for (const interval of ['hour', 'day']) {
      const points: { requests: number; created_at: number }[] = await manage(
        'GET',
        `/api/data/self?by=${by}&interval=${interval}`,
      )
      // The calls may lie on both sides of a full hour.
      const totals = Map.groupBy(points, ({ created_at: _, requests: __, ...point }) =>
        String(Reflect.get(point, 'model_name') ?? Reflect.get(point, 'group')),
      )
      const summed = [...totals].map(([name, some]) => [
        name,
        some.reduce((sum, one) => sum + one.requests, 0),
      ])
      expect(summed.toSorted()).toEqual(
        expected.map((one) => [Object.values(one)[0], one.requests]).toSorted(),
      )
    }
  })

  test('make a chart by key, with names', async () => {
    const points = await manage('GET', '/api/data/?by=key')
    expect(points).toContainEqual(
      expect.objectContaining({ token_id: second.id, token_name: second.name }),
    )
  })

  test('make a chart of the keys that spent most, and of the others together', async () => {
    const points: { token_id?: number; requests: number }[] = await manage(
      'GET',
      '/api/data/?by=key&top=1',
    )
    const names = new Set(points.map((point) => Reflect.get(point, 'token_name')))
    expect([...names]).toContain(undefined)
    expect([first.name, second.name].filter((name) => names.has(name))).toHaveLength(1)
    expect(points.reduce((sum, { requests }) => sum + requests, 0)).toBe(5)
    expect((await api('GET', '/api/data/self?by=model&top=1')).json).toMatchObject({
      code: 'invalid_field',
      message: expect.stringContaining('by=key'),
    })
  })

  test('are not made for more time than a chart shows', async () => {
    expect((await api('GET', '/api/data/self?start_timestamp=1')).json).toMatchObject({
      success: false,
      code: 'invalid_field',
    })
  })
})

describe('the records of a key', () => {
  const ask = async (key: string, query = '') => {
    const response = await fetch(`${gateway.url}/api/log/token${query}`, {
      headers: { authorization: `Bearer ${key}` },
    })
    return readWhole(response)
  }

  test('are shown to who holds it, and only those', async () => {
    const { status, json } = await ask(second.key, '?page_size=10')
    expect(status).toBe(200)
    expect(idsOf(json.data)).toEqual([requests[4], requests[3]])
    expect(json.data.items[0]).not.toHaveProperty('channel')
    // Naming another key changes nothing about whose records these are.
    const curious = await ask(`sk-${second.key}`, `?token_id=${first.id}`)
    expect(idsOf(curious.json.data)).toEqual([requests[4], requests[3]])
  })

  test('are not shown to others', async () => {
    const elsewhere = await gateway.createKey({ allow_ips: '203.0.113.7' })
    const disabled = await gateway.createKey()
    await manage('PUT', '/api/token/', { id: disabled.id, status: 2 })
    const deleted = await gateway.createKey()
    await manage('DELETE', `/api/token/${deleted.id}`)
    expect((await ask(elsewhere.key)).status).toBe(403)
    for (const key of [disabled.key, deleted.key, 'sk-nonsense', gateway.adminToken]) {
      expect((await ask(key)).status).toBe(401)
    }
    const poor = await gateway.createKey({ remain_quota: 0 })
    expect((await ask(poor.key)).status).toBe(200)
  })
})
