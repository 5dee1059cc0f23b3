import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  breaksMidStream,
  breaksPlainAnswer,
  hangs,
  hangsMidStream,
  refuses,
  resets,
  says,
} from '../tools/bad-scripts.ts'
import { asking, type Fields, PRICE } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { closedPort, type Script } from '../tools/upstream.ts'
import { answers, beginStream, streams } from '../tools/upstream-scripts.ts'
import { makeGroups, makeKey } from './world.ts'

const gateway = await sharedGateway()
await gateway.manage('PUT', '/api/setting/', {
  'limits.manage_per_minute': 1_000_000,
  // Each row has its own channels, and all of them one first group.
  'routing.retry_percent': 1_000,
})
await makeGroups(gateway, { a: 2, b: 0.5 })
const walks = { group: 'auto', auto_groups: ['a', 'b'], cross_group_retry: true }
const { key } = await makeKey(gateway, { groups: ['a', 'b', 'auto'] }, walks)
const nobody = `${await closedPort()}/v1`

const either =
  (plain: Script, stream: Script): Script =>
  (call, response) =>
    (call.json?.stream === true ? stream : plain)(call, response)

/** The head of a good answer, and nothing of its body. */
const breaksAfterItsHead = either(breaksPlainAnswer, (_call, response) => {
  beginStream(response)
  response.socket?.end()
})
const endsEmpty = either(says(200, ''), (_call, response) => {
  beginStream(response)
  response.end()
})
const speaksNoHttp: Script = (_call, response) =>
  void response.socket?.end('SSH-2.0-OpenSSH\r\n\r\n')

/** How a channel fails; whether the call goes on to another one; status and code where it is the only one. */
type Row = readonly [what: string, script: Script, on: boolean, status: number, code: string | null]

const failing = (...statuses: readonly number[]): readonly Row[] =>
  statuses.map((status) => [`answers ${status}`, refuses(status, 'no'), true, status, null])
const keeping = (...statuses: readonly number[]): readonly Row[] =>
  statuses.map((status) => [`answers ${status}`, refuses(status, 'no'), false, status, null])

/** Contract 3.3 and every kind of `relay/forward/failure.ts` that a channel of a plain key can have. */
const TABLE: readonly Row[] = [
  ['resets the connection', resets, true, 502, 'upstream_unreachable'],
  ['breaks off after its head', breaksAfterItsHead, true, 502, 'upstream_unreachable'],
  ['ends without a byte', endsEmpty, true, 502, 'upstream_invalid'],
  ['speaks no HTTP', speaksNoHttp, true, 502, 'upstream_invalid'],
  ...failing(408, 409, 425, 429, 500, 501, 502, 503, 504, 529),
  ['answers 401', refuses(401, 'no'), true, 502, 'channel_refused'],
  ['answers 402', refuses(402, 'no'), true, 502, 'channel_refused'],
  ['answers 403', refuses(403, 'no'), true, 502, 'channel_refused'],
  ['answers 407', refuses(407, 'no'), true, 502, 'channel_refused'],
  ['redirects', says(307, '', { location: 'http://elsewhere' }), true, 502, 'channel_refused'],
  [
    'has no money',
    refuses(400, 'no', { code: 'billing_not_active' }),
    true,
    502,
    'channel_refused',
  ],
  ['has no such model', refuses(404, 'no', { code: 'model_not_found' }), true, 404, null],
  ...keeping(400, 404, 405, 413, 415, 422, 451),
  ['stalls', hangs, false, 504, 'upstream_timeout'],
]

let models = 0

/** A model that a channel of group `a` fails to serve; one of group `b` serves it where `rescued`. */
async function makeFailing(script: Script, rescued: boolean, fields: Fields = {}) {
  const model = `failing-${models++}`
  const { manage, upstream, createChannel } = gateway
  await manage('PUT', `/api/price/${model}`, PRICE)
  upstream.on(model, script)
  // Only who never answers is waited for in vain: others may be slow where much runs at once.
  const timeouts = { first_byte_ms: script === hangs ? 150 : 10_000, idle_ms: 10_000 }
  await createChannel({ models: [model], groups: ['a'], timeouts, ...fields })
  if (!rescued) return model
  upstream.on(`${model}-b`, either(answers(), streams()))
  const model_mapping = { [model]: `${model}-b` }
  await createChannel({ models: [model], groups: ['b'], model_mapping })
  return model
}

/** What the client got and what the books say of it; records of calls that were not served come a little later. */
async function called(model: string, stream: boolean) {
  const before = gateway.upstream.calls.length
  const response = await gateway.open(asking(model, { max_tokens: 10, stream }), key)
  const text = await response.text().catch(() => '')
  const requestId = response.headers.get('x-request-id') ?? ''
  let usage = await gateway.usageOf(requestId)
  for (; usage === undefined; usage = await gateway.usageOf(requestId)) await pause(5)
  return {
    asked: gateway.upstream.calls.slice(before).map(({ json }) => json?.model),
    status: response.status,
    code: response.headers.get('x-error-code'),
    attempts: usage.attempts,
    group: usage.group,
    quota: usage.quota,
    isWhole: stream ? text.endsWith('data: [DONE]\n\n') : text.includes('Hello from upstream.'),
  }
}

/** 10 tokens in, 5 out, at the ratio 0.5. */
const SERVED_BY_B = { status: 200, code: null, group: 'b', quota: 15, isWhole: true }

describe.each([
  ['plain', false],
  ['streaming', true],
])('%s, a channel that', (_, stream) => {
  it.each(TABLE)('%s', async (...[, script, goesOn, status, code]) => {
    const alone = await makeFailing(script, false)
    const failed = { status, code, attempts: 1, group: 'a', quota: 0, isWhole: false }
    expect(await called(alone, stream)).toEqual({ ...failed, asked: [alone] })
    const model = await makeFailing(script, true)
    const wanted = goesOn
      ? { ...SERVED_BY_B, attempts: 2, asked: [model, `${model}-b`] }
      : { ...failed, asked: [model] }
    expect(await called(model, stream)).toEqual(wanted)
  })

  it('nobody listens for', async () => {
    const alone = await makeFailing(answers(), false, { base_url: nobody })
    const failed = { status: 502, code: 'upstream_unreachable', attempts: 1, quota: 0, asked: [] }
    expect(await called(alone, stream)).toMatchObject(failed)
    const model = await makeFailing(answers(), true, { base_url: nobody })
    const wanted = { ...SERVED_BY_B, attempts: 2, asked: [`${model}-b`] }
    expect(await called(model, stream)).toEqual(wanted)
  })

  it('fails last says what the client hears', async () => {
    const model = await makeFailing(refuses(503, 'the first'), true)
    gateway.upstream.on(`${model}-b`, refuses(429, 'the last'))
    const last = { status: 429, attempts: 2, group: 'b', quota: 0, isWhole: false }
    expect(await called(model, stream)).toMatchObject(last)
    const unheard = await makeFailing(refuses(503, 'the only answer'), true)
    gateway.upstream.on(`${unheard}-b`, resets)
    expect(await called(unheard, stream)).toMatchObject({ status: 503, attempts: 2, quota: 0 })
  })
})

describe('after the first byte', () => {
  it.each<readonly [string, Script, string]>([
    ['breaks off', breaksMidStream(3), 'upstream_unreachable'],
    ['falls silent', hangsMidStream(3), 'upstream_timeout'],
  ])(
    'a stream that %s goes to nobody else, and what came of it is charged',
    async (_, script, code) => {
      const isSilent = code === 'upstream_timeout'
      const timeouts = { first_byte_ms: 10_000, idle_ms: isSilent ? 300 : 10_000 }
      const model = await makeFailing(script, true, { timeouts })
      const got = await called(model, true)
      expect(got).toMatchObject({ status: 200, attempts: 1, group: 'a', asked: [model] })
      expect(got.isWhole).toBe(false)
      expect(got.quota).toBeGreaterThan(0)
      const { items } = await gateway.manage('GET', `/api/log/?model_name=${model}`)
      expect(items[0]).toMatchObject({ error_code: code, estimated: true })
    },
  )
})
