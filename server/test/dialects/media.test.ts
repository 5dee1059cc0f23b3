import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import OpenAI, { toFile } from 'openai'
import { describe, expect, it } from 'vitest'
import { sharedGateway } from '../tools/gateway.ts'
import type { Script } from '../tools/upstream.ts'
import { beginStream, sendJson, write } from '../tools/upstream-scripts.ts'

const gateway = await sharedGateway()
const { upstream } = gateway
const { key } = await gateway.createKey({ remain_quota: 1_000_000_000 })
const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 })

const picture = Buffer.alloc(200_000, 'iVBORw0KGgo').toString('latin1')
const pictures = (n: number) => Array.from({ length: n }, () => ({ b64_json: picture }))
const figures = {
  input_tokens: 50,
  output_tokens: 1_056,
  total_tokens: 1_106,
  input_tokens_details: { text_tokens: 10, image_tokens: 40 },
}
const recordOf = (headers: Headers) => gateway.usageOf(headers.get('x-request-id') ?? '')
interface Event {
  readonly type: string
  readonly [member: string]: unknown
}
const event = (value: Event) => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`
const events =
  (...all: readonly Event[]): Script =>
  async (call, response) => {
    beginStream(response)
    for (const one of all) await write(call, response, event(one))
    response.end()
  }
const png = (bytes = 3_000) => toFile(randomBytes(bytes), 'a "b".png', { type: 'image/png' })
const mp3 = (bytes = 32_000) => toFile(randomBytes(bytes), 'a.mp3', { type: 'audio/mpeg' })
const refusalOf = (answered: { status: number; headers: Headers }) => [
  answered.status,
  answered.headers.get('x-error-code'),
]

/** A form as its bytes, and the content-type that says its boundary. */
async function formOf(fields: readonly (readonly [string, string | Blob])[]) {
  const form = new FormData()
  for (const [name, value] of fields) form.append(name, value)
  const packed = new Response(form)
  const type = packed.headers.get('content-type') ?? ''
  return { bytes: Buffer.from(await packed.arrayBuffer()), headers: { 'content-type': type } }
}

describe('images', () => {
  it('are charged by the tokens that their provider reports', async () => {
    await gateway.offer('painter', (_call, response) =>
      sendJson(response, 200, { created: 1, data: pictures(2), usage: figures }),
    )
    const { data, response } = await client.images
      .generate({ model: 'painter', prompt: 'An otter', n: 2 })
      .withResponse()
    expect(data.data).toHaveLength(2)
    expect(data.data?.[0]?.b64_json).toBe(picture)
    expect(upstream.calls.at(-1)).toMatchObject({ path: '/v1/images/generations' })
    expect(await recordOf(response.headers)).toMatchObject({
      ...{ quota: 50 + 4 * 1_056, prompt_tokens: 50, completion_tokens: 1_056 },
      ...{ image_tokens: 40, estimated: false },
    })
  })

  it('that nobody counts are charged by the call, or by tokens of their size and quality', async () => {
    const script: Script = (_call, response) =>
      sendJson(response, 200, { created: 1, data: [{ url: 'https://example.com/a' }] })
    await gateway.offer('by-call', script, { price: { per_image: '0.04' } })
    const asked = { prompt: 'An otter', size: '1024x1024' as const }
    const first = await client.images.generate({ ...asked, model: 'by-call' }).withResponse()
    expect(await recordOf(first.response.headers)).toMatchObject({
      ...{ quota: 20_000, prompt_tokens: 0, completion_tokens: 0, estimated: false },
    })
    await gateway.offer('by-token', script)
    const second = await client.images
      .generate({ ...asked, model: 'by-token', quality: 'low' })
      .withResponse()
    const record = await recordOf(second.response.headers)
    expect(record).toMatchObject({ completion_tokens: 272, estimated: true })
    expect(record?.prompt_tokens).toBeGreaterThan(0)
  })

  it('stream in parts, and each finished one adds its figures', async () => {
    const more = { created_at: 1, background: 'opaque', output_format: 'png', quality: 'low' }
    const part = { type: 'image_generation.partial_image', partial_image_index: 0, ...more }
    const done = { type: 'image_generation.completed', b64_json: picture, usage: figures, ...more }
    await gateway.offer('streaming-painter', events({ ...part, b64_json: picture }, done, done))
    const { data, response } = await client.images
      .generate({
        ...{ model: 'streaming-painter', prompt: 'An otter', n: 2 },
        ...{ stream: true as const, partial_images: 1 },
      })
      .withResponse()
    const types: string[] = []
    for await (const one of data) types.push(one.type)
    expect(types).toEqual([part.type, done.type, done.type])
    expect(await recordOf(response.headers)).toMatchObject({
      ...{ quota: 2 * (50 + 4 * 1_056), is_stream: true, image_tokens: 80, estimated: false },
    })
  })

  it('whose caller leaves before the last part are paid for', async () => {
    await gateway.offer('left-painter', async (call, response) => {
      beginStream(response)
      const part = { type: 'image_generation.partial_image', b64_json: 'a' }
      await write(call, response, event(part))
    })
    const { data, response } = await client.images
      .generate({ model: 'left-painter', prompt: 'An otter', quality: 'low', stream: true })
      .withResponse()
    for await (const _one of data) break
    data.controller.abort()
    await expect
      .poll(() => recordOf(response.headers))
      .toMatchObject({ status: 499, completion_tokens: 408, estimated: true })
  })

  it('are edited and varied by forms, whose every other byte stays as it was', async () => {
    await gateway.offer(
      'painter-of-theirs',
      (_call, response) =>
        sendJson(response, 200, { created: 1, data: pictures(1), usage: figures }),
      { price: null },
    )
    await gateway.manage('PUT', '/api/price/mapped-painter', { input: '2', output: '8' })
    await gateway.createChannel({
      models: ['mapped-painter'],
      model_mapping: { 'mapped-painter': 'painter-of-theirs' },
    })
    const { bytes, headers } = await formOf([
      ['image[]', new Blob([randomBytes(5_000)], { type: 'image/png' })],
      ['prompt', 'Two\r\nlines, "mapped-painter"'],
      ['model', 'mapped-painter'],
      ['image[]', new Blob([randomBytes(5_000)])],
    ])
    const path = '/v1/images/edits'
    const answered = await gateway.call(bytes, key, { path, headers })
    expect(answered.status, answered.text).toBe(200)
    const sent = upstream.calls.at(-1)
    expect(sent?.headers['content-type']).toBe(headers['content-type'])
    const latin = bytes.toString('latin1')
    const wanted = latin.replace('\r\n\r\nmapped-painter\r\n', '\r\n\r\npainter-of-theirs\r\n')
    expect(sent?.body.toString('latin1') === wanted).toBe(true)
    expect(sent?.headers['content-length']).toBe(String(wanted.length))

    const edited = await client.images
      .edit({ model: 'mapped-painter', prompt: 'A hat', image: [await png(), await png()] })
      .withResponse()
    expect(edited.data.data).toHaveLength(1)
    expect(await recordOf(edited.response.headers)).toMatchObject({ quota: 50 + 4 * 1_056 })
    const varied = await client.images.createVariation({
      ...{ model: 'mapped-painter', image: await png() },
    })
    expect(varied.data).toHaveLength(1)
    expect(upstream.calls.at(-1)).toMatchObject({ path: '/v1/images/variations' })
  })

  it('are edited by JSON, too, but not from files that a provider keeps', async () => {
    await gateway.offer('json-painter', (_call, response) =>
      sendJson(response, 200, { created: 1, data: pictures(1), usage: figures }),
    )
    const path = '/v1/images/edits'
    const body = { model: 'json-painter', prompt: 'A hat', images: [{ image_url: 'data:,a' }] }
    expect((await gateway.call(body, key, { path })).status).toBe(200)
    const stored = await gateway.call({ ...body, images: [{ file_id: 'file-1' }] }, key, { path })
    expect(refusalOf(stored)).toEqual([404, 'object_not_found'])
  })

  it('are not written by a second model', async () => {
    const body = { model: 'painter', prompt: 'A hat', svg: { model: 'dear' } }
    const answered = await gateway.call(body, key, { path: '/v1/images/generations' })
    expect(refusalOf(answered)).toEqual([400, 'unsupported_parameter'])
  })
})

describe('transcripts', () => {
  const tokens = {
    ...{ type: 'tokens', input_tokens: 30, output_tokens: 5, total_tokens: 35 },
    input_token_details: { text_tokens: 10, audio_tokens: 20 },
  }

  it('are charged by tokens or by time, as their provider reports', async () => {
    await gateway.offer('listener', (_call, response) =>
      sendJson(response, 200, { text: 'Hello there.', usage: tokens }),
    )
    const first = await client.audio.transcriptions
      .create({ file: await mp3(), model: 'listener' })
      .withResponse()
    expect(first.data.text).toBe('Hello there.')
    expect(await recordOf(first.response.headers)).toMatchObject({
      ...{ quota: 30 + 20, audio_tokens: 20, estimated: false },
    })
    const price = { per_second: '0.0001' }
    for (const [model, told] of [
      ['timed', { text: 'Hello.', usage: { type: 'duration', seconds: 9 } }],
      ['verbose', { task: 'transcribe', language: 'english', duration: 9, text: 'Hello.' }],
    ] as const) {
      await gateway.offer(model, (_call, response) => sendJson(response, 200, told), { price })
      const { response } = await client.audio.transcriptions
        .create({ file: await mp3(), model })
        .withResponse()
      expect(await recordOf(response.headers)).toMatchObject({ quota: 450, estimated: false })
    }
  })

  it('that are no JSON pass as they are, and their length is estimated', async () => {
    const price = { per_second: '0.0001' }
    const texts = {
      text: 'Hello there, this is what was said.\n',
      srt: '1\n00:00:00,000 --> 00:01:00,500\nHello there.\n\n',
      vtt: 'WEBVTT\n\n00:00.000 --> 01:00.500\nHello there.\n',
    }
    for (const [format, text] of Object.entries(texts)) {
      await gateway.offer(
        `in-${format}`,
        (_call, response) => void response.setHeader('content-type', 'text/plain').end(text),
        { price },
      )
      const { data, response } = await client.audio.transcriptions
        .create({
          ...{ file: await mp3(160_000), model: `in-${format}` },
          response_format: format as 'srt',
        })
        .withResponse()
      expect(data).toBe(text)
      // A minute by its subtitles; else ten seconds, as 160 000 bytes mostly are.
      const quota = format === 'text' ? 500 : 3_025
      expect(await recordOf(response.headers)).toMatchObject({ quota, estimated: true })
    }
  })

  it('stream, and are charged by the last event', async () => {
    await gateway.offer(
      'streaming-listener',
      events(
        { type: 'transcript.text.delta', delta: 'Hello ' },
        { type: 'transcript.text.delta', delta: 'there.' },
        { type: 'transcript.text.done', text: 'Hello there.', usage: tokens },
      ),
    )
    const { data, response } = await client.audio.transcriptions
      .create({ file: await mp3(), model: 'streaming-listener', stream: true })
      .withResponse()
    const types: string[] = []
    for await (const one of data) types.push(one.type)
    expect(types.at(-1)).toBe('transcript.text.done')
    expect(await recordOf(response.headers)).toMatchObject({ quota: 50, is_stream: true })
  })

  it('are translated, and go on to the next channel when one fails', async () => {
    await gateway.offer('translator', (_call, response) =>
      sendJson(response, 503, { error: { message: 'busy' } }),
    )
    let asked = 0
    upstream.on('translator', (_call, response) => {
      if (asked++ === 0) return sendJson(response, 503, { error: { message: 'busy' } })
      return sendJson(response, 200, { text: 'Hello.', usage: tokens })
    })
    await gateway.createChannel({ models: ['translator'] })
    const { text } = await client.audio.translations.create({
      ...{ file: await mp3(), model: 'translator' },
    })
    expect([text, asked]).toEqual(['Hello.', 2])
    const [before, last] = upstream.calls.slice(-2)
    expect(last?.path).toBe('/v1/audio/translations')
    expect(last?.body.equals(before?.body as Buffer)).toBe(true)
  })
})

describe('speech', () => {
  const sound = randomBytes(300_000)
  const speaks: Script = (_call, response) =>
    void response.setHeader('content-type', 'audio/mpeg').end(sound)

  it('passes byte for byte, and is charged by characters or by estimated tokens', async () => {
    await gateway.offer('tts-test', speaks, { price: { input: '15' } })
    const input = 'Grüße, 🦦!'
    const { data, response } = await client.audio.speech
      .create({ model: 'tts-test', input, voice: 'ash' })
      .withResponse()
    expect(Buffer.from(await data.arrayBuffer()).equals(sound)).toBe(true)
    expect(await recordOf(response.headers)).toMatchObject({
      ...{ prompt_tokens: 9, completion_tokens: 0, estimated: false, quota: 68 },
    })
    await gateway.offer('speaker', speaks)
    const counted = await client.audio.speech
      .create({ model: 'speaker', input: 'x'.repeat(90), voice: 'ash' })
      .withResponse()
    await counted.data.arrayBuffer()
    expect(await recordOf(counted.response.headers)).toMatchObject({
      ...{ completion_tokens: 125, audio_tokens: 125, estimated: true },
    })
  })

  it('comes as events with figures', async () => {
    const usage = { input_tokens: 7, output_tokens: 11, total_tokens: 18 }
    await gateway.offer(
      'speaker-of-events',
      events({ type: 'speech.audio.delta', audio: 'AAAA' }, { type: 'speech.audio.done', usage }),
    )
    const asked = { model: 'speaker-of-events', input: 'Hello', voice: 'ash' }
    const { data, response } = await client.audio.speech
      .create({ ...asked, stream_format: 'sse' })
      .withResponse()
    expect(await data.text()).toContain('speech.audio.done')
    expect(await recordOf(response.headers)).toMatchObject({ quota: 51, is_stream: true })
  })

  it('of even samples is charged by its length, and that whose caller left by its text', async () => {
    const second = Buffer.alloc(48_000)
    await gateway.offer('sampler', (_call, response) => {
      response.setHeader('content-type', 'audio/pcm')
      response.write(second)
      response.end(second)
    })
    const asked = { model: 'sampler', voice: 'ash', response_format: 'pcm' }
    const path = '/v1/audio/speech'
    const whole = await gateway.call({ ...asked, input: 'Hello' }, key, { path })
    // Two seconds, of 1 250 tokens a minute.
    expect(await gateway.usageOf(whole.requestId)).toMatchObject({ completion_tokens: 42 })
    const leaving = new AbortController()
    const { signal } = leaving
    const body = { ...asked, model: 'left-sampler', input: 'Leave.' }
    await gateway.offer('left-sampler', async (call, response) => {
      response.setHeader('content-type', 'audio/pcm')
      for (let at = 0; at < 3; at++) {
        response.write(second)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      await call.over
    })
    const left = await gateway.open(body, key, { path, signal })
    leaving.abort()
    await expect
      .poll(() => recordOf(left.headers))
      .toMatchObject({ status: 499, completion_tokens: 9, estimated: true })
  })

  it('may be asked for by any page', async () => {
    const answered = await gateway.open('', key, { path: '/v1/audio/speech', method: 'OPTIONS' })
    expect(answered.status).toBe(204)
    expect(answered.headers.get('access-control-allow-origin')).toBe('*')
  })

  it('waits for slow callers', async () => {
    const total = 48 * 1024 * 1024
    let sent = 0
    await gateway.offer('long-speaker', async (_call, response) => {
      response.setHeader('content-type', 'audio/mpeg')
      const piece = Buffer.alloc(64 * 1024, 1)
      for (; sent < total; sent += piece.length)
        if (!response.write(piece)) await once(response, 'drain')
      response.end()
    })
    const body = { model: 'long-speaker', input: 'Hello', voice: 'ash' }
    const answer = await gateway.open(body, key, { path: '/v1/audio/speech' })
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(sent).toBeLessThan(total / 2)
    expect((await answer.arrayBuffer()).byteLength).toBe(total)
  })

  it('is none where the provider says an error with a good status', async () => {
    await gateway.offer('mute', (_call, response) =>
      sendJson(response, 200, { error: { message: 'no voice' } }),
    )
    const body = { model: 'mute', input: 'Hello', voice: 'ash' }
    const answered = await gateway.call(body, key, { path: '/v1/audio/speech' })
    expect(refusalOf(answered)).toEqual([502, 'upstream_invalid'])
  })
})

describe('a call of pictures or sound is refused', () => {
  const path = '/v1/audio/transcriptions'
  const file = new Blob([randomBytes(100)])
  const refusal = async (fields: readonly (readonly [string, string | Blob])[], by = key) => {
    const { bytes, headers } = await formOf(fields)
    const before = upstream.calls.length
    const answered = await gateway.call(bytes, by, { path, headers })
    expect(upstream.calls).toHaveLength(before)
    return { said: refusalOf(answered), text: answered.text }
  }

  it('without a model, or with two', async () => {
    const none = await refusal([['file', file]])
    expect(none.said).toEqual([400, 'invalid_request'])
    expect(none.text).toContain('model name is required')
    const two = await refusal([
      ['model', 'listener'],
      ['file', file],
      ['model', 'other'],
    ])
    expect(two.text).toContain('names model twice')
    const asFile = await refusal([['model', file]])
    expect(asFile.text).toContain('must be a field')
  })

  it('where its body is not what it says', async () => {
    const json = await gateway.call({ model: 'listener' }, key, { path })
    expect(json.text).toContain('multipart/form-data')
    const headers = { 'content-type': 'multipart/form-data; boundary=a' }
    const broken = await gateway.call('--b\r\n', key, { path, headers })
    expect(refusalOf(broken)).toEqual([400, 'invalid_request'])
  })

  it('where its key may not use the model, or can not pay for it', async () => {
    const fields = [
      ['model', 'listener'],
      ['file', file],
    ] as const
    const limits = { model_limits_enabled: true, model_limits: 'painter' }
    const limited = await gateway.createKey(limits)
    expect((await refusal(fields, limited.key)).said).toEqual([403, 'model_not_allowed'])
    const poor = await gateway.createKey({ remain_quota: 100 })
    expect((await refusal(fields, poor.key)).said).toEqual([403, 'quota_exhausted'])
  })

  it('where only another dialect is spoken', async () => {
    await gateway.offer('claude', undefined, {
      channel: { type: 'anthropic', base_url: upstream.url },
    })
    const { said } = await refusal([['model', 'claude']])
    expect(said).toEqual([400, 'unsupported_parameter'])
  })
})

describe('an upload', () => {
  const path = '/v1/audio/transcriptions'
  const upload = (headers: Record<string, string>) =>
    request(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, ...headers },
    })

  it('of 25 MB goes out as it came, whether its length was said or not', async () => {
    await gateway.offer('patient-listener', (_call, response) =>
      sendJson(response, 200, { text: 'Hello.', usage: { input_tokens: 1, output_tokens: 1 } }),
    )
    const { bytes, headers } = await formOf([
      ['file', new Blob([randomBytes(25 * 1024 * 1024)])],
      ['model', 'patient-listener'],
    ])
    const digest = (body: Buffer) => createHash('sha256').update(body).digest('hex')
    for (const length of [{ 'content-length': String(bytes.length) }, {}]) {
      const call = upload({ ...headers, ...length })
      for (let at = 0; at < bytes.length; at += 500_000)
        call.write(bytes.subarray(at, at + 500_000))
      call.end()
      const [answer] = await once(call, 'response')
      answer.resume()
      expect(answer.statusCode).toBe(200)
      expect(digest(upstream.calls.at(-1)?.body ?? Buffer.alloc(0))).toBe(digest(bytes))
    }
  })

  it('that is broken off leaves nothing behind', async () => {
    const before = upstream.calls.length
    const call = upload({
      ...{ 'content-type': 'multipart/form-data; boundary=a' },
      'content-length': '20000000',
    })
    call.on('error', () => undefined)
    call.write(Buffer.alloc(3_000_000, '--a\r\n'))
    await new Promise((resolve) => setTimeout(resolve, 200))
    call.destroy()
    const { used_quota: used } = await gateway.account()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect((await gateway.account()).used_quota).toBe(used)
    expect(upstream.calls).toHaveLength(before)
  })
})
