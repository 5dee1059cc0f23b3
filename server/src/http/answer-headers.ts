import { ANY_ORIGIN, CORS_HEADERS } from './cors.ts'

/** Names and values of a request's id, which every answer carries (contract 3.1). */
export const idHeaders = (id: string): string[] => ['X-Request-Id', id, 'request-id', id]

/** Names and values that every answer to a model request carries: its id (contract 3.1) and what browsers need (3.5). */
export function answerHeaders(id: string, fromBrowser: boolean): readonly string[] {
  const headers = idHeaders(id)
  // Only scripts in pages ask what they may see.
  headers.push(...(fromBrowser ? CORS_HEADERS : ANY_ORIGIN))
  return headers
}
