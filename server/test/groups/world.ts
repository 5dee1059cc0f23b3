import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { newCaller } from '../token/callers.ts'
import { asking, PRICE } from '../tools/calls.ts'
import type { TestGateway } from '../tools/gateway.ts'
import type { Script } from '../tools/upstream.ts'
import { answers, sendJson, streams } from '../tools/upstream-scripts.ts'

/** A channel of a test: how its provider answers, 200 or a failure. */
export interface Way {
  readonly name: string
  readonly groups: readonly string[]
  readonly status?: number
  readonly free?: boolean
}

/** What is charged at the ratio 1: 10 tokens in, 5 out. */
export const PLAIN = 30

const plain = answers({ usage: { prompt: 10, completion: 5 } })
const streaming = streams({ usage: { prompt: 10, completion: 5 } })

export const answering =
  (status = 200): Script =>
  (call, response) => {
    if (status === 200) return (call.json?.stream === true ? streaming : plain)(call, response)
    sendJson(response, status, { error: { message: 'no', code: 'x' } })
  }

/** Groups with ratios. */
export async function makeGroups({ manage }: TestGateway, ratios: Record<string, object | number>) {
  for (const [name, ratio] of Object.entries(ratios)) {
    const fields = typeof ratio === 'number' ? { ratio } : ratio
    await manage('POST', '/api/group/', { name, ...fields })
  }
}

/** A model that these channels serve, the first ones with the higher priority. The provider hears their names. */
export async function makeModel(gateway: TestGateway, model: string, ways: readonly Way[]) {
  await gateway.manage('PUT', `/api/price/${model}`, PRICE)
  const channels: (object & { id: number })[] = []
  for (const [at, { name, groups, status, free = false }] of ways.entries()) {
    const heard = `${model}-${name}`
    gateway.upstream.on(heard, answering(status))
    const fields = { name, models: [model], groups, free, priority: -at }
    channels.push(await gateway.createChannel({ ...fields, model_mapping: { [model]: heard } }))
  }
  return channels
}

/** An account with a key, each with fields of its own. */
export async function makeKey(gateway: TestGateway, account: object, fields: object) {
  const caller = await newCaller(gateway, { account })
  const key = await caller.create({ remain_quota: 1_000_000, ...fields })
  return { ...caller, ...key }
}

/** Calls the model; which channels were tried, and what the books say. */
export async function called(
  gateway: TestGateway,
  key: string,
  model: string,
  more: Record<string, unknown> = { max_tokens: 10 },
) {
  const before = gateway.upstream.calls.length
  const answer = await gateway.call(asking(model, more), key)
  const tried = gateway.upstream.calls
    .slice(before)
    .map(({ json }) => String(json?.model).replace(`${model}-`, ''))
  let usage = await gateway.usageOf(answer.requestId)
  // The records of calls that were not answered are written a little later.
  while (usage === undefined && tried.length > 0) {
    await pause(5)
    usage = await gateway.usageOf(answer.requestId)
  }
  if (usage !== undefined) expect(usage.attempts).toBe(tried.length)
  return { answer, status: answer.status, tried, group: usage?.group, quota: usage?.quota }
}
