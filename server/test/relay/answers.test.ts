import { subscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  answers,
  ask,
  delta,
  event,
  finish,
  type Rig,
  type RigOptions,
  report,
  type Script,
  startRig,
  streams,
} from './rig.ts'

let rig: Rig
afterEach(() => rig.close())
const start = async (options: RigOptions) => {
  rig = await startRig(options)
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
const jsonOf = (answer: Response): Promise<any> => answer.json()

const answersWith =
  (status: number, body: string, headers: Record<string, string> = {}): Script =>
  (_, response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)

describe('a plain answer', () => {
  it('passes byte for byte with its cost, and is charged by the reported usage', async () => {
    await start({ scripts: [answers()] })
    const answer = await rig.call(ask())
    expect(answer.status).toBe(200)
    expect((await jsonOf(answer)).choices[0].message.content).toBe('Hello there')
    expect(answer.headers.get('x-turnpike-cost')).toBe(String(9 + 2 * 4))
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/)
    expect(answer.headers.get('x-ratelimit-remaining')).toBeNull()
    expect(answer.headers.get('server')).toBeNull()
    expect(rig.book.endings).toHaveLength(1)
    expect(rig.book.endings[0]?.record).toMatchObject({
      prompt_tokens: 9,
      completion_tokens: 2,
      estimated: 0,
      status: 200,
    })
  })

  it('is counted with the tokenizer when no usage is reported', async () => {
    await start({ scripts: [answers('one two three four', null)] })
    expect((await rig.call(ask())).status).toBe(200)
    expect(rig.book.endings[0]?.record).toMatchObject({ completion_tokens: 4, estimated: 1 })
    expect(rig.book.endings[0]?.cost).toBeGreaterThan(16)
  })

  it('of 300 KB passes whole, and finds usage wherever it stands', async () => {
    const text = 'x'.repeat(300_000)
    const first = (
      _: unknown,
      response: { end(body: string): void; setHeader(n: string, v: string): void },
    ) => {
      response.setHeader('content-type', 'application/json')
      response.end(
        `{"usage":{"prompt_tokens":5,"completion_tokens":6},"choices":[{"message":{"content":"${text}"}}]}`,
      )
    }
    await start({ scripts: [first] })
    const answer = await rig.call(ask())
    // As the provider said it: the caller sees how far it is, and an answer that breaks off is too short.
    expect(Number(answer.headers.get('content-length'))).toBeGreaterThan(300_000)
    expect((await jsonOf(answer)).choices[0].message.content).toBe(text)
    expect(rig.book.endings[0]?.cost).toBe(5 + 6 * 4)
  })

  it('of 300 KB that breaks off is broken off for its caller, too', async () => {
    const half = `{"choices":[{"message":{"content":"${'x'.repeat(300_000)}`
    await start({
      scripts: [
        (_, response) => {
          response.writeHead(200, {
            'content-type': 'application/json',
            'content-length': 2 * half.length,
          })
          response.write(half, () => response.destroy())
        },
      ],
    })
    const answer = await rig.call(ask())
    expect(answer.status).toBe(200)
    await expect(answer.text()).rejects.toThrow()
    await vi.waitFor(() => expect(rig.book.endings).toHaveLength(1))
  })

  it('that is no JSON is a 502 that costs nothing', async () => {
    await start({
      scripts: [
        (_, response) =>
          response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":'),
      ],
    })
    const answer = await rig.call(ask())
    expect(answer.status).toBe(502)
    expect((await jsonOf(answer)).error.code).toBe('upstream_invalid')
    expect(rig.book.endings.map(({ cost }) => cost)).toEqual([0])
  })

  it('that is an error in spite of its status is none: another channel is asked, no secret is said', async () => {
    const wrong = answersWith(200, '{"error":{"message":"who is upstream-secret-1?"}}')
    await start({ scripts: [wrong, answers()] })
    const answer = await rig.call(ask())
    expect((await jsonOf(answer)).choices[0].message.content).toBe('Hello there')
    expect(answer.headers.get('x-turnpike-attempts')).toBe('2')
    await rig.close()
    await start({ scripts: [wrong] })
    const refused = await rig.call(ask())
    expect([refused.status, (await jsonOf(refused)).error.code]).toEqual([502, 'upstream_invalid'])
    expect(rig.book.endings.map(({ cost }) => cost)).toEqual([0])
  })

  it('may begin with blank lines, which some providers send while they work', async () => {
    await start({
      scripts: [
        (_, response) => {
          response.writeHead(200, { 'content-type': 'application/json' })
          const body = '{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":6}}'
          response.write('\n', () =>
            setImmediate(() => response.write('\n \n', () => response.end(body))),
          )
        },
      ],
    })
    const answer = await rig.call(ask())
    expect(answer.status).toBe(200)
    expect((await answer.text()).trimStart()).toMatch(/^\{"choices"/)
    expect(rig.book.endings[0]?.cost).toBe(5 + 6 * 4)
  })

  it('that is a long page instead of JSON is a 502 that costs nothing, like a short one', async () => {
    for (const words of [10, 100_000]) {
      await start({ scripts: [answersWith(200, `<html>${'word '.repeat(words)}</html>`)] })
      const answer = await rig.call(ask())
      expect([answer.status, (await jsonOf(answer)).error.code]).toEqual([502, 'upstream_invalid'])
      expect(rig.book.endings.map(({ cost }) => cost)).toEqual([0])
      if (words === 10) await rig.close()
    }
  })

  it('that is packed though plain bytes were asked for is upstream_invalid, not a refusal', async () => {
    await start({ scripts: [answersWith(200, 'packed', { 'content-encoding': 'gzip' })] })
    const answer = await rig.call(ask())
    expect([answer.status, (await jsonOf(answer)).error.code]).toEqual([502, 'upstream_invalid'])
    expect(rig.book.endings).toMatchObject([
      { cost: 0, record: { error_code: 'upstream_invalid' } },
    ])
  })
})

describe('a stream', () => {
  it('passes byte for byte when the caller asked for usage itself', async () => {
    const events = [
      delta('Hel', { usage: null }),
      ': ping\n\n',
      delta('lo'),
      finish(),
      report,
      event('[DONE]'),
    ]
    await start({ scripts: [streams(...events)] })
    const answer = await rig.call(ask({ stream: true, stream_options: { include_usage: true } }))
    expect(await answer.text()).toBe(events.join(''))
    expect(rig.book.endings[0]).toMatchObject({
      cost: 9 + 3 * 4,
      record: { is_stream: 1, estimated: 0 },
    })
    expect(JSON.parse(String(rig.received[0]?.body)).stream_options).toEqual({
      include_usage: true,
    })
  })

  it('asks for usage and takes it out again', async () => {
    const events = [delta('Hel', { usage: null }), finish({ usage: null }), report, event('[DONE]')]
    await start({ scripts: [streams(...events)] })
    const answer = await rig.call(ask({ stream: true }))
    expect(await answer.text()).toBe([delta('Hel'), finish(), event('[DONE]')].join(''))
    expect(rig.book.endings[0]?.cost).toBe(9 + 3 * 4)
    expect(String(rig.received[0]?.body)).toContain(
      '{"stream_options":{"include_usage":true},"model":"m"',
    )
  })

  it('loses the usage that we asked for also where a word looks like it', async () => {
    const words = [' the "usage', ' and the "error', ' "finish_reason']
    const sent = words.map((word) => delta(word, { usage: null }))
    await start({ scripts: [streams(...sent, finish({ usage: null }), report)] })
    const text = await (await rig.call(ask({ stream: true }))).text()
    expect(text).toBe(words.map((word) => delta(word)).join('') + finish())
    expect(rig.book.endings[0]?.cost).toBe(9 + 3 * 4)
  })

  it('is one however its content type is spelt', async () => {
    const headers = { 'content-type': 'Text/Event-Stream' }
    await start({ scripts: [answersWith(200, delta('x') + finish() + report, headers)] })
    expect(await (await rig.call(ask({ stream: true }))).text()).toBe(delta('x') + finish())
    expect(rig.book.endings[0]?.cost).toBe(9 + 3 * 4)
  })

  it('of which nothing came is no answer: another channel is asked, and it costs nothing', async () => {
    await start({ scripts: [streams(), streams(delta('x'), finish(), report)] })
    expect(await (await rig.call(ask({ stream: true }))).text()).toBe(delta('x') + finish())
    await rig.close()
    await start({ scripts: [streams()] })
    const answer = await rig.call(ask({ stream: true }))
    expect([answer.status, (await jsonOf(answer)).error.code]).toEqual([502, 'upstream_invalid'])
    expect(rig.book.endings.map(({ cost }) => cost)).toEqual([0])
  })

  it('says no secret of the channel in an error event, however it is written', async () => {
    const errors = [
      'data: {"error":{"message":"upstream-secret-1"}}\n\n',
      'data: { "id": "x", "error" : {"message":"at 10.0.0.7"}, "choices": [] }\n\n',
      'event: error\ndata: {"error":"upstream-secret-1"}\n\n',
    ]
    const said = delta('the "error": upstream-secret-1')
    await start({ scripts: [streams(said, ...errors)] })
    const text = await (await rig.call(ask({ stream: true }))).text()
    expect(text).toBe(
      said +
        errors.join('').replaceAll('upstream-secret-1', '[key]').replace('10.0.0.7', '[address]'),
    )
  })

  it('does not look complete before its charge is durable', async () => {
    await start({
      scripts: [streams(delta('Hel'), delta('lo'), finish(), report, event('[DONE]'))],
      holdSettlements: true,
    })
    const answer = await rig.call(ask({ stream: true }))
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
    let text = ''
    const reading = (async () => {
      for (let part = await reader.read(); !part.done; part = await reader.read())
        text += Buffer.from(part.value)
    })()
    await vi.waitFor(() => expect(rig.book.endings).toHaveLength(1))
    await vi.waitFor(() => expect(text).toBe(delta('Hel') + delta('lo')))
    rig.book.letSettle()
    await reading
    expect(text).toBe(delta('Hel') + delta('lo') + finish() + event('[DONE]'))
  })

  it('waits for all of its choices before it holds', async () => {
    const choice = (index: number, finish_reason: string | null) =>
      event({ choices: [{ index, delta: { content: 'x' }, finish_reason }] })
    const events = [
      choice(0, null),
      choice(0, 'stop'),
      choice(1, null),
      choice(1, 'stop'),
      report,
      event('[DONE]'),
    ]
    await start({ scripts: [streams(...events)], holdSettlements: true })
    const answer = await rig.call(ask({ stream: true, n: 2 }))
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
    let text = ''
    while (text.length < events.slice(0, 3).join('').length)
      text += Buffer.from((await reader.read()).value ?? '')
    expect(text).toBe(events.slice(0, 3).join(''))
    await vi.waitFor(() => expect(rig.book.endings).toHaveLength(1))
    rig.book.letSettle()
    await reader.cancel()
  })

  it('whose charge does not come in time ends with an error event, and is renounced', async () => {
    await start({
      scripts: [streams(delta('Hel'), finish(), event('[DONE]'))],
      holdSettlements: true,
      settlePatienceMs: 30,
    })
    const text = await (await rig.call(ask({ stream: true }))).text()
    expect(text.startsWith(delta('Hel'))).toBe(true)
    expect(text).toContain('"ledger_unavailable"')
    expect(text).not.toContain('[DONE]')
    expect(text).not.toContain('stop')
    expect(rig.book.told.renounced).toBe(1)
  })

  it('that breaks off pays what was produced, and never ends as if it were whole', async () => {
    await start({
      scripts: [
        (_, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.write(`${delta('one two') + delta(' three')}data: {"half`, () =>
            response.destroy(),
          )
        },
      ],
    })
    const answer = await rig.call(ask({ stream: true }))
    let text = ''
    await expect(
      (async () => {
        for await (const part of answer.body as unknown as AsyncIterable<Uint8Array>)
          text += Buffer.from(part)
      })(),
    ).rejects.toThrow()
    expect(text).toContain(delta('one two') + delta(' three'))
    expect(text).not.toContain('half')
    expect(text).toContain('"upstream_unreachable"')
    await vi.waitFor(() => expect(rig.book.endings).toHaveLength(1))
    expect(rig.book.endings[0]?.record).toMatchObject({ estimated: 1, completion_tokens: 3 })
  })

  it('whose client leaves is cancelled upstream at once and pays what was produced', async () => {
    let cancelled = false
    await start({
      scripts: [
        (_, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.write(delta('one two three'))
          response.on('close', () => {
            cancelled = true
          })
        },
      ],
    })
    const leaving = new AbortController()
    const answer = await rig.call(ask({ stream: true }), { signal: leaving.signal })
    await (answer.body as ReadableStream<Uint8Array>).getReader().read()
    leaving.abort()
    await vi.waitFor(() => expect(cancelled).toBe(true))
    await vi.waitFor(() => expect(rig.book.endings).toHaveLength(1))
    expect(rig.book.endings[0]?.record).toMatchObject({
      status: 499,
      estimated: 1,
      completion_tokens: 3,
    })
  })

  it('whose client leaves before its first byte costs nothing, though its head had come', async () => {
    await start({
      scripts: [
        (_, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.flushHeaders()
        },
      ],
    })
    const headCame = new Promise((resolve) => subscribe('undici:request:headers', resolve))
    const leaving = new AbortController()
    const call = rig.call(ask({ stream: true }), { signal: leaving.signal })
    await headCame
    leaving.abort()
    await expect(call).rejects.toThrow()
    await vi.waitFor(() => expect(rig.book.endings).toHaveLength(1))
    expect(rig.book.endings[0]).toMatchObject({ cost: 0, record: { status: 499, estimated: 0 } })
  })

  it('reads nothing after [DONE], and no more than a bounded rest after completion', async () => {
    let refused = false
    await start({
      scripts: [
        (_, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.write(delta('x') + finish())
          const more = setInterval(() => response.write(delta('y'.repeat(64_000))), 1)
          response.on('close', () => {
            clearInterval(more)
            refused = true
          })
        },
      ],
    })
    const answer = await rig.call(ask({ stream: true }))
    const text = await answer.text()
    expect(text.length).toBeLessThan(600_000)
    await vi.waitFor(() => expect(refused).toBe(true))
    expect(rig.book.endings).toHaveLength(1)
  })

  it('holds the upstream back while the client is slow', async () => {
    let written = 0
    const piece = delta('z'.repeat(60_000))
    await start({
      scripts: [
        (_, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          const write = () => {
            while (written < 2_000) {
              written++
              if (!response.write(piece)) return void response.once('drain', write)
            }
            response.end(finish() + event('[DONE]'))
          }
          write()
        },
      ],
    })
    const answer = await rig.call(ask({ stream: true }))
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    // 2 000 pieces are 120 MB; what fits into sockets on the way is a few.
    let before = -1
    await vi.waitFor(
      () => {
        const still = written === before
        before = written
        expect(still).toBe(true)
      },
      { interval: 250, timeout: 10_000 },
    )
    expect(written).toBeLessThan(600)
    let bytes = 0
    for (let part = await reader.read(); !part.done; part = await reader.read())
      bytes += part.value.length
    expect(bytes).toBeGreaterThan(1_990 * piece.length)
  })
})
