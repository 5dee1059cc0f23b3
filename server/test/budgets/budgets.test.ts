import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { newCaller } from '../token/callers.ts'
import { asking } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { answers, sendJson } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
/** Input is free and the output as long as it may be: each call costs exactly what it reserves. */
const COST = 40
const script = answers({ usage: { prompt: 10, completion: 10 } })
await gateway.offer('forty', script, { price: { input: '0', output: '8' } })
const FORTY = asking('forty', { max_tokens: 10 })
await gateway.manage('PUT', '/api/setting/', { 'quota.lower_output': 'off' })
const put = (id: number, fields: object) => gateway.manage('PUT', '/api/token/', { id, ...fields })
const day = (amount: number, tz?: string) => ({ period: 'day', amount, ...(tz && { tz }) })
const budgetsSeen = async (key: string) => {
  const answer = await fetch(`${gateway.url}/api/usage/token`, {
    headers: { authorization: `Bearer ${key}` },
  })
  const { data } = (await answer.json()) as { data: { budgets?: readonly object[] } }
  return data.budgets
}
const statusesOf = async (key: string, count: number) => {
  const said: string[] = []
  for (let n = 0; n < count; n++) {
    const { status, json } = await gateway.call(FORTY, key)
    said.push(status === 200 ? 'served' : json.error.code)
  }
  return said
}

it('a budget for exactly 10 calls and 64 clients: exactly 10 are served, and the next day 10 more', async () => {
  const { key } = await gateway.createKey({ budgets: [day(10 * COST)] })
  for (let days = 0; days < 2; days++) {
    const all = await Promise.all(Array.from({ length: 64 }, () => gateway.call(FORTY, key)))
    const served = all.filter(({ status }) => status === 200)
    expect(served).toHaveLength(10)
    const refused = all.filter(({ status }) => status !== 200)
    const codes = new Set(refused.map(({ json }) => json.error.code))
    expect([...codes].filter((code) => !/budget_exhausted|quota_reserved/.test(code))).toEqual([])
    expect(await budgetsSeen(key)).toMatchObject([{ used: 10 * COST, remaining: 0 }])
    gateway.advance(86_400)
  }
})

it('names the budget that is spent and when it begins anew, in its time zone', async () => {
  const { id, key } = await gateway.createKey({ budgets: [day(COST, 'Asia/Kolkata')] })
  expect(await statusesOf(key, 1)).toEqual(['served'])
  const { status, json, headers } = await gateway.call(FORTY, key)
  expect([status, json.error.code]).toEqual([403, 'budget_exhausted'])
  expect(json.error.message).toMatch(
    /too little is left of the day budget of this API key, which resets at \d{4}-\d\d-\d\dT00:00:00\+05:30: 10 output tokens asked, 0 affordable/,
  )
  expect(headers.get('x-should-retry')).toBe('false')
  const { data } = (await gateway.api('POST', `/api/token/${id}/check`, {})).json
  expect(data).toMatchObject({ verdict: 'refused', code: 'budget_exhausted' })
  expect(data.checks).toContainEqual(
    expect.objectContaining({
      check: 'budgets',
      passed: false,
      because: expect.stringContaining(
        `0 of ${COST} units of the key's day budget are left until 2`,
      ),
    }),
  )
})

it('of two budgets the tighter one is named, also when it is the account’s', async () => {
  const caller = await newCaller(gateway, {
    account: { budgets: [{ period: 'week', amount: 2 * COST }] },
  })
  const budgets = [day(5 * COST), { period: 'month', amount: 4 * COST }]
  const first = await caller.create({ remain_quota: 10_000, budgets })
  const second = await caller.create({ remain_quota: 10_000 })
  expect(await statusesOf(first.key, 1)).toEqual(['served'])
  expect(await statusesOf(second.key, 1)).toEqual(['served'])
  const { json } = await gateway.call(FORTY, first.key)
  expect(json.error.message).toMatch(/the week budget of this API key's account, which resets at/)
  const { budget_standings: standings } = await gateway.manage(
    'GET',
    `/api/user/${caller.accountId}`,
  )
  expect(standings).toMatchObject([
    { whose: 'account', period: 'week', amount: 2 * COST, used: 2 * COST, remaining: 0 },
  ])
  expect(await budgetsSeen(first.key)).toHaveLength(3)
  await gateway.manage('PUT', '/api/setting/', { 'balance.scope': 'key' })
  expect(await budgetsSeen(first.key)).toHaveLength(2)
  expect(await budgetsSeen(second.key)).toBeUndefined()
  await gateway.manage('PUT', '/api/setting/', { 'balance.scope': 'account' })
})

it('a budget is looked at before the quota, and waits for units that only running calls hold', async () => {
  const { key } = await gateway.createKey({ remain_quota: 10, budgets: [day(20)] })
  expect(await statusesOf(key, 1)).toEqual(['budget_exhausted'])
  let asked: ServerResponse | undefined
  const arrived = Promise.withResolvers<void>()
  await gateway.offer(
    'slow',
    (_, response) => {
      asked = response
      arrived.resolve()
    },
    { price: { input: '0', output: '8' } },
  )
  const busy = await gateway.createKey({ budgets: [day(COST)] })
  const running = gateway.call(asking('slow', { max_tokens: 10 }), busy.key)
  await arrived.promise
  const { status, json } = await gateway.call(FORTY, busy.key)
  expect([status, json.error.code]).toEqual([429, 'quota_reserved'])
  if (asked) sendJson(asked, 400, { error: { message: 'no' } })
  await running
  expect(await statusesOf(busy.key, 2)).toEqual(['served', 'budget_exhausted'])
})

it('a call is charged to the day in which it was admitted, also when it ends in the next one', async () => {
  let answer: (() => void) | undefined
  const arrived = Promise.withResolvers<void>()
  await gateway.offer(
    'over midnight',
    (call, response) => {
      answer = () => void script(call, response)
      arrived.resolve()
    },
    { price: { input: '0', output: '8' } },
  )
  const { key } = await gateway.createKey({ budgets: [day(2 * COST)] })
  const running = gateway.call(asking('over midnight', { max_tokens: 10 }), key)
  await arrived.promise
  gateway.advance(86_400)
  expect(await statusesOf(key, 1)).toEqual(['served'])
  answer?.()
  expect((await running).status).toBe(200)
  // The new day had room for two, and has had one.
  expect(await budgetsSeen(key)).toMatchObject([{ used: COST, remaining: COST }])
  expect(await statusesOf(key, 2)).toEqual(['served', 'budget_exhausted'])
})

describe('an update', () => {
  it('of the amount counts at once, less what was used so far', async () => {
    const { id, key } = await gateway.createKey({ budgets: [day(2 * COST)] })
    expect(await statusesOf(key, 3)).toEqual(['served', 'served', 'budget_exhausted'])
    await put(id, { budgets: [day(3 * COST)] })
    expect(await statusesOf(key, 2)).toEqual(['served', 'budget_exhausted'])
    await put(id, { budgets: [day(COST)] })
    expect(await budgetsSeen(key)).toMatchObject([{ amount: COST, used: 3 * COST, remaining: 0 }])
    await put(id, { budgets: [day(5 * COST)], remain_quota: 1_000_000 })
    expect(await budgetsSeen(key)).toMatchObject([{ used: 3 * COST, remaining: 2 * COST }])
    // A record that was read and is sent back changes nothing.
    await put(id, await gateway.keyRecord(id))
    expect(await budgetsSeen(key)).toMatchObject([{ used: 3 * COST, remaining: 2 * COST }])
  })

  it('under traffic leaves exactly what the new amount has', async () => {
    const { id, key } = await gateway.createKey({ budgets: [day(50 * COST)] })
    const calls = Array.from({ length: 60 }, async (_, n) => {
      if (n === 20) await put(id, { budgets: [day(30 * COST)] })
      return gateway.call(FORTY, key)
    })
    const said = await Promise.all(calls)
    const served = said.filter(({ status }) => status === 200).length
    const rest = await statusesOf(key, 60)
    expect(served + rest.filter((one) => one === 'served').length).toBe(Math.max(30, served))
  })

  it('that takes it away ends it for the next call, and one that brings it back knows what was used', async () => {
    const { id, key } = await gateway.createKey({ budgets: [day(COST)] })
    expect(await statusesOf(key, 2)).toEqual(['served', 'budget_exhausted'])
    await put(id, { budgets: [] })
    expect((await gateway.keyRecord(id)).budgets).toBeUndefined()
    expect(await statusesOf(key, 1)).toEqual(['served'])
    await put(id, { budgets: [day(COST)] })
    expect(await statusesOf(key, 1)).toEqual(['budget_exhausted'])
  })

  it('of an account counts for all of its keys', async () => {
    const caller = await newCaller(gateway)
    const { key } = await caller.create({ remain_quota: 10_000 })
    expect(await statusesOf(key, 1)).toEqual(['served'])
    const path = `/api/user/${caller.accountId}`
    const record = await gateway.manage('PUT', path, { rpm_limit: 100, budgets: [day(COST)] })
    expect(record).toMatchObject({ rpm_limit: 100, budgets: [day(COST)] })
    expect(await statusesOf(key, 2)).toEqual(['served', 'budget_exhausted'])
    await gateway.manage('PUT', path, { budgets: [day(2 * COST)] })
    expect(await statusesOf(key, 2)).toEqual(['served', 'budget_exhausted'])
    const without = await gateway.manage('PUT', path, { budgets: [] })
    expect([without.budgets, without.rpm_limit]).toEqual([undefined, 100])
    expect(await statusesOf(key, 1)).toEqual(['served'])
  })
})

it('an output limit that a budget can’t pay is lowered, and a call without one gets a quarter of it', async () => {
  await gateway.manage('PUT', '/api/setting/', { 'quota.lower_output': 'on' })
  const { key } = await gateway.createKey({ budgets: [day(3_000)] })
  const lowered = await gateway.call(asking('forty', { max_tokens: 1_000 }), key)
  expect(lowered.headers.get('x-turnpike-output-limit')).toBe('750')
  const rich = await gateway.createKey({ budgets: [day(40_000)] })
  const before = gateway.upstream.calls.length
  await gateway.call(asking('forty'), rich.key)
  const sent = gateway.upstream.calls[before]?.json
  expect(sent?.max_completion_tokens ?? sent?.max_tokens).toBe(2_500)
  await gateway.manage('PUT', '/api/setting/', { 'quota.lower_output': 'off' })
})

it('a key without budgets sees none', async () => {
  const { id, key } = await gateway.createKey()
  expect(await budgetsSeen(key)).toBeUndefined()
  const { data } = (await gateway.api('POST', `/api/token/${id}/check`, {})).json
  const because = 'neither the key nor its account has budgets'
  expect(data.checks).toContainEqual(
    expect.objectContaining({ check: 'budgets', passed: true, because }),
  )
})
