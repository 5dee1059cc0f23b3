import type { Logger } from 'pino'
import { upstreamKeyMark } from '../channels/upstream-keys.ts'
import type { Issued, Loose } from '../dialects/dialect.ts'
import type { KeptObject, Objects } from '../objects/objects.ts'
import type { Meter } from './meter/meter.ts'
import { recordOf } from './objects/record.ts'
import { quickly, UNKNOWN_OUTPUT } from './reserve.ts'
import { dialectFor } from './translate.ts'
import type { ModelCall, Outcome, Reserved } from './values.ts'

export interface KeepParts {
  readonly objects: Pick<Objects, 'keep'>
  readonly log: Pick<Logger, 'error'>
  readonly now: () => number
}

/** How long an answer waits until it is known whose it is. */
const PATIENCE_MS = 5_000
const DAY_SECONDS = 86_400
/** So long OpenAI keeps answers, and Anthropic containers. A conversation ends when it is deleted. */
const KEPT_DAYS = 30
const LASTING = new Set<KeptObject['kind']>(['conversation', 'video', 'batch'])

/**
 * Notes whose an answer is that its provider keeps, and what else it issued. Resolves when it is durable, so that whoever
 * has the end of the answer can go on from it at once, at every node; a failure is logged, and keeps no answer back.
 * `undefined`: there is nothing to note, as of nearly all calls.
 */
export function createKeep(parts: KeepParts) {
  return function keep(reserved: Reserved, outcome: Outcome): Promise<void> | undefined {
    const { call, job } = reserved
    if (job !== undefined && outcome.kind === 'unserved') return job.drop()
    if (call.parsed.stored !== true || outcome.kind === 'unserved') return undefined
    const { meter, channel } = outcome
    const { name, readIssued } = call.dialect
    // Of a translated answer the caller hears no id that its provider would know.
    if (meter === undefined || dialectFor(channel, name) !== name) return undefined
    const answer = meter.issuing?.()
    const told = (answer !== undefined && readIssued?.(answer)) || []
    const issued = told.filter((one) => one.kind !== 'conversation' || isNamed(call, one))
    if (issued.length === 0) return undefined
    const tokens = tokensOf(reserved, meter)
    const seconds = Math.floor(parts.now() / 1000)
    const said = answer as Loose
    const objects = issued.map((one) => objectOf(one, { reserved, outcome, tokens, seconds, said }))
    const keeping = parts.objects.keep(objects)
    const { id } = issued[0] as Issued
    const noted = job === undefined ? keeping : Promise.all([keeping, job.named(id, outcome)])
    return patiently(noted, (error) =>
      parts.log.error({ request: call.id, error }, 'whose an answer is could not be noted'),
    )
  }
}

/** A conversation is told of where the call goes on in it: what it did not name is not its. */
const isNamed = ({ parsed }: ModelCall, { kind, id }: Issued): boolean =>
  parsed.names?.some((named) => named.kind === kind && named.id === id) === true

interface Issuing {
  readonly reserved: Reserved
  readonly outcome: Exclude<Outcome, { kind: 'unserved' }>
  readonly tokens: Tokens
  readonly seconds: number
  readonly said: Loose
}

function objectOf(
  { kind, id }: Issued,
  { reserved, outcome, tokens, seconds, said }: Issuing,
): KeptObject {
  const { accountId, id: keyId } = reserved.key
  const { channel, keyAt } = outcome
  return {
    ...{ id, kind, accountId, keyId },
    channelId: channel.id,
    upstreamKey: upstreamKeyMark(channel.authorization, keyAt),
    tokens: tokens[kind === 'container' || kind === 'item' ? kind : 'all'],
    ...{ purpose: '', record: recordOf(kind, said) },
    expiresAt: LASTING.has(kind) ? undefined : seconds + KEPT_DAYS * DAY_SECONDS,
  }
}

/** The most input tokens that a call adds which names one of what was issued. */
interface Tokens {
  /** A call that goes on from the answer has all of its input and output before it. */
  readonly all: number
  readonly item: number
  readonly container: 0
}

function tokensOf({ call, outputLimit }: Reserved, meter: Meter): Tokens {
  const usage = meter.reported()
  const output = usage?.completion ?? outputLimit ?? call.parsed.outputLimit ?? UNKNOWN_OUTPUT
  const input = usage?.prompt ?? quickly(call, call.parsed.model).prompt
  return { all: input + output, item: output, container: 0 }
}

function patiently(writing: Promise<unknown>, failed: (error: unknown) => void): Promise<void> {
  return new Promise((resolve) => {
    const giveUp = () => {
      failed(new Error(`not written within ${PATIENCE_MS} ms`))
      resolve()
    }
    const timer = setTimeout(giveUp, PATIENCE_MS).unref()
    writing.catch(failed).finally(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
