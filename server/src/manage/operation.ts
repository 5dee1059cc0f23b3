import type { Static, TObject, TSchema } from 'typebox'
import type { AccessScope, Caller } from '../accounts/caller.ts'

/** What an operation may know about its request, parsed and checked. */
export interface Asked<Params, Query, Body> {
  readonly caller: Caller
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly ip: string
  readonly requestId: string
}

/** An answer: `data` (absent = the bare envelope), extra headers, `secret` = `Cache-Control: no-store`. */
export interface Answer {
  readonly data?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly secret?: boolean
}

/**
 * One operation of the management API: its route, who may, the schemas that validate it and describe it in OpenAPI,
 * and what it does. A refusal is thrown as `Refused`; the envelope is written by `manage/app.ts`.
 */
export interface Operation<P extends TObject = TObject, Q extends TObject = TObject, B extends TSchema = TSchema> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Without trailing slash; both spellings are registered. Parameters as `{id}`. */
  readonly path: string
  /** `public`: no credential; `any`: any PAT; else the scope it takes. */
  readonly scope: AccessScope | 'any' | 'public'
  readonly summary: string
  readonly description?: string
  readonly tag: string
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  /** Schema of `data`, for OpenAPI. */
  readonly data?: TSchema
  /** `Idempotency-Key` is honoured: see manage/idempotency.ts. */
  readonly idempotent?: boolean
  run(asked: Asked<Static<P>, Static<Q>, Static<B>>): Promise<Answer>
}

/** Keeps the types of one operation's schemas and run together; the list holds them as plain operations. */
export function operation<P extends TObject, Q extends TObject, B extends TSchema>(
  described: Operation<P, Q, B>,
): Operation {
  return described as unknown as Operation
}
