import { describe, expect, it } from 'vitest'
import {
  attemptsOf,
  MOST_LISTED,
  ownAttemptsOf,
  writeAttempts,
} from '../../src/usage/attempt-list.ts'
import { breaksMidStream, refuses, resets } from '../tools/bad-scripts.ts'
import { asking, type Fields, PRICE } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import type { Script } from '../tools/upstream.ts'
import { answers } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { manage, upstream } = gateway
const { key } = await gateway.createKey()
const ms = expect.any(Number)

/** Channels of one model, tried in this order. */
async function serve(model: string, scripts: readonly Script[], more: Fields = {}) {
  await manage('PUT', `/api/price/${model}`, PRICE)
  const ids: number[] = []
  for (const [at, script] of scripts.entries()) {
    upstream.on(`${model}-${at}`, script)
    const fields = { models: [model], model_mapping: { [model]: `${model}-${at}` }, ...more }
    ids.push((await gateway.createChannel({ ...fields, priority: -at })).id)
  }
  return ids
}

/** The lists of a call's record, as administrators and owners see them. */
async function listed(model: string) {
  const { requestId } = await gateway.call(asking(model), key)
  const query = `request_id=${requestId}`
  // Only a whole answer waits for its record.
  await expect.poll(() => gateway.usageOf(requestId)).toBeDefined()
  const [admin] = (await manage('GET', `/api/log/?${query}`)).items
  const [own] = (await manage('GET', `/api/log/self?${query}`)).items
  const byKey = { path: `/api/log/token?${query}`, method: 'GET' }
  const [holder] = (await gateway.call('', key, byKey)).json.data.items
  expect(holder).toEqual(own)
  expect(JSON.stringify(own)).not.toMatch(/"channel"|"key"/)
  expect(own.attempt_list).toHaveLength(admin.attempt_list.length)
  const [row] = await gateway.database.rows(
    `select attempt_list from usage where request_id = '${requestId}'`,
  )
  return {
    admin: admin.attempt_list,
    own: own.attempt_list,
    record: admin,
    stored: row?.attempt_list,
  }
}

describe('the record of a call', () => {
  it('that the first channel answered stores no list, and shows its one attempt', async () => {
    const [channel] = await serve('at-once', [answers()])
    const { admin, own, stored, record } = await listed('at-once')
    expect(stored).toBeNull()
    const attempt = { status: 200, ms: record.use_time_ms, outcome: 'answered' }
    expect([admin, own]).toEqual([[{ channel, ...attempt }], [attempt]])
  })

  it('that went on says why, in order, and owners learn nothing of what is between us and providers', async () => {
    const scripts = [resets, refuses(503, 'busy'), refuses(401, 'bad key'), answers()]
    const [a, b, c, d] = await serve('goes-on', scripts)
    const { admin, own, record } = await listed('goes-on')
    expect(record).toMatchObject({ attempts: 4, channel: d, status: 200 })
    expect(admin).toEqual([
      { channel: a, status: 0, ms, outcome: 'unreachable' },
      { channel: b, status: 503, ms, outcome: 'refused' },
      { channel: c, status: 401, ms, outcome: 'denied' },
      { channel: d, status: 200, ms, outcome: 'answered' },
    ])
    expect(own.map(({ status, outcome }: never) => [status, outcome])).toEqual([
      ...[
        [0, 'unreachable'],
        [503, 'refused'],
        [502, 'refused'],
        [200, 'answered'],
      ],
    ])
  })

  it('that a billing error ended hides it from the owner, whatever its status', async () => {
    const [channel] = await serve('no-money', [refuses(429, 'pay', { code: 'insufficient_quota' })])
    const { admin, own, record } = await listed('no-money')
    expect(record).toMatchObject({ attempts: 1, quota: 0, error_code: 'channel_refused' })
    expect(admin).toEqual([{ channel, status: 429, ms, outcome: 'denied' }])
    expect(own).toEqual([{ status: 502, ms, outcome: 'refused' }])
  })

  it('that nobody served has its attempts, too', async () => {
    const [a, b] = await serve('nobody', [refuses(500, 'no'), refuses(400, 'mend it')])
    const { admin, record } = await listed('nobody')
    expect(record).toMatchObject({ attempts: 2, quota: 0, status: 400 })
    expect(admin).toEqual([
      { channel: a, status: 500, ms, outcome: 'refused' },
      { channel: b, status: 400, ms, outcome: 'refused' },
    ])
  })

  it('that broke off has a list although there was one attempt', async () => {
    const [channel] = await serve('breaks', [breaksMidStream()])
    await gateway.call(asking('breaks', { stream: true }), key).catch(() => undefined)
    const found = async () => (await manage('GET', '/api/log/?model_name=breaks')).items
    await expect.poll(found).toHaveLength(1)
    const items = await found()
    expect(items[0].attempt_list).toEqual([{ channel, status: 200, ms, outcome: 'broke_off' }])
  })

  it('names the upstream key by its place, where there are several', async () => {
    const keys = [
      gateway.secret('first-upstream-key-0001'),
      gateway.secret('second-upstream-key-0002'),
    ]
    const [channel] = await serve('two-keys', [refuses(500, 'no')], { keys })
    await listed('two-keys')
    expect((await listed('two-keys')).admin).toEqual([
      { channel, key: 2, status: 500, ms, outcome: 'refused' },
    ])
  })

  it('leaves the columns of a file as they were', async () => {
    const file = await gateway.api('GET', '/api/log/?format=csv')
    expect(file.text.split('\r\n')[0]).toMatch(
      /,attempts,output_limit,requested_model,user_id,username,channel$/,
    )
  })
})

describe('a list', () => {
  const row = { attempts: 1, status: 200, error_code: '', channel_id: 3, use_time_ms: 5 }
  const one = { channel: 3, status: 500, ms: 1, outcome: 'refused' } as const

  it('has an end, however many channels there are', () => {
    const many = writeAttempts(Array.from({ length: 500 }, () => one))
    expect(attemptsOf({ ...row, attempt_list: many })).toEqual(Array(MOST_LISTED).fill(one))
  })

  it.each([
    ['several attempts', { attempts: 2 }],
    ['a status that is no success', { status: 502 }],
    ['an answer that broke off', { error_code: 'upstream_unreachable' }],
  ])('is not made up for a record of before with %s', (_what, more) => {
    expect(attemptsOf({ ...row, attempt_list: null, ...more })).toEqual([])
  })

  it.each(['', 'no json', '{}', 'null', '[null, 1]'])(
    'that is none (%j) is empty',
    (attempt_list) => {
      expect(ownAttemptsOf({ ...row, attempt_list })).toEqual([])
    },
  )
})
