import type { OutgoingHttpHeaders } from 'node:http'
import type { Script } from './upstream.ts'
import { asksForUsage, beginStream, chunk, sendJson, write } from './upstream-scripts.ts'

/** The connection is reset before a byte of the answer. */
export const resets: Script = (_call, response) => {
  response.socket?.resetAndDestroy()
}

/** Takes the request and never says a word. */
export const hangs: Script = () => {}

/** Sends `events` events, then nothing more, for ever. */
export function hangsMidStream(events = 2): Script {
  return async (call, response) => {
    beginStream(response)
    for (let i = 0; i < events; i++) {
      await write(call, response, chunk(call, [{ index: 0, delta: { content: ` word${i}` } }]))
    }
  }
}

/** Sends `events` events, then breaks the connection; `half` of an event more when asked. */
export function breaksMidStream(events = 2, half = false): Script {
  return async (call, response) => {
    beginStream(response)
    for (let i = 0; i < events; i++) {
      await write(call, response, chunk(call, [{ index: 0, delta: { content: ` word${i}` } }]))
    }
    const rest = chunk(call, [{ index: 0, delta: { content: ' never whole' } }])
    const last = half ? rest.slice(0, rest.length >> 1) : ': ping\n\n'
    // In the kernel first: a reset would take what is still queued with it.
    response.write(last, () => response.socket?.destroy())
  }
}

/** Ends the stream in order, but in the middle of an event and without `[DONE]`. */
export const endsWithHalfAnEvent: Script = async (call, response) => {
  beginStream(response)
  await write(call, response, chunk(call, [{ index: 0, delta: { content: ' whole' } }]))
  response.end('data: {"id":"chatcmpl-half","choices":[{"index":0,"del')
}

/** A plain answer that is cut in the middle of its body. */
export const breaksPlainAnswer: Script = (_call, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
  response.write('{"id":"chatcmpl-cut","choices":[', () => response.socket?.destroy())
}

/** An error answer in OpenAI's shape. */
export function refuses(
  status: number,
  message: string,
  more: { headers?: OutgoingHttpHeaders; code?: string } = {},
): Script {
  return (_call, response) => {
    const error = { message, type: 'invalid_request_error', param: null, code: more.code ?? null }
    sendJson(response, status, { error }, more.headers)
  }
}

/** Any status with any text, whatever it is. */
export function says(status: number, body: string, headers: OutgoingHttpHeaders = {}): Script {
  return (_call, response) => {
    sendJson(response, status, body, headers)
  }
}

/** A stream whose usage arrives, but which goes on with `more` after its completion signal. */
export function talksOn(more: readonly string[]): Script {
  return async (call, response) => {
    beginStream(response)
    await write(call, response, chunk(call, [{ index: 0, delta: { content: ' said' } }]))
    await write(call, response, chunk(call, [{ index: 0, delta: {}, finish_reason: 'stop' }]))
    for (const line of more) await write(call, response, line)
    if (asksForUsage(call)) await write(call, response, chunk(call, [], {}))
    response.end('data: [DONE]\n\n')
  }
}
