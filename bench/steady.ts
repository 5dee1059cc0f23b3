/**
 * Calls that come when they come, in a process of its own: as people's do, some close together, and none waits for the one
 * before. (A client with a limit of calls a second sends all of them at the beginning of each.) Run as
 * `node bench/steady.ts`; reads one JSON of `Steady` from stdin, prints a JSON list of `Call` when done.
 */
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'

export interface Steady {
  readonly url: string
  readonly key: string
  readonly body: string
  /** Calls a second, on average. */
  readonly rate: number
  readonly seconds: number
}

/** When it began, in milliseconds since 1970, and how many it took. */
export type Call = readonly [at: number, ms: number]

const { url, key, body, rate, seconds } = JSON.parse(await text(process.stdin)) as Steady
// In turn, so that processes which share a port get alike.
const agent = new Agent({ keepAlive: true, scheduling: 'fifo' })
const headers = {
  authorization: `Bearer ${key}`,
  'content-type': 'application/json',
  'content-length': Buffer.byteLength(body),
  'x-bench': 'small',
}

const call = () =>
  new Promise<Call>((resolve, reject) => {
    const from = performance.now()
    const calling = request(
      `${url}/v1/chat/completions`,
      { agent, method: 'POST', headers },
      (response) => {
        if (response.statusCode !== 200) reject(new Error(`answered with ${response.statusCode}`))
        response.resume()
        response.on('end', () => resolve([performance.timeOrigin + from, performance.now() - from]))
        response.on('error', reject)
      },
    )
    calling.on('error', reject)
    calling.end(body)
  })

const calls: Promise<Call>[] = []
const until = performance.now() + seconds * 1000
for (let due = performance.now(); due < until; ) {
  // Times between calls that know nothing of each other.
  due += (-Math.log(1 - Math.random()) * 1000) / rate
  const wait = due - performance.now()
  if (wait > 0) await pause(wait)
  calls.push(call())
}
const took = await Promise.all(calls)
agent.destroy()
console.log(JSON.stringify(took))
