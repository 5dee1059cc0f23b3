import { expect, it } from 'vitest'
import { asking, PRICE } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'
import type { Script } from '../tools/upstream.ts'
import { answers } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { manage, upstream } = gateway
const FIRST = answers({ usage: { prompt: 10, completion: 1 } })
const SECOND = answers({ usage: { prompt: 10, completion: 5 } })

/** Two channels of a model, the first of which has answered quickly until now. */
async function serve(model: string) {
  const { id, key } = await gateway.createKey()
  await manage('PUT', `/api/price/${model}`, PRICE)
  const ids: number[] = []
  for (const [at, script] of [FIRST, SECOND].entries()) {
    upstream.on(`${model}-${at}`, script)
    const fields = { models: [model], model_mapping: { [model]: `${model}-${at}` }, priority: -at }
    ids.push((await gateway.createChannel(fields)).id)
  }
  await manage('PUT', '/api/setting/', { 'routing.hedge': 'on', 'routing.hedge_after_ms': 50 })
  for (let n = 0; n < 20; n++) expect((await gateway.call(asking(model), key)).status).toBe(200)
  return { id, key, ids }
}
const hangs = () => {
  const seen = { asked: 0, closed: 0 }
  const script: Script = (_call, response) => {
    seen.asked++
    response.on('close', () => seen.closed++)
  }
  return { seen, script }
}

it('a call that is late is answered by the second channel, charged once, and its record lists both', async () => {
  const { id, key, ids } = await serve('late')
  const before = await gateway.keyRecord(id)
  const slow = hangs()
  upstream.on('late-0', slow.script)
  const answer = await gateway.call(asking('late'), key)
  expect([answer.status, answer.headers.get('x-turnpike-attempts')]).toEqual([200, '2'])
  const record = await gateway.usageOf(answer.requestId)
  expect(record).toMatchObject({ quota: 30, channel: ids[1], attempts: 2, completion_tokens: 5 })
  expect(record?.attempt_list).toEqual([
    { channel: ids[0], status: 0, ms: expect.any(Number), outcome: 'lost_race' },
    { channel: ids[1], status: 200, ms: expect.any(Number), outcome: 'answered' },
  ])
  expect((await gateway.keyRecord(id)).used_quota - before.used_quota).toBe(30)
  await expect.poll(() => slow.seen).toEqual({ asked: 1, closed: 1 })
  const text = await (await fetch(`${gateway.url}/metrics`)).text()
  expect(text).toContain('turnpike_hedges_total{outcome="second"} 1')
  expect(text).toMatch(/turnpike_upstream_attempts_total\{channel="\d+",outcome="lost_race"\} 1/)
})

it('a key that is disabled ends both', async () => {
  const { id, key } = await serve('cut')
  await manage('PUT', '/api/setting/', { 'revocation.streams': 'cut' })
  const [slow, slower] = [hangs(), hangs()]
  upstream.on('cut-0', slow.script)
  upstream.on('cut-1', slower.script)
  const coming = gateway.call(asking('cut'), key)
  await expect.poll(() => slower.seen.asked).toBe(1)
  await manage('PUT', '/api/token/', { id, status: 2 })
  expect((await coming).json.error.code).toBe('key_disabled')
  await expect.poll(() => [slow.seen.closed, slower.seen.closed]).toEqual([1, 1])
})
