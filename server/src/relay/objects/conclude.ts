import type { Logger } from 'pino'
import { upstreamKeyMark } from '../../channels/upstream-keys.ts'
import { isObject } from '../../dialects/judged.ts'
import { Refused, upstreamStatus } from '../../errors.ts'
import type { ApiKey } from '../../keys/api-key.ts'
import type { KeptObject, Objects } from '../../objects/objects.ts'
import { type ErrorType, passOnRefusal, refusalFor } from '../finish.ts'
import type { Attempted } from '../forward/attempt.ts'
import { mayTryAnother } from '../forward/failure.ts'
import { accusesChannel } from '../forward/refused.ts'
import type { JobHearing } from '../jobs/hearing.ts'
import { parseLatin1 } from '../meter/json-text.ts'
import type { ObjectAsked } from '../values.ts'
import { bytesOf, type Exchanged, type Sending } from './exchange.ts'
import { recordOf } from './record.ts'

export interface ConcludeParts {
  readonly objects: Pick<Objects, 'keep' | 'forget'>
  /** What a provider says of a job is heard, whoever asked. */
  readonly jobs: JobHearing
  readonly errorType: ErrorType
  readonly log: Pick<Logger, 'error'>
}

/** What was asked, by whom, and of what. */
export interface Concluded {
  readonly sending: Sending
  readonly object: ObjectAsked
  readonly key: ApiKey
  readonly kept: KeptObject | undefined
}

/** Whether a new object may well be kept elsewhere: many servers that speak OpenAI's dialect keep nothing. */
export function mayAskNext(ended: Attempted): boolean {
  if (ended.kind === 'refused') {
    return accusesChannel(ended.answer) || upstreamStatus.hasNoSuchPath(ended.answer.status)
  }
  return (ended.kind === 'failed' || ended.kind === 'broke') && mayTryAnother(ended.failure)
}

/** Notes what has changed, and then says how it ended. @throws Refused */
export async function conclude(
  parts: ConcludeParts,
  concluded: Concluded,
  exchanged: Exchanged,
): Promise<void> {
  const { ended, outlet } = exchanged
  switch (ended.kind) {
    case 'answered':
      await noteAnswer(parts, concluded, exchanged)
      outlet?.end(ended.meter.held())
      return
    case 'refused':
      return sayRefused(parts, concluded, exchanged)
    case 'failed':
      throw refusalFor(ended.failure)
    case 'broke':
      if (outlet?.begun !== true) throw refusalFor(ended.failure)
      outlet.breakOff('')
      return
    case 'left':
    case 'cut':
    case 'lost':
      return
  }
}

async function noteAnswer(parts: ConcludeParts, concluded: Concluded, exchanged: Exchanged) {
  const { sending, object, kept } = concluded
  if (object.id === '') return keepNew(parts, concluded, exchanged)
  if (kept !== undefined && sending.method !== 'DELETE') await hear(parts, concluded, exchanged)
  if (kept === undefined || sending.method !== 'DELETE' || object.part !== '') return
  await forget(parts, concluded)
}

/** A refund is on the books before its caller reads that the job has failed. Fails in the log alone: the watch goes on. */
async function hear(
  { jobs, log }: ConcludeParts,
  { sending, kept }: Concluded,
  { ended }: Exchanged,
) {
  if (kept === undefined || !jobs.areOf(kept)) return
  const held = sending.isRead && ended.kind === 'answered' ? ended.meter.held() : []
  const said = parseLatin1(Buffer.concat(held).toString('latin1'))
  await jobs.hear(kept, isObject(said) ? said : undefined).catch((error: unknown) => {
    log.error({ request: sending.asked.id, error }, 'what was said of a job could not be noted')
  })
}

/** It is gone at its provider's: that we still know it does no harm. */
async function forget({ objects, log }: ConcludeParts, { sending, kept }: Concluded) {
  if (kept === undefined) return
  await objects.forget(kept).catch((error: unknown) => {
    log.error({ request: sending.asked.id, error }, 'a deleted object could not be forgotten')
  })
}

/** Whose it is must be durable: nobody could use it otherwise. */
async function keepNew(
  { objects, log }: ConcludeParts,
  concluded: Concluded,
  exchanged: Exchanged,
): Promise<void> {
  const object = newObject(concluded, exchanged)
  try {
    await objects.keep([object])
  } catch (error) {
    log.error({ request: concluded.sending.asked.id, error }, 'whose an object is was not noted')
    throw new Refused('ledger_unavailable', 'whose this object is cannot be noted now')
  }
}

/** @throws Refused where the answer names none */
function newObject({ sending, object, key }: Concluded, exchanged: Exchanged): KeptObject {
  const { place, keyAt, ended } = exchanged
  const held = ended.kind === 'answered' ? ended.meter.held() : []
  const said = parseLatin1(Buffer.concat(held).toString('latin1'))
  if (!isObject(said) || typeof said.id !== 'string' || said.id === '') {
    throw new Refused('upstream_invalid')
  }
  const { id, bytes, purpose, expires_at } = said
  const isFile = object.kind === 'file'
  return {
    ...{ id, kind: object.kind, accountId: key.accountId, keyId: key.id },
    channelId: place.channel.id,
    upstreamKey: upstreamKeyMark(place.channel.authorization, keyAt),
    // No byte is more than a token.
    tokens: isFile && isCount(bytes) ? bytes : bytesOf(sending.body),
    purpose: isFile && typeof purpose === 'string' ? purpose : '',
    record: recordOf(object.kind, said),
    expiresAt: isCount(expires_at) ? expires_at : undefined,
  }
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

async function sayRefused(parts: ConcludeParts, concluded: Concluded, exchanged: Exchanged) {
  const { ended, place } = exchanged
  if (ended.kind !== 'refused') return
  const { sending, object } = concluded
  const isGone = upstreamStatus.hasNoSuchPath(ended.answer.status)
  if (isGone && sending.method === 'DELETE' && object.part === '') await forget(parts, concluded)
  passOnRefusal(
    parts.errorType,
    { call: sending.asked, admission: sending.admission },
    { answer: ended.answer, answeredBy: place.channel, failure: undefined, attempts: 1 },
  )
}
