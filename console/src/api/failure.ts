/** A call that the API refused, or that never reached it. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure'
  /** Stable, from docs/errors.md; `unreachable` and `unreadable` are the console's own. */
  readonly code: string
  /** '' when no answer came. */
  readonly requestId: string
  /** 0 when no answer came. */
  readonly status: number
  /** When it may be tried again, in milliseconds since 1970; 0 when the answer does not say so. */
  readonly retryAtMs: number

  constructor(code: string, message: string, answer?: AnswerTold) {
    super(message)
    this.code = code
    this.requestId = answer?.requestId ?? ''
    this.status = answer?.status ?? 0
    this.retryAtMs = answer?.retryAtMs ?? 0
  }
}

interface AnswerTold {
  readonly requestId: string
  readonly status: number
  readonly retryAtMs: number
}

const UNAUTHORIZED = 401
/** What was sent to prove somebody is wrong; whoever is signed in still is. */
const PROOFS_REFUSED = new Set(['sign_in_refused', 'code_refused', 'passkey_refused'])

/** Whether nobody is signed in, or no longer. */
export const isSignedOut = (failure: unknown): boolean =>
  failure instanceof ApiFailure &&
  failure.status === UNAUTHORIZED &&
  !PROOFS_REFUSED.has(failure.code)

const SERVER_TROUBLE = 500

/** What may be otherwise in a second: no answer, or trouble of the server. A refusal stays a refusal. */
export const mayPass = (failure: unknown): boolean =>
  failure instanceof ApiFailure && (failure.status === 0 || failure.status >= SERVER_TROUBLE)

/** The refusal that a body tells of, in the words of the API or, of `/api/auth`, in those of better-auth. */
export function failureOf(body: unknown, response: Response): ApiFailure {
  const told: { code?: unknown; message?: unknown } = Object(body)
  const code = response.headers.get('x-error-code') ?? String(told.code ?? 'unreadable')
  return new ApiFailure(code, String(told.message ?? response.statusText), answerOf(response))
}

/** No answer, or none that can be read. */
export function lost(error: unknown, response?: Response): ApiFailure {
  const message = error instanceof Error ? error.message : String(error)
  return response === undefined
    ? new ApiFailure('unreachable', message)
    : new ApiFailure('unreadable', message, answerOf(response))
}

function answerOf({ headers, status }: Response): AnswerTold {
  const seconds = Number(headers.get('retry-after') ?? 0)
  const retryAtMs = seconds > 0 ? Date.now() + seconds * 1000 : 0
  return { requestId: headers.get('x-request-id') ?? '', status, retryAtMs }
}
