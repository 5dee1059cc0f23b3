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

/** A call as its path says it, and what its body is. */
interface Call {
  readonly id: string
  readonly summary: string
  /** Members that its body can't do without, or another kind of body; absent: it has none. */
  readonly body?: readonly string[] | 'form'
  /** What comes back; absent: JSON. */
  readonly answer?: 'stream' | 'bytes'
  /** What is asked of what a provider keeps: nothing is charged for it. */
  readonly isFree?: boolean
}

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

type Method = 'get' | 'post' | 'delete'

const POSTS: Readonly<Record<string, Call>> = {
  '/v1/chat/completions': {
    ...{ id: 'createChatCompletion', summary: 'Chat completion', answer: 'stream' },
    body: ['model', 'messages'],
  },
  '/v1/responses': {
    ...{ id: 'createResponse', summary: 'Answer of OpenAI Responses', answer: 'stream' },
    body: ['model'],
  },
  '/v1/responses/input_tokens': {
    ...{ id: 'countResponseTokens', summary: 'Tokens of an input of Responses', isFree: true },
    body: ['model'],
  },
  '/v1/responses/compact': {
    ...{ id: 'compactResponse', summary: 'Conversation of Responses, made shorter' },
    body: ['model'],
  },
  '/v1/messages': {
    ...{ id: 'createMessage', summary: 'Message of Anthropic', answer: 'stream' },
    body: ['model', 'messages', 'max_tokens'],
  },
  '/v1/messages/count_tokens': {
    ...{ id: 'countMessageTokens', summary: 'Tokens of an input of Anthropic', isFree: true },
    body: ['model', 'messages'],
  },
  '/v1beta/models/{model}:generateContent': {
    ...{ id: 'generateContent', summary: 'Answer of Gemini', body: ['contents'] },
  },
  '/v1beta/models/{model}:streamGenerateContent': {
    ...{ id: 'streamGenerateContent', summary: 'The same as a stream', body: ['contents'] },
    answer: 'stream',
  },
  '/v1beta/models/{model}:countTokens': {
    ...{ id: 'countContentTokens', summary: 'Tokens of an input of Gemini', body: [] },
    isFree: true,
  },
  '/v1beta/models/{model}:embedContent': {
    ...{ id: 'embedContent', summary: 'Embedding of Gemini', body: ['content'] },
  },
  '/v1beta/models/{model}:batchEmbedContents': {
    ...{ id: 'batchEmbedContents', summary: 'Embeddings of Gemini', body: ['requests'] },
  },
  '/v1/completions': {
    ...{ id: 'createCompletion', summary: 'Completion of a text', answer: 'stream' },
    body: ['model', 'prompt'],
  },
  '/v1/embeddings': {
    ...{ id: 'createEmbedding', summary: 'Embeddings', body: ['model', 'input'] },
  },
  '/v1/moderations': { id: 'createModeration', summary: 'Judgement of a text', body: ['input'] },
  '/v1/rerank': {
    ...{ id: 'createRanking', summary: 'Texts by how well they fit a question' },
    body: ['model', 'query', 'documents'],
  },
  '/v1/images/generations': {
    ...{ id: 'createImage', summary: 'Pictures', body: ['model', 'prompt'], answer: 'stream' },
  },
  '/v1/images/edits': {
    ...{ id: 'editImage', summary: 'Changed pictures', body: 'form', answer: 'stream' },
  },
  '/v1/images/variations': { id: 'varyImage', summary: 'Variations of a picture', body: 'form' },
  '/v1/audio/speech': {
    ...{ id: 'createSpeech', summary: 'Speech', body: ['model', 'input', 'voice'] },
    answer: 'bytes',
  },
  '/v1/audio/transcriptions': {
    ...{
      id: 'createTranscription',
      summary: 'Text of a recording',
      body: 'form',
      answer: 'stream',
    },
  },
  '/v1/audio/translations': {
    ...{ id: 'createTranslation', summary: 'English text of a recording', body: 'form' },
  },
}

/** What is asked of what providers keep. */
const OBJECTS: Readonly<Record<string, Readonly<Partial<Record<Method, Call>>>>> = {
  '/v1/files': {
    get: { id: 'listFiles', summary: "The account's files" },
    post: { id: 'createFile', summary: 'Upload a file', body: 'form' },
  },
  '/v1/files/{file_id}': {
    get: { id: 'getFile', summary: 'One file' },
    delete: { id: 'deleteFile', summary: 'Delete a file' },
  },
  '/v1/files/{file_id}/content': {
    get: { id: 'getFileContent', summary: 'What is in a file', answer: 'bytes' },
  },
  '/v1/responses/{response_id}': {
    get: { id: 'getResponse', summary: 'A stored answer', answer: 'stream' },
    delete: { id: 'deleteResponse', summary: 'Delete a stored answer' },
  },
  '/v1/responses/{response_id}/cancel': {
    post: { id: 'cancelResponse', summary: 'Cancel an answer' },
  },
  '/v1/responses/{response_id}/input_items': {
    get: { id: 'listResponseItems', summary: 'What an answer was asked with' },
  },
  '/v1/conversations': {
    post: { id: 'createConversation', summary: 'Begin a conversation', body: [] },
  },
  '/v1/conversations/{conversation_id}': {
    get: { id: 'getConversation', summary: 'One conversation' },
    post: { id: 'updateConversation', summary: 'Change its metadata', body: ['metadata'] },
    delete: { id: 'deleteConversation', summary: 'Delete a conversation' },
  },
  '/v1/conversations/{conversation_id}/items': {
    get: { id: 'listConversationItems', summary: 'Its items' },
    post: { id: 'createConversationItems', summary: 'Add items', body: ['items'] },
  },
  '/v1/conversations/{conversation_id}/items/{item_id}': {
    get: { id: 'getConversationItem', summary: 'One item' },
    delete: { id: 'deleteConversationItem', summary: 'Delete an item' },
  },
}

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
