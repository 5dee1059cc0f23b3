import Type, { type TSchema } from 'typebox'
import { type RefusalCode, refusals } from '../errors.ts'
import { type Shape, shapeOf } from './explain.ts'
import { modelCallPaths } from './openapi-model-calls.ts'
import type { Operation } from './operation.ts'

const JSON_TYPE = 'application/json'
const failureRef = { $ref: '#/components/schemas/Failure' }

/** Describes the operations as OpenAPI 3.1, from the very schemas that validate them. */
export function createOpenApi(operations: readonly Operation[], version: string): object {
  const paths: Record<string, Record<string, object>> = { ...modelCallPaths }
  for (const described of operations) {
    const path = templateOf(described)
    paths[path] = { ...paths[path], [described.method.toLowerCase()]: describe(described) }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Turnpike',
      version,
      summary: 'A self-hosted gateway for AI models with first-class API keys',
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(['Model calls', ...operations.map(({ tag }) => tag)])].map((name) => ({
      name,
    })),
    paths,
    components,
  }
}

const INTRODUCTION = `Management calls take a personal access token as \`Authorization: <token>\`; model calls and the current key take an API key as \`Authorization: Bearer <key>\`.

Management answers are \`{"success": true, "message": "", "data": ...}\`. A failure is \`{"success": false, "message": "...", "code": "..."}\` with status 200, except where the caller may not call at all (401, 403), sends too much (413) or too often (429).

Paths work with and without a trailing slash.`

const codes = Object.keys(refusals) as readonly RefusalCode[]

const failureSchema = Type.Object(
  {
    success: Type.Literal(false),
    message: Type.String(),
    code: Type.Enum([...codes], { description: 'Stable; also in the header `X-Error-Code`.' }),
  },
  { description: 'A refusal.' },
)

const refusal = (description: string) => ({
  description,
  headers: { 'X-Error-Code': { schema: { type: 'string' } } },
  content: { [JSON_TYPE]: { schema: failureRef } },
})

const components = {
  securitySchemes: {
    accessToken: {
      type: 'apiKey',
      in: 'header',
      name: 'Authorization',
      description: 'A personal access token, `tpat_...`, without `Bearer`.',
    },
    apiKey: {
      type: 'http',
      scheme: 'bearer',
      description: 'An API key, with or without `sk-`.',
    },
  },
  schemas: { Failure: failureSchema },
  responses: {
    Unauthorized: refusal('No credential, or none that is valid.'),
    Forbidden: refusal('The token lacks the scope, or the account is suspended.'),
    TooLarge: refusal('The body has more than 64 KiB.'),
    TooMany: {
      ...refusal('Too many management calls in the last minute.'),
      headers: { 'Retry-After': { schema: { type: 'integer' } } },
    },
  },
}

const templateOf = ({ path }: Operation): string => path.replace('...}', '}')

function describe(described: Operation): object {
  const { method, path, summary, description, tag, scope, body } = described
  const scoped = scope === 'public' || scope === 'any' ? [] : [`Scope: \`${scope}\`.`]
  const text = [description, ...scoped].filter(Boolean).join('\n\n')
  return {
    operationId: idOf(method, path),
    summary,
    ...(text === '' ? {} : { description: text }),
    tags: [tag],
    ...securityOf(described),
    parameters: parametersOf(described),
    ...(body === undefined
      ? {}
      : { requestBody: { required: needsBody(body), content: { [JSON_TYPE]: { schema: body } } } }),
    responses: responsesOf(described),
  }
}

/** `POST /api/token/{id}/quota` is `postTokenByIdQuota`. */
function idOf(method: string, path: string): string {
  const words = path
    .replace(/^\/api/, '')
    .replace(/\{(\w+?)(\.\.\.)?\}/g, 'by-$1')
    .split(/[^a-zA-Z0-9]+/)
    .filter((word) => word !== '')
  const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)
  return method.toLowerCase() + words.map(capital).join('')
}

function securityOf({ scope, credential }: Operation): object {
  if (scope !== 'public') return { security: [{ accessToken: [] }] }
  return { security: credential === 'api key' ? [{ apiKey: [] }] : [] }
}

const needsBody = (body: TSchema): boolean => (shapeOf(body).required ?? []).length > 0

function parametersOf({ params, query, idempotent }: Operation): readonly object[] {
  return [
    ...parameters('path', params),
    ...parameters('query', query),
    ...(idempotent ? [IDEMPOTENCY_KEY] : []),
  ]
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'A repeat within 24 hours does nothing and is answered as the first call was.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

function parameters(place: 'path' | 'query', schema: TSchema | undefined): readonly object[] {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = shapeOf(schema)
  return Object.entries(properties).map(([name, shape]) => {
    const { description, ...rest }: Shape & { readonly description?: string } = shape
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    }
  })
}

function responsesOf(described: Operation): object {
  const { scope, body, credential } = described
  const proven = scope !== 'public' || credential === 'api key'
  return {
    '200': success(described),
    ...(proven
      ? { '401': REF('Unauthorized'), '403': REF('Forbidden'), '429': REF('TooMany') }
      : {}),
    ...(body === undefined ? {} : { '413': REF('TooLarge') }),
  }
}

const REF = (name: string) => ({ $ref: `#/components/responses/${name}` })

function success(described: Operation): object {
  const { data, whole, text } = described
  const schema = whole ?? (data === undefined ? bare : enveloped(data))
  // Some answer in text only; others in JSON unless text is asked for.
  const textOnly = text !== undefined && whole === undefined && data === undefined
  return {
    description: 'Done, or a refusal of a single value with `success: false`.',
    content: {
      ...(textOnly ? {} : { [JSON_TYPE]: { schema: { anyOf: [schema, failureRef] } } }),
      ...(text === undefined ? {} : { [text]: { schema: { type: 'string' } } }),
    },
  }
}

const envelope = { success: Type.Literal(true), message: Type.Literal('') }
const bare = Type.Object(envelope)
const enveloped = (data: TSchema) => Type.Object({ ...envelope, data })
