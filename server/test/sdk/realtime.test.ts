import { connect } from 'node:net'
import OpenAI from 'openai'
import { OpenAIRealtimeWS } from 'openai/realtime/ws'
import { expect, it } from 'vitest'
import { realtimeWorld } from '../realtime/world.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { seconds } from '../tools/realtime.ts'

const gateway = await sharedGateway()
const { provider, offer, url, last, records } = await realtimeWorld(gateway)

const TRANSCRIPTION = 'conversation.item.input_audio_transcription'

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

it("OpenAI's own client has its speech written down", async () => {
  const model = await offer({}, { per_second: '0.001' })
  const key = await gateway.createKey()
  provider.script = ({ type, session }, { say }) => {
    if (type === 'session.update') say({ type: 'session.updated', session })
    if (type !== 'input_audio_buffer.commit') return
    const item = { item_id: 'item_1', content_index: 0 }
    const transcript = { ...item, type: `${TRANSCRIPTION}.completed`, transcript: 'Hello!' }
    say({ type: 'input_audio_buffer.committed', item_id: 'item_1' })
    say({ ...item, type: `${TRANSCRIPTION}.delta`, delta: 'Hello!' })
    say({ ...transcript, usage: { type: 'duration', seconds: 1.5 } })
  }
  const client = new OpenAI({ apiKey: key.key, baseURL: `${url}/v1` })
  const realtime = new OpenAIRealtimeWS({ intent: 'transcription', options }, client)
  const heard: string[] = []
  const transcript = await new Promise((resolve, reject) => {
    realtime.on('error', reject)
    realtime.on('session.created', () => {
      const input = { transcription: { model }, turn_detection: null }
      realtime.send({
        type: 'session.update',
        session: { type: 'transcription', audio: { input } },
      })
    })
    realtime.on('session.updated', () => {
      realtime.send({ type: 'input_audio_buffer.append', audio: seconds(1) })
      realtime.send({ type: 'input_audio_buffer.commit' })
    })
    realtime.on(`${TRANSCRIPTION}.delta`, ({ delta }) => heard.push(String(delta)))
    realtime.on(`${TRANSCRIPTION}.completed`, ({ transcript }) => resolve(transcript))
  })
  expect([transcript, heard]).toEqual(['Hello!', ['Hello!']])
  realtime.close()
  expect(await records(key)).toMatchObject([{ model_name: model, quota: 750 }])
})
