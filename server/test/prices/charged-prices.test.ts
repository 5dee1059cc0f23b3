import { expect, it } from 'vitest'
import { newCaller } from '../token/callers.ts'
import { asking } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { answers } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { manage } = gateway

const setPrice = (model: string, price: object) => manage('PUT', `/api/price/${model}`, price)

/** Calls, and resolves with the request id once its record can be read. */
async function called(model: string, key: string): Promise<string> {
  const { status, requestId } = await gateway.call(asking(model), key)
  expect(status).toBe(200)
  return requestId
}

/** The computation, once the price is kept, which is done behind the call; and what was charged. */
async function priceOf(requestId: string) {
  const { items } = await manage('GET', `/api/log/self?request_id=${requestId}`)
  const path = `/api/log/self/price?request_id=${requestId}`
  const ask = async () => (await gateway.api('GET', path)).json
  await expect.poll(async () => (await ask()).message).not.toContain('no price is known')
  const { data, code, message } = await ask()
  return { charged: items[0]?.quota + items[0]?.shortfall, ...data, code, message }
}

const keptOf = (model: string) =>
  gateway.database.rows(`select ratio, price from charged_price where model = '${model}'`)

it('a call is computed at the price and the ratio that it was charged at, whatever they are now', async () => {
  const usage = { prompt: 1000, completion: 100, cached: 400 }
  const model = await gateway.offer('moving', answers({ usage }), {
    price: { input: '3', output: '15', cache_read: '0.3' },
  })
  const { key } = await gateway.createKey({ unlimited_quota: true })
  const first = await called(model, key)
  await setPrice(model, { input: '6', output: '15' })
  const second = await called(model, key)
  await manage('PUT', '/api/group/default', { ratio: 1.5 })
  const third = await called(model, key)
  await manage('DELETE', `/api/price/${model}`)
  await manage('PUT', '/api/group/default', { ratio: 1 })

  await expect.poll(() => keptOf(model), { timeout: 10_000 }).toHaveLength(3)
  expect(await priceOf(first)).toMatchObject({
    ...{ charged: 1710, quota: 1710, model, ratio: '1' },
    lines: [
      { kind: 'input', amount: 600, price: '3' },
      { kind: 'cache_read', amount: 400, price: '0.3' },
      { kind: 'output', amount: 100, price: '15' },
    ],
  })
  expect(await priceOf(second)).toMatchObject({ charged: 3750, quota: 3750, ratio: '1' })
  expect(await priceOf(third)).toMatchObject({ charged: 5625, quota: 5625, ratio: '1.5' })
})

it('of prices that cost as much the one that held then is told', async () => {
  const price = (input: string) => ({ input, output: '1' })
  // Either is less than a unit, and rounded up to one.
  const model = await gateway.offer('tiny', answers({ usage: { prompt: 1, completion: 0 } }), {
    price: price('0.5'),
  })
  const { key } = await gateway.createKey({ unlimited_quota: true })
  const calls: string[] = []
  for (const input of ['0.5', '0.7', '0.5']) {
    await setPrice(model, price(input))
    calls.push(await called(model, key))
    gateway.advance(60)
  }
  // Prices are kept behind the calls.
  await expect.poll(() => keptOf(model), { timeout: 10_000 }).toHaveLength(3)
  const told = await Promise.all(calls.map(priceOf))
  expect(told.map(({ charged }) => charged)).toEqual([1, 1, 1])
  expect(told.map(({ lines }) => lines[0].price)).toEqual(['0.5', '0.7', '0.5'])
})

it('a price is kept once, however many calls are charged at it', async () => {
  const model = await gateway.offer('steady', answers({ usage: { prompt: 100, completion: 0 } }), {
    price: { input: '2', output: '2' },
  })
  const { key } = await gateway.createKey({ unlimited_quota: true })
  for (let n = 0; n < 3; n++) await called(model, key)
  // What was charged is compiled anew when anything about the price is set, as it is at a start.
  await setPrice(model, { input: '2', output: '2' })
  for (let n = 0; n < 3; n++) await called(model, key)
  expect(await keptOf(model)).toEqual([{ ratio: '1', price: '{"input":"2","output":"2"}' }])
})

it('nobody is told of the calls of others, and what has no record is said', async () => {
  const model = await gateway.offer('own', answers({ usage: { prompt: 100, completion: 0 } }), {
    price: { input: '2', output: '2' },
  })
  const other = await newCaller(gateway, { account: { quota: 1_000_000 } })
  const { key } = await other.create({ unlimited_quota: true })
  const requestId = await called(model, key)
  const path = `/api/log/self/price?request_id=${requestId}`
  const theirs = async () => (await other.api('GET', path)).json.data
  await expect.poll(theirs, { timeout: 10_000 }).toMatchObject({ quota: 100 })
  expect(await priceOf(requestId)).toMatchObject({
    code: 'not_found',
    message: 'there is no record of this request',
  })
})
