import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Channel } from '../../src/channels/channel.ts'
import {
  answers,
  ask,
  delta,
  event,
  finish,
  type Rig,
  type RigOptions,
  type Script,
  startRig,
} from './rig.ts'

let rig: Rig
afterEach(() => rig.close())
const start = async (options: RigOptions) => {
  rig = await startRig(options)
}

const says =
  (
    status: number,
    headers: Record<string, string> = {},
    error: object = { message: 'no' },
  ): Script =>
  (_, response) =>
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify({ error }))
const resets: Script = (_, response) => void response.socket?.resetAndDestroy()
const stalls: Script = () => {}
const breaks: Script = (_, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(delta('Hel'), () => response.destroy())
}
const breaksPlain: Script = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
  response.write('{"id":', () => response.destroy())
}
const streamed: Script = (_, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.end(`${delta('Hello')}${finish()}${event('[DONE]')}`)
}
const either =
  (plain: Script, stream: Script): Script =>
  (request, response, body) =>
    JSON.parse(String(body)).stream === true
      ? stream(request, response, body)
      : plain(request, response, body)

/** A port where nobody listens. */
async function nobodyThere(): Promise<Partial<Channel>> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.on('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return { baseUrl: { origin: `http://127.0.0.1:${port}`, pathPrefix: '/v1' } }
}

const standing = (at: number) => rig.health.standing(rig.channels[at] as Channel)
const states = () => rig.channels.map((_, at) => standing(at).state)
/** Which keys the upstreams were sent, in order. */
const sent = () =>
  rig.received.map(({ request }) => request.headers.authorization?.slice('Bearer '.length))

async function call(more: object = {}) {
  const answer = await rig.call(ask(more))
  const text = await answer.text().catch(() => 'broken off')
  return { answer, text, code: answer.headers.get('x-error-code') }
}
async function times(count: number, more: object = {}) {
  for (let at = 0; at < count; at++) await call(more)
}

describe.each([
  ['plain', {}],
  ['streaming', { stream: true }],
])('before the first byte, %s', (_, more) => {
  const served = either(answers(), streamed)

  it.each<readonly [string, Script, string]>([
    ['resets the connection', resets, 'consecutive_failures'],
    ['answers 500', says(500), 'consecutive_failures'],
    ['answers 408', says(408), 'consecutive_failures'],
    ['answers what is no answer', either(breaksPlain, breaksPlain), 'consecutive_failures'],
    ['answers 503 and asks for a pause', says(503, { 'retry-after': '9' }), 'overloaded'],
    ['answers 429', says(429, { 'retry-after': '9' }), 'rate_limited'],
    ['answers 401', says(401), 'denied'],
    ['answers 402', says(402), 'denied'],
    ['answers 403', says(403), 'denied'],
    ['has no money', says(429, {}, { code: 'insufficient_quota' }), 'denied'],
  ])('a channel that %s is replaced, opened, and left alone', async (_how, script, reason) => {
    await start({ scripts: [script, served], channels: [{ priority: 1 }, {}] })
    const opens = reason === 'consecutive_failures' ? 5 : 1
    for (let at = 0; at < opens; at++) {
      const { answer } = await call(more)
      expect([answer.status, answer.headers.get('x-turnpike-attempts')]).toEqual([200, '2'])
    }
    expect(standing(0)).toMatchObject({ state: 'open', reason })
    const { answer } = await call(more)
    expect([answer.status, answer.headers.get('x-turnpike-attempts')]).toEqual([200, null])
    expect(rig.received).toHaveLength(opens * 2 + 1)
    expect(rig.book.endings).toHaveLength(opens + 1)
    expect(new Set(rig.book.endings.map(({ record }) => record.channel_id))).toEqual(new Set([2]))
    expect(states()).toEqual(['open', 'closed'])
  })

  it('a port where nobody listens is replaced, and left alone after five calls', async () => {
    await start({
      scripts: [served, served],
      channels: [{ priority: 1, ...(await nobodyThere()) }, {}],
    })
    await times(6, more)
    expect(rig.book.endings.map(({ record }) => record.attempts)).toEqual([2, 2, 2, 2, 2, 1])
  })

  it('a channel that stalls is not replaced, for it may be paid, but it is left alone later', async () => {
    await start({
      scripts: [stalls, served],
      channels: [{ priority: 1, timeouts: { firstByteMs: 30 } }, {}],
    })
    for (let at = 0; at < 5; at++) expect((await call(more)).code).toBe('upstream_timeout')
    expect((await call(more)).answer.status).toBe(200)
    expect(rig.book.endings.map(({ cost }) => cost > 0)).toEqual([...Array(5).fill(false), true])
  })
})

describe('after the first byte', () => {
  it('nothing is tried elsewhere, what came is charged, and the channel is left alone after five', async () => {
    await start({ scripts: [breaks, streamed], channels: [{ priority: 1 }, {}] })
    await times(5, { stream: true })
    expect(rig.received).toHaveLength(5)
    expect(rig.book.endings.every(({ cost, record }) => cost > 0 && record.attempts === 1)).toBe(
      true,
    )
    expect(states()).toEqual(['open', 'closed'])
    expect((await call({ stream: true })).text).toContain('[DONE]')
  })
})

describe('a pause that a provider asks for', () => {
  it.each([
    ['seconds', { 'retry-after': '40' }, '40'],
    ['milliseconds, which count more', { 'retry-after': '1', 'retry-after-ms': '20500' }, '21'],
  ])('in %s is kept', async (_how, headers, retryAfter) => {
    await start({ scripts: [says(429, headers)] })
    await call()
    expect((await call()).answer.headers.get('retry-after')).toBe(retryAfter)
  })

  it.each([429, 503])('of less than a second with %i is left to the caller', async (status) => {
    await start({ scripts: [says(status, { 'retry-after-ms': '5' })] })
    await times(3)
    expect(states()).toEqual(['closed'])
    expect(rig.received).toHaveLength(3)
  })
})

describe('what the caller is to blame for', () => {
  it.each([400, 404, 413, 422])('%i counts against no channel', async (status) => {
    await start({ scripts: [says(status), answers()], channels: [{ priority: 1 }, {}] })
    await times(8)
    expect(states()).toEqual(['closed', 'closed'])
    expect(rig.received).toHaveLength(8)
  })

  it('a model that the provider does not have takes the channel from no other model', async () => {
    const unknown = says(404, {}, { code: 'model_not_found' })
    await start({ scripts: [unknown, answers()], channels: [{ priority: 1 }, {}] })
    await times(8)
    expect(rig.book.endings.map(({ record }) => record.attempts)).toEqual(Array(8).fill(2))
    expect(states()).toEqual(['closed', 'closed'])
  })

  it('callers that leave count against no channel', async () => {
    await start({ scripts: [stalls] })
    for (let at = 0; at < 8; at++) {
      await rig.call(ask(), { signal: AbortSignal.timeout(20) }).catch(() => {})
    }
    const known = rig.health.of(rig.channels[0] as Channel)
    await expect.poll(() => known.inFlight).toBe(0)
    expect(states()).toEqual(['closed'])
  })

  it('the time for the whole call counts against no channel that was answering', async () => {
    const goesOn: Script = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const more = setInterval(() => response.write(delta('on')), 5)
      response.on('close', () => clearInterval(more))
    }
    await start({ scripts: [goesOn], channels: [{ timeouts: { totalMs: 40 } }] })
    await times(6, { stream: true })
    expect(states()).toEqual(['closed'])
  })
})

describe('when no channel is up', () => {
  it('the call is refused with the earliest time to come back, charged nothing, and nobody is asked', async () => {
    await start({
      scripts: [says(429, { 'retry-after': '40' }), says(429, { 'retry-after': '30' })],
      channels: [{ priority: 1 }, {}],
    })
    const last = await call()
    expect([last.answer.status, last.answer.headers.get('retry-after')]).toEqual([429, '30'])
    rig.clock.now = 9_500
    const { answer, code } = await call()
    expect([answer.status, code, answer.headers.get('retry-after')]).toEqual([
      ...[503, 'no_channel_available', '21'],
    ])
    expect(answer.headers.get('x-should-retry')).toBeNull()
    expect(rig.received).toHaveLength(2)
    expect([rig.book.endings.length, rig.book.told.released]).toEqual([1, 1])
    expect(rig.book.available()).toBe(1e9)
  })

  it('a Retry-After that is a date is honoured', async () => {
    const until = () => new Date(Date.now() + 60_000).toUTCString()
    await start({ scripts: [(a, b, c) => says(429, { 'retry-after': until() })(a, b, c)] })
    await call()
    const wait = Number((await call()).answer.headers.get('retry-after'))
    expect(wait).toBeGreaterThan(50)
    expect(wait).toBeLessThanOrEqual(60)
  })

  it('what is refused for another reason is told that reason', async () => {
    await start({ scripts: [says(401)], remain: 100_000 })
    await call()
    rig.book.hold(100_000)
    expect((await call()).code).toBe('quota_reserved')
  })
})

describe('a channel heals', () => {
  it('by one probe at a time; callers who come meanwhile go elsewhere', async () => {
    let script = resets
    let held: (() => void) | undefined
    const probed: Script = (request, response, body) => script(request, response, body)
    await start({ scripts: [probed, answers()], channels: [{ priority: 1 }, {}] })
    await times(5)
    rig.clock.now = 5_000
    expect(states()).toEqual(['half_open', 'closed'])
    script = (request, response, body) => {
      held = () => answers()(request, response, body)
    }
    const probe = call()
    await expect.poll(() => held).toBeDefined()
    await times(3)
    expect(rig.book.endings.slice(-3).map(({ record }) => record.channel_id)).toEqual([2, 2, 2])
    held?.()
    expect((await probe).answer.status).toBe(200)
    expect(states()).toEqual(['closed', 'closed'])
  })

  it('whose probe fails is left alone for longer', async () => {
    await start({ scripts: [resets, answers()], channels: [{ priority: 1 }, {}] })
    await times(5)
    rig.clock.now = 5_000
    expect((await call()).answer.headers.get('x-turnpike-attempts')).toBe('2')
    expect(standing(0)).toMatchObject({ state: 'open', reason: 'probe_failed' })
    rig.clock.now = 14_999
    await call()
    rig.clock.now = 15_000
    await call()
    expect(rig.book.endings.slice(-2).map(({ record }) => record.attempts)).toEqual([1, 2])
  })
})

describe('several keys of a channel', () => {
  const byKey =
    (scripts: Readonly<Record<string, Script>>): Script =>
    (request, response, body) => {
      const key = request.headers.authorization?.slice('Bearer '.length) ?? ''
      return (scripts[key] ?? answers())(request, response, body)
    }

  it('are sent in turn; a refused one is left out, and the channel stays up', async () => {
    await start({
      scripts: [byKey({ 'key-b': says(401) })],
      channels: [{ authorization: ['key-a', 'key-b', 'key-c'] }],
    })
    await times(6)
    expect(sent()).toEqual(['key-a', 'key-b', 'key-c', 'key-a', 'key-c', 'key-a'])
    expect(standing(0).keys.map(({ state }) => state)).toEqual(['closed', 'open', 'closed'])
    expect(states()).toEqual(['closed'])
    expect(rig.told).toContainEqual([1, { keyAt: 1, opened: expect.anything() }])
    expect(JSON.stringify(rig.told)).not.toContain('key-b')
  })

  it('which are all exhausted take the channel with them until the first may be sent again', async () => {
    await start({
      scripts: [
        byKey({
          'key-a': says(429, { 'retry-after': '50' }),
          'key-b': says(429, { 'retry-after': '20' }),
        }),
        answers(),
      ],
      channels: [{ priority: 1, authorization: ['key-a', 'key-b'] }, {}],
    })
    await times(3)
    expect(states()).toEqual(['open', 'closed'])
    rig.clock.now = 20_000
    await call()
    expect(sent()).toEqual([
      ...['key-a', 'upstream-secret-2', 'key-b', 'upstream-secret-2', 'upstream-secret-2'],
      ...['key-b', 'upstream-secret-2'],
    ])
  })
})

describe('the retry budget', () => {
  it('keeps a dying provider from being asked more than a fifth more', async () => {
    // Two channels of one provider, each of which fails two calls of five: too few for their breakers.
    const dying = (): Script => {
      const turn = [says(500), answers(), says(500), answers(), answers()]
      let count = 0
      return (...call) => turn[count++ % 5]?.(...call)
    }
    await start({ scripts: [dying(), dying()] })
    const calls = 400
    const statuses = new Map<number, number>()
    for (let at = 0; at < calls; at++) {
      const { status } = (await call()).answer
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    const further = rig.received.length - calls
    expect(further).toBe(rig.again.within)
    expect(further).toBeLessThanOrEqual(calls * 0.2)
    expect(further).toBeGreaterThan(calls * 0.19)
    expect(rig.again.refused).toBeGreaterThan(0)
    // Who may not try again hears what the provider said.
    expect(statuses.get(500)).toBe(
      rig.book.endings.filter(({ record }) => record.status === 500).length,
    )
    expect([...statuses.keys()].sort()).toEqual([200, 500])
  })

  it('and breakers let a dead provider be: hundreds of calls, a handful of requests', async () => {
    await start({ scripts: [says(500), says(500), says(500)] })
    for (let at = 0; at < 10; at++) await Promise.all(Array.from({ length: 30 }, () => call()))
    expect(states()).toEqual(['open', 'open', 'open'])
    // Those that were under way when the breakers opened, and a tenth more at most.
    expect(rig.received.length).toBeLessThanOrEqual(30 + 10)
  })
})

describe('sticky routing', () => {
  const four = { scripts: Array(4).fill(answers()) as Script[] }
  const places = () => rig.book.endings.map(({ record }) => record.channel_id)
  const long = (text: string) => [{ role: 'user', content: text.padEnd(5_000, '.') }]

  it('takes calls with one cache key to one channel, and on to another when that is down', async () => {
    await start({ ...four, settings: { 'routing.sticky': 'cache_key' }, chance: Math.random })
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
      await times(4, { prompt_cache_key: key })
      expect(new Set(places().slice(-4)).size).toBe(1)
    }
    expect(new Set(places()).size).toBeGreaterThan(1)
    await times(2, { metadata: { user_id: 'u' } })
    const [one, two] = places().slice(-2)
    expect(one).toBe(two)
    const down = rig.channels[(one as number) - 1] as Channel
    rig.health.of(down).begin(0).failed(0, 60_000)
    await times(4, { metadata: { user_id: 'u' } })
    const later = new Set(places().slice(-4))
    expect(later.size).toBe(1)
    expect(later.has(one as number)).toBe(false)
  })

  it('takes calls with one long beginning to one channel, and leaves short ones to chance', async () => {
    let turn = 0
    const chance = () => (turn++ % 4) / 4
    await start({ ...four, settings: { 'routing.sticky': 'prefix' }, chance })
    const conversation = long('You are a helpful assistant.')
    await times(2, { messages: conversation })
    await times(2, { messages: [...conversation, { role: 'assistant', content: 'Yes.' }] })
    expect(new Set(places()).size).toBe(1)
    await times(4)
    expect(new Set(places().slice(-4)).size).toBe(4)
  })

  it('is off unless it is asked for', async () => {
    let turn = 0
    await start({ ...four, chance: () => (turn++ % 4) / 4 })
    await times(4, { prompt_cache_key: 'a', messages: long('x') })
    expect(new Set(places()).size).toBe(4)
  })
})

describe('the policy least_busy', () => {
  it('sends calls past the channel at which others wait', async () => {
    await start({
      scripts: [stalls, answers()],
      settings: { 'routing.policy': 'least_busy' },
    })
    const leaving = new AbortController()
    const waiting = rig.call(ask(), { signal: leaving.signal }).catch(() => {})
    await expect.poll(() => rig.received.length).toBe(1)
    await times(5)
    expect(rig.book.endings.map(({ record }) => record.channel_id)).toEqual([2, 2, 2, 2, 2])
    leaving.abort()
    await waiting
  })
})
