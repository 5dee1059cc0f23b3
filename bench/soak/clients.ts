import { setTimeout as pause } from 'node:timers/promises'
import { createRandom } from '../../server/test/simulation/random.ts'
import { ANSWER_1K, STREAM_EVENTS } from '../answers.ts'

/** What clients saw. */
export interface Seen {
  calls: number
  /** Plain and streaming answers that came whole. */
  served: number
  /** Everything else, by what it was, while some channel was well. */
  readonly errors: Map<string, number>
  /** The same while none was. */
  withoutChannel: number
}

export interface Load {
  readonly url: string
  readonly keys: readonly string[]
  readonly clients: number
  /** Of each client, from call to call; a call that takes longer delays the next one. */
  readonly everyMs: number
  readonly seed: number
  /** Milliseconds since the beginning. */
  readonly now: () => number
  readonly untilMs: number
  /** Whether some channel is well now. */
  readonly isAnyWell: () => boolean
}

const PLAIN = ANSWER_1K.toString()
const WORDS = STREAM_EVENTS.length - 3
/** Longer than any deadline of the gateway. */
const MOST_MS = 60_000

/** Clients that call until the time is over: plain and streaming calls in turn of chance. */
export async function callAll(load: Load): Promise<Seen> {
  const seen: Seen = { calls: 0, served: 0, errors: new Map(), withoutChannel: 0 }
  const clients = Array.from({ length: load.clients }, (_, at) => callOn(load, at, seen))
  await Promise.all(clients)
  return seen
}

async function callOn(load: Load, at: number, seen: Seen) {
  const { now, untilMs, everyMs, seed } = load
  const random = createRandom(seed + 1_000 + at)
  let nextAt = now() + random.next() * everyMs
  while (nextAt < untilMs) {
    await pause(Math.max(0, nextAt - now()))
    await callOnce(load, random.pick(load.keys), random.chance(0.5), seen)
    nextAt = Math.max(nextAt + everyMs, now())
  }
}

async function callOnce(load: Load, key: string, streams: boolean, seen: Seen) {
  const isAnyWell = load.isAnyWell()
  seen.calls += 1
  const wrong = await whatIsWrong(load.url, key, streams)
  if (wrong === undefined) seen.served += 1
  else if (isAnyWell) seen.errors.set(wrong, (seen.errors.get(wrong) ?? 0) + 1)
  else seen.withoutChannel += 1
}

/** `undefined`: the answer is whole, and what the provider said. */
async function whatIsWrong(url: string, key: string, streams: boolean) {
  const sent = { model: 'soak', max_tokens: 64, messages: [{ role: 'user', content: 'Go on.' }] }
  try {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(streams ? { ...sent, stream: true } : sent),
      signal: AbortSignal.timeout(MOST_MS),
    })
    const text = await response.text()
    if (response.status !== 200) {
      return `${response.status} ${response.headers.get('x-error-code') ?? ''}`
    }
    return isWhole(text, streams)
      ? undefined
      : `200, ${streams ? 'a stream' : 'an answer'} not whole`
  } catch (error) {
    return `no answer: ${error instanceof Error ? error.name : error}`
  }
}

function isWhole(text: string, streams: boolean): boolean {
  if (!streams) return text === PLAIN
  return text.endsWith('data: [DONE]\n\n') && text.split('"content":" word').length === WORDS + 1
}
