import { describe, expect, it } from 'vitest'
import { asking } from '../tools/calls.ts'
import { readEvents } from '../tools/events.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { streams } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { key } = await gateway.createKey({ remain_quota: 100_000_000 })
const streaming = (model: string, more = {}) =>
  asking(model, { stream: true, max_tokens: 50, ...more })

describe('a stream', () => {
  it('shows no trace of the usage that only the gateway asked for', async () => {
    await gateway.offer('streamed', streams({ events: 3 }))
    const { text } = await gateway.call(streaming('streamed'), key)
    expect(text).not.toContain('usage')
    const events = text.split('\n\n').filter(Boolean)
    expect(events).toHaveLength(5)
    expect(events.at(-1)).toBe('data: [DONE]')
    expect(JSON.parse(events[0]?.slice(6) ?? '')).toEqual({
      id: 'chatcmpl-scripted',
      created: 1_700_000_000,
      model: 'streamed',
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta: { role: 'assistant', content: ' word0' }, finish_reason: null }],
    })
  })

  it('holds the usage, byte for byte, when the client asked for it', async () => {
    await gateway.offer('with-usage', streams({ events: 2, usage: { prompt: 7, completion: 3 } }))
    const asked = streaming('with-usage', { stream_options: { include_usage: true } })
    const { text } = await gateway.call(asked, key)
    expect(text.match(/"usage":null/g)).toHaveLength(3)
    expect(text).toContain(
      '"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}\n\ndata: [DONE]\n\n',
    )
  })

  it('passes comments and pings on as they come', async () => {
    await gateway.offer('pinging', streams({ preamble: [': OPENROUTER PROCESSING\n\n'] }))
    const { text } = await gateway.call(streaming('pinging'), key)
    expect(text.startsWith(': OPENROUTER PROCESSING\n\n')).toBe(true)
  })

  it('passes each event on when it comes, not at the end', async () => {
    const go = Promise.withResolvers<void>()
    const beforeEvent = (index: number) => (index === 1 ? go.promise : undefined)
    await gateway.offer('stepwise', streams({ events: 2, beforeEvent }))
    const events = readEvents(await gateway.open(streaming('stepwise'), key))
    expect(await events.next()).toContain('word0')
    go.resolve()
    expect(await events.rest()).toHaveLength(3)
  })

  it('passes events on that came cut into single bytes, with characters cut in two', async () => {
    await gateway.offer('dribbling', async (call, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const asked = (call.json?.stream_options as object | undefined) !== undefined
      const text = [
        'data: {"choices":[{"index":0,"delta":{"content":"é\u{1f600}"}}],"usage":null}\r\n\r\n',
        'data:{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}\n\n',
        asked ? 'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}\n\n' : '',
        'data: [DONE]\n\n',
      ].join('')
      for (const byte of Buffer.from(text)) {
        await new Promise((resolve) => response.write(Buffer.of(byte), resolve))
      }
      response.end()
    })
    const answer = await gateway.call(streaming('dribbling'), key)
    expect(answer.text).toContain('"content":"é\u{1f600}"')
    expect(answer.text).not.toContain('usage')
    expect(answer.text).toMatch(/"finish_reason":"stop".*\n\ndata: \[DONE\]\n\n$/s)
    expect(await gateway.usageOf(answer.requestId)).toMatchObject({
      prompt_tokens: 5,
      completion_tokens: 2,
      estimated: false,
      quota: 5 + 2 * 4,
    })
  })

  it('is recorded as one, with the time of its first token', async () => {
    await gateway.offer('timed', streams({ gapMs: 5 }))
    const answer = await gateway.call(streaming('timed'), key)
    const usage = await gateway.usageOf(answer.requestId)
    expect(usage).toMatchObject({ is_stream: true, status: 200, model_name: 'timed' })
    expect(usage?.first_token_ms).toBeGreaterThanOrEqual(4)
    expect(usage?.use_time_ms).toBeGreaterThanOrEqual(usage?.first_token_ms as number)
  })

  it('that the upstream answers with an error is that error, as JSON', async () => {
    await gateway.offer('refusing', (_call, response) => {
      response.writeHead(422, { 'content-type': 'application/json' })
      response.end('{"error":{"message":"no","type":"invalid_request_error"}}')
    })
    const answer = await gateway.call(streaming('refusing'), key)
    expect(answer.status).toBe(422)
    expect(answer.json.error.message).toBe('no')
  })
})

describe('the end of an answer', () => {
  it('comes after its charge is on the books', async () => {
    await gateway.offer('charged', streams({ events: 2, usage: { prompt: 100, completion: 50 } }))
    const poor = await gateway.createKey({ remain_quota: 10_000 })
    const response = await gateway.open(streaming('charged'), poor.key)
    const events = readEvents(response)
    for (let event = await events.next(); event !== undefined; event = await events.next()) {
      if (event.includes('"finish_reason":"stop"')) break
    }
    // Nothing was waited for since the completion signal: the charge must have come first.
    expect((await gateway.keyRecord(poor.id)).remain_quota).toBe(10_000 - 300)
    await events.rest()
  })

  it('comes after its charge for a plain answer as well', async () => {
    await gateway.offer('plain')
    const poor = await gateway.createKey({ remain_quota: 10_000 })
    await gateway.call(asking('plain', { max_tokens: 50 }), poor.key)
    expect((await gateway.keyRecord(poor.id)).remain_quota).toBe(10_000 - 30)
  })
})
