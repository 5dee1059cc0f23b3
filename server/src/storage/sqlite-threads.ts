import { Worker } from 'node:worker_threads'
import type { Commit } from './commit-queue.ts'
import { StorageUnavailable } from './failures.ts'
import { openMailbox, put, ring } from './mailbox.ts'
import type { Read } from './reading-driver.ts'
import type { Durability } from './sqlite-open.ts'
import type { Row } from './store.ts'
import {
  type BatchAnswer,
  type FromReader,
  type FromWriter,
  type OpenFailure,
  packSettlements,
  SETTLED_IN_MAILBOX,
  type ToReader,
  type ToWriter,
  unpackOpenFailure,
} from './wire.ts'

export interface WriterThread {
  readonly commit: Commit
  /** The highest id each table ever gave. */
  readonly newestIds: Readonly<Record<string, number>>
  close(): Promise<void>
}

export interface ReaderThread {
  readonly read: Read
  /** Reads that were asked for and not answered yet; Infinity once nobody is there to answer. */
  busy(): number
  /** The read at work: the same number as a moment ago means that it takes long. 0: none. */
  working(): number
  /** Has everything behind the read at work answered by another reader. */
  passOn(to: ReaderThread): void
  backup(path: string): Promise<void>
  close(): Promise<void>
}

/** Starts the thread that writes, and waits until it has opened (and migrated) the file. */
export async function startWriter(path: string, durability: Durability): Promise<WriterThread> {
  const mailbox = openMailbox()
  const { memory } = mailbox
  const thread = start<FromWriter>('./sqlite-writer.ts', { path, durability, memory })
  const first = await thread.first
  if (first === SETTLED_IN_MAILBOX || first.kind === 'answer')
    throw new Error('the writing thread spoke out of turn')
  if (first.kind === 'refused') throw unpackOpenFailure(path, first)
  const none = { budgets: [], writes: [], mended: [] }
  const settledThere = { durable: true, settled: mailbox.settled, ...none } as const
  let underway: Asked<BatchAnswer> | undefined
  thread.onMessage((message) => {
    if (message === SETTLED_IN_MAILBOX) underway?.resolve(settledThere)
    else if (message.kind === 'answer') underway?.resolve(message.answer)
  })
  thread.onEnd((failure) => underway?.reject(failure))
  return {
    newestIds: first.newestIds,
    commit: ({ order, settlements }) =>
      new Promise((resolve, reject) => {
        underway = { resolve, reject }
        const over = thread.over()
        if (over !== undefined) return reject(over)
        const batch = { order, ...packSettlements(settlements) }
        if (!put(mailbox, batch)) thread.post({ kind: 'batch', batch })
        ring(mailbox)
      }),
    close() {
      const closed = thread.close()
      ring(mailbox)
      return closed
    },
  }
}

/** Starts a thread that reads. The file must exist: the writer comes first. */
export async function startReader(path: string): Promise<ReaderThread> {
  const thread = start<FromReader>('./sqlite-reader.ts', { path })
  const first = await thread.first
  if (first.kind === 'refused') throw unpackOpenFailure(path, first)
  const asked = new Map<number, AskedRead>()
  let lastId = 0
  thread.onMessage((message) => {
    if (message.kind !== 'rows' && message.kind !== 'failed') return
    const waiting = asked.get(message.id)
    asked.delete(message.id)
    if (message.kind === 'rows') waiting?.resolve(message.rows)
    else waiting?.reject(new Error(`a read failed: ${message.message}`))
  })
  thread.onEnd((failure) => {
    for (const waiting of asked.values()) waiting.reject(failure)
    asked.clear()
  })
  const ask = (message: (id: number) => ToReader) =>
    new Promise<readonly Row[]>((resolve, reject) => {
      const over = thread.over()
      if (over !== undefined) {
        reject(over)
        return
      }
      const id = ++lastId
      const sent = message(id)
      asked.set(id, { resolve, reject, sent })
      thread.post(sent)
    })
  const read: Read = (sql, parameters) => ask((id) => ({ kind: 'query', id, sql, parameters }))
  const working = () => asked.keys().next().value ?? 0
  return {
    read,
    busy: () => (thread.over() === undefined ? asked.size : Infinity),
    working,
    passOn(to) {
      for (const [id, { sent, resolve, reject }] of asked) {
        if (id === working() || sent.kind !== 'query') continue
        // It is answered here, too, some time: nobody will listen.
        asked.delete(id)
        to.read(sent.sql, sent.parameters).then(resolve, reject)
      }
    },
    backup: async (to) => void (await ask((id) => ({ kind: 'backup', id, path: to }))),
    close: () => thread.close(),
  }
}

/** These threads make little that lives: more room would only be memory. */
const YOUNG_MIB = 6

interface Asked<T> {
  resolve(answer: T): void
  reject(failure: Error): void
}

interface AskedRead extends Asked<readonly Row[]> {
  readonly sent: ToReader
}

/** One thread: its first word (opened or refused), then its messages, then its end. */
function start<From extends FromWriter | FromReader>(file: string, workerData: object) {
  // Flags of the process (a debugger's, a test runner's) are not for this thread, and some would stop it.
  const worker = new Worker(new URL('../thread.js', import.meta.url), {
    argv: [new URL(file, import.meta.url).href],
    workerData,
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
  })
  const ended = new Promise<Error>((resolve) => {
    worker.once('error', (cause) =>
      resolve(new StorageUnavailable(`its thread broke: ${cause}`, false)),
    )
    worker.once('exit', () => resolve(new StorageUnavailable('its thread has ended', false)))
  })
  let over: Error | undefined
  void ended.then((failure) => {
    over = failure
  })
  const first = new Promise<From | OpenFailure>((resolve, reject) => {
    worker.once('message', resolve)
    void ended.then(reject)
  })
  return {
    first,
    post: (message: ToWriter | ToReader) => worker.postMessage(message),
    onMessage: (listener: (message: From) => void) => void worker.on('message', listener),
    /** Why it answers no more; messages to it go nowhere then. */
    over: () => over,
    onEnd: (listener: (failure: Error) => void) => void ended.then(listener),
    async close(): Promise<void> {
      worker.postMessage({ kind: 'close' })
      await ended
    },
  }
}
