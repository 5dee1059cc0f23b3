/** A call that the API refused, or that never reached it. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure'
  /** Stable, from docs/errors.md; `unreachable` and `unreadable` are the console's own. */
  readonly code: string
  /** '' when no answer came. */
  readonly requestId: string
  /** 0 when no answer came. */
  readonly status: number

  constructor(code: string, message: string, answer?: { requestId: string; status: number }) {
    super(message)
    this.code = code
    this.requestId = answer?.requestId ?? ''
    this.status = answer?.status ?? 0
  }
}

const UNAUTHORIZED = 401

/** Whether nobody is signed in, or no longer. */
export const isSignedOut = (failure: unknown): boolean =>
  failure instanceof ApiFailure && failure.status === UNAUTHORIZED

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

const answerOf = (response: Response) => ({
  requestId: response.headers.get('x-request-id') ?? '',
  status: response.status,
})
