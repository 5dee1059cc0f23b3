import type { Static, TObject, TSchema } from 'typebox'
import type { AccessScope, Caller } from '../accounts/caller.ts'
import type { RefusalCode } from '../errors.ts'

/** A call with `Idempotency-Key`, as `manage/idempotency.ts` needs it. */
export interface IdempotencyClaim {
  /** What the caller sent, 1 to 255 characters. */
  readonly key: string
  /** Method and path, such as `POST /api/token`. */
  readonly route: string
  /** Hash of method, path and body. */
  readonly fingerprint: string
}

/** What an operation may know about its request, parsed and checked. */
export interface Asked<Params = unknown, Query = unknown, Body = unknown> {
  /** Who asks. Of a `public` operation: nobody (account 0). */
  readonly caller: Caller
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly ip: string
  readonly requestId: string
  /** Where the caller sees the gateway, for links to it. May throw `Refused`. */
  readonly origin: () => string
  /** Present when the operation is `idempotent` and the caller sent the header. Use `once` of manage/idempotency.ts. */
  readonly idempotency: IdempotencyClaim | undefined
  /** Counts a call towards the limit of an account's keys: for `public` operations, which prove a key themselves. */
  admitKey(accountId: number): void
}

/** An answer: `data` (absent = the bare envelope), extra headers, `secret` = `Cache-Control: no-store`. */
export interface Answer {
  readonly data?: unknown
  /** `data` as the text of JSON, where it is there already. */
  readonly json?: string
  /** The whole JSON body, for the few shapes that have no envelope. */
  readonly raw?: unknown
  /** A body that is not JSON, such as CSV; written piece by piece. */
  readonly stream?: TextStream
  readonly headers?: Readonly<Record<string, string>>
  readonly secret?: boolean
}

/** Text of a content type of its own. */
export interface TextStream {
  readonly type: string
  readonly body: Iterable<string> | AsyncIterable<string>
}

/**
 * One operation of the management API: its route, who may, the schemas that validate it and describe it in OpenAPI,
 * and what it does. A refusal is thrown as `Refused`; the envelope is written by `manage/app.ts`.
 */
export interface Operation<
  P extends TObject = TObject,
  Q extends TObject = TObject,
  B extends TSchema = TSchema,
> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Without trailing slash; both spellings are registered. Parameters as `{id}`; `{model...}`, last, takes slashes too. */
  readonly path: string
  /** `public`: no credential; `any`: any PAT or session; else the scope it takes. */
  readonly scope: AccessScope | 'any' | 'public'
  /** Open to a session whose password must be changed first. */
  readonly whilePasswordDue?: boolean
  readonly summary: string
  readonly description?: string
  readonly tag: string
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  /** Of the few whose body may be longer than 64 KiB. */
  readonly mostBytes?: number
  /** Schema of `data`, for OpenAPI. */
  readonly data?: TSchema
  /** Schema of the whole body, where `raw` is answered instead of the envelope. */
  readonly whole?: TSchema
  /** Content type of `stream` answers, for OpenAPI. */
  readonly text?: string
  /** `Idempotency-Key` is honoured: see manage/idempotency.ts. */
  readonly idempotent?: boolean
  /** `public` operations that want an API key say so here, for OpenAPI. */
  readonly credential?: 'api key'
  /** Pages of other origins may call it (contract 3.5). */
  readonly crossOrigin?: boolean
  /** Shapes a refusal where the envelope would be wrong. The status is not its to choose. */
  refusal?(code: RefusalCode, message: string): unknown
  run(asked: Asked<Static<P>, Static<Q>, Static<B>>): Promise<Answer>
}

/** Keeps the types of one operation's schemas and run together; the list holds them as plain operations. */
export function operation<P extends TObject, Q extends TObject, B extends TSchema>(
  described: Operation<P, Q, B>,
): Operation {
  return described as unknown as Operation
}
