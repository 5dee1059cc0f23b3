import type { Config } from '../config.ts'
import { nameOf } from '../storage/postgres/name.ts'
import type { FirstStart } from './first-start.ts'
import { greeting } from './greeting.ts'
import { programVersion } from './program.ts'
import type { Terminal } from './terminal.ts'

/** A gateway that answers: where, and what its first start made. */
export interface Ready {
  readonly url: string
  readonly first?: FirstStart | undefined
  readonly model?: string | undefined
}

/** Says where the gateway answers; at the first start also how to get in. */
export function sayReady(terminal: Terminal, config: Config, { url, first, model }: Ready): void {
  const workers = config.workers > 1 ? `, with ${config.workers} workers` : ''
  const { databaseUrl: database } = config
  const stored = database === undefined ? config.dataFolder : nameOf(database)
  terminal.say(
    `Turnpike ${programVersion()} listens at ${url}${workers} (reference: ${url}/docs; data: ${stored}).`,
  )
  if (first !== undefined) terminal.say(greeting(first, url, model))
}
