/**
 * The yardstick: a proxy that only proxies. `node:http` in front, undici's `dispatch` behind, pooled connections,
 * streaming in both directions with back-pressure, an abort when the client leaves. It checks and counts nothing.
 * Run as `node bench/plain-proxy.ts <upstream origin>`; prints its own origin.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Dispatcher, Pool } from 'undici'

const upstream = new Pool(process.argv[2] ?? '', {
  pipelining: 1,
  headersTimeout: 0,
  bodyTimeout: 0,
})

/** Hop-by-hop headers are each side's own (RFC 9110, 7.6.1); `host` is undici's to write. */
const OWN_HEADERS = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host', 'expect'])

function passedOn(headers: readonly (string | Buffer)[]): string[] {
  const passed: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = String(headers[i])
    if (!OWN_HEADERS.has(name.toLowerCase())) passed.push(name, String(headers[i + 1]))
  }
  return passed
}

function answering(response: ServerResponse): Dispatcher.DispatchHandler {
  let controller: Dispatcher.DispatchController | undefined
  response.on('drain', () => controller?.resume())
  response.on('close', () => {
    if (!response.writableFinished) controller?.abort(new Error('the client left'))
  })
  return {
    onRequestStart(started) {
      controller = started
    },
    onResponseStart(started, status) {
      response.writeHead(status, passedOn(started.rawHeaders as Buffer[]))
    },
    onResponseData(started, chunk) {
      if (!response.write(chunk)) started.pause()
    },
    onResponseEnd() {
      response.end()
    },
    onResponseError() {
      response.destroy()
    },
  }
}

/** Gathers the body first: measured cheaper here than handing undici the request as a stream. */
function proxy(request: IncomingMessage, response: ServerResponse) {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    upstream.dispatch(
      {
        path: request.url ?? '/',
        method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
        headers: passedOn(request.rawHeaders),
        body: chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks),
      },
      answering(response),
    )
  })
}

const server = createServer(proxy)
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
