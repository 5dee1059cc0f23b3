import { setTimeout as pause } from 'node:timers/promises'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { newCaller, type OtherCaller } from '../token/callers.ts'
import { asking } from '../tools/calls.ts'
import { newDatabase } from '../tools/database.ts'
import { readEvents } from '../tools/events.ts'
import { newAdminToken, startGateway } from '../tools/gateway.ts'
import { answers, streams } from '../tools/upstream-scripts.ts'

/** What is promised where notifications get lost; where they arrive it is sooner, which bench/nodes.ts measures. */
const BOUND_MS = 1_000
const soon = { timeout: BOUND_MS, interval: 20 }
const QUOTA = 1_000_000
/** What a whole answer costs: 10 tokens in, 5 out. */
const WHOLE = 10 + 5 * 4

const database = await newDatabase()
const adminToken = newAdminToken()
/** Where keys are changed, and where they are used. */
const here = await startGateway({ database, adminToken })
const there = await startGateway({ database, adminToken })
const { upstream } = here
const quick = await here.offer('quick', answers())
const whole = await here.offer('whole', streams({ events: 40, gapMs: 20 }))
/** Longer than any test waits. */
const endless = await here.offer('endless', streams({ events: 2_000, gapMs: 10 }))

afterEach(async () => expect(await database.doctor()).toEqual([]))
afterAll(async () => {
  await here.close()
  await there.close()
  await database.remove()
})

interface Subject {
  readonly id: number
  readonly key: string
  readonly account: OtherCaller
}

/** A key of an account of its own. */
async function newSubject(): Promise<Subject> {
  const account = await newCaller(here, { account: { quota: QUOTA } })
  return { ...(await account.create({ remain_quota: QUOTA })), account }
}

const put = ({ id, account }: Subject, fields: object) =>
  account.api('PUT', '/api/token/', { id, ...fields })

/** What each change takes from a key, and what its callers hear. */
const revocations: [string, string, (subject: Subject) => Promise<unknown>][] = [
  ['is disabled', 'key_disabled', (subject) => put(subject, { status: 2 })],
  ['is deleted', 'key_unknown', ({ id, account }) => account.api('DELETE', `/api/token/${id}`)],
  [
    'is of an account that is suspended',
    'account_suspended',
    ({ account }) => here.manage('PUT', `/api/user/${account.accountId}`, { status: 2 }),
  ],
]

async function setTo(streaming: 'cut' | 'finish') {
  await here.manage('PUT', '/api/setting/', { 'revocation.streams': streaming })
  const read = `"revocation.streams","value":"${streaming}"`
  while (!JSON.stringify(await there.manage('GET', '/api/setting/')).includes(read)) await pause(20)
}

/** A stream there of which three events have come, and its call at the upstream. */
async function begun(model: string, key: string) {
  const arrived = upstream.next()
  const response = await there.open(asking(model, { stream: true }), key)
  expect(response.status).toBe(200)
  const reader = readEvents(response)
  const first: string[] = []
  for (let n = 0; n < 3; n++) first.push((await reader.next()) ?? '')
  const requestId = response.headers.get('x-request-id') ?? ''
  return { requestId, reader, first, call: await arrived }
}

const textOf = (events: readonly string[]) =>
  events.map((event) => JSON.parse(event).choices[0].delta.content ?? '').join('')

/** Of a call that nobody waits for the charge is written a little later. */
async function usageOf(requestId: string) {
  await expect.poll(() => here.usageOf(requestId), { timeout: 5_000 }).toBeDefined()
  const usage = await here.usageOf(requestId)
  if (usage === undefined) throw new Error('a usage record went away')
  return usage
}

/** What a key's calls cost, by the records. */
const charges = async ({ id }: Subject) =>
  (await database.rows(`select request_id, quota::int from usage where key_id = ${id}`)).map(
    (row) => [String(row.request_id), Number(row.quota)] as const,
  )

/** The account lost so much, and it says so. */
async function expectSpent({ account }: Subject, units: number) {
  const { used_quota, quota } = await here.manage('GET', `/api/user/${account.accountId}`)
  expect([used_quota, quota]).toEqual([units, QUOTA - units])
}

/** A whole stream that was cut: how it ended, and that what came until then is what it is charged for. */
async function expectCut(requestId: string, events: readonly string[], code: string) {
  const last = JSON.parse(events.at(-1) ?? '')
  expect(last).toMatchObject({ error: { code, type: 'comet_api_error' } })
  expect(last.error.message).toContain(requestId)
  const usage = await usageOf(requestId)
  expect(usage).toMatchObject({ status: 200, error_code: code, estimated: true, shortfall: 0 })
  expect(usage.completion_tokens).toBe(countTokens(textOf(events.slice(0, -1))))
  expect(usage.prompt_tokens).toBeGreaterThan(0)
  expect(usage.quota).toBe(Number(usage.prompt_tokens) + 4 * Number(usage.completion_tokens))
  return usage.quota
}

describe('with revocation.streams = cut', () => {
  beforeAll(() => setTo('cut'))

  it.each(revocations)('a stream there of a key that %s here ends with %s', async (...row) => {
    const [, code, revoke] = row
    const subject = await newSubject()
    const { requestId, reader, first, call } = await begun(endless, subject.key)
    await revoke(subject)
    const answeredAt = performance.now()
    // The last words wait for the charge; nothing more of the provider's comes.
    expect(await call.over).toBe('aborted')
    expect(performance.now() - answeredAt).toBeLessThan(BOUND_MS)
    const rest = await reader.rest()
    await expectSpent(subject, await expectCut(requestId, [...first, ...rest], code))
  })

  it('no stream there outlives the revocation here, however they race', async () => {
    const subject = await newSubject()
    const opening: Promise<string | null | { requestId: string; events: string[] }>[] = []
    const first = Promise.withResolvers<void>()
    let isRefused = false
    const open = async () => {
      const response = await there.open(asking(endless, { stream: true }), subject.key)
      if (response.status !== 200) {
        isRefused = true
        return response.headers.get('x-error-code')
      }
      first.resolve()
      const events = await readEvents(response).rest()
      return { requestId: response.headers.get('x-request-id') ?? '', events }
    }
    const going = (async () => {
      for (; !isRefused; await pause(2)) opening.push(open())
    })()
    await first.promise
    await put(subject, { status: 2 })
    await going
    const opened = await Promise.all(opening)
    const served = opened.filter((one) => typeof one === 'object' && one !== null)
    expect(served.length).toBeGreaterThan(0)
    let spent = 0
    for (const { requestId, events } of served) {
      // One that was cut before its first event costs its input.
      spent += await expectCut(requestId, events, 'key_disabled')
    }
    const refused = new Set(opened.filter((one) => typeof one !== 'object'))
    expect(refused).toEqual(new Set(['key_disabled']))
    await expectSpent(subject, spent)
  })

  it('where changes were missed for good, streams of keys that were revoked end, and no others', async () => {
    const [revoked, kept] = [await newSubject(), await newSubject()]
    const [first, second] = [await begun(endless, revoked.key), await begun(endless, kept.key)]
    // As if the change had been swept away before the node looked.
    await database.tamper(
      `update key set status = 2 where id = ${revoked.id};
       update change_counter set seq = seq + 3`,
    )
    const events = [...first.first, ...(await first.reader.rest())]
    await expectSpent(revoked, await expectCut(first.requestId, events, 'key_disabled'))
    for (let n = 0; n < 50; n++) {
      expect(JSON.parse((await second.reader.next()) ?? '')).not.toHaveProperty('error')
    }
    await put(kept, { status: 2 })
    await second.reader.rest()
  })
})

describe('with revocation.streams = finish', () => {
  beforeAll(() => setTo('finish'))

  it.each(revocations)(
    'a stream there of a key that %s here comes to its end, and no other begins (%s)',
    async (...row) => {
      const [, code, revoke] = row
      const subject = await newSubject()
      const { requestId, reader, call } = await begun(whole, subject.key)
      await revoke(subject)
      const next = async () => (await there.call(asking(quick), subject.key)).json.error?.code
      await expect.poll(next, soon).toBe(code)
      const events = await reader.rest()
      expect(events.at(-1)).toBe('[DONE]')
      expect(await call.over).toBe('answered')
      expect(await usageOf(requestId)).toMatchObject({ status: 200, error_code: '', quota: WHOLE })
      const spent = (await charges(subject)).reduce((sum, [, quota]) => sum + quota, 0)
      await expectSpent(subject, spent)
    },
  )
})

interface Call {
  readonly beganAt: number
  readonly code: string | undefined
  readonly requestId: string
}

/** Stopped at the latest when the test fails. */
function stopping(): AbortController {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  return stop
}

/** Calls at a node again and again, with a mark that the upstream sees. */
async function keepAsking(key: string, mark: string, stop: AbortSignal): Promise<Call[]> {
  const calls: Call[] = []
  while (!stop.aborted) {
    const beganAt = performance.now()
    const { json, requestId } = await there.call(asking(quick, { user: mark }), key)
    calls.push({ beganAt, code: json.error?.code, requestId })
    await pause(5)
  }
  return calls
}

describe('calls there that race with a change here', () => {
  const edits: typeof revocations = [
    ...revocations,
    [
      'may not be used from there',
      'ip_not_allowed',
      (subject) => put(subject, { allow_ips: '1.2.3.4' }),
    ],
    [
      'may not use the model',
      'model_not_allowed',
      (subject) => put(subject, { model_limits_enabled: true, model_limits: 'another' }),
    ],
  ]

  it.each(edits)('of a key that %s end with %s, each charged once', async (what, code, revoke) => {
    const subject = await newSubject()
    const stop = stopping()
    const clients = Array.from({ length: 6 }, () => keepAsking(subject.key, what, stop.signal))
    await pause(50 + 50 * Math.random())
    await revoke(subject)
    const answeredAt = performance.now()
    await pause(BOUND_MS + 200)
    stop.abort()
    const calls = (await Promise.all(clients)).flat()
    const late = calls.filter(({ beganAt }) => beganAt > answeredAt + BOUND_MS)
    expect(late.length).toBeGreaterThan(0)
    expect(new Set(late.map((one) => one.code))).toEqual(new Set([code]))
    const served = calls.filter((one) => one.code === undefined)
    expect(served.length).toBeGreaterThan(0)
    expect(new Set(calls.map((one) => one.code))).toEqual(new Set([undefined, code]))
    expect(upstream.calls.filter(({ json }) => json?.user === what)).toHaveLength(served.length)
    const expected = served.map(({ requestId }) => [requestId, WHOLE] as const)
    expect((await charges(subject)).toSorted()).toEqual(expected.toSorted())
    await expectSpent(subject, served.length * WHOLE)
  })

  it('what counts is the last of many changes', async () => {
    const { id, key } = await here.createKey()
    const stop = stopping()
    const client = keepAsking(key, 'many', stop.signal)
    const code = async () => (await there.call(asking(quick), key)).json.error?.code
    for (const [status, last] of [
      [2, 'key_disabled'],
      [1, undefined],
    ] as const) {
      for (let n = 0; n < 11; n++) {
        const node = n % 2 === 0 ? here : there
        const to = n % 2 === 0 ? status : 3 - status
        await node.manage('PUT', '/api/token/', { id, status: to })
      }
      await pause(BOUND_MS)
      expect(await code()).toBe(last)
    }
    stop.abort()
    await client
  })
})
