import { describe, expect, it } from 'vitest'
import type { Channel } from '../../src/channels/channel.ts'
import { createSimulator } from '../../src/channels/simulator.ts'
import type { AnswerSink, Exchange, Forward } from '../../src/relay/forward/answer.ts'

const simulate: Forward = createSimulator({ now: () => 1_700_000_000_000 })
const channel = {} as Channel

interface Heard {
  readonly status: number
  readonly headers: readonly string[]
  readonly chunks: readonly string[]
  readonly text: string
}

const requestOf = (body: object | string) => ({
  method: 'POST' as const,
  path: '/chat/completions',
  headers: [],
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
})

/** Asks and listens to the end. `onChunk` hears each chunk with the running exchange. */
function ask(
  body: object | string,
  onChunk: (exchange: Exchange, heard: number) => void = () => undefined,
): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const chunks: string[] = []
    let head: { status: number; headers: readonly string[] } | undefined
    const sink: AnswerSink = {
      head: (status, headers) => {
        head = { status, headers }
      },
      chunk: (bytes) => {
        chunks.push(bytes.toString('utf8'))
        onChunk(exchange, chunks.length)
      },
      end: () => {
        if (head === undefined) return reject(new Error('an end without a head'))
        resolve({ ...head, chunks, text: chunks.join('') })
      },
      failed: (failure) => reject(new Error(failure.kind)),
    }
    const exchange = simulate({ channel, key: undefined }, requestOf(body), sink)
    if (head !== undefined) reject(new Error('spoke before Forward had returned'))
  })
}

const hello = {
  model: 'turnpike-simulator',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hello there!' },
  ],
}

function eventsOf(text: string) {
  const lines = text.split('\n').filter((line) => line.startsWith('data: '))
  expect(lines.at(-1)).toBe('data: [DONE]')
  return lines.slice(0, -1).map((line) => JSON.parse(line.slice('data: '.length)))
}

describe('the simulator', () => {
  it('says what it is, and says the same to the same question', async () => {
    const first = await ask(hello)
    expect(first.status).toBe(200)
    expect(first.headers).toEqual(['content-type', 'application/json'])
    const answer = JSON.parse(first.text)
    expect(answer).toMatchObject({ object: 'chat.completion', model: 'turnpike-simulator' })
    const [choice] = answer.choices
    expect(choice.finish_reason).toBe('stop')
    expect(choice.message.content).toMatch(/^This is the Turnpike simulator/)
    expect(choice.message.content).toContain('12 characters that begin with "Hello there!"')
    expect((await ask(hello)).text).toBe(first.text)
  })

  it('counts what was sent and what it answered', async () => {
    const short = JSON.parse((await ask(hello)).text).usage
    expect(short.total_tokens).toBe(short.prompt_tokens + short.completion_tokens)
    const long = { ...hello, messages: [{ role: 'user', content: 'word '.repeat(500) }] }
    const { usage } = JSON.parse((await ask(long)).text)
    expect(usage.prompt_tokens).toBeGreaterThanOrEqual(500)
    expect(usage.prompt_tokens).toBeLessThan(520)
  })

  it.each(['max_tokens', 'max_completion_tokens'])('stops at %s', async (field) => {
    const answer = JSON.parse((await ask({ ...hello, [field]: 5 })).text)
    expect(answer.usage.completion_tokens).toBe(5)
    expect(answer.choices[0].finish_reason).toBe('length')
    expect(answer.choices[0].message.content).toBe('This is the Turnpike simulator')
  })

  it('stops before a stop word, wherever it stands among several', async () => {
    const answer = JSON.parse((await ask({ ...hello, stop: ['never', 'Turnpike'] })).text)
    expect(answer.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: 'This is the' },
    })
  })

  it('answers n times and counts each', async () => {
    const answer = JSON.parse((await ask({ ...hello, n: 3, max_tokens: 4 })).text)
    expect(answer.choices.map((choice: { index: number }) => choice.index)).toEqual([0, 1, 2])
    expect(answer.usage.completion_tokens).toBe(12)
  })

  it('streams the same text in pieces, then the completion signal, then usage when asked', async () => {
    const plain = JSON.parse((await ask(hello)).text)
    const asked = { ...hello, stream: true, stream_options: { include_usage: true } }
    const heard = await ask(asked)
    expect(heard.headers[1]).toBe('text/event-stream')
    expect(heard.chunks.length).toBeGreaterThan(10)
    const events = eventsOf(heard.text)
    const contents = events.map((event) => event.choices[0]?.delta.content ?? '')
    expect(contents.join('')).toBe(plain.choices[0].message.content)
    expect(events.at(-2).choices[0].finish_reason).toBe('stop')
    expect(events.at(-1)).toMatchObject({ choices: [], usage: plain.usage })
    const without = await ask({ ...hello, stream: true })
    expect(without.text).not.toContain('usage')
  })

  it('waits while it is held back, and is silent once it was ended', async () => {
    const heard = await ask({ ...hello, stream: true, max_tokens: 3 }, (exchange, count) => {
      if (count !== 2) return
      exchange.pause()
      setImmediate(() => exchange.resume())
    })
    expect(eventsOf(heard.text)).toHaveLength(5)

    let after = 0
    const ended = new Promise<void>((resolve) => {
      void ask({ ...hello, stream: true }, (exchange, count) => {
        after = count
        if (count !== 2) return
        exchange.abort()
        // The next question's answer comes later than anything the ended one could still have said.
        void ask({ ...hello, stream: true, max_tokens: 2 }).then(() => resolve())
      })
    })
    await ended
    expect(after).toBe(2)
  })

  it.each([
    ['{', ''],
    [{ model: 'm' }, 'messages'],
    [{ ...hello, n: 0 }, 'n'],
    [{ ...hello, n: 1e6 }, 'n'],
    [{ ...hello, max_tokens: -1 }, 'max_tokens'],
  ])('refuses %j as a provider would', async (body, param) => {
    const heard = await ask(body)
    expect(heard.status).toBe(400)
    expect(JSON.parse(heard.text).error).toMatchObject({ type: 'invalid_request_error', param })
  })

  it('leaves tools, images and odd messages alone', async () => {
    const messages = [null, 3, { role: 'user', content: [{ type: 'image_url' }, { text: 'Hi' }] }]
    const answer = JSON.parse((await ask({ ...hello, messages, tools: [{}], stop: null })).text)
    expect(answer.choices[0].message.content).toContain('begin with "Hi"')
  })
})
