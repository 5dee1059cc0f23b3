import { connect } from 'node:net'
import OpenAI from 'openai'
import { OpenAIRealtimeWS } from 'openai/realtime/ws'
import { expect, it } from 'vitest'
import { realtimeWorld } from '../realtime/world.ts'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()
const { offer, url, last, records } = await realtimeWorld(gateway)

/** The SDK insists on TLS, which stands before the gateway where there is any: here its bytes go out as they are. */
const options = { createConnection: () => connect(Number(new URL(url).port), '127.0.0.1') }

const open = (model: string, apiKey: string) =>
  new OpenAIRealtimeWS({ model, options }, new OpenAI({ apiKey, baseURL: `${url}/v1` }))

it("OpenAI's own client talks, and hears its responses", async () => {
  const model = await offer()
  const key = await gateway.createKey()
  const realtime = open(model, key.key)
  const heard = new Promise<string>((resolve, reject) => {
    let text = ''
    realtime.on('error', reject)
    realtime.on('session.created', () => {
      realtime.send({ type: 'session.update', session: { type: 'realtime', model } })
      realtime.send({ type: 'response.create' })
    })
    realtime.on('response.output_text.delta', ({ delta }) => {
      text += delta
    })
    realtime.on('response.done', () => resolve(text))
  })
  expect(await heard).toBe('Hello!')
  expect(last().events.map(({ type }) => type)).toEqual(['session.update', 'response.create'])
  realtime.close()
  expect(await records(key)).toHaveLength(1)
})

it("OpenAI's own client is told why its session ends", async () => {
  const model = await offer()
  const key = await gateway.createKey()
  const realtime = open(model, key.key)
  const failed = new Promise<unknown>((resolve) => realtime.on('error', resolve))
  await new Promise((resolve) => realtime.on('session.created', resolve))
  await gateway.manage('PUT', '/api/token/', { id: key.id, status: 2 })
  expect(await failed).toMatchObject({ error: { code: 'key_disabled' } })
})
