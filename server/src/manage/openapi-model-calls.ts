import { type Call, OBJECTS, POSTS } from './model-calls.ts'

/** The relay's routes, described by hand: their bodies are the providers', who change them without telling. */
const security = [{ apiKey: [] }]

const error = {
  description: 'A refusal, in the shape of the dialect.',
  headers: {
    'X-Error-Code': { schema: { type: 'string' } },
    'X-Request-Id': { schema: { type: 'string' } },
  },
  content: {
    'application/json': {
      schema: {
        type: 'object',
        required: ['error'],
        properties: {
          error: {
            type: 'object',
            required: ['message', 'type', 'param', 'code'],
            properties: {
              message: { type: 'string' },
              type: { type: 'string' },
              param: { type: 'string' },
              code: { type: 'string' },
            },
          },
        },
      },
    },
  },
}

const model = {
  type: 'object',
  required: ['id', 'object'],
  properties: {
    id: { type: 'string' },
    object: { const: 'model' },
    created: { type: 'integer' },
    owned_by: { type: 'string' },
  },
}

const answer = (description: string, schema: object) => ({
  '200': { description, content: { 'application/json': { schema } } },
  default: error,
})

const MODEL = { type: 'string', description: 'One of `GET /v1/models`.' }

const anyOf = (required: readonly string[]) => ({
  type: 'object',
  ...(required.length > 0 && { required }),
  properties: Object.fromEntries(required.map((name) => [name, name === 'model' ? MODEL : {}])),
})

const OPAQUE = { schema: { type: 'string', contentEncoding: 'binary' } }

function bodyOf(body: Call['body']): object | undefined {
  if (body === undefined) return undefined
  const isForm = body === 'form'
  const type = isForm ? 'multipart/form-data' : 'application/json'
  const schema = typeof body === 'string' ? { type: 'object' } : anyOf(body)
  return { required: true, content: { [type]: { schema } } }
}

const answers: Readonly<Record<'json' | 'stream' | 'bytes', object>> = {
  json: { 'application/json': { schema: { type: 'object' } } },
  stream: {
    'application/json': { schema: { type: 'object' } },
    'text/event-stream': { schema: { type: 'string' } },
  },
  bytes: { 'application/octet-stream': OPAQUE },
}

/** One call; `{...}` in its path are parameters. */
function described(
  path: string,
  { id, summary, body, answer: kind, isFree = false }: Call,
): object {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
  const requestBody = bodyOf(body)
  return {
    operationId: id,
    summary,
    description: isFree ? FREE : CHARGED,
    tags: ['Model calls'],
    security,
    ...(names.length > 0 && {
      parameters: names.map((name) => ({
        ...{ name, in: 'path', required: true, schema: { type: 'string' } },
      })),
    }),
    ...(requestBody && { requestBody }),
    responses: {
      '200': { description: "The provider's answer.", content: answers[kind ?? 'json'] },
      default: error,
    },
  }
}

const CHARGED =
  "See its makers' reference for all of the body. Charged to the key and its account; translated where the channel speaks another dialect."
const FREE =
  'Costs nothing. What a provider keeps is asked of the channel that keeps it: see docs/objects.md.'

function allCalls(): Record<string, Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {}
  for (const [path, call] of Object.entries(POSTS)) paths[path] = { post: described(path, call) }
  for (const [path, methods] of Object.entries(OBJECTS)) {
    const calls = Object.entries(methods).map(([method, call]) => [
      ...[method, described(path, { ...call, isFree: true })],
    ])
    paths[path] = { ...paths[path], ...Object.fromEntries(calls) }
  }
  return paths
}

/** What the relay serves. */
export const modelCallPaths: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  ...allCalls(),
  '/v1/realtime': {
    get: {
      operationId: 'openRealtimeSession',
      summary: 'Speech and text in both directions, over a WebSocket',
      description:
        'Each response and each transcript is charged. See docs/realtime.md. `model` may be left out with `intent`.',
      tags: ['Model calls'],
      security,
      parameters: [
        { name: 'model', in: 'query', schema: { type: 'string' } },
        { name: 'intent', in: 'query', schema: { enum: ['transcription'] } },
      ],
      responses: { '101': { description: 'The session is open.' }, default: error },
    },
  },
  '/v1/models': {
    get: {
      operationId: 'listModels',
      summary: 'Models that this key may call now',
      tags: ['Model calls'],
      security,
      responses: answer('The list.', {
        type: 'object',
        required: ['object', 'data'],
        properties: { object: { const: 'list' }, data: { type: 'array', items: model } },
      }),
    },
  },
  '/v1/models/{model}': {
    get: {
      operationId: 'getModel',
      summary: 'One model',
      tags: ['Model calls'],
      security,
      parameters: [{ name: 'model', in: 'path', required: true, schema: { type: 'string' } }],
      responses: answer('The model.', model),
    },
  },
  '/v1beta/models': {
    get: {
      operationId: 'listGeminiModels',
      summary: "The same in Gemini's words",
      tags: ['Model calls'],
      security,
      responses: answer('The list.', { type: 'object', required: ['models'] }),
    },
  },
  '/v1beta/models/{model}': {
    get: {
      operationId: 'getGeminiModel',
      summary: "One model in Gemini's words",
      tags: ['Model calls'],
      security,
      parameters: [{ name: 'model', in: 'path', required: true, schema: { type: 'string' } }],
      responses: answer('The model.', { type: 'object', required: ['name'] }),
    },
  },
}
