import type { ServerResponse } from 'node:http'
import { afterAll } from 'vitest'
import { startUpstream, type UpstreamCall } from '../tools/upstream.ts'
import { beginStream, sendJson, write } from '../tools/upstream-scripts.ts'

type Said = Record<string, unknown> & { readonly id: string }

/** A provider that goes on working behind its answers, as its test says. */
export interface Office {
  readonly url: string
  readonly calls: readonly UpstreamCall[]
  readonly responses: Map<string, Said>
  readonly batches: Map<string, Said>
  /** What is in a file, by its id. */
  readonly files: Map<string, string>
  /** Ends a response with this report, or none. */
  answer(id: string, status: string, usage?: { input: number; output: number }): void
  /** Ends a batch with these lines for its output. */
  finish(id: string, status: string, lines?: readonly object[]): void
  /** Streams wait for it after their first event, contents of files before they come. */
  held: Promise<void> | undefined
}

const notFound = (response: ServerResponse) =>
  sendJson(response, 404, { error: { message: 'no such thing', type: 'invalid_request_error' } })

const usageOf = ({ input, output }: { input: number; output: number }) => ({
  ...{ input_tokens: input, output_tokens: output, total_tokens: input + output },
})
const message = (text: string) => ({
  ...{ type: 'message', id: 'msg_1', role: 'assistant', status: 'completed' },
  content: [{ type: 'output_text', text, annotations: [] }],
})

/** Starts it for the models; gone after the tests of the file. */
export async function startOffice(models: readonly string[]): Promise<Office> {
  const upstream = await startUpstream()
  afterAll(() => upstream.close())
  let made = 0
  const port = upstream.url.split(':').at(-1)
  const newId = (prefix: string) => `${prefix}_${++made}_${port}`
  const office: Office = {
    ...{ url: `${upstream.url}/v1`, calls: upstream.calls, held: undefined },
    ...{ responses: new Map(), batches: new Map(), files: new Map() },
    answer(id, status, usage) {
      const output = status === 'failed' ? [] : [message('one two three four')]
      const reported = usage === undefined ? null : usageOf(usage)
      office.responses.set(id, {
        ...(office.responses.get(id) as Said),
        status,
        output,
        usage: reported,
      })
    },
    finish(id, status, lines) {
      const batch = office.batches.get(id) as Said
      if (lines === undefined) return void office.batches.set(id, { ...batch, status })
      const file = newId('file')
      office.files.set(file, lines.map((line) => JSON.stringify(line)).join('\n'))
      office.batches.set(id, { ...batch, status, output_file_id: file })
    },
  }

  async function respond({ json = {}, ...call }: UpstreamCall, response: ServerResponse) {
    const id = newId('resp')
    const queued = {
      ...{ id, object: 'response', created_at: 1_700_000_000, status: 'queued', error: null },
      ...{ model: json.model, background: json.background, output: [], usage: null, store: true },
    }
    office.responses.set(id, queued)
    if (json.stream !== true) return sendJson(response, 200, queued)
    beginStream(response)
    const event = (type: string, more: object) =>
      write(
        { json, ...call },
        response,
        `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`,
      )
    await event('response.created', { response: queued, sequence_number: 0 })
    await office.held
    await event('response.output_text.delta', { delta: 'one two', sequence_number: 1 })
    office.answer(id, 'completed', { input: 10, output: 20 })
    await event('response.completed', { response: office.responses.get(id), sequence_number: 2 })
    response.end()
  }

  function ask(call: UpstreamCall, response: ServerResponse) {
    const [path = '', query = ''] = call.path.split('?')
    const [, , family = '', id = '', part = ''] = path.split('/')
    if (family === 'files') return askFile(call, response, { id, part })
    if (family === 'batches') return askBatch(call, response, { id, part })
    const said = office.responses.get(id)
    if (said === undefined) return notFound(response)
    if (part === 'cancel') office.answer(id, 'cancelled')
    if (query.includes('stream=true')) {
      beginStream(response)
      const last = { type: 'response.completed', response: said, sequence_number: 2 }
      return void response.end(`event: response.completed\ndata: ${JSON.stringify(last)}\n\n`)
    }
    sendJson(response, 200, office.responses.get(id))
  }

  type At = { readonly id: string; readonly part: string }

  async function askFile(
    { method, body }: UpstreamCall,
    response: ServerResponse,
    { id, part }: At,
  ) {
    if (method === 'POST') {
      const file = newId('file')
      // Of the form only its file: what stands between the empty line behind the last head and the boundary.
      const text = body.toString()
      const from = text.indexOf('\r\n\r\n', text.indexOf('name="file"')) + 4
      const boundary = text.slice(0, text.indexOf('\r\n'))
      office.files.set(file, text.slice(from, text.indexOf(`\r\n${boundary}`, from)))
      const said = { object: 'file', bytes: body.length, created_at: made, filename: 'a.jsonl' }
      return sendJson(response, 200, { id: file, ...said, purpose: 'batch', status: 'processed' })
    }
    const text = office.files.get(id)
    if (text === undefined) return notFound(response)
    if (part === 'content') {
      await office.held
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      return void response.end(text)
    }
    sendJson(response, 200, { id, object: 'file', bytes: text.length, filename: 'out.jsonl' })
  }

  function askBatch(
    { method, json = {} }: UpstreamCall,
    response: ServerResponse,
    { id, part }: At,
  ) {
    if (method === 'POST' && id === '') {
      const batch = { id: newId('batch'), object: 'batch', status: 'validating', created_at: made }
      office.batches.set(batch.id, { ...batch, ...json })
      return sendJson(response, 200, office.batches.get(batch.id))
    }
    if (!office.batches.has(id)) return notFound(response)
    if (part === 'cancel') office.finish(id, 'cancelling')
    sendJson(response, 200, office.batches.get(id))
  }

  upstream.on('undefined', ask)
  for (const model of models) upstream.on(model, respond)
  return office
}
