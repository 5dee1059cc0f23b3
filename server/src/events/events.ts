import { sql } from 'kysely'
import type { Logger } from 'pino'
import { statementOf } from '../storage/statement-of.ts'
import type { Statement, Store } from '../storage/store.ts'
import { type EventFacts, type EventKind, type EventType, eventBody, events } from './catalogue.ts'

/** An event that is to be written together with its cause. */
export interface PreparedEvent {
  /** For the same `store.write` as the cause. */
  readonly statements: readonly Statement[]
  /** After that write: says it in the log, and has it delivered. */
  tell(): void
}

/** Where events are told: to the log at once, to webhooks at least once. */
export interface Events {
  /** For a cause that is written: `const event = prepare(...)`, write `event.statements` with it, then `event.tell()`. */
  prepare<T extends EventType>(type: T, data: EventFacts<T>): PreparedEvent
  /** For a cause that is written nowhere. Never throws and needs no waiting; a few microseconds. */
  emit<T extends EventType>(type: T, data: EventFacts<T>): void
  /** Told when there is something to deliver. */
  onTold(listener: () => void): void
  /** Resolves when everything emitted so far is written. */
  flush(): Promise<void>
}

export interface EventsParts {
  readonly store: Store
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
}

const ID_BYTES = 18

/** An id that receivers can tell a repeated delivery by. */
export const newEventId = (random: EventsParts['random']): string =>
  `evt_${Buffer.from(random(ID_BYTES)).toString('base64url')}`

export function createEvents({ store, now, random, log }: EventsParts): Events {
  const listeners: (() => void)[] = []
  const writing = new Set<Promise<void>>()

  function prepare<T extends EventType>(type: T, data: EventFacts<T>): PreparedEvent {
    const uid = newEventId(random)
    return {
      statements: outboxStatements(store, { uid, type, data, at: now() }),
      tell() {
        say(log, type, { event: type, event_id: uid, ...data })
        for (const listener of listeners) listener()
      },
    }
  }

  async function write(type: EventType, { statements, tell }: PreparedEvent): Promise<void> {
    await store.write(statements).catch((failure: unknown) => {
      log.error({ event: type, reason: String(failure) }, 'an event reaches the log only')
    })
    tell()
  }

  return {
    prepare,
    emit(type, data) {
      const written = write(type, prepare(type, data)).finally(() => writing.delete(written))
      writing.add(written)
    },
    onTold: (listener) => void listeners.push(listener),
    flush: async () => void (await Promise.all(writing)),
  }
}

function say(log: EventsParts['log'], type: EventType, said: object): void {
  const { level, needs }: EventKind = events[type]
  const needed = needs?.(said)
  if (needed === undefined) log[level](said, `event ${type}`)
  else log.error(said, `event ${type}: ${needed}`)
}

interface Outgoing {
  readonly uid: string
  readonly type: EventType
  readonly data: object
  readonly at: number
}

/** The event, and a delivery for each webhook that wants it at this moment: nothing has to be read first. */
function outboxStatements({ db }: Store, { uid, type, data, at }: Outgoing): Statement[] {
  const createdAt = Math.floor(at / 1000)
  const body = eventBody({ uid, type, createdAt, data })
  return [
    sql`insert into event (uid, type, body, created_at) values (${uid}, ${type}, ${body}, ${createdAt})`,
    // Types hold nothing that `like` takes for more than itself.
    sql`insert into delivery (event_id, webhook_id, state, attempts, due_at_ms, status, message)
      select event.id, webhook.id, 'waiting', 0, ${at}, 0, '' from event, webhook
      where event.uid = ${uid} and webhook.status = 1
        and (webhook.events = '[]' or webhook.events like ${`%"${type}"%`})`,
  ].map((raw) => statementOf(db, raw))
}
