/**
 * The load, in a process of its own. Run as `node bench/load.ts`; reads one JSON of `Load` from stdin,
 * prints one JSON of `Measured` when done.
 */
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import autocannon, { type Request } from 'autocannon'

export interface Load {
  readonly url: string
  readonly answer: string
  readonly body: string
  /** A file with one key a line; each request sends the next one. */
  readonly keys: string
  readonly connections: number
  readonly seconds: number
  /** So many requests instead of so many seconds. */
  readonly amount?: number
}

export interface Measured {
  readonly requests: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  readonly statuses: Readonly<Record<string, number>>
  readonly errors: number
}

const load = JSON.parse(await text(process.stdin)) as Load
const keys = readFileSync(load.keys, 'utf8').split('\n').filter(Boolean)
const headersWith = (key: string) => ({
  authorization: `Bearer ${key}`,
  'content-type': 'application/json',
  'x-bench': load.answer,
})

let turn = 0
const nextKey = () => keys[turn++ % keys.length] ?? ''

const result = await autocannon({
  url: `${load.url}/v1/chat/completions`,
  connections: load.connections,
  ...(load.amount === undefined ? { duration: load.seconds } : { amount: load.amount }),
  method: 'POST',
  body: load.body,
  headers: headersWith(keys[0] ?? ''),
  timeout: 60,
  ...(keys.length > 1 && {
    requests: [
      {
        // Rebuilds the request each time, which costs the load's process more, not the ones measured.
        setupRequest: (request: Request) => ({
          ...request,
          headers: headersWith(nextKey()),
        }),
      },
    ],
  }),
})

const statuses = Object.fromEntries(
  Object.entries(result.statusCodeStats ?? {}).map(([status, { count }]) => [status, count]),
)
const measured: Measured = {
  requests: result.requests.total,
  seconds: result.duration,
  p50: result.latency.p50,
  p99: result.latency.p99,
  statuses,
  errors: result.errors + result.timeouts,
}
console.log(JSON.stringify(measured))
