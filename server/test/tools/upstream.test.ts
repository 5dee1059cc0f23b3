import OpenAI from 'openai'
import { afterAll, describe, expect, it } from 'vitest'
import { breaksMidStream, resets } from './bad-scripts.ts'
import { readEvents } from './events.ts'
import { closedPort, startUpstream } from './upstream.ts'
import { answers, streams } from './upstream-scripts.ts'

/* A provider that behaves otherwise than a real one would make every other test worth less. */

const upstream = await startUpstream()
afterAll(() => upstream.close())
const client = new OpenAI({ baseURL: `${upstream.url}/v1`, apiKey: 'k', maxRetries: 0 })
const messages = [{ role: 'user' as const, content: 'Hi' }]

const post = (body: object) =>
  fetch(`${upstream.url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(body) })

describe('the scripted upstream', () => {
  it('is understood by the official SDK, plain and streaming', async () => {
    upstream.on('plain', answers({ text: 'Hello', usage: { prompt: 2, completion: 1 } }))
    const plain = await client.chat.completions.create({ model: 'plain', messages })
    expect([plain.choices[0]?.message.content, plain.usage?.total_tokens]).toEqual(['Hello', 3])
    upstream.on('stream', streams({ events: 3 }))
    const runner = client.chat.completions.stream({ model: 'stream', messages })
    expect((await runner.finalMessage()).content).toBe(' word0 word1 word2')
  })

  it('sends usage only when asked, and then `null` with every other chunk', async () => {
    upstream.on('stream', streams({ events: 2 }))
    const bare = await (await post({ model: 'stream', stream: true })).text()
    expect(bare).not.toContain('usage')
    const stream_options = { include_usage: true }
    const asked = await (await post({ model: 'stream', stream: true, stream_options })).text()
    expect(asked.match(/"usage":null/g)).toHaveLength(3)
    expect(asked).toContain('"choices":[],"usage":{"prompt_tokens":10')
  })

  it('records what it was sent, and says when its caller went away', async () => {
    upstream.on('endless', streams({ events: 1e6, gapMs: 1 }))
    const arrived = upstream.next()
    const events = readEvents(await post({ model: 'endless' }))
    await events.next()
    await events.cancel()
    const call = await arrived
    expect(call.json).toEqual({ model: 'endless' })
    expect(await call.over).toBe('aborted')
  })

  it('resets, breaks off and refuses as a network does', async () => {
    upstream.on('resetting', resets)
    await expect(post({ model: 'resetting' })).rejects.toThrow()
    upstream.on('breaking', breaksMidStream(2, true))
    const events = readEvents(await post({ model: 'breaking' }))
    await expect(events.rest()).rejects.toThrow()
    expect(events.text()).toContain('word1')
    await expect(fetch(await closedPort())).rejects.toThrow()
  })
})
