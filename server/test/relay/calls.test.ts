import { tmpdir } from 'node:os'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { createZstdCompress } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createUploads } from '../../src/uploads/uploads.ts'
import { exchange, openRaw, requestText } from '../tools/raw.ts'
import { answers, ask, KEY, type Rig, type RigOptions, type Script, startRig } from './rig.ts'

let rig: Rig
afterEach(() => rig.close())
const start = async (options: RigOptions) => {
  rig = await startRig(options)
}
const refuses =
  (status: number, error: object): Script =>
  (_, response) =>
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ error }))
const sent = (at = 0) => JSON.parse(String(rig.received[at]?.body))

describe('a channel that fails', () => {
  it('is replaced by the next one before the first byte, and the client is told of it', async () => {
    await start({
      scripts: [refuses(500, { message: 'no' }), (_, response) => response.destroy(), answers()],
    })
    const answer = await rig.call(ask())
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-turnpike-attempts')).toBe('3')
    expect(rig.book.endings).toHaveLength(1)
    expect(rig.book.endings[0]?.record.channel_id).toBe(3)
  })

  it('with an error that accuses the caller is the last one asked, and its words are passed on, cleaned', async () => {
    const words = 'bad value; ask upstream-secret-1 at http://10.1.2.3:8080/x'
    await start({ scripts: [refuses(422, { message: words }), answers()] })
    const answer = await rig.call(ask())
    const text = await answer.text()
    expect(answer.status).toBe(422)
    expect(text).toContain('bad value')
    expect(text).not.toContain('upstream-secret-1')
    expect(text).not.toContain('10.1.2.3')
    expect(rig.received).toHaveLength(1)
    expect(rig.book.endings.map(({ cost }) => cost)).toEqual([0])
  })

  it('does not leave a piece of its key in the log where its words are cut', async () => {
    await start({ scripts: [refuses(400, { message: `${'x'.repeat(965)} upstream-secret-1` })] })
    await rig.call(ask())
    expect(JSON.stringify(rig.told)).toContain('xxx')
    expect(JSON.stringify(rig.told)).not.toContain('upstream-s')
  })

  it('without end is cut, and what is said instead has its code in the header too', async () => {
    let over = false
    await start({
      scripts: [
        (_, response) => {
          response.writeHead(400, { 'content-type': 'text/plain', 'content-language': 'en' })
          const more = setInterval(() => response.write('x'.repeat(16_000)), 1)
          response.on('close', () => {
            clearInterval(more)
            over = true
          })
        },
      ],
    })
    const answer = await rig.call(ask())
    const { error } = (await answer.json()) as { error: { code: string } }
    expect([answer.status, error.code]).toEqual([400, 'upstream_invalid'])
    expect(answer.headers.get('x-error-code')).toBe('upstream_invalid')
    expect(answer.headers.get('content-language')).toBeNull()
    await vi.waitFor(() => expect(over).toBe(true))
  })

  it.each([
    [401, { message: 'x' }],
    [429, { code: 'insufficient_quota' }],
  ] as const)('that does not accept our account (%i) is channel_refused', async (status, error) => {
    await start({ scripts: [refuses(status, error)] })
    const answer = await rig.call(ask())
    expect(answer.status).toBe(502)
    expect(answer.headers.get('x-error-code')).toBe('channel_refused')
    expect(answer.headers.get('x-should-retry')).toBe('false')
  })
})

describe('units', () => {
  it('are reserved for the limit that was asked, times the choices', async () => {
    await start({ scripts: [answers()] })
    const body = ask({ max_tokens: 100, n: 3 })
    await rig.call(body)
    expect(rig.book.reserved).toEqual([JSON.stringify(body).length + 300 * 4])
    expect(String(rig.received[0]?.body)).toBe(JSON.stringify(body))
  })

  it('that do not suffice lower the limit by at most half, which is announced', async () => {
    await start({ scripts: [answers()], remain: 2_000 })
    const answer = await rig.call(ask({ max_tokens: 600 }))
    const limit = Number(answer.headers.get('x-turnpike-output-limit'))
    expect(limit).toBeGreaterThanOrEqual(300)
    expect(limit).toBeLessThan(500)
    expect(sent().max_tokens).toBe(limit)
    expect(rig.book.endings[0]?.record.output_limit).toBe(limit)
    const refused = await rig.call(ask({ max_tokens: 4096 }))
    expect(refused.status).toBe(403)
    expect(await refused.text()).toMatch(/4096 output tokens asked, \d+ affordable/)
  })

  it('cap a call without a limit only below the model’s own', async () => {
    await start({ scripts: [answers()], maxOutput: 1_000, remain: 1_000_000 })
    await rig.call(ask())
    expect(sent().max_tokens).toBeUndefined()
    await rig.close()
    await start({ scripts: [answers()], maxOutput: 100_000, remain: 100_000 })
    await rig.call(ask())
    expect(sent().max_tokens).toBeGreaterThan(5_000)
    expect(sent().max_tokens).toBeLessThan(6_250)
  })

  it('held by running calls make it quota_reserved, to be tried again', async () => {
    await start({ scripts: [answers()], remain: 5_000 })
    rig.book.hold(4_900)
    const answer = await rig.call(ask({ max_tokens: 500 }))
    expect(answer.status).toBe(429)
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(answer.headers.get('x-error-code')).toBe('quota_reserved')
    expect(answer.headers.get('x-should-retry')).toBeNull()
  })
})

describe('a request goes up', () => {
  it('byte for byte but for the mapped model', async () => {
    await start({ scripts: [answers()], channels: [{ mapping: new Map([['m', 'their "m"']]) }] })
    const body =
      ' { "x" : [1, 2.50], "model" :  "m" , "messages":[{"role":"user","content":"é\\u00e9"}] }\n'
    await rig.call(body)
    expect(String(rig.received[0]?.body)).toBe(body.replace('"m"', '"their \\"m\\""'))
    expect(rig.received[0]?.request.headers.authorization).toBe('Bearer upstream-secret-1')
    expect(rig.received[0]?.request.headers['accept-encoding']).toBe('identity')
  })
})

const HALF_A_CALL = requestText(
  'POST /v1/chat/completions',
  { authorization: `Bearer ${KEY}` },
  JSON.stringify(ask()),
)
  .toString()
  .slice(0, -5)

/** A request with a recording of so many bytes. */
function longForm(bytes: number): Buffer {
  const part = (disposition: string, content: string) =>
    `--b\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${content}\r\n`
  const recording = 'sound'.repeat(bytes / 5)
  return requestText(
    'POST /v1/audio/transcriptions',
    { authorization: `Bearer ${KEY}`, 'content-type': 'multipart/form-data; boundary=b' },
    `${part('name="model"', 'm')}${part('name="file"; filename="a"', recording)}--b--`,
  )
}

function expectTimeout(said: string) {
  const [head = '', body = ''] = said.split('\r\n\r\n')
  expect(head).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/)
  expect(head).toMatch(/^connection: close$/im)
  expect(head).toMatch(/^x-error-code: request_timeout$/im)
  expect(JSON.parse(body).error.code).toBe('request_timeout')
}

/** So many bytes of nothing, packed to some hundred thousand. */
async function zeros(bytes: number): Promise<Buffer> {
  const piece = Buffer.alloc(2 ** 20)
  const pieces = Readable.from(
    (function* () {
      for (let sent = 0; sent < bytes; sent += piece.length) yield piece
    })(),
  )
  return buffer(pieces.pipe(createZstdCompress()))
}

describe('a client', () => {
  it('that leaves before the answer cancels the call, which costs nothing', async () => {
    let cancelled = false
    await start({
      scripts: [
        (_, response) => {
          response.on('close', () => {
            cancelled = true
          })
        },
      ],
    })
    const leaving = new AbortController()
    const call = rig.call(ask(), { signal: leaving.signal })
    await vi.waitFor(() => expect(rig.received).toHaveLength(1))
    leaving.abort()
    await expect(call).rejects.toThrow()
    await vi.waitFor(() => expect(cancelled).toBe(true))
    await vi.waitFor(() => expect(rig.book.endings.map(({ cost }) => cost)).toEqual([0]))
    expect(rig.book.endings[0]?.record.status).toBe(499)
  })

  it.each([
    ['whose head stands still', 'POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nx-half'],
    ['whose body stands still', HALF_A_CALL],
  ])('%s is told that it took too long, and its connection is closed', async (_how, part) => {
    const arrival = { headMs: 40, wholeMs: 40, checkMs: 10 }
    await start({ scripts: [answers()], arrival })
    expectTimeout(await exchange(rig.url, Buffer.from(part)))
    expect(rig.received).toHaveLength(0)
  })

  it('that pauses within its body is told so, and its connection is closed', async () => {
    await start({ scripts: [answers()], bodyIdleMs: 40 })
    expectTimeout(await exchange(rig.url, Buffer.from(HALF_A_CALL)))
    expect(rig.received).toHaveLength(0)
    expect(rig.listener.running()).toBe(0)
  })

  it('that pauses within a long form is told so, and its files are gone', async () => {
    const uploads = createUploads({ folder: tmpdir(), mostBytes: () => 2 ** 30 })
    await start({ scripts: [answers()], bodyIdleMs: 40, uploads })
    expectTimeout(await exchange(rig.url, longForm(1_000_000).subarray(0, 900_000)))
    expect([rig.received.length, uploads.bytes()]).toEqual([0, 0])
  })

  it('that is held back by a slow disk within a long form is not taken for one that pauses', async () => {
    const { promise: free, resolve } = Promise.withResolvers<number>()
    const uploads = createUploads({
      ...{ folder: tmpdir(), mostBytes: () => 2 ** 30, freeBytes: () => free },
    })
    await start({ scripts: [answers()], bodyIdleMs: 40, uploads })
    const form = longForm(30_000_000)
    const raw = openRaw(rig.url)
    raw.send(form)
    await pause(200)
    // What the disk has not taken is not taken from the caller either.
    expect(uploads.bytes()).toBeLessThan(500_000)
    resolve(2 ** 40)
    expect(await raw.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 /)
    raw.socket.destroy()
    expect(rig.received[0]?.body.length).toBe(form.length - form.indexOf('--b'))
  })

  it('whose packed body is refused for its size is not unpacked any further', async () => {
    await start({ scripts: [answers()] })
    const bomb = await zeros(4 * 2 ** 30)
    const answer = await rig.call(bomb, { headers: { 'content-encoding': 'zstd' } })
    expect(answer.status).toBe(413)
    // To unpack it takes seconds.
    const busyUs = async () => {
      const before = process.cpuUsage()
      await pause(100)
      return process.cpuUsage(before).user
    }
    await expect.poll(busyUs, { timeout: 1_500 }).toBeLessThan(15_000)
  })

  it('is told to go elsewhere while the gateway drains', async () => {
    await start({ scripts: [answers()] })
    rig.beginDraining()
    const answer = await rig.call(ask())
    expect(answer.status).toBe(503)
    expect(answer.headers.get('x-error-code')).toBe('draining')
    expect(answer.headers.get('connection')).toBe('close')
  })

  it('in a browser is answered before it shows a key', async () => {
    await start({ scripts: [answers()] })
    const headers = { authorization: '', 'access-control-request-headers': 'authorization,x-y' }
    const preflight = await rig.call('', { method: 'OPTIONS', headers })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization,x-y')
    const answer = await rig.call(ask(), {
      headers: { origin: 'https://x.test', 'x-api-key': KEY },
    })
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  })
})
