import { Agent } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { generateKey } from '../../src/keys/secret.ts'
import { answers, ask, KEY, type Rig, startRig } from './rig.ts'

const OTHER = generateKey((bytes) => new Uint8Array(bytes).fill(9))
let rig: Rig
let dispatcher: Agent

afterEach(async () => {
  await dispatcher.destroy()
  await rig.close()
})

/** Asks on one connection, again and again. */
async function onOneConnection() {
  rig = await startRig({ scripts: [answers()] })
  dispatcher = new Agent({ connections: 1 })
  return async (headers: Record<string, string>) => {
    const { statusCode, body } = await dispatcher.request({
      origin: rig.url,
      path: '/v1/chat/completions',
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(ask()),
    })
    const { error } = (await body.json()) as { error?: { code: string } }
    return error?.code ?? statusCode
  }
}

describe('a connection that stays open', () => {
  it('is asked for its key each time, whatever it sent before', async () => {
    const call = await onOneConnection()
    expect(await call({ authorization: `Bearer ${KEY}` })).toBe(200)
    expect(await call({ authorization: `Bearer ${KEY}` })).toBe(200)
    expect(await call({ authorization: `Bearer ${OTHER}` })).toBe('key_unknown')
    expect(await call({})).toBe('key_missing')
    expect(await call({ authorization: `Bearer ${KEY}` })).toBe(200)
    expect(await call({ authorization: `Bearer ${KEY}!` })).toBe('key_malformed')
    expect(await call({ authorization: `Bearer ${KEY}`, 'x-api-key': OTHER })).toBe('key_malformed')
    expect(await call({ authorization: `Bearer ${KEY}`, 'x-goog-api-key': KEY })).toBe(200)
  })

  it('is not believed the same text in a header where it means something else', async () => {
    const call = await onOneConnection()
    expect(await call({ authorization: `Bearer ${KEY}` })).toBe(200)
    expect(await call({ 'x-api-key': `Bearer ${KEY}` })).toBe('key_malformed')
    expect(await call({ 'x-api-key': KEY })).toBe(200)
    expect(await call({ authorization: `Bearer ${KEY}` })).toBe(200)
    expect(await call({ 'x-goog-api-key': OTHER })).toBe('key_unknown')
    expect(await call({ 'x-goog-api-key': KEY, 'x-api-key': OTHER })).toBe('key_malformed')
  })
})
