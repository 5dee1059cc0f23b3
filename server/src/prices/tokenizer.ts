import { Worker } from 'node:worker_threads'
import type { Counted, CountJob } from './tokenizer-worker.ts'

/** Counts tokens as OpenAI's current models do (o200k_base). */
export interface Tokenizer {
  /** Never rejects: when too much waits, or the counting fails, it answers `roughTokens`. */
  count(texts: readonly string[]): Promise<number>
  close(): Promise<void>
}

/** What the thread runs. */
const PROGRAM = new URL('./tokenizer-worker.ts', import.meta.url)
/** Characters that may wait to be counted; beyond, counting would only add to the trouble. */
const MOST_WAITING = 16_000_000
/** The vocabulary takes some 90 MB: it is let go when nobody has asked for so long. */
const IDLE_MS = 120_000

interface Waiting {
  readonly characters: number
  readonly texts: readonly string[]
  readonly answer: (tokens: number) => void
}

/** Tokens as a rule of thumb, without a vocabulary: four bytes each. */
export function roughTokens(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Math.ceil(Buffer.byteLength(text) / 4), 0)
}

/**
 * A tokenizer in a thread of its own: loading the vocabulary takes a quarter of a second and a long text several
 * milliseconds, neither of which the relay's thread may spend. Nothing is loaded before the first question.
 */
export function createTokenizer(program = PROGRAM): Tokenizer {
  let worker: Worker | undefined
  let idle: NodeJS.Timeout | undefined
  let lastId = 0
  let characters = 0
  const waiting = new Map<number, Waiting>()

  function start(): Worker {
    const started = new Worker(new URL('../thread.js', import.meta.url), { argv: [program.href] })
    started.unref()
    started.on('message', ({ id, tokens }: Counted) => finish(id, tokens))
    // An error is followed by `exit`, where whoever waits is answered.
    started.on('error', () => undefined)
    started.on('exit', () => {
      if (worker !== started) return
      worker = undefined
      for (const [id, { texts }] of waiting) finish(id, roughTokens(texts))
    })
    return started
  }

  function finish(id: number, tokens: number) {
    const job = waiting.get(id)
    if (!job) return
    waiting.delete(id)
    characters -= job.characters
    if (waiting.size === 0) idle = setTimeout(letGo, IDLE_MS).unref()
    job.answer(tokens)
  }

  async function letGo() {
    const stopping = worker
    worker = undefined
    await stopping?.terminate()
  }

  return {
    count(texts) {
      const asked = texts.reduce((sum, text) => sum + text.length, 0)
      if (asked === 0) return Promise.resolve(0)
      if (characters + asked > MOST_WAITING) return Promise.resolve(roughTokens(texts))
      clearTimeout(idle)
      const id = ++lastId
      characters += asked
      return new Promise((answer) => {
        waiting.set(id, { characters: asked, texts, answer })
        worker ??= start()
        worker.postMessage({ id, texts } satisfies CountJob)
      })
    },
    async close() {
      clearTimeout(idle)
      for (const [id, { texts }] of waiting) finish(id, roughTokens(texts))
      clearTimeout(idle)
      await letGo()
    },
  }
}
