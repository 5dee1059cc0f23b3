/**
 * A provider that costs as little as possible: answers are made once, and the request's header `x-bench` chooses one,
 * so that no body is parsed. Run as `node bench/upstream.ts`; prints its origin.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ANSWER_1K, ANSWER_100K, LONG_EVENT, STREAM_EVENTS } from './answers.ts'

/** One clock for all streams: each event leaves on its own, as a model's tokens do, without a timer per stream. */
const TICK_MS = 2
const running = new Map<ServerResponse, number>()

setInterval(() => {
  for (const [response, next] of running) {
    const event = STREAM_EVENTS[next]
    if (event === undefined) {
      running.delete(response)
      response.end()
    } else if (!response.writableNeedDrain) {
      running.set(response, next + 1)
      response.write(event)
    }
  }
}, TICK_MS)

const TRANSCRIPT = Buffer.from('{"text":"Hello.","usage":{"type":"duration","seconds":90}}')
const BURST = Buffer.concat(STREAM_EVENTS)

const plain = (body: Buffer) => (response: ServerResponse) => {
  response.writeHead(200, ['content-type', 'application/json', 'content-length', `${body.length}`])
  response.end(body)
}

const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
  small: plain(ANSWER_1K),
  large: plain(ANSWER_100K),
  transcript: plain(TRANSCRIPT),
  stream: (response) => {
    response.writeHead(200, ['content-type', 'text/event-stream'])
    running.set(response, 0)
    response.on('close', () => running.delete(response))
  },
  /** All events at once: for many streams in a short time. */
  burst: (response) => {
    response.writeHead(200, ['content-type', 'text/event-stream'])
    response.end(BURST)
  },
  /** As much as the reader takes, without end. */
  torrent: (response) => {
    response.writeHead(200, ['content-type', 'text/event-stream'])
    const pour = () => {
      while (response.write(LONG_EVENT));
    }
    response.on('drain', pour)
    pour()
  },
}

const server = createServer((request, response) => {
  request.resume()
  request.on('end', () =>
    (answers[String(request.headers['x-bench'])] ?? plain(ANSWER_1K))(response),
  )
})
// A provider keeps idle connections for long; a short one would measure reconnects.
server.keepAliveTimeout = 120_000
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
