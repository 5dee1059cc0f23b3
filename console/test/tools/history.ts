import { setTimeout as pause } from 'node:timers/promises'
import { asking } from '../../../server/test/tools/calls.ts'
import type { TestGateway } from '../../../server/test/tools/gateway.ts'
import { answers, sendJson } from '../../../server/test/tools/upstream-scripts.ts'
import type { TestAccount } from './account.ts'
import { HOSTILE } from './hostile.ts'

const DAY = 86_400
const DAYS = 3
const POLL_MS = 20

const MODELS = [
  ['claude-sonnet', { prompt: 40_000, completion: 9_000, cached: 30_000 }],
  ['gpt-small', { prompt: 25_000, completion: 3_000 }],
  ['llama-large', { prompt: 9_000, completion: 2_500 }],
  [HOSTILE, { prompt: 4_000, completion: 900 }],
] as const
const REFUSING = 'refusing-model'
const PRICE = { input: '3', output: '15', cache_read: '0.3' }

/** Models of several prices, one of which answers every call with 400. */
export async function offerModels(gateway: TestGateway): Promise<void> {
  for (const [model, usage] of MODELS) {
    await gateway.offer(model, answers({ usage }), { price: PRICE })
  }
  await gateway.offer(REFUSING, (_call, response) =>
    sendJson(response, 400, { error: { message: 'no', type: 'invalid_request_error' } }),
  )
}

/**
 * Lets an account call for some days, of which the last is now, with two keys, one of them with a hostile name.
 * Resolves with the key that was used first, and with the seconds that the gateway's clock is ahead.
 */
export async function callForDays(gateway: TestGateway, account: TestAccount) {
  const keys: { id: number; key: string }[] = []
  for (const name of [HOSTILE, 'website']) {
    const key = await account.manage('POST', '/api/token/', { name, unlimited_quota: true })
    gateway.secret(key.key)
    keys.push(key)
  }
  const [first, second] = keys as [(typeof keys)[0], (typeof keys)[0]]
  for (let day = 0; day < DAYS; day++) {
    if (day > 0) gateway.advance(DAY)
    for (const [place, [model]] of MODELS.entries()) {
      for (let n = 0; n <= (day + place) % DAYS; n++) {
        await gateway.call(asking(model), (place % 2 === 0 ? first : second).key)
      }
    }
  }
  const refused = await gateway.call(asking(REFUSING), second.key)
  const path = `/api/log/self?request_id=${refused.requestId}`
  while ((await account.manage('GET', path)).total === 0) await pause(POLL_MS)
  return { first, second, refusedId: refused.requestId, ahead: DAY * (DAYS - 1) }
}
