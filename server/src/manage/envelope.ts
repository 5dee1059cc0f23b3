import { type RefusalCode, Refused, statusOf, todoOf } from '../errors.ts'
import { StorageUnavailable, UniqueViolation } from '../storage/failures.ts'

/** The body of a success: `data` only where there is some (contract 2: creating a key answers without). */
export const success = (data: unknown) =>
  data === undefined ? { success: true, message: '' } : { success: true, message: '', data }

/** The body of a success, as text, around data that is text already. */
export const successAround = (json: string): string =>
  `{"success":true,"message":"","data":${json}}`

/** The body of a failure. */
export const failure = (code: RefusalCode, message: string) => ({ success: false, message, code })

/**
 * What the caller reads. Failures with a status of their own also say what to do; those with 200 are read by programs
 * that compare the message with the documented one.
 */
export function messageOf(refused: Refused): string {
  return statusOf(refused.code) === STATUS_OK || !refused.standard
    ? refused.message
    : `${refused.message}. ${todoOf(refused.code)}`
}

const STATUS_OK = 200

/** What an operation threw, as a refusal; `undefined` when it is trouble of our own, which the caller must not read. */
export function toRefused(error: unknown): Refused | undefined {
  if (error instanceof Refused) return error
  if (error instanceof StorageUnavailable) return new Refused('ledger_unavailable')
  if (error instanceof UniqueViolation) return new Refused('already_exists')
  switch (codeOf(error)) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Refused('body_too_large')
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new Refused('invalid_request', 'the body is not as long as Content-Length says')
    case 'ECONNRESET':
    case 'ECONNABORTED':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return new Refused('invalid_request', 'the body was cut off')
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new Refused('route_not_found')
    default:
      return undefined
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined
