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

const completion = {
  description: "The provider's answer, unchanged.",
  content: {
    'application/json': { schema: { type: 'object' } },
    'text/event-stream': { schema: { type: 'string' } },
  },
}

const message = {
  type: 'object',
  required: ['role'],
  properties: { role: { type: 'string' }, content: {} },
}

/** What the relay serves. */
export const modelCallPaths: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  '/v1/chat/completions': {
    post: {
      operationId: 'createChatCompletion',
      summary: 'Chat completion',
      description:
        "The body goes to the provider byte for byte; see OpenAI's reference for all of it. Charged to the key and its account.",
      tags: ['Model calls'],
      security,
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: {
              type: 'object',
              required: ['model', 'messages'],
              properties: {
                model: { type: 'string', description: 'One of `GET /v1/models`.' },
                messages: { type: 'array', items: message },
                stream: { type: 'boolean' },
                max_completion_tokens: { type: 'integer' },
              },
            },
          },
        },
      },
      responses: { '200': completion, default: error },
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
}
