import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import OpenAI, { toFile } from 'openai'
import { afterAll, describe, expect, it } from 'vitest'
import { channelTo, startKeeper } from '../objects/keeper.ts'
import { sharedGateway } from '../tools/gateway.ts'
import { openRaw } from '../tools/raw.ts'
import type { Script } from '../tools/upstream.ts'
import { sendJson } from '../tools/upstream-scripts.ts'

const MIB = 2 ** 20
const gateway = await sharedGateway()
const { upstream } = gateway
const { key } = await gateway.createKey({ remain_quota: 1_000_000_000 })
const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 })
const recording = randomBytes(25 * MIB)
/** Long as well, and read by tests in less time. */
const shorter = recording.subarray(0, 5 * MIB)
const PATH = '/v1/audio/transcriptions'
const TEXT = { text: 'Hello.', usage: { type: 'duration', seconds: 90 } }
const PRICE = { per_hour: '0.36' }
const heard: Script = (_call, response) => sendJson(response, 200, TEXT)

const onDisk = async () => {
  const text = await (await fetch(`${gateway.url}/metrics`)).text()
  return Number(/^turnpike_upload_disk_bytes (\S+)$/m.exec(text)?.[1])
}
const gone = () => expect.poll(onDisk).toBe(0)
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const codeOf = (answered: { status: number; headers: Headers }) => [
  answered.status,
  answered.headers.get('x-error-code'),
]

const BOUNDARY = 'a-boundary'
const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }
type Field = readonly [disposition: string, content: string | Uint8Array]
const formOf = (...fields: readonly Field[]) =>
  Buffer.concat([
    ...fields.flatMap(([disposition, content]) => [
      Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n`),
      Buffer.from(content as string),
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ])
const named = (model: string): Field => ['name="model"', model]
const file = (bytes: Uint8Array = shorter): Field => ['name="file"; filename="a.mp3"', bytes]
const send = (form: Uint8Array, more: object = {}) =>
  gateway.call(form, key, { path: PATH, headers: { ...headers, ...more } })

const headOf = (path: string, bytes: number) =>
  [
    ...[`POST ${path} HTTP/1.1`, 'host: g', `authorization: Bearer ${key}`],
    ...[`content-type: ${headers['content-type']}`, `content-length: ${bytes}`, '', ''],
  ].join('\r\n')

/** A form of 10 MiB of which the rest does not come, unless it is sent. */
function halfSent(model: string, bytes: number) {
  const form = formOf(named(model), file(recording.subarray(0, 10 * MIB)))
  const raw = openRaw(gateway.url)
  raw.send(headOf(PATH, form.length))
  raw.send(form.subarray(0, bytes))
  return { ...raw, rest: form.subarray(bytes) }
}

interface Unread {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** A provider of which a test decides what it reads. Answers with its base URL. */
async function provider(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterAll(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
}

describe('a recording', () => {
  it('of 25 MiB is sent by the SDK, reaches its provider whole, and is charged by its length', async () => {
    await gateway.offer('listener', heard, { price: PRICE })
    const { data, response } = await client.audio.transcriptions
      .create({ file: await toFile(recording, 'a.mp3'), model: 'listener' })
      .withResponse()
    expect(data.text).toBe('Hello.')
    const sent = upstream.calls.at(-1)
    expect(sent?.headers['content-length']).toBe(String(sent?.body.length))
    expect(sent?.headers).not.toHaveProperty('transfer-encoding')
    expect(sent?.body.includes(recording)).toBe(true)
    const record = await gateway.usageOf(response.headers.get('x-request-id') ?? '')
    expect(record).toMatchObject({ quota: 90 * 50, estimated: false })
    await gone()
  })

  it('may come before the model or behind it, and goes to a mapped one, else byte for byte', async () => {
    await gateway.offer('their-listener', heard, { price: null })
    await gateway.manage('PUT', '/api/price/our-listener', PRICE)
    await gateway.createChannel({
      models: ['our-listener'],
      model_mapping: { 'our-listener': 'their-listener' },
    })
    const prompt: Field = ['name="prompt"', 'our-listener\r\nsays "x"']
    for (const form of [
      formOf(named('our-listener'), prompt, file()),
      formOf(file(), prompt, named('our-listener')),
      formOf(prompt, file(recording.subarray(9 * MIB, 13 * MIB)), named('our-listener'), file()),
    ]) {
      const answered = await send(form)
      expect(answered.status, answered.text).toBe(200)
      const at = form.indexOf('our-listener', form.indexOf('name="model"'))
      const mapped = Buffer.concat([
        form.subarray(0, at),
        Buffer.from('their-listener'),
        form.subarray(at + 'our-listener'.length),
      ])
      expect(digest(upstream.calls.at(-1)?.body ?? Buffer.alloc(0))).toBe(digest(mapped))
    }
  })

  it('is estimated by its own length where nobody reports one, as a short one is', async () => {
    await gateway.offer('silent', (_call, response) => sendJson(response, 200, { text: 'a' }), {
      price: PRICE,
    })
    const answered = await send(formOf(file(), named('silent')))
    const seconds = shorter.length / 16_000
    expect(await gateway.usageOf(answered.requestId)).toMatchObject({
      ...{ quota: Math.ceil(seconds * 50), estimated: true },
    })
  })

  it('goes to the next channel whole when the first one fails, even before it has read it', async () => {
    const early = await provider((_request, response) => {
      response.writeHead(500, { 'content-type': 'application/json', connection: 'close' })
      response.end('{"error":{"message":"too busy to read"}}')
    })
    const failed: Buffer[] = []
    await gateway.offer(
      'tried-again',
      (call, response) => {
        failed.push(call.body)
        sendJson(response, 500, { error: { message: 'broken' } })
      },
      { price: PRICE, channel: { priority: 5 } },
    )
    await gateway.createChannel({ models: ['tried-again'], priority: 9, base_url: early })
    await gateway.createChannel({
      models: ['tried-again'],
      model_mapping: { 'tried-again': 'listener' },
    })
    const form = formOf(file(), named('tried-again'))
    const answered = await send(form)
    expect(answered.status, answered.text).toBe(200)
    expect(answered.headers.get('x-turnpike-attempts')).toBe('3')
    expect(failed.map(digest)).toEqual([digest(form)])
    expect(digest(upstream.calls.at(-1)?.body ?? Buffer.alloc(0))).toBe(
      digest(formOf(file(), named('listener'))),
    )
    await gone()
  })

  it('may come packed', async () => {
    const form = formOf(named('listener'), file())
    const answered = await send(gzipSync(form, { level: 0 }), { 'content-encoding': 'gzip' })
    expect(answered.status, answered.text).toBe(200)
    expect(digest(upstream.calls.at(-1)?.body ?? Buffer.alloc(0))).toBe(digest(form))
  })

  it('is on the disk without a name while its call runs, and no longer', async () => {
    let seen = 0
    let names: readonly string[] = []
    await gateway.offer(
      'slow-listener',
      async (_call, response) => {
        seen = await onDisk()
        names = readdirSync(gateway.dataFolder)
        sendJson(response, 200, TEXT)
      },
      { price: PRICE },
    )
    expect((await send(formOf(named('slow-listener'), file()))).status).toBe(200)
    expect(seen).toBeGreaterThan(4.9 * MIB)
    await gone()
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => name.includes('upload'))).toEqual([])
  })
})

describe('a long form', () => {
  it('is refused when it names its model again behind the file, and nobody gets a byte of it', async () => {
    const before = upstream.calls.length
    for (const form of [
      formOf(named('listener'), file(), named('our-listener')),
      formOf(named('listener'), file(), ['name="Model"', 'our-listener']),
      formOf(named('listener'), file(Buffer.from(`${'x'.repeat(400_000)}--${BOUNDARY}--`))),
      formOf(named('listener'), file()).subarray(0, -30),
    ]) {
      expect(codeOf(await send(form))).toEqual([400, 'invalid_request'])
    }
    expect(upstream.calls.length).toBe(before)
    await gone()
  })

  it('of pictures is judged by fields that come behind them', async () => {
    await gateway.offer(
      'painter',
      (_call, response) => sendJson(response, 200, { data: [{ url: 'u' }, { url: 'u' }] }),
      { price: { per_image: '0.04' } },
    )
    const answered = await gateway.call(
      formOf(
        ['name="image[]"; filename="a.png"', recording.subarray(0, 4 * MIB)],
        ['name="image[]"; filename="b.png"', recording.subarray(4 * MIB, 9 * MIB)],
        ['name="n"', '2'],
        ['name="prompt"', 'A hat'],
        named('painter'),
      ),
      key,
      { path: '/v1/images/edits', headers },
    )
    expect(answered.status, answered.text).toBe(200)
    expect(await gateway.usageOf(answered.requestId)).toMatchObject({ quota: 40_000 })
  })

  it('that is none for its path is read as what it is said to be', async () => {
    // Only what reads forms may be told of less than goes out.
    const body = JSON.stringify({ model: 'listener', messages: [], x: 'y'.repeat(600_000) })
    const answered = await gateway.call(body, key, { headers })
    expect(answered.status, answered.text).toBe(200)
    expect(upstream.calls.at(-1)?.body.toString()).toBe(body)
  })
})

describe('a video', () => {
  it('is begun whole though its caller goes away before its provider has read it', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<Unread>()
    const base_url = await provider((request, response) => arrive({ request, response }))
    await gateway.manage('PUT', '/api/price/film', { per_second: '0.0002' })
    await gateway.createChannel({ models: ['film'], base_url })
    const { used_quota } = await gateway.account()
    const picture: Field = ['name="input_reference"; filename="a.png"', recording.subarray(MIB)]
    const form = formOf(picture, ['name="seconds"', '8'], named('film'))
    const raw = openRaw(gateway.url)
    raw.send(headOf('/v1/videos', form.length))
    raw.send(form)
    const { request, response } = await arrived
    raw.socket.destroy()
    const body = await buffer(request)
    expect(digest(body)).toBe(digest(form))
    sendJson(response, 200, { id: 'video_1', object: 'video', status: 'queued' })
    await gone()
    expect((await gateway.account()).used_quota).toBe(used_quota + 800)
  })

  it('names what it is made of within what is read', async () => {
    const long = formOf(['name="video[id]"', 'v'.repeat(300_000)])
    const answered = await gateway.call(long, key, { path: '/v1/videos/edits', headers })
    expect(answered.status).toBe(400)
    expect(answered.json.error.message).toContain('video[id] is too long: it has 300000 bytes')
  })
})

describe('a caller', () => {
  it('that goes away in the middle leaves nothing behind', async () => {
    const before = upstream.calls.length
    const half = halfSent('listener', 9 * MIB)
    await expect.poll(onDisk).toBeGreaterThan(8 * MIB)
    half.socket.destroy()
    await gone()
    expect(upstream.calls.length).toBe(before)
  })

  it('that goes away while its provider reads leaves nothing behind, and pays nothing', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
    const base_url = await provider(() => arrive())
    await gateway.manage('PUT', '/api/price/stuck', PRICE)
    await gateway.createChannel({ models: ['stuck'], base_url })
    const { used_quota } = await gateway.account()
    const sent = halfSent('stuck', 0)
    sent.send(sent.rest)
    await arrived
    expect(await onDisk()).toBeGreaterThan(9 * MIB)
    sent.socket.destroy()
    await gone()
    expect((await gateway.account()).used_quota).toBe(used_quota)
  })

  it('that sends more than may be sent is told so while it sends', async () => {
    await gateway.manage('PUT', '/api/setting/', { 'limits.body_bytes': 2 * MIB })
    const raw = openRaw(gateway.url)
    const head = [`POST ${PATH} HTTP/1.1`, 'host: g', `authorization: Bearer ${key}`]
    const type = `content-type: ${headers['content-type']}`
    raw.send([...head, type, 'transfer-encoding: chunked', '', ''].join('\r\n'))
    const form = formOf(named('listener'), file())
    raw.send(`${(3 * MIB).toString(16)}\r\n`)
    raw.send(form.subarray(0, 3 * MIB))
    expect(await raw.until('body_too_large')).toMatch(/^HTTP\/1.1 413 /)
    raw.socket.destroy()
    await gone()
    await gateway.manage('PUT', '/api/setting/', { 'limits.body_bytes': 32 * MIB })
  })

  it('that finds the disk taken by others is told to come again, and may', async () => {
    await gateway.manage('PUT', '/api/setting/', { 'limits.upload_disk_bytes': 12 * MIB })
    const form = formOf(named('listener'), file(recording.subarray(0, 6 * MIB)))
    const half = halfSent('listener', 8 * MIB)
    await expect.poll(onDisk).toBeGreaterThan(7 * MIB)
    const refused = await send(form)
    expect(codeOf(refused)).toEqual([503, 'uploads_full'])
    expect(refused.headers.get('retry-after')).toBe('5')
    // Short ones need no disk.
    const short = await send(formOf(named('listener'), file(recording.subarray(0, 100_000))))
    expect(short.status).toBe(200)
    half.send(half.rest)
    expect(await half.until('Hello.')).toMatch(/^HTTP\/1.1 200 /)
    half.socket.destroy()
    await gone()
    expect((await send(form)).status).toBe(200)
    // Nobody else is to blame.
    expect(codeOf(await send(formOf(named('listener'), file(recording))))).toEqual([
      413,
      'body_too_large',
    ])
    await gateway.manage('PUT', '/api/setting/', { 'limits.upload_disk_bytes': 4096 * MIB })
  })

  it('is one of many that each get their own answer', async () => {
    await gateway.offer(
      'many',
      (call, response) => sendJson(response, 200, { ...TEXT, text: digest(call.body) }),
      { price: PRICE },
    )
    const forms = Array.from({ length: 20 }, (_, at) =>
      formOf(file(recording.subarray(at * MIB, (at + 3) * MIB)), named('many')),
    )
    const answered = await Promise.all(forms.map((form) => send(form)))
    expect(answered.map(({ json }) => json.text)).toEqual(forms.map(digest))
    await gone()
  })
})

describe('a file for its provider to keep', () => {
  it('goes on to whoever keeps it, though the first one asked does not', async () => {
    const bare = await startKeeper('bare', ['reading'])
    const keeper = await startKeeper('keeper', ['reading'])
    bare.upstream.on('undefined', (_call, response) =>
      sendJson(response, 404, { error: { message: 'no such path' } }),
    )
    await channelTo(gateway, bare, { models: ['reading'], priority: 20 })
    await channelTo(gateway, keeper, { models: ['reading'], priority: 19 })
    const lines = Buffer.alloc(25 * MIB, '{"custom_id":"a"}\n')
    const kept = await client.files.create({
      file: await toFile(lines, 'calls.jsonl'),
      purpose: 'batch',
    })
    expect(kept.id).toContain('keeper')
    const sent = keeper.upstream.calls.at(-1)
    expect(sent?.body.includes(lines)).toBe(true)
    expect(digest(bare.upstream.calls.at(-1)?.body ?? Buffer.alloc(0))).toBe(
      digest(sent?.body ?? Buffer.alloc(1)),
    )
    await gone()
  })
})
