import { describe, expect, it } from 'vitest'
import { sharedGateway } from '../tools/gateway.ts'
import { type ProviderSession, seconds } from '../tools/realtime.ts'
import { realtimeWorld } from './world.ts'

/* What is charged for writing down what a conversation hears. */

const gateway = await sharedGateway()
const { offer, session, last, records } = await realtimeWorld(gateway)

const COMPLETED = 'conversation.item.input_audio_transcription.completed'
const DELTA = 'conversation.item.input_audio_transcription.delta'

/** A session in which somebody, priced so, writes down what is heard. */
async function scribed(scribe: string, price: object) {
  const model = await offer()
  await gateway.manage('PUT', `/api/price/${scribe}`, price)
  const key = await gateway.createKey()
  const talking = await session(model, key.key)
  await talking.hears('session.created')
  const theirs = last()
  const transcription = { model: scribe }
  theirs.say({ type: 'session.updated', session: { audio: { input: { transcription } } } })
  await talking.hears('session.updated')
  return { key, talking, theirs }
}

/** So much sound arrives at the provider, and is a turn. */
async function says(theirs: ProviderSession, talking: { say(event: object): void }, item: string) {
  const before = theirs.events.length
  talking.say({ type: 'input_audio_buffer.append', audio: seconds(30) })
  await expect.poll(() => theirs.events.length).toBe(before + 1)
  theirs.say({ type: 'input_audio_buffer.committed', item_id: item })
}

describe('a transcript of which nobody says what it used', () => {
  it('is charged by its sound, where it is priced by time', async () => {
    const { key, talking, theirs } = await scribed('by-time', { per_second: '0.001' })
    await says(theirs, talking, 'a')
    theirs.say({ type: COMPLETED, item_id: 'a', transcript: 'Hi.' })
    await talking.hears(COMPLETED)
    expect(await records(key)).toMatchObject([
      { model_name: 'by-time', quota: 15_000, estimated: true, status: 200 },
    ])
    talking.socket.close()
  })

  it('is charged by the length that its sound has in its form, however it is sent', async () => {
    const { key, talking, theirs } = await scribed('by-form', { per_second: '0.001' })
    const input = { transcription: { model: 'by-form' }, format: { type: 'audio/pcmu' } }
    theirs.say({ type: 'session.updated', session: { audio: { input } } })
    await talking.hears('session.updated')
    const second = Buffer.alloc(8_000, 0xff)
    talking.say({ type: 'input_audio_buffer.append', audio: second.toString('base64') })
    talking.socket.send(second)
    await expect.poll(() => theirs.events.length).toBe(2)
    theirs.say({ type: 'input_audio_buffer.committed', item_id: 'a' })
    theirs.say({ type: COMPLETED, item_id: 'a', transcript: 'Hi.' })
    await talking.hears(COMPLETED)
    expect(await records(key)).toMatchObject([{ quota: 1_000, estimated: true }])
    talking.socket.close()
  })

  it('is charged by its sound and its words, where it is priced by tokens', async () => {
    const price = { input: '2', output: '8', input_audio: '20' }
    const { key, talking, theirs } = await scribed('by-tokens', price)
    await says(theirs, talking, 'a')
    const usage = { type: 'duration', seconds: 60 }
    theirs.say({ type: COMPLETED, item_id: 'a', transcript: 'Hello there', usage })
    await talking.hears(COMPLETED)
    // A minute is 1 000 tokens of sound, whatever we heard of it.
    expect(await records(key)).toMatchObject([
      { quota: 10_000 + 8, audio_tokens: 1_000, completion_tokens: 2, estimated: true },
    ])
    talking.socket.close()
  })

  it('costs nothing where nobody is known to write it down', async () => {
    const model = await offer()
    const key = await gateway.createKey()
    const talking = await session(model, key.key)
    await talking.hears('session.created')
    await says(last(), talking, 'a')
    last().say({ type: COMPLETED, item_id: 'a', transcript: 'Hi.' })
    await talking.hears(COMPLETED)
    talking.socket.close()
    await talking.closed
    expect(await records(key)).toEqual([])
  })
})

describe('a client that leaves before its transcript is there', () => {
  it('pays what the provider still says that it used', async () => {
    const { key, talking, theirs } = await scribed('late', { per_second: '0.001' })
    await says(theirs, talking, 'a')
    await talking.hears('input_audio_buffer.committed')
    talking.socket.close()
    await talking.closed
    const usage = { type: 'duration', seconds: 10 }
    theirs.say({ type: COMPLETED, item_id: 'a', transcript: 'Hi.', usage })
    const late = { model_name: 'late', quota: 5_000, status: 499, estimated: false }
    await expect.poll(() => records(key)).toMatchObject([late])
    await expect.poll(() => theirs.socket.readyState).toBe(3)
  })

  it('pays for the sound of which it read some', async () => {
    const { key, talking, theirs } = await scribed('cut-short', { per_second: '0.001' })
    await says(theirs, talking, 'read')
    await says(theirs, talking, 'unread')
    talking.say({ type: 'input_audio_buffer.append', audio: seconds(4) })
    await expect.poll(() => theirs.events.length).toBe(3)
    theirs.say({ type: DELTA, item_id: 'read', delta: 'Hello' })
    theirs.say({ type: DELTA, item_id: 'going on', delta: 'there' })
    await talking.hears(DELTA)
    await talking.hears(DELTA)
    talking.socket.close()
    const read = { quota: 15_000, status: 499, estimated: true }
    await expect
      .poll(() => records(key), { timeout: 5_000 })
      .toMatchObject([{ quota: 2_000, status: 499 }, read])
  })

  it('pays for what it read of sound that it took back', async () => {
    const { key, talking, theirs } = await scribed('taken-back', { per_second: '0.001' })
    talking.say({ type: 'input_audio_buffer.append', audio: seconds(4) })
    await expect.poll(() => theirs.events.length).toBe(1)
    theirs.say({ type: DELTA, item_id: 'a', delta: 'Hello' })
    theirs.say({ type: 'input_audio_buffer.cleared' })
    await talking.hears('input_audio_buffer.cleared')
    talking.socket.close()
    await expect
      .poll(() => records(key), { timeout: 5_000 })
      .toMatchObject([{ quota: 2_000, estimated: true }])
  })
})

describe('a turn that the provider finds by itself', () => {
  it('is as long as it says, whatever silence was sent before it', async () => {
    const { key, talking, theirs } = await scribed('found', { per_second: '0.001' })
    const input = { transcription: { model: 'found' }, turn_detection: { type: 'server_vad' } }
    theirs.say({ type: 'session.updated', session: { audio: { input } } })
    await talking.hears('session.updated')
    await says(theirs, talking, 'silence')
    theirs.say({
      type: 'input_audio_buffer.speech_started',
      ...{ item_id: 'a', audio_start_ms: 40_000 },
    })
    theirs.say({
      type: 'input_audio_buffer.speech_stopped',
      ...{ item_id: 'a', audio_end_ms: 42_000 },
    })
    theirs.say({ type: 'input_audio_buffer.committed', item_id: 'a' })
    theirs.say({ type: COMPLETED, item_id: 'a', transcript: 'Hi.' })
    await talking.hears(COMPLETED)
    expect(await records(key)).toMatchObject([{ quota: 1_000, estimated: true }])
    talking.socket.close()
  })

  it('that could not be written down costs nothing', async () => {
    const { key, talking, theirs } = await scribed('failing', { per_second: '0.001' })
    await says(theirs, talking, 'a')
    theirs.say({ type: 'conversation.item.input_audio_transcription.failed', item_id: 'a' })
    await talking.hears('conversation.item.input_audio_transcription.failed')
    talking.socket.close()
    // It is not waited for, either.
    await expect.poll(() => theirs.socket.readyState, { timeout: 1_000 }).toBe(3)
    expect(await records(key)).toEqual([])
  })
})
