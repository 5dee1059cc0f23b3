/**
 * Asks questions in spans of time, in a process of its own: `node bench/size/asking.ts` reads one JSON of `Asking` from
 * stdin, and prints how many requests it made in all spans but the first, in which what is read and compiled only once is.
 * Whoever asks a gateway does so from another machine, so that here it stands back for whatever else has something to do.
 */
import { constants, setPriority } from 'node:os'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { answered, createClient } from './ask.ts'
import { type Askers, one } from './question.ts'
import { questionsFor } from './questions.ts'

export interface Asking {
  readonly url: string
  readonly askers: Askers
  /** What the names of the questions have in them. */
  readonly only: string
  /** Questions a second; a page that asks several at once counts as so many. */
  readonly reads: number
  /** Milliseconds since 1970. */
  readonly spans: readonly { readonly from: number; readonly until: number }[]
}

setPriority(constants.priority.PRIORITY_LOW)
const { url, askers, only, reads, spans } = JSON.parse(await text(process.stdin)) as Asking
const questions = questionsFor(askers).filter(
  ({ name, goalMs }) => goalMs !== undefined && name.includes(only),
)
let nth = 0

/** Asks every question, one after the other, until then; how many requests that were. */
async function ask(until: number): Promise<number> {
  const client = createClient(url)
  let requests = 0
  for (let due = Date.now(); due < until && Date.now() < until; nth += 1) {
    await pause(Math.max(0, due - Date.now()))
    const asked = [one(questions, nth).ask(nth)].flat()
    await answered(client, asked)
    requests += asked.length
    due += (1000 / reads) * asked.length
  }
  client.close()
  return requests
}

const made: number[] = []
for (const { from, until } of spans) {
  await pause(Math.max(0, from - Date.now()))
  made.push(await ask(until))
}
console.log(JSON.stringify(made.slice(1).reduce((sum, requests) => sum + requests, 0)))
